from itertools import pairwise

import numpy as np
import pytest

from inference.tune.calibrate import (
    MAX_PEOPLE_ONLY_TALK,
    calibration_of,
    threshold_of,
)
from inference.tune.metrics import Confusion, FileDecisions, columns, over_talk
from inference.wire.chat_form import Calibration, CalibrationStep, ChatForm
from tests.evaluate.samples import decided, drawn_file, one_file

PEOPLE_ONLY = drawn_file("people", due_share=0, num_conversations=100, seed=7)


def test_the_threshold_is_near_the_best_for_a_single_file():
    file = drawn_file("chat", skill=4.0, num_conversations=200)
    data = columns(file)

    def macro_f1(threshold):
        return Confusion.of(data.due, data.score >= threshold).macro_f1

    chosen = threshold_of(calibration_of([file]))

    best = max(macro_f1(threshold) for threshold in np.linspace(0.02, 0.98, 97))
    assert macro_f1(chosen) > best - 0.02


def test_every_kind_of_chat_counts_the_same_however_many_decisions_it_has():
    low = drawn_file("low", level=-4.0, skill=4.0, num_conversations=20, seed=1)
    high = drawn_file("high", level=2.0, skill=4.0, num_conversations=20, seed=2)
    crowd = FileDecisions("high", high.conversations * 10)

    assert threshold_of(calibration_of([low, high])) == threshold_of(calibration_of([low, crowd]))


def test_among_people_only_it_speaks_on_one_message_in_a_hundred_at_most():
    chat = drawn_file("chat", level=-4.0, skill=3.0)
    assert over_talk(columns(PEOPLE_ONLY), threshold=threshold_of(calibration_of([chat]))) > 0.1

    chosen = threshold_of(calibration_of([chat, PEOPLE_ONLY]))

    assert over_talk(columns(PEOPLE_ONLY), threshold=chosen) <= MAX_PEOPLE_ONLY_TALK


def test_calls_by_name_count_more_than_other_due_messages():
    idle = [decided(0.1)] * 60 + [decided(0.4)] * 40
    hard = [decided(0.35, due=True)] * 5

    ambient = threshold_of(calibration_of([one_file(*idle, *hard)]))
    called = [decided(one.score, due=True, named=True) for one in hard]
    by_name = threshold_of(calibration_of([one_file(*idle, *called)]))

    assert by_name < 0.35 < 0.4 < ambient


def test_where_no_threshold_is_quiet_enough_the_most_cautious_is_taken():
    chatty = one_file(*[decided(1.0)] * 10)

    assert threshold_of(calibration_of([chatty])) > 0.999


def test_the_dial_falls_from_never_to_always_and_its_shares_rise():
    calibration = calibration_of([drawn_file("chat"), PEOPLE_ONLY])

    steps = calibration.steps
    assert (steps[0].threshold, steps[0].ambient_share) == (1.0, 0.0)
    assert (steps[-1].threshold, steps[-1].ambient_share) == (0.0, 1.0)
    assert [step.eagerness for step in steps] == list(range(0, 101, 10))
    for lower, upper in pairwise(steps):
        assert lower.threshold > upper.threshold
        assert lower.ambient_share < upper.ambient_share


def test_the_share_of_a_step_is_what_it_says_of_messages_not_naming_the_assistant():
    file = drawn_file("chat", num_conversations=200)
    data = columns(file)

    for step in calibration_of([file]).steps[1:]:
        answered = (data.score[~data.named] >= step.threshold).mean()
        assert answered == pytest.approx(step.ambient_share, abs=1e-3)


def test_a_calibration_survives_its_file():
    form = ChatForm(calibration=calibration_of([drawn_file("chat")]))

    assert ChatForm.from_dict(form.to_dict()) == form


@pytest.mark.parametrize("score", [0.0, 0.3, 1.0])
def test_a_model_that_always_says_the_same_still_gets_a_dial(score):
    file = one_file(decided(score, due=True), decided(score), decided(score))

    assert isinstance(calibration_of([file]), Calibration)


def test_files_without_ambient_messages_still_give_a_dial():
    file = one_file(decided(0.9, due=True, named=True), decided(0.1, named=True))

    assert isinstance(calibration_of([file]), Calibration)


def test_nothing_to_calibrate_with_is_refused():
    with pytest.raises(ValueError, match="no decision"):
        calibration_of([FileDecisions("empty", ())])


def test_the_threshold_of_a_model_is_that_at_fifty_or_one_half():
    steps = (CalibrationStep(0, 1, 0), CalibrationStep(50, 0.3, 0.1), CalibrationStep(100, 0, 1))

    assert threshold_of(Calibration(steps)) == 0.3
    assert threshold_of(Calibration((steps[0], steps[2]))) == 0.5
    assert threshold_of(None) == 0.5
