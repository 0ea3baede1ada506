"""What people's feedback on replies suggests: another eagerness, or nothing.

Pure, and a suggestion only: whoever manages the channel decides. It counts replies that nobody had
asked for (rule threshold); how an answer to a question was taken says nothing about the dial. Nor do
the scores of another model, and replies that would not be said any more at the present eagerness.

- Lower: from 3 voices against (a dislike, a request for quiet, a removal by a moderator), each of
  another person and about another reply. The highest step of 5 whose threshold would have kept at
  least half of the replies they are about unsaid, provided that more than half of the liked ones
  would still have been said. Where no step parts the two, the score is not what was wrong with
  them, and nothing is suggested.
- Raise by 10: from 5 liked replies since the eagerness was last changed, with no voice against.
- Never 0, which is a choice and no degree, and never anything while it is 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

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


def suggest(  # noqa: PLR0913 - what is set and served now, beside the feedback
    feedback: Sequence[Feedback],
    *,
    eagerness: int,
    calibration: Calibration | None,
    model: str,
    adapter: str | None,
    since: datetime | None,
) -> Suggestion | None:
    """Suggest another eagerness than the present one, or None.

    `model` and `adapter` are those that score now. `since` is when the eagerness was last changed,
    None for never.
    """
    threshold = threshold_for(eagerness, calibration)
    still_said = [
        each
        for each in feedback
        if each.rule is Rule.THRESHOLD
        and (each.model, each.adapter) == (model, adapter)
        and each.p_speak is not None
        and each.p_speak >= threshold
    ]
    against = _scores_against(still_said)
    if len(against) >= MIN_AGAINST:
        liked = _scores_liked(still_said)
        return _lower(liked, against, eagerness=eagerness, calibration=calibration)
    liked = _scores_liked([each for each in still_said if since is None or each.at > since])
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


def _scores_liked(feedback: Sequence[Feedback]) -> list[float]:
    """Give the score of each reply that somebody liked, once however many did."""
    liked = {
        each.decision_id: each.p_speak
        for each in feedback
        if each.kind is FeedbackKind.LIKED and each.p_speak is not None
    }
    return list(liked.values())


def _scores_against(feedback: Sequence[Feedback]) -> list[float]:
    """Give the scores that voices are against: one voice a person, and one a reply."""
    people: set[str] = set()
    against: dict[int, float] = {}
    for each in feedback:
        if each.kind is FeedbackKind.LIKED or each.p_speak is None:
            continue
        if each.author_id not in people and each.decision_id not in against:
            people.add(each.author_id)
            against[each.decision_id] = each.p_speak
    return list(against.values())
