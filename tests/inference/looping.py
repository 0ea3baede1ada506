"""An engine loop with a gate before each step, and who listens to it."""

import queue
import threading
from contextlib import contextmanager

from inference.engine import Engine
from inference.engine_loop import EngineLoop
from inference.generation import Request
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


@contextmanager
def gated_loop(clock):
    """Give the loop of a tiny model's engine, each step of which waits at a gate."""
    tokenizer = chatml_tokenizer()
    model = tiny_llama(len(tokenizer))
    engine = Engine(model, tokenizer, max_cached_tokens=8192)
    loop = EngineLoop(engine, max_waiting=3, clock=clock)
    engine.runner = Gate(model)
    yield loop
    engine.runner.let_all_through()
    loop.close()
