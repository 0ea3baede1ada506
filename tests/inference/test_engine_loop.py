import queue
import threading

import pytest

from inference.engine import Engine
from inference.engine_loop import EngineLoop
from inference.errors import AdapterGone, EngineStopped, QueueFull, RequestTimeout
from inference.generation import Done, Piece, Request
from inference.runner import Packed
from tests.inference.tiny import chatml_tokenizer, tiny_llama

REPLY = Request((5, 6, 7), max_tokens=2000, min_tokens=2000)
DECISION = Request((8, 9), max_tokens=1)


class Clock:
    """Stands still until it is moved."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Gate(Packed):
    """Lets one step through for each ticket; counts them."""

    def __init__(self, model):
        super().__init__(model)
        self.tickets, self.entered = threading.Semaphore(0), threading.Semaphore(0)
        self.num_rows = []

    def run(self, rows):
        self.entered.release()
        assert self.tickets.acquire(timeout=30)
        self.num_rows.append(len(rows))
        return super().run(rows)

    def stand(self):
        """Wait until the engine stands at the gate."""
        assert self.entered.acquire(timeout=30)

    def let_all_through(self):
        self.tickets.release(10_000)


class Listener:
    """Hears a request's steps and end, and waits for them on the test's thread."""

    def __init__(self):
        self.steps, self._end = queue.SimpleQueue(), queue.SimpleQueue()

    def submit_to(self, loop, request, timeout_s=60.0, **options):
        return loop.submit(
            request,
            on_step=self.steps.put,
            on_end=self._end.put,
            timeout_s=timeout_s,
            **options,
        )

    def step(self):
        return self.steps.get(timeout=30)

    def end(self):
        return self._end.get(timeout=30)

    @property
    def has_ended(self):
        return not self._end.empty()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def loop(clock):
    tokenizer = chatml_tokenizer()
    model = tiny_llama(len(tokenizer))
    engine = Engine(model, tokenizer, max_cached_tokens=8192)
    loop = EngineLoop(engine, max_waiting=3, clock=clock)
    engine.runner = Gate(model)
    yield loop
    engine.runner.let_all_through()
    loop.close()


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
