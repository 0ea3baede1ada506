"""Servers that are absent, loading, busy, hanging or mad: each is told as what it is."""

import asyncio
import logging
import socket

import pytest
from starlette.responses import JSONResponse, Response

from bot.errors import ModelRefused, ModelUnavailable
from tests.model.conftest import LoopbackServer, completion, listed, refusal

TURNS = [{"role": "user", "content": "Ann: hi"}, {"role": "assistant", "content": "("}]


@pytest.fixture
def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


async def test_no_server_at_the_address_is_unavailable(make_model, free_port):
    model = make_model(f"http://127.0.0.1:{free_port}/v1")

    with pytest.raises(ModelUnavailable, match=f"127.0.0.1:{free_port}/v1.*EARSHOT_MODEL_URL"):
        await model.score(TURNS, session="s")
    await model.close()


@pytest.mark.parametrize(
    ("status", "kind", "says"),
    [
        (503, ModelUnavailable, "not ready.*wait"),
        (429, ModelUnavailable, "busy.*later"),
        (500, ModelUnavailable, "HTTP 500.*log"),
        (504, ModelUnavailable, "HTTP 504"),
        (401, ModelRefused, "EARSHOT_MODEL_API_KEY"),
        (403, ModelRefused, "EARSHOT_MODEL_API_KEY"),
        (404, ModelRefused, "EARSHOT_MODEL_URL"),
        (413, ModelRefused, "HTTP 413"),
        (418, ModelRefused, "teapot"),
    ],
)
async def test_each_refusal_says_what_to_do(model, server, status, kind, says):
    server.decide = server.reply = lambda body: refusal(status, "I am a teapot")

    with pytest.raises(kind, match=says):
        await model.score(TURNS, session="s")
    with pytest.raises(kind, match=says):
        await anext(model.reply(TURNS[:1], session="s"))


async def test_a_refusal_is_not_tried_again(model, server):
    server.decide = lambda body: refusal(503, "loading")

    with pytest.raises(ModelUnavailable):
        await model.score(TURNS, session="s")

    assert len(server.probes) == 1
    assert server.requests == []


@pytest.mark.parametrize("place", ["models", "decide", "reply"])
async def test_a_hung_server_times_out(server, make_model, place):
    setattr(server, place, server.hang)
    model = make_model(server.url, timeout_s=0.2)
    asked = {
        "models": model.card,
        "decide": lambda: model.score(TURNS, session="s"),
        "reply": lambda: anext(model.reply(TURNS[:1], session="s")),
    }[place]

    with pytest.raises(ModelUnavailable, match=r"no answer for 0\.2 s.*EARSHOT_MODEL_TIMEOUT_S"):
        await asked()
    await model.close()


async def test_all_who_wait_for_a_hung_server_wait_once(server, make_model):
    """Each after the other, a hundred conversations waited for a hundred timeouts."""
    server.models = server.hang
    model = make_model(server.url, timeout_s=0.2)

    asked = (model.score(TURNS, session=f"s{index}") for index in range(100))
    told = await asyncio.gather(*asked, return_exceptions=True)

    assert {type(error) for error in told} == {ModelUnavailable}
    assert server.num_model_lists <= 1  # none where this machine takes as long
    await model.close()


def hanging(server):
    """Give an answer that hangs, and the event of its being asked for."""
    asked = asyncio.Event()

    async def hang():
        asked.set()
        return await server.hang()

    return asked, hang


async def test_a_probe_goes_on_when_the_first_to_ask_gives_up(server, make_model):
    asked, server.models = hanging(server)
    model = make_model(server.url)
    first = asyncio.create_task(model.card())
    second = asyncio.create_task(model.card())
    await asked.wait()

    first.cancel()
    server.released.set()

    with pytest.raises(ModelUnavailable, match="HTTP 500"):
        await second
    await model.close()


async def test_closing_ends_a_probe_on_its_way(server, make_model):
    asked, server.models = hanging(server)
    model = make_model(server.url)
    card = asyncio.create_task(model.card())
    await asked.wait()

    await model.close()

    with pytest.raises(asyncio.CancelledError):
        await card


async def test_a_server_that_dribbles_its_answer_times_out(server, make_model):
    """Every byte comes in time for the socket, the whole never."""
    model = make_model(server.url, timeout_s=0.3)
    left = asyncio.Event()

    class Dribble(Response):
        async def __call__(self, scope, receive, send):
            start = {"type": "http.response.start", "status": 200, "headers": []}
            await send(start)
            while not left.is_set():
                await send({"type": "http.response.body", "body": b" ", "more_body": True})
                await asyncio.wait([asyncio.ensure_future(receive())], timeout=0.02)

    server.decide = lambda body: Dribble()

    with pytest.raises(ModelUnavailable, match="no answer"):
        await model.score(TURNS, session="s")
    left.set()
    await model.close()


@pytest.mark.parametrize(
    "answer",
    [
        JSONResponse({}),
        JSONResponse({"choices": []}),
        JSONResponse({"choices": [{"message": None}]}),
        JSONResponse([1, 2]),
        Response("{broken", media_type="application/json"),
        Response("<html>Welcome to nginx</html>", media_type="text/html"),
        Response(b"\xff\xfe", media_type="application/json"),
        Response(b"", media_type="application/json"),
    ],
)
async def test_nonsense_is_refused_with_a_hint_at_the_address(model, server, answer):
    server.decide = lambda body: answer

    with pytest.raises(ModelRefused, match=r"no chat completion.*/v1"):
        await model.score(TURNS, session="s")


async def test_a_server_error_about_an_unsupported_field_is_a_refusal_of_that_field(model, server):
    def decide(body):
        if body.get("logprobs"):
            return refusal(
                500, "logprobs is not supported for models created with logits_all=False"
            )
        return completion(text="(response) Paris")

    server.decide = decide

    assert (await model.score(TURNS, session="s")).p_speak == 1.0


async def test_the_words_of_an_error_page_are_left_out(model, server):
    page = "<html><body>502 Bad Gateway" + "x" * 5000 + "</body></html>"
    server.decide = lambda body: Response(page, status_code=502, media_type="text/html")

    with pytest.raises(ModelUnavailable) as told:
        await model.score(TURNS, session="s")

    assert "HTTP 502" in str(told.value)
    assert len(str(told.value)) < 200


async def test_long_words_of_a_server_are_one_short_line(model, server):
    server.decide = lambda body: refusal(500, "line\n" * 1000)

    with pytest.raises(ModelUnavailable) as told:
        await model.score(TURNS, session="s")

    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 500


async def test_a_loading_worker_says_how_far_it_is(model, server):
    body = {"status": "loading", "detail": "converting the default model: 40%"}
    server.models = lambda: JSONResponse(body, status_code=503)

    with pytest.raises(ModelUnavailable, match="converting the default model: 40%"):
        await model.card()


async def test_no_secret_is_in_a_message_a_chain_or_the_log(server, make_model, caplog):
    """Servers repeat the key in their refusal, and a URL can hold a password."""
    caplog.set_level(logging.DEBUG)
    url = server.url.replace("http://", "http://user:hunter2@")
    model = make_model(url, api_key="sk-secret-123")
    server.models = lambda: refusal(401, "Incorrect API key provided: sk-secret-123")

    with pytest.raises(ModelRefused) as told:
        await model.card()

    shown = [str(told.value), str(told.value.__cause__), caplog.text]
    assert all("sk-secret" not in text and "hunter2" not in text for text in shown[:2])
    assert told.value.__suppress_context__
    assert "***" in shown[0]
    assert "sk-secret" not in caplog.text
    await model.close()


async def test_keys_of_other_programs_are_not_sent(server, make_model, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another-program")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    model = make_model(server.url)

    await model.score(TURNS, session="s")

    assert server.headers[0]["authorization"] == "Bearer none"
    await model.close()


async def test_after_a_failure_the_model_may_be_another_one(model, server):
    await model.score(TURNS, session="s")
    server.decide = lambda body: refusal(503, "restarting")
    with pytest.raises(ModelUnavailable):
        await model.score(TURNS, session="s")
    server.decide = LoopbackServer.decide
    server.models = [listed("other")]

    assert (await model.card()).id == "other"
