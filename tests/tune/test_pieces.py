from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings, strategies as st

from inference.tune.batches import Lesson, Teaching, epoch
from inference.tune.examples import LossWeights
from inference.tune.pieces import NUM_CONTEXT, Piece, pieces
from inference.tune.variation import UNVARIED
from inference.wire.conversation_file import FileConversation, FileMessage
from inference.wire.turns import Burst, Line
from tests.tune.families import NAMES, family

every_family = pytest.mark.parametrize("name", NAMES)


def test_what_fits_is_one_piece():
    assert pieces([3, 3, 3], max_tokens=9) == [Piece(0, 3, 0)]


def test_what_does_not_fit_is_cut_at_the_front():
    found = pieces([4] * 10, max_tokens=24)

    assert found == [Piece(0, 4, 0), Piece(1, 7, 3), Piece(4, 10, 3)]


def test_a_burst_too_long_by_itself_is_in_no_piece():
    assert pieces([3, 99, 3, 3], max_tokens=9) == [Piece(0, 1, 0), Piece(2, 4, 0)]


def test_nothing_comes_of_nothing():
    assert pieces([], max_tokens=9) == []
    assert pieces([10, 11], max_tokens=9) == []


lengths = st.lists(st.integers(1, 14), max_size=40)


@given(lengths=lengths, max_tokens=st.integers(4, 40))
@settings(max_examples=300, deadline=None)
def test_every_decision_that_fits_is_learned_once_and_no_piece_lies_in_another(lengths, max_tokens):
    found = pieces(lengths, max_tokens=max_tokens)

    learned = [i for piece in found for i in range(piece.start + piece.num_context, piece.end)]
    assert learned == [i for i, length in enumerate(lengths) if length <= max_tokens]
    for piece in found:
        assert sum(lengths[piece.start : piece.end]) <= max_tokens
        assert piece.num_context <= min(NUM_CONTEXT, (piece.end - piece.start) // 2)
    for earlier, later in pairwise(found):
        assert earlier.start < later.start
        assert earlier.end < later.end


def teaching(made, max_tokens, **weights):
    return Teaching(made.renderer, made.form, LossWeights(**weights), UNVARIED, max_tokens)


def long_chat(num_bursts, seed=0):
    random = Random(seed)
    words = ["river", "sunday", "capital", "Lima!!", "ok", "🇫🇷", "don't be late", "10:30"]
    return [
        Burst(
            tuple(
                Line(random.choice(["Ana", "Ben"]), f"{i} " + " ".join(random.choices(words, k=3)))
                for _ in range(random.randint(1, 2))
            ),
            random.choice([None, None, "Lima, of course."]),
        )
        for i in range(num_bursts)
    ]


@every_family
def test_no_piece_of_a_conversation_is_longer_than_allowed(name):
    made = family(name)

    for max_tokens in (150, 211, 300):
        cut = list(teaching(made, max_tokens).cut(long_chat(20), "Be kind."))

        assert len(cut) > 1
        assert all(len(example.ids) <= max_tokens for example in cut)


@every_family
def test_each_decision_of_a_long_conversation_is_learned_once_and_the_end_is_kept(name):
    made = family(name)
    bursts = long_chat(20)

    cut = list(teaching(made, 250).cut(bursts, ""))

    speaks = [decided.speaks for example in cut for decided in example.decisions]
    assert speaks == [burst.reply is not None for burst in bursts]
    last = made.tokenizer.decode(cut[-1].ids)
    assert bursts[-1].lines[-1].text.replace("🇫🇷", "") in last.replace("🇫🇷", "")
    for example in cut:
        assert "Speak when needed" in made.tokenizer.decode(example.ids)


def test_a_conversation_that_fits_is_one_example():
    cut = list(teaching(family("SmolLM2-Instruct"), 2000).cut(long_chat(10), ""))

    assert len(cut) == 1
    assert len(cut[0].decisions) == 10


def conversation(id, *texts):
    messages = tuple(
        FileMessage(None, text[2:]) if text.startswith("> ") else FileMessage("Ana", text)
        for text in texts
    )
    return FileConversation(id, 1, messages)


def test_a_lesson_in_when_only_teaches_no_words():
    made = family("SmolLM2-Instruct")
    chat = conversation("a", "assistant, capital of Peru?", "> Lima.", "thx")
    teach = teaching(made, 500, reply=0.2)

    (both,) = teach.examples(Lesson(chat), Random(0))
    (when,) = teach.examples(Lesson(chat, when_only=True), Random(0))

    assert both.ids == when.ids
    assert [w for w in both.weights if w == 0.2]
    assert when.weights == tuple(0.0 if weight == 0.2 else weight for weight in both.weights)


def test_an_epoch_is_the_same_for_the_same_seed_and_in_another_order_the_next_time():
    made = family("SmolLM2-Instruct")
    lessons = [Lesson(conversation(str(i), f"hello {i}", "> hi", "ok")) for i in range(8)]
    teach = teaching(made, 500)

    first, again = (epoch(teach, lessons, seed=1, number=0) for _ in range(2))
    second = epoch(teach, lessons, seed=1, number=1)

    assert first == again
    assert first != second
    assert sorted(one.ids for one in first) == sorted(one.ids for one in second)


def test_what_has_nothing_to_learn_is_left_out_of_an_epoch():
    made = family("SmolLM2-Instruct")
    lessons = [Lesson(conversation("a", "hello " * 200))]

    assert epoch(teaching(made, 100), lessons, seed=0, number=0) == []
