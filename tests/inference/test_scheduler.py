import queue
import threading

import pytest

from inference.errors import BadRequest, EngineStopped, RequestTimeout
from inference.scheduler import Scheduler


class Listener:
    """Hears a job's steps and end, and waits for them on the test's thread."""

    def __init__(self):
        self.steps = []
        self._end = queue.SimpleQueue()

    def end(self):
        return self._end.get(timeout=10)

    def submit_to(self, scheduler, steps, timeout_s=60.0):
        return scheduler.submit(
            steps, on_step=self.steps.append, on_end=self._end.put, timeout_s=timeout_s
        )


@pytest.fixture
def scheduler():
    scheduler = Scheduler()
    yield scheduler
    scheduler.close()


def test_a_job_gives_all_its_steps_and_its_end(scheduler):
    listener = Listener()

    listener.submit_to(scheduler, iter("abc"))

    assert listener.end() is None
    assert listener.steps == ["a", "b", "c"]


def test_a_decision_runs_between_two_tokens_of_a_reply(scheduler):
    # given a reply that has begun and would go on for ever
    reply, decision = Listener(), Listener()
    begun = threading.Event()

    def endless():
        while True:
            begun.set()
            yield "token"

    job = reply.submit_to(scheduler, endless())
    begun.wait(10)

    decision.submit_to(scheduler, iter(["decided"]))

    assert decision.end() is None
    job.cancel()


def test_a_cancelled_job_stops_and_is_closed_on_the_engines_thread(scheduler):
    closed_on = queue.SimpleQueue()
    begun = threading.Event()

    def endless():
        try:
            while True:
                begun.set()
                yield None
        finally:
            closed_on.put(threading.current_thread().name)

    job = Listener().submit_to(scheduler, endless())
    begun.wait(10)

    job.cancel()

    assert closed_on.get(timeout=10) == "engine"


def test_a_job_that_takes_too_long_is_stopped():
    now = [0.0]
    scheduler = Scheduler(clock=lambda: now[0])
    listener = Listener()

    def slow():
        while True:
            now[0] += 40.0
            yield None

    listener.submit_to(scheduler, slow(), timeout_s=100.0)

    assert isinstance(listener.end(), RequestTimeout)
    assert len(listener.steps) == 3
    scheduler.close()


def test_a_jobs_own_error_reaches_its_owner(scheduler):
    listener = Listener()

    def refuses():
        yield 1
        raise BadRequest("no")

    listener.submit_to(scheduler, refuses())

    assert isinstance(listener.end(), BadRequest)


def test_an_unforeseen_error_ends_its_job_and_no_other(scheduler, caplog):
    broken, sound = Listener(), Listener()

    def breaks():
        yield 1
        raise ZeroDivisionError

    broken.submit_to(scheduler, breaks())
    sound.submit_to(scheduler, iter([1, 2]))

    assert isinstance(broken.end(), EngineStopped)
    assert sound.end() is None
    assert "ZeroDivisionError" in caplog.text


def test_running_jobs_are_told_when_the_engine_stops():
    scheduler, listener = Scheduler(), Listener()
    begun = threading.Event()

    def endless():
        while True:
            begun.set()
            yield None

    listener.submit_to(scheduler, endless())
    begun.wait(10)

    scheduler.close()

    assert isinstance(listener.end(), EngineStopped)
    with pytest.raises(EngineStopped):
        listener.submit_to(scheduler, iter([]))
