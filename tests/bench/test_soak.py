import asyncio
import json
import os
from contextlib import asynccontextmanager
from itertools import pairwise
from types import SimpleNamespace

import httpx
import openai
import pytest

from inference.bench import soaked
from inference.bench.soak import MAX_TURNS, Heard, Load, Pace, Soak
from inference.bench.soak_run import Server, own_worker, soak
from inference.bench.soaked import Sample, metrics_of, report_of
from inference.errors import InferenceError, ServerFailed

METRICS = """# HELP earshot_worker_steps_total Forward passes
# TYPE earshot_worker_steps_total counter
earshot_worker_steps_total 12.0
earshot_worker_steps_created 1.7e9
earshot_worker_resident_tokens 300.0
earshot_worker_requests_total{kind="decision",outcome="ok"} 3.0
python_info 1.0
"""


class FastClock:
    """A clock that jumps to where somebody wants to be woken."""

    def __init__(self):
        self.now_s = 0.0

    def pace(self):
        return Pace(now=lambda: self.now_s, sleep=self.sleep)

    async def sleep(self, seconds):
        self.now_s += seconds
        await asyncio.sleep(0)


class Answers:
    """Stands in for the client: answers `(`, or what the test wants instead."""

    def __init__(self, *trouble):
        self.trouble = list(trouble)
        self.requests = []
        self.chat = SimpleNamespace(completions=SimpleNamespace(create=self.create))

    async def create(self, **fields):
        self.requests.append(fields)
        await asyncio.sleep(0)
        error = self.trouble.pop(0) if self.trouble else None
        if error is not None:
            raise error
        if fields.get("stream"):
            return _chunks(" to", "\nmorrow")
        message = SimpleNamespace(content="silence")
        return SimpleNamespace(choices=[SimpleNamespace(message=message)])


async def _chunks(*texts):
    for text in texts:
        yield SimpleNamespace(choices=[SimpleNamespace(delta=SimpleNamespace(content=text))])
    yield SimpleNamespace(choices=[])


class NoWatch:
    async def sample(self, at_s):
        pass


def _status(code):
    request = httpx.Request("POST", "http://127.0.0.1/v1/chat/completions")
    kind = openai.RateLimitError if code == 429 else openai.InternalServerError
    return kind("no", response=httpx.Response(code, request=request), body=None)


async def _soaked(answers, load):
    run = Soak(answers, "some", load, pace=FastClock().pace())
    await run.run(NoWatch())
    return run.heard


async def test_every_message_is_decided_on_in_its_conversation():
    answers = Answers()

    heard = await _soaked(answers, Load(3, messages_per_s=2, duration_s=10, reply_share=0))

    said = {}
    for request in answers.requests:
        turns = request["messages"]
        assert turns[-1] == {"role": "assistant", "content": "("}
        said[request["user"]] = [turn for turn in turns if turn["role"] == "user"]
    lines = sum(len(turn["content"].splitlines()) for turns in said.values() for turn in turns)
    assert lines == heard.num_messages > 10
    assert len(heard.decisions_s) == len(answers.requests)


async def test_histories_only_grow_at_their_end():
    answers = Answers()

    await _soaked(answers, Load(1, messages_per_s=2, duration_s=5, reply_share=0))

    histories = [request["messages"][:-1] for request in answers.requests]
    for before, after in pairwise(histories):
        assert after[: len(before)] == before


async def test_a_reply_becomes_part_of_the_history():
    answers = Answers()

    heard = await _soaked(answers, Load(1, messages_per_s=1, duration_s=6, reply_share=1))

    asked = [request for request in answers.requests if request.get("stream")]
    assert len(heard.replies_s) == len(asked) > 1
    assert asked[1]["messages"][1] == {"role": "assistant", "content": "(response) to morrow"}


async def test_a_refusal_is_counted_apart_and_the_message_is_decided_on_later():
    answers = Answers(_status(429), _status(500))

    heard = await _soaked(answers, Load(1, messages_per_s=1, duration_s=40, reply_share=0))

    assert heard.num_refused == 1
    assert heard.failures == ["no"]
    third = answers.requests[2]["messages"]
    assert len(third) == 2  # one user turn, and the opened answer
    assert len(third[0]["content"].splitlines()) >= 3


async def test_a_long_history_loses_its_older_half():
    answers = Answers()

    await _soaked(answers, Load(1, messages_per_s=10, duration_s=20, reply_share=0))

    lengths = [len(request["messages"]) for request in answers.requests]
    assert max(lengths) <= MAX_TURNS + 2
    assert any(after < before for before, after in pairwise(lengths))
    assert all(request["messages"][0]["role"] == "user" for request in answers.requests)


def test_counts_are_read_off_the_metrics():
    assert metrics_of(METRICS) == {"steps": 12.0, "resident_tokens": 300.0}


def test_growth_counts_after_the_warm_up():
    load = Load(1, 1, duration_s=30)
    samples = [
        Sample(at_s, mb, {"resident_tokens": tokens})
        for at_s, mb, tokens in ((0, 100, 0), (10, 300, 50), (20, 310, 70), (30, 305, 90))
    ]

    report = report_of(load, Heard(num_messages=3, decisions_s=[0.1, 0.2, 0.3]), samples)

    assert report.growth == {"MB": 5, "resident tokens": 40}
    assert report.resident_mb == {"at the start": 100, "at most": 310, "at the end": 305}
    assert report.decision_ms == {"p50": 200, "p95": 290, "p99": 298, "most": 300}


def test_nothing_measured_is_nothing_told():
    report = report_of(Load(1, 1, 3), Heard(decisions_s=[0.5]), [Sample(0, None, {})])

    assert report.growth == report.resident_mb == report.reply_ms == {}
    assert report.decision_ms["p99"] == 500
    assert "decision, p50, ms" in soaked.as_table(report)


def test_failures_are_shown_as_they_are():
    heard = Heard(failures=["[red] one", "[red] one", "two"])

    report = report_of(Load(1, 1, 3), heard, [Sample(0, None, {})])

    assert report.failed == 3
    assert soaked.as_table(report).splitlines()[-2:] == ["failed: [red] one", "failed: two"]


@asynccontextmanager
async def _worker(folder):
    async with own_worker(["--model", str(folder), "--threads", "1"]) as server:
        yield server


async def test_a_worker_of_its_own_is_loaded_watched_and_stopped(tiny_folder):
    async with _worker(tiny_folder) as server:
        report = await soak(
            server,
            Load(4, messages_per_s=10, duration_s=2, reply_share=1),
            pace=FastClock().pace(),
        )

    assert report.failed == report.refused == 0
    assert report.decisions == report.replies >= 4
    assert report.resident_mb["at the end"] > 50
    assert report.metrics["resident_conversations"] >= 1
    assert json.loads(soaked.as_json(report))["benchmark"] == "soak"
    with pytest.raises(ProcessLookupError):
        os.kill(server.pid, 0)


async def test_a_worker_that_cannot_start_says_why(tmp_path):
    with pytest.raises(InferenceError, match="did not start"):
        async with own_worker(["--model", str(tmp_path / "nowhere")]):
            pass
    with pytest.raises(InferenceError, match="did not start"):
        async with own_worker(["--no-such-option"]):
            pass


async def test_a_server_that_is_away_is_told():
    with pytest.raises(ServerFailed, match="no worker answers"):
        await soak(Server("http://127.0.0.1:9/v1"), Load(1, 1, 1))


def test_the_command_starts_a_worker_and_tells_what_it_went_through(bench, tiny_folder):
    words = ("--conversations", "2", "--per-second", "20", "--seconds", "0.5", "--replies", "0")

    result = bench("soak", "--model", tiny_folder, "--threads", "1", *words)

    assert result.exit_code == 0, result.output
    assert "refused for a full queue (429)" in result.stdout
    assert "worker: resident conversations" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_the_command_tells_of_a_server_that_is_away(bench):
    result = bench("soak", "--url", "http://127.0.0.1:9/v1", "--seconds", "0.5")

    assert result.exit_code == 1
    assert "no worker answers" in result.output
