"""The engine's loop where a listener, an adapter or the engine itself fails."""

import threading

import pytest

from inference.errors import AdapterGone, EngineStopped
from inference.generation import Request
from tests.inference.looping import DECISION, REPLY, Clock, Listener, gated_loop


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


def test_a_request_for_an_adapter_that_is_gone_ends_alone(loop, gate):
    reply, listener = Listener(), Listener()
    reply.submit_to(loop, Request((5, 6), max_tokens=3, min_tokens=3))

    listener.submit_to(loop, Request((5, 6), max_tokens=1, adapter="gone"))
    gate.let_all_through()

    assert isinstance(listener.end(), AdapterGone)
    assert reply.end() is None
    assert loop.num_waiting == 0


def test_a_listener_that_fails_is_forgotten_and_takes_no_place_in_the_queue(loop, gate, caplog):
    gate.let_all_through()
    loop.submit(DECISION, on_step=lambda _: 1 / 0, on_end=lambda _: None, timeout_s=60)
    later = Listener()
    loop.call(lambda: None).result(10)

    later.submit_to(loop, DECISION)

    assert later.end() is None
    loop.call(lambda: None).result(10)
    assert "ZeroDivisionError" in caplog.text
    assert loop.num_waiting == 0


def test_a_fault_in_the_engine_itself_ends_what_runs_and_nothing_else(loop, gate, caplog):
    listener, later = Listener(), Listener()
    gate.let_all_through()
    step = loop.engine.step
    loop.engine.step = lambda: 1 / 0 if loop.engine.num_waiting else step()

    listener.submit_to(loop, DECISION)

    assert isinstance(listener.end(), EngineStopped)
    assert "ZeroDivisionError" in caplog.text
    loop.engine.step = step
    later.submit_to(loop, DECISION)
    assert later.end() is None


def test_running_requests_are_told_when_the_engine_stops(loop, gate):
    listener = Listener()
    listener.submit_to(loop, REPLY)
    gate.stand()

    closing = threading.Thread(target=loop.close)
    closing.start()
    while not loop._is_stopped:
        threading.Event().wait(0.001)
    gate.let_all_through()
    closing.join(30)

    assert isinstance(listener.end(), EngineStopped)
    with pytest.raises(EngineStopped):
        Listener().submit_to(loop, DECISION)
    with pytest.raises(EngineStopped):
        loop.call(lambda: None)
