"""What people's feedback on replies suggests: another eagerness, or nothing.

Pure, and a suggestion only: whoever manages the channel decides. It counts replies that nobody had
asked for (rule threshold); how an answer to a question was taken says nothing about the dial.

- Lower: from 3 voices against (a dislike, a request for quiet, a removal by a moderator). The
  highest step of 5 whose threshold would have kept at least half of the replies they are about
  unsaid, provided that more than half of the liked ones would still have been said. Where no step
  parts the two, the score is not what was wrong with them, and nothing is suggested.
- Raise by 10: from 5 likes, with no voice against at all.
- Never 0, which is a choice and no degree, and never anything while it is 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.eagerness import threshold_for
from bot.messages import Feedback, FeedbackKind, Rule
from inference.wire.chat_form import Calibration

MIN_AGAINST = 3  # one angry reader is no reason; three voices in two weeks are a pattern
MIN_LIKED = 5  # more, because speaking too often costs more than speaking too rarely
STEP_DOWN = 5
STEP_UP = 10


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Another eagerness, 1 to 100, and why, in words for people."""

    eagerness: int
    reason: str


def suggest(
    feedback: Sequence[Feedback], *, eagerness: int, calibration: Calibration | None
) -> Suggestion | None:
    """Suggest another eagerness than the present one, or None."""
    ambient = [each for each in feedback if each.rule is Rule.THRESHOLD]
    liked = _scores(ambient, FeedbackKind.LIKED)
    against = _scores(ambient, FeedbackKind.DISLIKED, FeedbackKind.HUSHED, FeedbackKind.REMOVED)
    if len(against) >= MIN_AGAINST:
        return _lower(liked, against, eagerness=eagerness, calibration=calibration)
    if len(liked) >= MIN_LIKED and not against and 0 < eagerness < 100:
        reason = (
            f"People liked what I said unasked {len(liked)} times, and nobody minded any of it."
        )
        return Suggestion(min(100, eagerness + STEP_UP), reason)
    return None


def _lower(
    liked: Sequence[float],
    against: Sequence[float],
    *,
    eagerness: int,
    calibration: Calibration | None,
) -> Suggestion | None:
    highest = (eagerness - 1) // STEP_DOWN * STEP_DOWN
    for lower in range(highest, 0, -STEP_DOWN):
        threshold = threshold_for(lower, calibration)
        num_unsaid = sum(p_speak < threshold for p_speak in against)
        if 2 * num_unsaid < len(against):
            continue
        num_kept = sum(p_speak >= threshold for p_speak in liked)
        if liked and 2 * num_kept <= len(liked):
            return None  # a lower step would keep still fewer
        reason = (
            f"People minded what I said unasked {len(against)} times; at {lower} I would have "
            f"kept {num_unsaid} of those to myself"
        )
        kept = f", and still said {num_kept} of the {len(liked)} they liked" if liked else ""
        return Suggestion(lower, f"{reason}{kept}.")
    return None


def _scores(feedback: Sequence[Feedback], *kinds: FeedbackKind) -> list[float]:
    return [each.p_speak for each in feedback if each.kind in kinds and each.p_speak is not None]
