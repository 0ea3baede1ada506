import errno
import json
from dataclasses import replace
from pathlib import Path

import pytest

from inference.errors import InferenceError, TuneRefused
from inference.tune.card import CardFacts, model_card
from inference.tune.evaluation.recalibrate import recalibrate
from inference.tune.metrics import FileDecisions
from inference.wire.chat_form import ChatForm
from tests.evaluate.samples import drawn_file
from tests.publish.conftest import FORM

OURS = drawn_file("ours", num_conversations=20)


@pytest.fixture
def tuned(tmp_path):
    """As much of an adapter's folder as calibrating needs."""
    (tmp_path / "earshot.json").write_text(json.dumps(FORM.to_dict()))
    card = model_card(CardFacts("mine", "org/base", calibration=FORM.calibration))
    (tmp_path / "README.md").write_text(card)
    return tmp_path


def test_the_new_dial_stands_in_the_chat_form_and_in_the_card(tuned):
    calibration = recalibrate(tuned, [OURS])

    form = ChatForm.from_json((tuned / "earshot.json").read_text())
    card = (tuned / "README.md").read_text()
    assert form == replace(FORM, calibration=calibration)
    for step in calibration.steps:
        assert f"| {step.eagerness} | {step.threshold:.3f} | {step.ambient_share:.1%} |" in card
    assert "| 50 | 0.400 |" not in card
    assert "It was set anew after training, on ours." in card
    assert sorted(path.name for path in tuned.iterdir()) == ["README.md", "earshot.json"]


def test_no_path_of_this_machine_gets_into_the_card(tuned):
    recalibrate(tuned, [FileDecisions("/home/ana/chats/ours.jsonl", OURS.conversations)])

    assert "on ours.jsonl." in (tuned / "README.md").read_text()


def test_without_a_card_none_is_made(tuned):
    (tuned / "README.md").unlink()

    recalibrate(tuned, [OURS])

    assert [path.name for path in tuned.iterdir()] == ["earshot.json"]


def test_a_disk_that_takes_only_the_first_file_leaves_both_as_they_were(tuned, monkeypatch):
    former = {path.name: path.read_text() for path in tuned.iterdir()}
    write = Path.write_text

    def failing(self, text, **options):
        if self.name == ".README.md":
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(self, text, **options)

    monkeypatch.setattr(Path, "write_text", failing)

    with pytest.raises(InferenceError, match="cannot be written to: No space left"):
        recalibrate(tuned, [OURS])

    assert {path.name: path.read_text() for path in tuned.iterdir()} == former


def test_a_folder_without_a_chat_form_is_refused(tmp_path):
    with pytest.raises(TuneRefused, match="no chat form that can be calibrated"):
        recalibrate(tmp_path, [OURS])
