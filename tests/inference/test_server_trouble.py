"""What a worker does when clients misbehave, too much is asked, or the model fails."""

import concurrent.futures
import json
import socket
import threading

import httpx
import openai
import pytest
import torch

from inference.engine import Engine
from inference.runner import Packed
from inference.server.worker import Worker
from tests.inference.serving import CHAT, CONTINUED, OPENED, Served, error_of, runtime_of


class Gate(Packed):
    """Runs as ever, but only while it is open; counts the rows of each step."""

    def __init__(self, model):
        super().__init__(model)
        self.open, self.entered = threading.Event(), threading.Event()
        self.num_rows = []

    def run(self, rows):
        self.entered.set()
        self.open.wait(30)
        self.num_rows.append(len(rows))
        return super().run(rows)


def gated(loaded, **options):
    """A runtime whose engine waits at a gate before each step."""
    runtime = runtime_of(loaded, **options)
    runtime.engine.runner = Gate(loaded.model)
    return runtime


def connected(served):
    host, port = httpx.URL(served.url).netloc.decode().split(":")
    return socket.create_connection((host, int(port)))


def raw_request(**body):
    raw = json.dumps({"model": "tiny", "messages": CHAT, **body})
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(raw)}\r\n\r\n"
    return f"{head}{raw}".encode()


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_stops_the_generation(tiny_model, stream):
    runtime = gated(tiny_model)
    with Served(Worker(lambda _: runtime)) as served:
        served.wait_until("ready")
        gate = runtime.engine.runner

        with connected(served) as client:
            client.sendall(raw_request(stream=stream, min_tokens=400))
            assert gate.entered.wait(10)
        gate.open.set()

        served.wait_for(lambda: runtime.engine.num_running == 0)
        assert len(gate.num_rows) < 400


def test_requests_that_come_together_share_a_step(tiny_model):
    # given five decisions that arrive while the engine is busy with a first one
    runtime = gated(tiny_model)
    with Served(Worker(lambda _: runtime)) as served:
        served.wait_until("ready")
        gate = runtime.engine.runner
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            wanted = {"messages": OPENED, "max_tokens": 1, "temperature": 0, "logprobs": True}
            wanted |= CONTINUED
            first = pool.submit(served.post, user="0", **wanted)
            assert gate.entered.wait(10)
            others = [pool.submit(served.post, user=str(n), **wanted) for n in range(1, 6)]
            served.wait_for(lambda: runtime.loop.num_waiting == 5)

            gate.open.set()
            answers = [future.result().json() for future in (first, *others)]

    told = [answer["choices"][0]["logprobs"]["content"][0]["logprob"] for answer in answers]
    assert gate.num_rows[:2] == [1, 5]  # what follows looks ahead
    assert max(told) - min(told) < 1e-4


def test_a_full_queue_is_told_with_the_time_to_come_back(tiny_model):
    runtime = gated(tiny_model, max_waiting=1)
    with Served(Worker(lambda _: runtime)) as served:
        served.wait_until("ready")
        gate = runtime.engine.runner
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            running = pool.submit(served.post)
            assert gate.entered.wait(10)
            waiting = pool.submit(served.post)
            served.wait_for(lambda: runtime.loop.num_waiting == 1)

            refused, streamed = served.post(), served.post(stream=True)
            gate.open.set()

            assert running.result().status_code == waiting.result().status_code == 200
        for response in (refused, streamed):
            assert (response.status_code, error_of(response)["code"]) == (429, "queue_full")
            assert 1 <= int(response.headers["retry-after"]) <= 60
        assert served.post().status_code == 200


def test_memory_that_runs_out_empties_the_cache_and_the_request_is_served(tiny_model):
    runtime = runtime_of(tiny_model)
    with Served(Worker(lambda _: runtime)) as served:
        served.wait_until("ready")
        served.post(user="kept")
        failing = fail_once(runtime.engine, torch.OutOfMemoryError("no memory"))

        response = served.post(user="other", max_tokens=1)

        assert (response.status_code, failing.num_calls) == (200, 2)
        assert runtime.engine.cache.num_conversations == 1


def test_memory_that_stays_out_is_told_and_the_worker_lives_on(tiny_model):
    runtime = runtime_of(tiny_model)
    with Served(Worker(lambda _: runtime)) as served:
        served.wait_until("ready")
        fail_once(runtime.engine, torch.OutOfMemoryError("no memory"), times=2)

        response = served.post()

        assert (response.status_code, error_of(response)["code"]) == (503, "out_of_memory")
        assert "--max-cached-tokens" in error_of(response)["message"]
        assert int(response.headers["retry-after"]) > 0
        assert served.post().status_code == 200


def fail_once(engine, error, times=1):
    """Make the next steps fail in the midst of the layers, as a real shortage does."""

    class Failing:
        num_calls = 0

        def __call__(self, *_):
            self.num_calls += 1
            if self.num_calls <= times:
                raise error

    failing = Failing()
    engine.model.model.layers[1].register_forward_pre_hook(failing)
    return failing


def test_a_hung_engine_is_not_healthy(tiny_model, monkeypatch):
    monkeypatch.setattr("inference.server.worker.PING_TIMEOUT_S", 0.05)
    monkeypatch.setattr("inference.server.running.GRACE_S", 0.05)
    runtime = gated(tiny_model, timeout_s=0.05)
    with Served(Worker(lambda _: runtime)) as served:
        health, answer = served.wait_until("ready").get("/health"), served.post()

        assert (health.status_code, health.json()["status"]) == (503, "hung")
        assert (answer.status_code, error_of(answer)["code"]) == (504, "timeout")
        runtime.engine.runner.open.set()


def test_an_engine_that_fails_says_so_whole_and_streamed(tiny_model):
    class Broken(Packed):
        def run(self, rows):
            raise RuntimeError("a kernel is missing")

    runtime = runtime_of(tiny_model)
    runtime.engine.runner = Broken(tiny_model.model)
    with Served(Worker(lambda _: runtime)) as served:
        served.wait_until("ready")

        whole, streamed = served.post(), served.post(stream=True)

        assert (whole.status_code, error_of(whole)["code"]) == (500, "engine_failed")
        assert '"code": "engine_failed"' in streamed.text
        assert "[DONE]" not in streamed.text
        with pytest.raises(openai.APIError):
            list(served.client().chat.completions.create(model="tiny", messages=CHAT, stream=True))
        assert served.get("/health").json()["status"] == "hung"


def test_a_client_that_does_not_read_does_not_hold_the_worker(tiny_model, monkeypatch):
    # given a stream so long that it fills every buffer on its way
    monkeypatch.setattr("inference.server.completion.READER_TIMEOUT_S", 0.2)
    runtime = runtime_of(tiny_model)
    with Served(Worker(lambda _: runtime)) as served, connected(served) as client:
        served.wait_until("ready")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        body = {"stream": True, "min_tokens": 400, "logprobs": True, "top_logprobs": 20}
        client.sendall(raw_request(**body) * 40)

        assert served.post().status_code == 200
        served.wait_for(lambda: runtime.engine.num_running == runtime.loop.num_waiting == 0)


def test_half_a_request_is_ended(tiny_model, monkeypatch):
    monkeypatch.setattr("inference.server.body.BODY_TIMEOUT_S", 0.05)
    with (
        Served(Worker(lambda _: runtime_of(tiny_model))) as served,
        connected(served) as client,
    ):
        served.wait_until("ready")

        client.sendall(raw_request()[:-5])

        assert client.recv(100).startswith(b"HTTP/1.1 408")


def test_a_thousand_connections_do_not_keep_a_request_out(tiny_model):
    with Served(Worker(lambda _: runtime_of(tiny_model))) as served:
        served.wait_until("ready")
        clients = [connected(served) for _ in range(1000)]
        try:
            for client in clients[::2]:
                client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n")

            assert served.post().status_code == 200
        finally:
            for client in clients:
                client.close()


def test_a_failing_request_does_not_fail_those_in_the_same_step(tiny_model):
    class Picky(Packed):
        def run(self, rows):
            if any(7 in row.ids and len(row.ids) == 3 for row in rows):
                raise RuntimeError("this one cannot be run")
            return super().run(rows)

    engine = Engine(tiny_model.model, tiny_model.tokenizer, max_cached_tokens=4096)
    engine.runner = Picky(tiny_model.model)
    ends = {}
    from inference.generation import Request

    for name, ids in (("good", (3, 4, 5)), ("bad", (6, 7, 8)), ("fine", (9, 10))):
        engine.add(
            Request(ids, max_tokens=1), on_step=lambda _: None, on_end=partial_end(ends, name)
        )
    while engine.step():
        pass

    assert ends["good"] is ends["fine"] is None
    assert "failed on this request" in str(ends["bad"])


def partial_end(ends, name):
    return lambda error: ends.__setitem__(name, error)
