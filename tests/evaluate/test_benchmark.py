"""The silence benchmark: the shipped adapter on our own conversations of topics it never learned.

The floors are below what it reached when it was shipped, by the width of the interval: they catch an
adapter, a chat form or a prompt that broke, not a point of luck. docs/measurements.md has it whole.
"""

from pathlib import Path

import pytest

import inference.tune
from inference.tune.calibrate import threshold_of
from inference.tune.evaluation.files import Conversations, Reading, read_files
from inference.tune.evaluation.judging import judged
from inference.tune.evaluation.local import LocalChoice, local_judge
from inference.tune.evaluation.window import Naming
from inference.tune.metrics import figures

OWN_CONVERSATIONS = Path(inference.tune.__file__).parent / "conversations"
EVERY = 8  # conversation of those held out: all of them would take ten minutes
MIN_AUROC = 0.94
MIN_MACRO_F1 = 0.80
MAX_OVER_TALK = 0.08
MAX_MISS_DIRECT = 0.05


@pytest.mark.usefixtures("default_folder")
def test_the_shipped_adapter_knows_when_to_speak_on_topics_it_never_learned():
    (held_out,) = read_files([OWN_CONVERSATIONS], Reading(Naming()))
    some = Conversations(held_out.name, held_out.shown[::EVERY])

    judge = local_judge(LocalChoice())
    decisions = judged(some, judge.scores(some.shown, lambda _: None))
    told = figures(decisions, threshold=threshold_of(judge.form.calibration))

    assert judge.form.calibration is not None
    assert told.auroc >= MIN_AUROC
    assert told.macro_f1 >= MIN_MACRO_F1
    assert told.over_talk <= MAX_OVER_TALK
    assert told.miss_direct <= MAX_MISS_DIRECT
