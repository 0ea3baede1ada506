"""What models write instead of JSON, and what is not taken of it."""

import json

import pytest

from inference.tune.data.acceptance import Rejected, accepted
from inference.tune.data.mending import messages_in
from inference.tune.data.plan import Item, plan

PEOPLE = ("Ana", "Ben")


def read(text):
    lines = messages_in(text, people=PEOPLE)
    return [(line.get("name", "assistant"), line["content"]) for line in lines]


BOTH = [("Ana", "hi"), ("Ben", "ho")]


@pytest.mark.parametrize(
    "text",
    [
        '{"messages": [{"role": "user", "name": "Ana", "content": "hi"}, {"name": "ben", "text": "ho"}]}',
        '[{"conversation": [{"speaker": "Ana", "message": "hi"}, {"speaker": "@Ben", "message": "ho"}]}]',
        '{"chat": {"title": "x", "lines": [{"from": "Ana", "said": "hi"}, {"from": "Ben", "said": "ho"}]}}',
        '```\n{"name": "Ana", "content": "Ana: hi"}\n{"name": "Ben", "content": "ho"}\n```',
        "Title: none\n**Ana:** hi\n- Ben (laughing): ho\nNarrator: they laugh",
        '<thinking>{"name": "x"}</thinking>1. Ana: hi\n2. Ben: ho',
        "{'name': 'Ana', 'content': 'hi'} {'name': 'Ben', 'content': 'ho'} {'name': 'Ben', 'con",
        "{'name': 'Ana', 'content': 'hi'} {oops} {1} [] {'name': 'Ben', 'content': 'ho'}",
    ],
)
def test_messages_are_found(text):
    assert read(text) == BOTH


@pytest.mark.parametrize("rest", [":", ": *", "", " (", "Ana", "Ana" + " " * 100_000])
def test_a_transcript_of_whitespace_is_read_through_at_once(rest):
    assert read(" " * 100_000 + rest) == []


def test_a_name_may_hold_what_stands_before_names_too():
    assert messages_in("> 2. 4nna-B: hi", people=["4nna-B", "4nna"])[0]["name"] == "4nna-B"


def test_a_line_break_inside_a_string_is_no_fault():
    assert read('[{"name": "Ana", "content": "hi\nyou"}]') == [("Ana", "hi\nyou")]


def test_silence_and_words_before_anybody_s_are_left_out_and_markers_taken_off():
    lines = [
        {"role": "assistant", "content": "Welcome!"},
        {"role": "user", "name": "Ana", "content": "hi"},
        {"role": "assistant", "content": "(silence)"},
        {"role": "user", "name": "Ana", "content": "and?"},
        {"role": "assistant", "name": "Assistant", "content": "(response) Assistant: Here."},
        "no message",
        {"role": "user", "name": "Ana", "content": ""},
    ]

    assert read(json.dumps(lines)) == [("Ana", "hi"), ("Ana", "and?"), ("assistant", "Here.")]


@pytest.mark.parametrize(
    "text", ["", "no", "[]", "{}", "[1, 2]", "[" * 99_999, '{"a": [{"b": 1}]}']
)
def test_nothing_is_made_of_nothing(text):
    assert read(text) == []


def item(**changed: object) -> Item:
    fields = {"speaks": ("Ana asks it",), "people": PEOPLE, "num_messages": 10}
    made = plan(1, seed=0)[0]
    kept = {name: getattr(made, name) for name in Item.__slots__}
    return Item(**kept | fields | changed)


def said(*names):
    """Give messages of these people, * for the assistant, each with words of its own."""
    return [
        {"role": "assistant", "content": f"answer {number}"}
        if name == "*"
        else {"role": "user", "name": name, "content": f"line {number}"}
        for number, name in enumerate(names)
    ]


A, B = PEOPLE
GOOD = said(A, B, A, "*", B, A)


@pytest.mark.parametrize(
    ("lines", "changed", "reason"),
    [
        (said(A, B, "Eve", "*", A, B), {}, "somebody speaks who was not asked for"),
        (said(A, A, A, "*", A, A), {}, "fewer than two people speak"),
        (said(A, B, "*", A), {}, "fewer than 6 messages"),
        (said(*[A, B] * 13, "*"), {}, "far longer than asked for"),
        (said(A, B, A, B, A, B), {}, "the assistant never speaks, though it should"),
        (GOOD, {"speaks": ()}, "the assistant speaks, though it should not"),
        (said(A, B, A, "*", "*", B), {}, "the assistant speaks twice in a row"),
        (said(A, "*", B, "*", A, B), {}, "the assistant speaks too often"),
        ([*GOOD, {"role": "assistant", "content": "x" * 601}], {}, "the assistant speaks too long"),
        ([*GOOD, *[said(A)[0]] * 3], {}, "it repeats itself"),
        (
            [*GOOD, {"role": "user", "name": A, "content": "..."}],
            {},
            "a message was left to be filled in",
        ),
    ],
)
def test_what_was_not_asked_for_is_rejected(lines, changed, reason):
    assert accepted(json.dumps(lines), item(**changed), model="m") == Rejected(reason)


def test_what_the_checks_refuse_is_rejected():
    lines = [*GOOD, {"role": "assistant", "content": "(response)(silence) x"}]

    outcome = accepted(json.dumps(lines), item(), model="m")

    assert isinstance(outcome, Rejected)
    assert "(silence) is no reply" in outcome.reason


def test_what_is_good_is_taken_with_its_topic_and_its_kinds():
    planned = item()

    outcome = accepted(json.dumps(GOOD), planned, model="m")

    assert outcome.written["meta"] == {"model": "m", "kinds": list(planned.kinds)}
    assert outcome.written["topic"] == planned.area
    assert outcome.conversation.id == planned.id


def test_a_longer_plan_begins_with_the_shorter_one():
    assert plan(300, seed=3)[:40] == plan(40, seed=3)
    assert plan(40, seed=4) != plan(40, seed=3)
    assert len({one.topic for one in plan(200, seed=1)}) == 200
