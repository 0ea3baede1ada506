from pathlib import Path

import pytest

from inference.bench.scale import BATCH, GPUS, NEW_TOKENS, Gpu, Scale, main
from inference.bench.shapes import QWEN_7B, shape_config
from inference.outline import Outline

PLAIN = Gpu("plain", flop_per_s=1e12, bytes_per_s=1e9, memory=24e9, price=3.6)


@pytest.fixture(scope="module")
def qwen():
    return Outline.of(shape_config(QWEN_7B))


def test_the_page_has_the_tables_that_the_command_prints(capsys):
    page = (Path(__file__).parents[2] / "docs/scaling.md").read_text()

    main([])

    assert all(table in page for table in capsys.readouterr().out.strip().split("\n\n"))


def test_a_decision_by_hand(qwen):
    scale = Scale(qwen, PLAIN._replace(bytes_per_s=1e30), history=1000, reached=0.5)

    linear, head = 6_525_288_448, 152_064 * 3_584
    flop = 2 * 33 * linear + 2 * head + 4 * 28 * 3_584 * 33 * 1_033
    assert NEW_TOKENS == 33
    assert scale.decision_s(1) == pytest.approx(flop / 1e12 / 0.5)


def test_a_decision_alone_waits_for_the_weights_and_a_batch_for_the_arithmetic(qwen):
    slow, fast = (Scale(qwen, GPUS[0]._replace(flop_per_s=each)) for each in (989e12, 1e30))

    assert slow.decision_s(1) == fast.decision_s(1)
    assert slow.decision_s(BATCH) > fast.decision_s(BATCH)


def test_reading_anew_costs_as_many_decisions_as_it_has_times_the_tokens(qwen):
    scale = Scale(qwen, PLAIN._replace(bytes_per_s=1e30))

    assert scale.reread_s() / scale.decision_s() == pytest.approx(2048 / NEW_TOKENS, rel=0.05)


def test_misses_and_replies_take_from_the_messages(qwen):
    free = Scale(qwen, PLAIN, misses=0, replies=0)

    assert free.messages_per_s() == pytest.approx(1 / free.decision_s())
    assert Scale(qwen, PLAIN, misses=0.1, replies=0).messages_per_s() < free.messages_per_s()
    assert Scale(qwen, PLAIN, misses=0, replies=0.1).messages_per_s() < free.messages_per_s()


def test_a_card_too_small_for_the_weights_keeps_nothing(qwen):
    assert Scale(qwen, PLAIN._replace(memory=8e9)).conversations() == 0
    assert Scale(qwen, PLAIN).conversations() == 45
