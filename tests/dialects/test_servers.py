"""The bot on every server it may meet: what it finds out, decides, writes, and says when it cannot."""

import pytest

from bot.errors import ModelBusy, ModelRefused
from bot.model_faults import TooLong
from bot.model_probe import described
from inference.wire.turns import Burst, Line, decision_turns, reply_turns
from tests.dialects.conftest import DIALECTS, FORM, only
from tests.dialects.dialect import CONTEXT
from tests.dialects.groq import Groq
from tests.dialects.llama_cpp_python import LlamaCppPython
from tests.dialects.mistral import Mistral
from tests.dialects.ollama import Ollama, OllamaBefore
from tests.dialects.openai_api import OpenAIApi, OpenAINewer
from tests.dialects.scripted import P_CALLED, P_UNCALLED
from tests.dialects.vllm import Vllm

CALLED = [Burst((Line("Ann", "hi"),)), Burst((Line("Ben", "what is the capital of France?"),))]
UNCALLED = [Burst((Line("Ann", "hi"),)), Burst((Line("Ben", "hello Ann"),))]


def turns(bursts):
    return decision_turns(FORM, bursts)


async def test_the_probe_finds_out_what_the_server_can_do(model, server, expected):
    found = await model.abilities()
    card = await model.card()

    assert (found.continues, found.num_logprobs) == (expected.continues, expected.num_logprobs)
    assert found.way.continued == expected.continued
    assert found.num_levels == card.num_levels == expected.num_levels
    assert found.follows
    assert found.counts_tokens
    assert card.max_prompt_tokens == (CONTEXT - 8 if expected.context else 2048)


async def test_the_probe_is_a_few_short_requests(model, server):
    await model.abilities()

    assert len(server.requests) <= 9
    assert all(body.get("max_tokens", 0) <= 4 for body in server.requests)


async def test_after_the_probe_nothing_is_refused(model, server):
    await model.abilities()
    server.requests.clear()

    await model.score(turns(CALLED), session="room/main/general")
    pieces = [one async for one in model.reply(reply_turns(FORM, CALLED), session="s")]

    assert pieces
    assert len(server.requests) == 2 + ("stop" in (await model.abilities()).way.without)


@pytest.mark.parametrize(("bursts", "p"), [(CALLED, P_CALLED), (UNCALLED, P_UNCALLED)])
async def test_p_speak_is_the_same_wherever_probabilities_are_told(model, expected, bursts, p):
    score = await model.score(turns(bursts), session="s")

    if expected.num_levels is None:
        assert score.p_speak == pytest.approx(p, abs=1e-4)
    else:
        assert (score.p_speak > 0.5) == (p > 0.5)
        assert (score.p_speak * expected.num_levels) % 1 == 0
    assert 30 < score.num_prompt_tokens < 100


async def test_a_reply_goes_on_from_the_response_marker_or_begins_anew(model, expected):
    pieces = [one async for one in model.reply(reply_turns(FORM, CALLED), session="s")]

    assert "".join(pieces) == ("Paris." if expected.continued else "(response) Paris.")


async def test_the_conversation_is_named_for_routers(model, server):
    await model.score(turns(CALLED), session="room/Küche")

    assert server.sessions[-1] == "room/K%C3%BCche"
    assert server.requests[-1].get("user") in ("room/K%C3%BCche", None)


async def test_a_wrong_key_is_told_without_showing_it(server, make_model):
    server.key = "sk-right"
    model = make_model(api_key="sk-wrong-key")

    with pytest.raises(ModelRefused, match="EARSHOT_MODEL_API_KEY") as told:
        await model.card()

    assert "sk-wrong" not in str(told.value)


async def test_a_model_that_was_taken_away_is_told(model, server):
    await model.card()
    server.model = "another"

    if not server.dialect.checks_model:
        assert (await model.score(turns(CALLED), session="s")).p_speak > 0.5
        return
    with pytest.raises(ModelRefused, match="no such address or model"):
        await model.score(turns(CALLED), session="s")
    assert (await model.card()).id == "another"


@pytest.mark.parametrize(
    ("headers", "retry_after_s"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry-after": "-1"}, None),
        ({}, None),
    ],
)
@only(Vllm, Mistral)
async def test_a_busy_server_says_when_it_wants_the_next_request(
    model, server, headers, retry_after_s
):
    await model.card()
    server.busy.append(headers)
    num_asked = len(server.requests)

    with pytest.raises(ModelBusy) as told:
        await model.score(turns(CALLED), session="s")

    assert told.value.retry_after_s == retry_after_s
    assert len(server.requests) == num_asked + 1
    await model.score(turns(CALLED), session="s")
    assert len(server.requests) == num_asked + 2  # it is not probed again


async def test_a_prompt_too_long_is_refused_at_once_or_cut_by_the_server(model, server):
    await model.card()
    num_asked = len(server.requests)
    long = turns([Burst((Line("Ann", "word " * CONTEXT),))])

    if not server.dialect.stops_long_prompts:
        assert (await model.score(long, session="s")).num_prompt_tokens > CONTEXT
        return
    with pytest.raises(TooLong, match="HTTP 400"):
        await model.score(long, session="s")
    assert len(server.requests) == num_asked + 1
    await model.score(turns(CALLED), session="s")
    assert len(server.requests) == num_asked + 2


async def test_a_server_put_in_anothers_place_is_understood_too(model, server):
    await model.score(turns(CALLED), session="s")
    for other in DIALECTS:
        server.dialect = other()

        score = await model.score(turns(CALLED), session="s")

        assert score.p_speak > 0.5, other.__name__


@only(OpenAINewer)
async def test_newer_models_of_openai_get_their_own_name_for_the_limit(model, server):
    await model.abilities()
    server.requests.clear()

    await model.score(turns(CALLED), session="s")

    [body] = server.requests
    assert (body["max_completion_tokens"], body["n"]) == (4, 8)
    assert "temperature" not in body


@only(Mistral)
async def test_a_schema_that_has_no_user_gets_none(model, server):
    await model.score(turns(CALLED), session="s")

    assert "user" not in server.requests[-1]
    assert server.sessions[-1] == "s"


SAYS = {
    Vllm: "tells 20 probabilities a token, goes on from an opened answer, counts tokens; a decision is "
    "one token, read with its alternatives; thresholds: calibrated",
    OpenAIApi: "tells 20 probabilities a token, refuses to go on from an opened answer, counts tokens, "
    "refuses min_tokens, repeat_penalty, repetition_penalty; a decision is up to 4 tokens, read with their "
    "alternatives; thresholds: calibrated",
    Mistral: "tells no probabilities, refuses to go on from an opened answer, counts tokens, refuses "
    "min_tokens, repeat_penalty, repetition_penalty, user; a decision is a vote of 8 short answers drawn in one "
    "request; thresholds: coarse, P(speak) moves in steps of 1/8 and varies",
    Groq: "tells no probabilities, refuses to go on from an opened answer, counts tokens, refuses "
    "min_tokens, repeat_penalty, repetition_penalty; a decision is what the model writes first; thresholds: none, "
    "P(speak) is 0 or 1, so every eagerness above 0 does the same",
}


@only(*SAYS)
async def test_what_was_found_is_said_with_what_follows(model, dialect):
    assert described(await model.abilities(), FORM) == SAYS[dialect]


@only(LlamaCppPython)
async def test_what_stands_in_the_prompt_is_not_penalised_in_a_decision(model, server):
    """Its default of 1.1 makes "(silence)" less likely after every silence before it."""
    await model.score(turns(UNCALLED), session="s")

    assert all(body.get("repeat_penalty", 1.0) == 1.0 for body in server.requests)
    assert server.requests[-1]["repeat_penalty"] == 1.0


@only(Ollama, OllamaBefore)
async def test_a_server_without_probabilities_is_read_by_its_words(model, server, expected):
    await model.abilities()
    server.requests.clear()

    await model.score(turns(UNCALLED), session="s")

    assert ("top_logprobs" in server.requests[0]) == bool(expected.num_logprobs)
