import pytest

from inference.errors import DataBroken
from inference.tune.evaluation.baselines import RULES, situations, sources_of, trained
from inference.tune.evaluation.files import Reading, read_files
from inference.tune.evaluation.judging import judged, with_scores
from inference.tune.evaluation.window import Naming
from inference.tune.metrics import figures

CHAT = [
    ("Ana", "hi"),
    ("Ben", "Ana: are you in?"),
    ("Ana", "who knows a good bakery?"),
    (None, "The one on the corner."),
    ("Ben", "Earshot, thanks"),
]
BY_NAME = {baseline.name: baseline for baseline in RULES}


def read(*paths):
    return read_files(paths, Reading(Naming()))


def test_a_situation_tells_what_was_said_before_who_is_called_and_who_spoke_last(write):
    (chat,) = read(write(CHAT))[0].shown

    seen = situations(chat)

    assert [one.to_another for one in seen] == [False, True, False, False]
    assert [one.named for one in seen] == [False, False, False, True]
    assert [one.spoke_last for one in seen] == [False, False, False, True]
    assert [one.before for one in seen][:2] == ["", "hi"]


@pytest.mark.parametrize(
    ("rule", "scores"),
    [
        ("always silent", [0, 0, 0, 0]),
        ("when named", [0, 0, 0, 1]),
        ("on a question mark", [0, 1, 1, 0]),
        ("named, or asked and not of another", [0, 0, 1, 1]),
    ],
)
def test_a_rule_speaks_when_it_says(write, rule, scores):
    assert BY_NAME[rule].scores(read(write(CHAT))[0].shown) == [scores]


def test_the_regression_learns_when_an_answer_is_due(write):
    asked = [("Ana", "assistant, what time is it?"), (None, "Nine."), ("Ben", "ok, thanks a lot")]
    idle = [("Ana", "what a day"), ("Ben", "Ana, are you coming along?"), ("Ana", "sure")]
    learned = write(*[asked, idle] * 100, name="learned")
    (unseen,) = read(write(asked, idle, name="unseen"))

    baseline = trained(sources_of([f"{learned}=2"]), hold_out=0.15, naming=Naming())
    told = figures(judged(unseen, baseline.scores(unseen.shown)), threshold=baseline.threshold)

    assert told.auroc == 1.0
    assert told.macro_f1 == 1.0


def test_without_a_held_out_share_its_threshold_is_one_half(write):
    learned = write(*[CHAT] * 5, name="learned")

    assert trained(sources_of([str(learned)]), hold_out=0, naming=Naming()).threshold == 0.5


def test_data_that_is_missing_is_named():
    with pytest.raises(DataBroken, match=r"none\.jsonl"):
        trained(sources_of(["none.jsonl"]), hold_out=0.15, naming=Naming())


def test_other_scores_leave_what_was_due_as_it_is(write):
    (file,) = read(write(CHAT))
    silent = judged(file, [[0.0] * 4])

    told = with_scores(silent, [[1.0] * 4])

    assert [one.due for one in told.decisions] == [False, False, True, False]
    assert {one.score for one in told.decisions} == {1.0}
    assert told.decisions[2].text == "Ana: who knows a good bakery?"
