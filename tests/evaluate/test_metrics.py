import json

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score, roc_auc_score

from inference.tune.metrics import (
    FileDecisions,
    JudgedConversation,
    auroc_interval,
    columns,
    figures,
)
from tests.evaluate.samples import decided, drawn_file, one_file


def test_the_figures_are_those_of_scikit_learn():
    file = drawn_file("chat")
    data = columns(file)
    speaks = data.score >= 0.3

    given = figures(file, threshold=0.3)

    assert given.auroc == pytest.approx(roc_auc_score(data.due, data.score))
    assert given.f1 == pytest.approx(f1_score(data.due, speaks))
    assert given.macro_f1 == pytest.approx(f1_score(data.due, speaks, average="macro"))
    assert given.balanced_accuracy == pytest.approx(balanced_accuracy_score(data.due, speaks))


def test_scores_that_tie_count_half():
    given = figures(one_file(decided(0.5, due=True), decided(0.5)), threshold=0.5)

    assert given.auroc == 0.5


def test_over_talk_and_missed_calls_are_shares_of_what_could_go_wrong():
    file = one_file(
        decided(0.9),
        decided(0.1),
        decided(0.1),
        decided(0.1),
        decided(0.9, named=True),
        decided(0.1, due=True),
        decided(0.1, due=True, named=True),
        decided(0.5, due=True, named=True),
    )

    given = figures(file, threshold=0.5)

    assert (given.over_talk, given.miss_direct) == (0.25, 0.5)


def test_a_file_of_people_only_has_no_figures_of_telling_apart():
    given = figures(one_file(decided(0.9), decided(0.2), decided(0.0)), threshold=0.5)

    assert (given.auroc, given.auroc_low, given.auroc_high, given.average_precision) == (None,) * 4
    assert (given.f1, given.macro_f1, given.balanced_accuracy, given.miss_direct) == (None,) * 4
    assert given.over_talk == pytest.approx(1 / 3)
    assert given.speak_rate == 0


def test_a_file_where_every_message_names_it_has_no_over_talk():
    given = figures(one_file(decided(0.9, named=True), decided(0.9, due=True)), threshold=0.5)

    assert given.over_talk is None


def test_the_calibration_error_is_the_distance_of_promise_and_truth_by_bin():
    due = [decided(0.25, due=True), *[decided(0.25)] * 3]
    overconfident = [decided(1.0, due=True), decided(1.0)]

    assert figures(one_file(*due), threshold=0.5).ece == pytest.approx(0.0)
    assert figures(one_file(*overconfident), threshold=0.5).ece == pytest.approx(0.5)
    assert figures(one_file(*due, *overconfident), threshold=0.5).ece == pytest.approx(1 / 6)


def test_the_interval_holds_the_value_and_narrows_with_more_conversations():
    few, many = drawn_file("few", num_conversations=15), drawn_file("many", num_conversations=240)

    widths = []
    for file in (few, many):
        given = figures(file, threshold=0.5)
        assert given.auroc_low < given.auroc < given.auroc_high
        widths.append(given.auroc_high - given.auroc_low)

    assert widths[1] < widths[0] / 2


def test_the_interval_is_that_of_drawing_conversations_one_by_one():
    file = drawn_file("chat", num_conversations=20)
    data = columns(file)
    random = np.random.default_rng(3)
    values = []
    for _ in range(400):
        rows = np.concatenate(
            [np.flatnonzero(data.conversation == one) for one in random.integers(20, size=20)]
        )
        values.append(roc_auc_score(data.due[rows], data.score[rows]))

    low, high = auroc_interval(data, seed=1)

    assert low == pytest.approx(np.quantile(values, 0.025), abs=0.015)
    assert high == pytest.approx(np.quantile(values, 0.975), abs=0.015)


def test_draws_without_a_due_message_do_not_count():
    silent = tuple(JudgedConversation(str(n), n, (decided(0.1),)) for n in range(30))
    file = FileDecisions("rare", (*silent, JudgedConversation("x", 31, (decided(0.9, due=True),))))

    given = figures(file, threshold=0.5)

    assert (given.auroc, given.auroc_low, given.auroc_high) == (1.0, 1.0, 1.0)


def test_the_same_seed_gives_the_same_interval():
    data = columns(drawn_file("chat"))

    assert auroc_interval(data, seed=5) == auroc_interval(data, seed=5)
    assert auroc_interval(data, seed=5) != auroc_interval(data, seed=6)


def test_a_file_without_decisions_is_refused():
    with pytest.raises(ValueError, match="empty holds no decision"):
        figures(FileDecisions("empty", ()), threshold=0.5)


def test_as_json_the_figures_come_under_these_names():
    given = figures(drawn_file("chat"), threshold=0.5).to_dict()

    assert list(json.loads(json.dumps(given))) == [
        "file",
        "n",
        "speak_rate",
        "auroc",
        "auroc_low",
        "auroc_high",
        "average_precision",
        "f1",
        "macro_f1",
        "balanced_accuracy",
        "over_talk",
        "miss_direct",
        "ece",
        "threshold",
    ]
