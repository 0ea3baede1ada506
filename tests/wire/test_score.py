"""P(speak) from logprobs: of any tokenizer, of servers that continue, and of those that do not."""

import math

import pytest
from hypothesis import given, strategies as st

from inference.wire.chat_form import ChatForm, DecisionTokens
from inference.wire.score import BegunAnew, TokenChoice, p_speak

RATIO = ChatForm()
NOT_SILENCE = ChatForm(score="not_silence")
SMOLLM2 = ChatForm(decision=DecisionTokens("(", "sil", "response"))

logprobs = st.floats(max_value=0, allow_nan=False)
BEGINNINGS = ["(", "(s", "(silence)", "(response", " (", "sil", "s", "silence)", "response", "re"]
OTHERS = ["", " ", "\n", "Hello", "<|im_end|>", "</s>", "ence", ")", "Sil"]
tokens = st.sampled_from([*BEGINNINGS, *OTHERS])
choices = st.builds(
    lambda text, top: TokenChoice(text, {text: -0.5, **top}),
    tokens,
    st.dictionaries(tokens, logprobs, max_size=8),
)


def choice(text, **top):
    """A token with the probabilities of its alternatives."""
    return chosen(text, top)


def chosen(text, top):
    return TokenChoice(text, {token: math.log(p) for token, p in top.items()})


@pytest.mark.parametrize("form", [RATIO, NOT_SILENCE, SMOLLM2])
@pytest.mark.parametrize("opened", ["", "("])
@given(st.lists(choices, max_size=4))
def test_it_is_a_probability_or_no_answer(form, opened, answer):
    try:
        p = p_speak(answer, form=form, opened=opened)
    except ValueError:
        return
    assert 0.0 <= p <= 1.0


def test_continued_it_is_the_ratio_of_the_two_tokens():
    assert p_speak([choice("sil", sil=0.3, response=0.1, x=0.6)], form=RATIO, opened="(") == (
        pytest.approx(0.25)
    )


def test_or_one_minus_silence_where_the_form_says_so():
    answer = [choice("sil", sil=0.3, response=0.1)]

    assert p_speak(answer, form=NOT_SILENCE, opened="(") == pytest.approx(0.7)


def test_the_tokens_named_by_the_form_are_the_ones_that_count():
    answer = [choice("sil", sil=0.3, response=0.1, s=0.3, re=0.2)]

    assert p_speak(answer, form=SMOLLM2, opened="(") == pytest.approx(0.25)
    assert p_speak(answer, form=RATIO, opened="(") == pytest.approx(0.3 / 0.9)


def test_another_tokenizer_than_the_forms_is_matched_by_its_own_tokens():
    answer = [choice("silen", silen=0.6, res=0.2)]

    assert p_speak(answer, form=SMOLLM2, opened="(") == pytest.approx(0.25)


@pytest.mark.parametrize("marker", ["sil", "silence", "silence)", " sil", "Silence", "s"])
def test_every_beginning_of_the_marker_counts(marker):
    assert p_speak([chosen(marker, {marker: 1.0})], form=RATIO, opened="(") == 0.0


def test_a_marker_beyond_the_likeliest_tokens_is_as_likely_as_the_last_of_them_at_most():
    answer = [choice("x", x=0.3, response=0.1, y=0.02)]

    assert p_speak(answer, form=RATIO, opened="(") == pytest.approx(0.1 / 0.12)


def test_a_marker_that_only_the_rest_is_left_for_gets_the_rest():
    assert p_speak([choice("sil", sil=0.9)], form=RATIO, opened="(") == pytest.approx(0.1)


def test_an_answer_without_alternatives_is_certain():
    assert p_speak([choice("response", response=1.0)], form=RATIO, opened="(") == 1.0


def test_anew_the_shared_tokens_are_stepped_over():
    answer = [chosen("(", {"(": 0.99}), choice("sil", sil=0.6, response=0.2)]

    assert p_speak(answer, form=RATIO, opened="") == pytest.approx(0.25)
    assert p_speak(answer, form=SMOLLM2, opened="") == pytest.approx(0.25)


def test_an_unlikely_token_does_not_settle_what_is_not_yet_decided():
    """A vocabulary with "(s" has it among the likeliest beside "(" itself."""
    answer = [
        chosen("(", {"(": 0.99, "(s": 0.005}),
        choice("response", sil=0.1, response=0.9),
    ]

    assert p_speak(answer, form=RATIO, opened="") == pytest.approx(0.9)


@pytest.mark.parametrize("space", [" ", "\n", "\n\n"])
def test_white_space_before_the_answer_is_passed_over(space):
    answer = [chosen(space, {space: 0.9}), chosen("(silence", {"(silence": 1.0})]

    assert p_speak(answer, form=RATIO, opened="") == 0.0


def test_a_token_that_holds_the_whole_beginning_settles_it():
    answer = [chosen(" (response", {" (response": 0.6, " (silence": 0.2})]

    assert p_speak(answer, form=RATIO, opened="") == pytest.approx(0.75)


def test_an_answer_without_any_marker_speaks_as_far_as_it_is_not_silence():
    answer = [chosen("Hello", {"Hello": 0.5, "(": 0.2, "<|im_end|>": 0.1, "(s": 0.001})]

    assert p_speak(answer, form=RATIO, opened="") == pytest.approx(0.699)


@pytest.mark.parametrize("end", ["", "<|im_end|>", "</s>", "<eos>", "<end_of_turn>"])
def test_an_answer_that_ends_at_once_is_silence(end):
    assert p_speak([chosen(end, {end: 0.9})], form=RATIO, opened="") == pytest.approx(0.1)


def test_an_answer_that_leaves_the_marker_after_it_began_speaks():
    answer = [chosen("(", {"(": 0.9}), choice("hello", hello=0.9)]

    assert p_speak(answer, form=RATIO, opened="") == 1.0


@pytest.mark.parametrize(
    "answer", [[], [choice("x", x=0.9)], [chosen("(", {"(": 0.9})], [choice(" ", y=0.9)]]
)
def test_neither_marker_is_no_answer(answer):
    with pytest.raises(ValueError):  # noqa: PT011 - which of the two reasons does not matter here
        p_speak(answer, form=RATIO, opened="(")


def test_an_answer_cut_off_before_the_markers_part_is_none():
    with pytest.raises(ValueError, match="neither marker"):
        p_speak([chosen("(", {"(": 0.9})], form=RATIO, opened="")


@pytest.mark.parametrize("token", ["(", " (", "(sil"])
def test_a_server_that_began_anew_is_told_apart(token):
    with pytest.raises(BegunAnew):
        p_speak([chosen(token, {token: 0.9, "sil": 0.01})], form=RATIO, opened="(")


@pytest.mark.parametrize("logprob", [math.nan, 0.5, math.inf])
def test_what_is_no_logprob_is_no_answer(logprob):
    with pytest.raises(ValueError, match="no logarithms"):
        p_speak([TokenChoice("sil", {"sil": logprob})], form=RATIO, opened="(")


def test_a_logprob_of_minus_infinity_is_an_impossible_token():
    answer = [TokenChoice("response", {"response": 0.0, "sil": -math.inf})]

    assert p_speak(answer, form=RATIO, opened="(") == 1.0
