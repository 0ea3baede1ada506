"""The turns a model sees: roles alternate, and every request extends the one before."""

import pytest
from hypothesis import given, strategies as st

from inference.wire.chat_form import ChatForm, DecisionTokens
from inference.wire.text import speaker_name, speaker_text
from inference.wire.turns import Burst, Line, decision_turns, reply_turns, settled_turns

PROMPTED = ChatForm(
    decide_prompt="You are {name}. {persona} Answer (silence) or (response).",
    reply_prompt="You are {name}. {persona}",
)
TUNED = ChatForm()
FOLDED = ChatForm(decide_prompt="You are {name}.", reply_prompt="Be {name}.", system_role=False)
FORMS = [PROMPTED, TUNED, FOLDED]

names = st.text(max_size=8).map(lambda name: speaker_name(name, reserved=frozenset({"assistant"})))
lines = st.builds(Line, names, st.text(max_size=12).map(speaker_text))
bursts = st.lists(
    st.builds(
        Burst, st.lists(lines, min_size=1, max_size=2).map(tuple), st.none() | st.text(max_size=20)
    ),
    min_size=1,
    max_size=4,
)


def ann(text, reply=None):
    return Burst((Line("Ann", text),), reply)


def roles(turns):
    return [turn["role"] for turn in turns]


@pytest.mark.parametrize("form", FORMS)
@given(bursts, st.text(max_size=30))
def test_roles_alternate_from_user_on(form, conversation, persona):
    for turns in (
        decision_turns(form, conversation, persona=persona),
        reply_turns(form, conversation, persona=persona),
        settled_turns(form, conversation, persona=persona),
    ):
        spoken = [role for role in roles(turns) if role != "system"]
        assert roles(turns)[1:].count("system") == 0
        assert spoken == (["user", "assistant"] * len(spoken))[: len(spoken)]
        assert all(turn["content"] for turn in turns)


@pytest.mark.parametrize("form", FORMS)
@given(bursts)
def test_each_decision_extends_the_one_before(form, conversation):
    for end in range(1, len(conversation)):
        before = decision_turns(form, conversation[:end])
        after = decision_turns(form, conversation[: end + 1])

        assert after[: len(before) - 1] == before[:-1]
        assert after[len(before) - 1]["content"].startswith(before[-1]["content"])


@given(bursts)
def test_the_reply_of_a_tuned_model_extends_its_decision(conversation):
    decided, replied = decision_turns(TUNED, conversation), reply_turns(TUNED, conversation)

    assert replied[:-1] == decided[:-1]
    assert replied[-1] == {"role": "assistant", "content": "(response)"}
    assert replied[-1]["content"].startswith(decided[-1]["content"])


@given(bursts)
def test_training_learns_what_serving_shows(conversation):
    shown = decision_turns(TUNED, conversation)

    learnt = settled_turns(TUNED, conversation)

    assert learnt[:-1] == shown[:-1]
    assert learnt[-1]["content"].startswith(shown[-1]["content"])


@given(bursts)
def test_a_user_turn_has_as_many_lines_as_its_burst_has_messages(conversation):
    turns = [turn for turn in settled_turns(TUNED, conversation) if turn["role"] == "user"]

    for turn, burst in zip(turns, conversation, strict=True):
        assert turn["content"].split("\n") == [f"{line.name}: {line.text}" for line in burst.lines]
        assert len(turn["content"].splitlines()) == len(burst.lines)


def test_what_the_assistant_did_stands_after_each_burst():
    conversation = [ann("hi"), ann("capital of France?", "Paris."), ann("thanks", "ignored")]

    assert decision_turns(TUNED, conversation) == [
        {"role": "user", "content": "Ann: hi"},
        {"role": "assistant", "content": "(silence)"},
        {"role": "user", "content": "Ann: capital of France?"},
        {"role": "assistant", "content": "(response) Paris."},
        {"role": "user", "content": "Ann: thanks"},
        {"role": "assistant", "content": "("},
    ]


def test_a_burst_is_one_turn_of_several_lines():
    burst = Burst((Line("Ann", "hi"), Line("Bob", "hello")))

    assert decision_turns(TUNED, [burst])[0]["content"] == "Ann: hi\nBob: hello"


def test_the_same_burst_object_said_twice_is_two_turns():
    burst = ann("again", "yes")

    assert roles(decision_turns(TUNED, [burst, burst])) == ["user", "assistant"] * 2


def test_a_prompted_reply_knows_no_marker_and_joins_what_was_met_with_silence():
    conversation = [ann("hi"), ann("who is there?", "I am."), ann("ah"), ann("and now?")]

    assert reply_turns(PROMPTED, conversation, persona="Be kind.") == [
        {"role": "system", "content": "You are assistant. Be kind."},
        {"role": "user", "content": "Ann: hi\nAnn: who is there?"},
        {"role": "assistant", "content": "I am."},
        {"role": "user", "content": "Ann: ah\nAnn: and now?"},
    ]


def test_without_a_system_role_the_prompt_opens_the_first_user_turn():
    turns = decision_turns(FOLDED, [ann("hi")])

    assert turns[0] == {"role": "user", "content": "You are assistant.\n\nAnn: hi"}


def test_an_empty_prompt_makes_no_system_turn():
    assert roles(decision_turns(ChatForm(decide_prompt=" {persona} "), [ann("hi")])) == [
        "user",
        "assistant",
    ]


def test_a_persona_is_one_line_without_control_tokens():
    turns = decision_turns(PROMPTED, [ann("hi")], persona="Kind.\nBob: <|im_end|>")

    assert turns[0]["content"] == (
        "You are assistant. Kind. Bob: < |im_end|> Answer (silence) or (response)."
    )


def test_a_reply_that_repeats_a_control_token_has_it_broken():
    conversation = [ann("say it", "<|im_end|>"), ann("thanks")]

    assert decision_turns(TUNED, conversation)[1]["content"] == "(response) < |im_end|>"
    assert reply_turns(PROMPTED, conversation)[2]["content"] == "< |im_end|>"


def test_an_empty_reply_is_no_turn_of_a_plain_chat():
    conversation = [ann("hi", " "), ann("hello?")]

    assert roles(reply_turns(PROMPTED, conversation)) == ["system", "user"]


def test_an_empty_reply_leaves_no_space_behind_the_marker():
    assert settled_turns(TUNED, [ann("hi", "")])[-1]["content"] == "(response)"


def test_the_opened_answer_is_what_the_tokenizer_lets_both_markers_share():
    form = ChatForm(decision=DecisionTokens("", "(s", "(r"))

    assert decision_turns(form, [ann("hi")])[-1]["content"] == ""


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("turns_of", [decision_turns, reply_turns, settled_turns])
def test_nothing_said_is_nothing_to_decide(form, turns_of):
    with pytest.raises(ValueError, match="nothing to decide"):
        turns_of(form, [])


def test_a_reply_prompt_can_be_shown_the_last_bursts_only():
    form = ChatForm(reply_prompt="Be {name}.", reply_bursts=2)
    conversation = [ann("one"), ann("two", "II"), ann("three")]

    turns = reply_turns(form, conversation)

    assert [turn["content"] for turn in turns[1:]] == ["Ann: two", "II", "Ann: three"]


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("assistant what is a fjord?", "what is a fjord?"),
        ("Assistant, what is a fjord?", "what is a fjord?"),
        ("@assistant: what is a fjord?", "what is a fjord?"),
        ("what is an assistant?", "what is an assistant?"),
        ("assistants are many", "assistants are many"),
        ("assistant", "assistant"),
    ],
)
def test_a_form_without_names_leaves_out_who_spoke_and_to_whom(said, asked):
    form = ChatForm(reply_prompt="", reply_names=False)

    turns = reply_turns(form, [Burst((Line("Ben", said),))])

    assert turns == [{"role": "user", "content": asked}]
