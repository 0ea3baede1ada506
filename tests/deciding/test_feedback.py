"""Feedback suggests another eagerness only where there is enough of it, and the score explains it."""

from datetime import UTC, datetime, timedelta
from itertools import chain, count

import pytest
from hypothesis import given, strategies as st

from bot.feedback import suggest
from bot.messages import Feedback, FeedbackKind, Rule
from inference.wire.chat_form import Calibration, CalibrationStep

AT = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
LIKED, DISLIKED, HUSHED, REMOVED = FeedbackKind
CALIBRATION = Calibration(
    (CalibrationStep(0, 0.9, 0.0), CalibrationStep(50, 0.4, 0.1), CalibrationStep(100, 0.1, 0.6))
)


SERVED = {"model": "m-7b", "adapter": "calm"}
_numbers = count(1)


def given_to(
    *scores: float | None, kind: FeedbackKind, rule: Rule = Rule.THRESHOLD, **more: object
) -> list[Feedback]:
    """Give the feedback of a new person on a new reply, for each score."""
    return [_opinion(kind, rule, p_speak, **more) for p_speak in scores]


def _opinion(kind: FeedbackKind, rule: Rule, p_speak: float | None, **more: object) -> Feedback:
    number = next(_numbers)
    fields = {"at": AT, "decision_id": number, "author_id": str(number)} | SERVED | more
    return Feedback(kind, rule, p_speak, **fields)


def suggested(
    *feedback: list[Feedback], eagerness: int = 50, since: datetime | None = None
) -> int | None:
    found = suggest(
        [*chain(*feedback)], eagerness=eagerness, calibration=None, since=since, **SERVED
    )
    return found.eagerness if found else None


def test_without_feedback_nothing_is_suggested() -> None:
    assert suggested([]) is None


def test_two_dislikes_are_not_enough() -> None:
    assert suggested(given_to(0.55, 0.55, kind=DISLIKED)) is None


def test_three_voices_of_any_kind_against_it_are() -> None:
    voices = [given_to(0.52, kind=kind) for kind in (DISLIKED, HUSHED, REMOVED)]

    assert suggested(*voices) == 45


def test_it_is_the_highest_step_that_would_have_kept_half_of_them_unsaid() -> None:
    # Without a calibration, 40 speaks from P(speak) 0.60 and 35 from 0.65.
    assert suggested(given_to(0.61, 0.62, 0.9, 0.95, kind=DISLIKED)) == 35
    assert suggested(given_to(0.59, 0.58, 0.9, 0.95, kind=DISLIKED)) == 40


def test_the_steps_are_multiples_of_five_below_the_present_eagerness() -> None:
    assert suggested(given_to(0.50, 0.50, 0.50, kind=DISLIKED), eagerness=53) == 45
    assert suggested(given_to(0.01, 0.01, 0.01, kind=DISLIKED), eagerness=100) == 95


def test_what_people_liked_must_mostly_still_be_said() -> None:
    disliked = given_to(0.55, 0.56, 0.57, kind=DISLIKED)

    assert suggested(disliked, given_to(0.9, 0.8, 0.51, kind=LIKED)) == 40
    assert suggested(disliked, given_to(0.9, 0.51, kind=LIKED)) is None


def test_where_the_score_tells_nothing_apart_nothing_is_suggested() -> None:
    same = (0.7, 0.8, 0.9)

    assert suggested(given_to(*same, kind=DISLIKED), given_to(*same, kind=LIKED)) is None


def test_replies_that_no_step_above_nought_would_silence_suggest_nothing() -> None:
    assert suggested(given_to(0.99, 0.99, 0.99, kind=REMOVED)) is None


def test_clear_liking_suggests_ten_more() -> None:
    liked = given_to(*[0.8] * 5, kind=LIKED)

    assert suggested(liked) == 60
    assert suggested(liked, eagerness=95) == 100
    assert suggested(liked[1:]) is None
    assert suggested(liked, given_to(0.6, kind=DISLIKED)) is None


@pytest.mark.parametrize("eagerness", [0, 100])
def test_at_the_ends_there_is_nothing_more_to_suggest(eagerness: int) -> None:
    assert suggested(given_to(*[0.8] * 9, kind=LIKED), eagerness=eagerness) is None


def test_at_nought_nothing_is_suggested() -> None:
    assert suggested(given_to(0.6, 0.6, 0.6, kind=DISLIKED), eagerness=0) is None


def test_one_person_is_one_voice_against_however_many_replies_they_mind() -> None:
    one = given_to(*[0.52] * 9, kind=DISLIKED, author_id="ann")

    assert suggested(one) is None
    assert suggested(one, given_to(0.52, 0.52, kind=REMOVED)) == 45


def test_one_reply_is_one_voice_against_however_many_mind_it() -> None:
    kinds = (DISLIKED, HUSHED, REMOVED)
    one = [given_to(0.52, 0.52, kind=kind, decision_id=1000) for kind in kinds]

    assert suggested(*one) is None
    assert suggested(*one, given_to(0.52, 0.52, kind=HUSHED)) == 45


def test_a_reply_that_many_liked_is_one_liked_reply() -> None:
    assert suggested(given_to(*[0.8] * 9, kind=LIKED, decision_id=1000)) is None


@pytest.mark.parametrize("other", [{"model": "m-8b"}, {"adapter": None}])
def test_scores_of_another_model_do_not_count(other: dict[str, str | None]) -> None:
    assert suggested(given_to(*[0.52] * 9, kind=DISLIKED, **other)) is None
    assert suggested(given_to(*[0.8] * 9, kind=LIKED, **other)) is None


def test_what_would_not_be_said_any_more_does_not_count() -> None:
    minded = given_to(0.52, 0.52, 0.52, kind=DISLIKED)

    assert suggested(minded, eagerness=50) == 45
    assert suggested(minded, eagerness=45) is None


def test_only_what_was_liked_since_the_last_change_raises_the_eagerness() -> None:
    liked = given_to(*[0.8] * 5, kind=LIKED)

    assert suggested(liked, since=AT) is None
    assert suggested(liked, since=AT - timedelta(seconds=1)) == 60


def test_what_was_liked_before_the_last_change_still_counts_against_lowering() -> None:
    feedback = [*given_to(0.55, 0.56, kind=LIKED), *given_to(0.55, 0.56, 0.57, kind=DISLIKED)]

    assert suggested(feedback, since=AT) is None


def test_how_an_answer_to_a_question_was_taken_does_not_count() -> None:
    asked = [
        given_to(*[0.6] * 9, kind=DISLIKED, rule=Rule.ADDRESSED),
        given_to(*[None] * 9, kind=LIKED, rule=Rule.ADDRESSED),
    ]

    assert suggested(*asked) is None


def test_the_steps_are_those_of_the_models_calibration() -> None:
    # 40 speaks from P(speak) 0.50 there.
    disliked = given_to(0.45, 0.46, 0.8, kind=DISLIKED)

    found = suggest(disliked, eagerness=50, calibration=CALIBRATION, since=None, **SERVED)

    assert found is not None
    assert found.eagerness == 40


def test_the_reason_counts_what_it_rests_on() -> None:
    lower = suggest(
        [*given_to(0.52, 0.53, 0.9, kind=HUSHED), *given_to(0.9, 0.8, kind=LIKED)],
        eagerness=50,
        calibration=None,
        since=None,
        **SERVED,
    )
    liked = given_to(*[0.8] * 6, kind=LIKED)
    higher = suggest(liked, eagerness=50, calibration=None, since=None, **SERVED)

    assert lower
    assert higher
    assert lower.reason == (
        "People minded what I said unasked 3 times; at 45 I would have kept 2 of those to myself, "
        "and still said 2 of the 2 they liked."
    )
    assert higher.reason == (
        "People liked what I said unasked 6 times, and nobody minded any of it."
    )


@given(
    st.lists(
        st.builds(
            _opinion,
            st.sampled_from(FeedbackKind),
            st.sampled_from([Rule.THRESHOLD, Rule.ADDRESSED]),
            st.none() | st.floats(0, 1),
        ),
        max_size=30,
    ),
    st.integers(0, 100),
    st.sampled_from([None, CALIBRATION]),
)
def test_never_nought_and_never_what_is_set_already(
    feedback: list[Feedback], eagerness: int, calibration: Calibration | None
) -> None:
    found = suggest(feedback, eagerness=eagerness, calibration=calibration, since=None, **SERVED)

    assert found is None or (1 <= found.eagerness <= 100 and found.eagerness != eagerness)
