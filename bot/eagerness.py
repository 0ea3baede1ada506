"""What the dial means: eagerness 0 to 100 as a threshold on P(speak), and in words.

Pure. The map comes from the model's calibration; without one the dial is a straight line through
0.5 at 50, and it says that it is not calibrated.
"""

from itertools import pairwise

from inference.wire.chat_form import Calibration, CalibrationStep


def threshold_for(eagerness: int, calibration: Calibration | None) -> float:
    """Give the threshold on P(speak), 0 to 1, linear between the steps of the calibration.

    At eagerness 0 no score is high enough: `bot.decide` settles that case before any threshold.
    """
    return _step(eagerness, calibration).threshold


def describe(
    eagerness: int, calibration: Calibration | None, *, num_levels: int | None = None
) -> str:
    """Say what an eagerness means for messages that are not addressed to it.

    `num_levels` is how many steps P(speak) has where the server tells no probabilities, None if it
    can be any number: then a calibration does not hold.
    """
    if eagerness == 0:
        return "It speaks only when it is addressed."
    if num_levels == 1:
        return (
            "It speaks up whenever the model's words say so. The model server tells no "
            "probabilities, so every eagerness above 0 means the same."
        )
    if num_levels is not None:
        return (
            f"It speaks up from P(speak) {_step(eagerness, calibration).threshold:.2f}. The model "
            f"server tells no probabilities, so that moves in steps of 1/{num_levels}."
        )
    step = _step(eagerness, calibration)
    if calibration is None:
        return (
            f"It speaks up from P(speak) {step.threshold:.2f}. This model is not calibrated, "
            "so how often that is cannot be said."
        )
    return f"It speaks up on about {_share(step.ambient_share)} messages not addressed to it."


def _share(share: float) -> str:
    if share >= 0.1:
        return f"{share:.0%} of"
    return f"1 in {round(1 / share):,}" if share > 0.0005 else "none of the"


def _step(eagerness: int, calibration: Calibration | None) -> CalibrationStep:
    if calibration is None:
        return CalibrationStep(eagerness, 1 - eagerness / 100, 0.0)
    steps = calibration.steps
    if eagerness <= steps[0].eagerness:
        return steps[0]
    for low, high in pairwise(steps):
        if eagerness <= high.eagerness:
            weight = (eagerness - low.eagerness) / (high.eagerness - low.eagerness)
            return CalibrationStep(
                eagerness,
                low.threshold + weight * (high.threshold - low.threshold),
                low.ambient_share + weight * (high.ambient_share - low.ambient_share),
            )
    return steps[-1]
