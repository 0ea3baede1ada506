"""A judge behind a URL: our own worker, and servers that can do less."""

import logging
import socket
import threading

import pytest
import uvicorn

from inference.errors import InferenceError, TuneRefused
from inference.server.worker import Worker
from inference.tune.evaluation.files import Reading, read_files
from inference.tune.evaluation.local import judge_of
from inference.tune.evaluation.remote import NO_LOGPROBS, RemoteChoice, remote_judge
from inference.tune.evaluation.window import Naming
from tests.evaluate.odd_chats import ODD_CHATS, long_chat
from tests.inference.test_server import Served, runtime_of
from tests.model.conftest import (
    OPENAI_FIELDS,
    LoopbackServer,
    completion,
    listed,
    refusal,
    token,
)


@pytest.fixture
def hosted():
    """A server as strict as a hosted API, on a thread of its own."""
    app = LoopbackServer(known_fields=OPENAI_FIELDS)
    runner = uvicorn.Server(uvicorn.Config(app, lifespan="off", ws="none", log_level="critical"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        app.port = listening.getsockname()[1]
        thread = threading.Thread(target=runner.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        yield app
        runner.should_exit = runner.force_exit = True
        thread.join(10)


def silent(body=None):
    """P(speak) is 0.25 at the second token, where the markers part."""
    return completion(token("(", **{"(": 1.0}), token("sil", sil=0.3, response=0.1))


def soon(refused):
    refused.headers["retry-after-ms"] = "1"
    return refused


def shown_of(file):
    return read_files([file], Reading(Naming()))[0].shown


def scores_of(judge, shown):
    return [score for one in judge.scores(shown, lambda _: None) for score in one]


@pytest.fixture
def few(write):
    return shown_of(write([("Ana", "hi"), ("Ben", "assistant?"), (None, "Yes."), ("Ana", "ok")]))


def test_by_url_a_model_is_judged_the_same_as_on_this_machine(tiny_model, write):
    shown = shown_of(write(*ODD_CHATS, long_chat(60, words=3)))
    here = judge_of(tiny_model)

    with Served(Worker(lambda _: runtime_of(tiny_model))) as served:
        served.wait_until("ready")
        there = remote_judge(RemoteChoice(f"{served.url}/v1"))
        scores = there.scores(shown, lambda _: None)

    assert there.form == here.form
    for one, other in zip(scores, here.scores(shown, lambda _: None), strict=True):
        assert one == pytest.approx(other, abs=1e-4)
    assert there.notes == []


def test_five_logprobs_are_enough(hosted, few):
    def decide(body):
        if "top_logprobs" in body and body["top_logprobs"] > 5:
            return refusal(400, "top_logprobs is at most 5")
        return silent()

    hosted.decide = decide
    judge = remote_judge(RemoteChoice(hosted.url))

    assert scores_of(judge, few) == pytest.approx([0.25] * 3)
    assert judge.notes == []


def test_without_logprobs_the_words_decide_and_a_note_says_so(hosted, few):
    def decide(body):
        if "logprobs" in body:
            return refusal(400, "logprobs are not supported")
        called = "assistant?" in body["messages"][-1]["content"]
        return completion(text="(response) Yes?" if called else "(silence)")

    hosted.decide = decide
    judge = remote_judge(RemoteChoice(hosted.url, model="tiny", max_requests=1))

    assert scores_of(judge, few) == [0.0, 1.0, 0.0]
    assert judge.notes == [NO_LOGPROBS]


def test_once_a_server_was_understood_it_is_asked_that_way_at_once(hosted, few):
    hosted.decide = silent
    judge = remote_judge(RemoteChoice(hosted.url, max_requests=1))

    scores_of(judge, few)

    asked = [body for body in hosted.requests if not body["user"].endswith("/probe")]
    assert len(asked) == 3
    assert {body["model"] for body in hosted.requests} == {"tiny"}


def test_a_prompt_too_long_for_the_server_is_asked_about_without_its_older_half(hosted, write):
    hosted.models = [listed(max_model_len=100)]

    def decide(body):
        if sum(len(message["content"]) for message in body["messages"]) > 1800:
            return refusal(400, "maximum context length exceeded")
        return silent()

    hosted.decide = decide
    judge = remote_judge(RemoteChoice(hosted.url))

    scores = scores_of(judge, shown_of(write(long_chat(30))))

    assert scores == pytest.approx([0.25] * 30)


def test_a_busy_server_is_asked_again(hosted, few):
    answers = iter([soon(refusal(503, "loading")), soon(refusal(429, "slow down"))])
    hosted.decide = lambda body: next(answers, None) or silent()
    judge = remote_judge(RemoteChoice(hosted.url, max_requests=1))

    assert scores_of(judge, few) == pytest.approx([0.25] * 3)


def test_an_answer_without_a_decision_is_named_with_its_line(hosted, few):
    hosted.decide = lambda body: completion(text="")

    judge = remote_judge(RemoteChoice(hosted.url))

    with pytest.raises(TuneRefused, match="line 1, message 1: the server's answer"):
        scores_of(judge, few)


@pytest.mark.parametrize(
    ("status", "words"), [(401, "refused the key"), (404, "failed with HTTP 404")]
)
def test_a_refusal_is_told_without_the_key(hosted, few, status, words):
    hosted.decide = lambda body: refusal(status, "no: sk-secret")
    judge = remote_judge(RemoteChoice(hosted.url, api_key="sk-secret"))

    with pytest.raises(InferenceError, match=words) as caught:
        scores_of(judge, few)

    assert "sk-secret" not in str(caught.value)


@pytest.mark.parametrize("status", [400, 422])
def test_a_request_that_is_refused_is_told_without_the_key(hosted, few, status):
    hosted.decide = lambda body: refusal(status, "no: sk-secret")
    judge = remote_judge(RemoteChoice(hosted.url, api_key="sk-secret"))

    with pytest.raises(TuneRefused, match=r'"no: \*{3}"'):
        scores_of(judge, few)


def test_a_password_in_the_address_is_not_shown(hosted, few):
    def told(choice):
        with pytest.raises(InferenceError) as caught:
            scores_of(remote_judge(choice), few)
        return str(caught.value)

    choice = RemoteChoice(hosted.url.replace("//", "//me:hush@"))
    hosted.decide = lambda body: refusal(404, "no")
    faults = [told(choice), told(RemoteChoice("ftp://me:hush@host/v1"))]
    hosted.models = lambda: completion(text="what?")
    faults += [told(choice)]

    assert "hush" not in "".join(faults)
    assert f"the server at {hosted.url} failed with HTTP 404" in faults[0]


def test_a_server_that_is_none_or_lacks_the_model_is_named(hosted):
    with pytest.raises(TuneRefused, match="no address of a model server"):
        remote_judge(RemoteChoice("localhost:8000"))
    with pytest.raises(TuneRefused, match="no model 'big', it offers: tiny"):
        remote_judge(RemoteChoice(hosted.url, model="big"))
    hosted.models = lambda: completion(text="what?")
    with pytest.raises(TuneRefused, match="often ends in /v1"):
        remote_judge(RemoteChoice(hosted.url))
    hosted.models = lambda: refusal(401, "who are you?")
    with pytest.raises(InferenceError, match="refused the key"):
        remote_judge(RemoteChoice(hosted.url))


def test_a_faulty_chat_form_of_the_server_is_told(hosted):
    hosted.models = [listed(earshot={"chat_form": {"stop": 3}, "adapter": None})]

    with pytest.raises(TuneRefused, match="faulty chat form"):
        remote_judge(RemoteChoice(hosted.url))


def test_an_adapter_the_server_tells_of_is_part_of_the_name(hosted):
    hosted.models = [listed(earshot={"chat_form": {}, "adapter": "ours"})]

    assert remote_judge(RemoteChoice(hosted.url)).label == "tiny + ours"


@pytest.fixture(autouse=True)
def _quiet_client():
    """The client logs each retry."""
    logger = logging.getLogger("openai")
    level = logger.level
    logger.setLevel(logging.ERROR)
    yield
    logger.setLevel(level)
