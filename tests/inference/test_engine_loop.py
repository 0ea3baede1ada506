import queue
import threading

import pytest

from inference.engine import Engine
from inference.engine_loop import EngineLoop
from inference.errors import QueueFull, RequestTimeout
from inference.generation import Done, Piece, Request
from tests.inference.looping import DECISION, REPLY, Clock, Listener, gated_loop
from tests.inference.tiny import chatml_tokenizer, tiny_llama


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def loop(clock):
    with gated_loop(clock) as loop:
        yield loop


@pytest.fixture
def gate(loop):
    return loop.engine.runner


def test_a_request_gives_its_pieces_and_its_end(loop, gate):
    gate.let_all_through()
    listener = Listener()

    listener.submit_to(loop, Request((5, 6), max_tokens=3, min_tokens=3))

    assert listener.end() is None
    kinds = [type(listener.step()) for _ in range(4)]
    assert kinds == [Piece, Piece, Piece, Done]


def test_a_decision_is_answered_after_one_token_of_a_reply(loop, gate):
    # given a reply that is being written, a token a step
    reply, decision = Listener(), Listener()
    reply.submit_to(loop, REPLY)
    gate.tickets.release(3)
    for _ in range(3):
        reply.step()
    for _ in range(4):
        gate.stand()

    decision.submit_to(loop, DECISION)
    gate.tickets.release(2)

    assert decision.end() is None
    assert gate.num_rows == [1, 1, 1, 1, 1]
    assert not reply.has_ended


def test_replies_of_several_conversations_are_written_in_one_batch(loop, gate):
    listeners = [Listener() for _ in range(3)]
    with loop.expecting():
        for listener in listeners:
            listener.submit_to(loop, Request((5, 6), max_tokens=4, min_tokens=4))

    gate.let_all_through()

    assert [listener.end() for listener in listeners] == [None] * 3
    assert gate.num_rows[-1] >= 2
    assert sum(gate.num_rows) == 12


def test_an_idle_engine_waits_for_a_request_on_its_way_and_for_no_other():
    # given a clock that stands still, so that the window never ends by itself
    tokenizer = chatml_tokenizer()
    engine = Engine(tiny_llama(len(tokenizer)), tokenizer, max_cached_tokens=8192)
    loop = EngineLoop(engine, clock=Clock(), window_s=1.0)
    first, second, alone = Listener(), Listener(), Listener()

    with loop.expecting():
        first.submit_to(loop, DECISION)
        second.submit_to(loop, DECISION)
    assert first.end() is second.end() is None
    num_steps = engine.num_steps
    alone.submit_to(loop, DECISION)

    assert alone.end() is None
    assert (num_steps, engine.num_steps) == (1, 2)
    loop.close()


def test_a_cancelled_request_stops_and_is_not_heard_of_again(loop, gate):
    listener = Listener()
    job = listener.submit_to(loop, REPLY)
    gate.stand()

    job.cancel()
    gate.let_all_through()
    other = Listener()
    other.submit_to(loop, DECISION)

    assert other.end() is None
    assert listener.steps.empty()
    assert not listener.has_ended
    assert loop.engine.num_running == 0


def test_a_request_that_takes_too_long_is_stopped(loop, gate, clock):
    listener = Listener()
    listener.submit_to(loop, REPLY, timeout_s=100.0)
    gate.stand()

    clock.now = 101.0
    gate.let_all_through()

    assert isinstance(listener.end(), RequestTimeout)


def test_a_request_that_waits_past_its_time_is_told(loop, gate, clock):
    running, waiting = Listener(), Listener()
    running.submit_to(loop, Request((5,), max_tokens=1, session="s"), timeout_s=500.0)
    gate.stand()
    waiting.submit_to(loop, Request((5, 6), max_tokens=1, session="s"), timeout_s=100.0)

    clock.now = 101.0
    gate.let_all_through()

    assert isinstance(waiting.end(), RequestTimeout)
    assert running.end() is None


def test_what_waits_is_bounded_but_for_what_is_urgent(loop, gate):
    Listener().submit_to(loop, REPLY)
    gate.stand()
    for _ in range(3):
        Listener().submit_to(loop, DECISION)

    with pytest.raises(QueueFull, match="3 requests wait already; try again in 1 s"):
        Listener().submit_to(loop, DECISION)
    urgent = Listener()
    urgent.submit_to(loop, DECISION, is_urgent=True)

    gate.let_all_through()
    assert urgent.end() is None


def test_the_time_to_come_back_is_what_the_queue_takes(loop, gate, clock):
    # given requests of 40 seconds each
    for _ in range(20):
        listener = Listener()
        listener.submit_to(loop, DECISION)
        gate.stand()
        clock.now += 40.0
        gate.tickets.release()
        assert listener.end() is None
    Listener().submit_to(loop, REPLY)
    gate.stand()
    for _ in range(3):
        Listener().submit_to(loop, DECISION)

    with pytest.raises(QueueFull) as caught:
        Listener().submit_to(loop, DECISION)

    assert caught.value.retry_after_s == 60


def test_requests_of_one_conversation_run_in_their_order(loop, gate):
    order = queue.SimpleQueue()
    for name in "abc":
        loop.submit(
            Request((5, 6, 7), max_tokens=1, session="s"),
            on_step=lambda _: None,
            on_end=lambda _, name=name: order.put(name),
            timeout_s=60,
        )

    gate.let_all_through()

    assert [order.get(timeout=30) for _ in range(3)] == ["a", "b", "c"]
    assert gate.num_rows == [1, 1, 1]


def test_the_engine_is_changed_between_two_steps(loop, gate):
    gate.let_all_through()

    assert loop.call(lambda: threading.current_thread().name).result(10) == "engine"
    with pytest.raises(ZeroDivisionError):
        loop.call(lambda: 1 / 0).result(10)


def test_a_change_nobody_waits_for_any_more_is_left_out_and_the_engine_goes_on(loop, gate):
    Listener().submit_to(loop, REPLY)
    gate.stand()
    done = []
    future = loop.call(lambda: done.append(True))

    assert future.cancel()
    gate.let_all_through()

    listener = Listener()
    listener.submit_to(loop, DECISION)
    assert listener.end() is None
    assert done == []
