from collections import Counter
from random import Random

import pytest

from inference.tune.variation import NAMES, PERSONAS, UNVARIED, Chances, merged, varied
from inference.wire.turns import Burst, Line

NEVER = {"persona": 0, "name": 0, "bursty": 0, "merge": 0, "spoken": 0}


def always(**chances):
    return Chances(**{**NEVER, **chances})


def chat(*texts, name="Ana"):
    return [Burst((Line(name, text),)) for text in texts]


def texts(bursts):
    return [line.text for burst in bursts for line in burst.lines]


def test_without_chances_nothing_changes():
    bursts = chat("assistant, what is up?", "nothing")

    shown = varied(bursts, UNVARIED, Random(0))

    assert (shown.bursts, shown.persona, shown.assistant_name) == (bursts, "", "assistant")


def test_the_same_generator_draws_the_same_variation():
    bursts = chat("assistant, what is up?", "nothing", "Much!")

    one, same = (varied(bursts, Chances(), Random(7)) for _ in range(2))

    assert one == same


def test_a_persona_is_one_of_ours():
    shown = varied(chat("hi"), always(persona=1), Random(0))

    assert shown.persona in PERSONAS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("assistant, what is up?", "{name}, what is up?"),
        ("what is up, assistant?", "what is up, {name}?"),
        ("@assistant help", "@{name} help"),
        ("hey Assistant can you", "hey {name} can you"),
        ("ok assistant", "ok {name}"),
        ("Right. assistant: go", "Right. {name}: go"),
        ("no names here", "no names here"),
    ],
)
def test_a_new_name_stands_wherever_the_assistant_is_called(text, expected):
    shown = varied(chat(text), always(name=1), Random(0))

    assert shown.assistant_name in NAMES
    assert texts(shown.bursts) == [expected.format(name=shown.assistant_name)]


@pytest.mark.parametrize(
    "text",
    [
        "she is an assistant at the dentist's",
        "ask the assistant.",
        "is that the assistant?",
        "my assistant, who is off today, knows",
        "we need an assistant",
        "your assistant: a bot",
    ],
)
def test_the_word_in_its_other_sense_keeps_the_name(text):
    bursts = chat("assistant, help me", text)

    shown = varied(bursts, always(name=1), Random(0))

    assert shown.assistant_name == "assistant"
    assert shown.bursts == bursts


def test_the_assistant_gets_no_name_that_somebody_in_the_chat_has_or_says():
    bursts = [*chat("assistant, hi", name="Robin"), *chat("where is Kit?", "like NOVA", name="X")]

    names = {varied(bursts, always(name=1), Random(seed)).assistant_name for seed in range(200)}

    assert names == set(NAMES) - {"Robin", "Kit", "Nova"}


def test_speech_has_few_marks_and_no_capitals():
    shown = varied(chat("Hello, Ben! It's 10:30.", "?!"), always(spoken=1), Random(0))

    assert texts(shown.bursts) == ["hello ben it's 10:30", "?!"]


def test_bursts_are_merged_up_to_a_reply_and_never_over_it():
    bursts = [*chat("a", "b"), Burst((Line("Ben", "c"),), "reply"), *chat("d", "e")]

    shown = merged(bursts, 1.0, Random(0))

    assert [texts([burst]) for burst in shown] == [["a", "b", "c"], ["d", "e"]]
    assert [burst.reply for burst in shown] == ["reply", None]


def test_nothing_is_lost_in_merging():
    bursts = [Burst((Line("Ana", str(i)),), "yes" if i % 5 == 0 else None) for i in range(50)]

    shown = varied(bursts, always(bursty=1, merge=0.3), Random(0)).bursts

    assert texts(shown) == texts(bursts)
    assert [b.reply for b in shown if b.reply] == [b.reply for b in bursts if b.reply]
    assert 20 < len(shown) < 50


def test_variations_come_as_often_as_their_chances_say():
    drawn = [varied(chat("assistant, hi"), Chances(), Random(seed)) for seed in range(2000)]

    shares = Counter(named for one in drawn for named in _named(one))
    assert shares["persona"] / 2000 == pytest.approx(0.35, abs=0.04)
    assert shares["name"] / 2000 == pytest.approx(0.1, abs=0.03)


def _named(shown):
    return [
        name
        for name, is_so in [
            ("persona", shown.persona),
            ("name", shown.assistant_name != "assistant"),
        ]
        if is_so
    ]
