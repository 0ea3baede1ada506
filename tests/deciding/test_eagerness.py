import pytest
from hypothesis import given, strategies as st

from bot.eagerness import describe, threshold_for
from inference.wire.chat_form import Calibration, CalibrationStep

CALIBRATION = Calibration(
    (
        CalibrationStep(1, 0.99, 0.001),
        CalibrationStep(50, 0.6, 0.07),
        CalibrationStep(100, 0.1, 0.5),
    )
)


@pytest.mark.parametrize(
    ("eagerness", "threshold"),
    [(0, 0.99), (1, 0.99), (50, 0.6), (75, 0.35), (100, 0.1)],
)
def test_the_dial_is_a_line_between_the_calibrated_steps(eagerness, threshold):
    assert threshold_for(eagerness, CALIBRATION) == pytest.approx(threshold)


def test_beyond_the_last_step_the_last_one_holds():
    short = Calibration((CalibrationStep(10, 0.9, 0.01), CalibrationStep(60, 0.5, 0.1)))

    assert threshold_for(100, short) == 0.5
    assert threshold_for(5, short) == 0.9


@pytest.mark.parametrize(("eagerness", "threshold"), [(0, 1.0), (30, 0.7), (50, 0.5), (100, 0.0)])
def test_without_calibration_the_dial_goes_through_a_half(eagerness, threshold):
    assert threshold_for(eagerness, None) == pytest.approx(threshold)


@given(st.integers(0, 99))
def test_turning_the_dial_up_never_makes_it_quieter(eagerness):
    for calibration in (None, CALIBRATION):
        assert threshold_for(eagerness, calibration) >= threshold_for(eagerness + 1, calibration)


@pytest.mark.parametrize(
    ("eagerness", "sentence"),
    [
        (0, "It speaks only when it is addressed."),
        (50, "It speaks up on about 1 in 14 messages not addressed to it."),
        (100, "It speaks up on about 50% of messages not addressed to it."),
        (1, "It speaks up on about 1 in 1,000 messages not addressed to it."),
    ],
)
def test_the_dial_says_what_share_it_answers(eagerness, sentence):
    assert describe(eagerness, CALIBRATION) == sentence


def test_a_share_too_small_to_tell_is_none():
    never = Calibration((CalibrationStep(1, 0.9, 0.0), CalibrationStep(100, 0.8, 0.0001)))

    assert "about none of the messages" in describe(60, never)


def test_an_uncalibrated_dial_says_so():
    assert "not calibrated" in describe(50, None)
    assert "P(speak) 0.50" in describe(50, None)
    assert describe(0, None) == "It speaks only when it is addressed."


def test_where_no_probabilities_are_told_the_dial_says_so():
    assert "every eagerness above 0 means the same" in describe(60, CALIBRATION, num_levels=1)
    assert "steps of 1/8" in describe(60, CALIBRATION, num_levels=8)
    assert describe(0, CALIBRATION, num_levels=1) == describe(0, None)
