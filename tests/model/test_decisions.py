"""A decision over HTTP: the exact request, and what servers make of it that cannot take it."""

import asyncio
import math

import pytest
from starlette.responses import Response

from bot.errors import ModelRefused, ModelUnavailable
from inference.wire.turns import Burst, Line, decision_turns
from tests.model.conftest import (
    OPENAI_FIELDS,
    LoopbackServer,
    completion,
    listed,
    refusal,
    token,
)

TURNS = [
    {"role": "user", "content": "Ann: hi"},
    {"role": "assistant", "content": "(silence)"},
    {"role": "user", "content": "Bob: what is the capital of France?"},
    {"role": "assistant", "content": "("},
]


async def test_a_decision_continues_the_opened_answer_by_one_token(model, server):
    await model.score(TURNS, session="room/main/general")

    assert server.requests == [
        {
            "model": "tiny",
            "messages": TURNS,
            "max_tokens": 1,
            "temperature": 0,
            "logprobs": True,
            "top_logprobs": 20,
            "continue_final_message": True,
            "add_generation_prompt": False,
            "user": "room/main/general",
        }
    ]
    assert server.headers[0]["x-session-id"] == "room/main/general"


async def test_p_speak_is_the_share_of_response_among_the_two_markers(model, server):
    score = await model.score(TURNS, session="s")

    assert score.p_speak == pytest.approx(0.25)
    assert score.num_prompt_tokens == 42


async def test_a_conversation_named_in_any_script_reaches_the_server_as_ascii(model, server):
    await model.score(TURNS, session="room/Küche\r\nX-Evil: 1/日本")

    assert server.headers[0]["x-session-id"].isascii()
    assert "x-evil" not in server.headers[0]
    assert server.requests[0]["user"] == server.headers[0]["x-session-id"]


async def test_a_server_that_cannot_continue_answers_anew_and_is_asked_so_from_then_on(
    model, server
):
    server.known_fields = OPENAI_FIELDS
    server.decide = lambda body: completion(
        token("(", **{"(": 0.9}), token("response", response=0.6, sil=0.2)
    )

    scores = [await model.score(TURNS, session="s") for _ in range(2)]

    assert [score.p_speak for score in scores] == pytest.approx([0.75, 0.75])
    assert "continue_final_message" in server.probes[-1]
    assert [len(request["messages"]) for request in server.requests] == [3, 3]
    assert server.requests[-1]["max_tokens"] == 4


async def test_a_server_that_ignores_the_continuation_is_found_out_by_its_first_token(
    model, server
):
    server.decide = lambda body: completion(
        token("(", **{"(": 0.9}), *([token("sil", sil=1.0)] if body["max_tokens"] > 1 else [])
    )

    scores = [await model.score(TURNS, session="s") for _ in range(2)]

    assert [score.p_speak for score in scores] == [0.0, 0.0]
    assert [request["max_tokens"] for request in server.requests] == [1, 4, 4]


async def test_a_host_that_allows_five_alternatives_gets_five(model, server):
    def decide(body):
        if body.get("continue_final_message") or body.get("top_logprobs", 0) > 5:
            return refusal(422, "top_logprobs must be at most 5")
        return completion(token("(response", **{"(response": 0.9, "(sil": 0.1}))

    server.decide = decide

    score = await model.score(TURNS, session="s")

    assert score.p_speak == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("(silence)", 0.0), ("(response) Par", 1.0), ("Paris is", 1.0), (" (Silence", 0.0)],
)
async def test_without_logprobs_the_greedy_text_decides(model, server, text, expected):
    def decide(body):
        if body.get("logprobs"):
            return refusal(400, "logprobs are not supported")
        return completion(text=text)

    server.decide = decide

    score = await model.score(TURNS, session="s")

    assert score.p_speak == expected


async def test_a_server_that_leaves_logprobs_out_is_read_by_its_text(model, server):
    server.decide = lambda body: completion(text="response")

    assert (await model.score(TURNS, session="s")).p_speak == 1.0


async def test_a_server_that_gives_no_alternatives_is_read_by_its_token(model, server):
    server.decide = lambda body: completion({"token": "sil", "logprob": math.log(0.9)})

    assert (await model.score(TURNS, session="s")).p_speak == pytest.approx(0.1)


async def test_a_way_that_only_once_found_no_marker_is_not_given_up(model, server):
    answers = [
        completion(token("x", x=0.5)),
        completion(token("(response", **{"(response": 0.8, "(silence": 0.2})),
        completion(token("sil", sil=0.5, response=0.5)),
    ]
    server.decide = lambda body: answers[len(server.requests) - 1]

    scores = [await model.score(TURNS, session="s") for _ in range(2)]

    assert [score.p_speak for score in scores] == pytest.approx([0.8, 0.5])
    assert [request["max_tokens"] for request in server.requests] == [1, 4, 1]


async def test_a_model_that_writes_neither_marker_nor_anything_is_refused(model, server):
    server.decide = lambda body: completion(text="")

    with pytest.raises(ModelRefused, match=r"neither marker.*EARSHOT_CHAT_FORM"):
        await model.score(TURNS, session="s")


@pytest.mark.parametrize("logprob", ["NaN", "7.0", "null", '"high"'])
async def test_a_logprob_that_is_none_is_refused(model, server, logprob):
    likely = f'{{"token": "sil", "logprob": {logprob}}}'
    tokens = f'[{{"token": "sil", "logprob": -0.1, "top_logprobs": [{likely}]}}]'
    message = '"message": {"content": "sil"}'
    body = f'{{"choices": [{{{message}, "logprobs": {{"content": {tokens}}}}}]}}'
    server.decide = lambda _: Response(body, media_type="application/json")

    with pytest.raises(ModelRefused, match="no chat completion"):
        await model.score(TURNS, session="s")


async def test_where_no_tokens_are_counted_the_prompt_is_estimated_on_the_safe_side(model, server):
    server.decide = lambda body: completion(token("sil", sil=0.9), usage=None)

    score = await model.score(TURNS, session="s")

    assert score.num_prompt_tokens == sum(len(turn["content"]) for turn in TURNS) // 3


async def test_a_prompt_that_is_too_long_is_refused_in_the_words_of_the_server(model, server):
    server.decide = lambda body: refusal(400, "maximum context length is 2048 tokens")

    with pytest.raises(ModelRefused, match=r"HTTP 400.*maximum context length"):
        await model.score(TURNS, session="s")


async def test_after_a_failure_the_server_is_asked_anew_what_it_can(model, server):
    server.known_fields = OPENAI_FIELDS
    server.decide = lambda body: completion(token("(silence)", **{"(silence)": 0.9}))
    await model.score(TURNS, session="s")
    server.decide = lambda body: refusal(503, "restarting")
    with pytest.raises(ModelUnavailable):
        await model.score(TURNS, session="s")
    server.known_fields = LoopbackServer.known_fields
    server.decide = LoopbackServer.decide
    server.models = [listed("tuned")]

    await model.score(TURNS, session="s")

    assert server.requests[-1]["continue_final_message"] is True
    assert server.requests[-1]["model"] == "tuned"


async def test_the_turns_of_a_form_whose_markers_share_nothing_are_answered_anew(
    model, server, form
):
    server.decide = lambda body: completion(token("(silence", **{"(silence": 0.5, "(resp": 0.5}))
    turns = [*decision_turns(form, [Burst((Line("Ann", "hi"),))])[:-1], TURNS[-1] | {"content": ""}]

    score = await model.score(turns, session="s")

    assert score.p_speak == pytest.approx(0.5)
    assert server.requests[0]["messages"] == turns[:-1]


async def test_a_hundred_conversations_ask_once_what_the_model_is(model, server):
    await asyncio.gather(*(model.score(TURNS, session=f"s{n}") for n in range(100)))

    assert server.num_model_lists == 1
    assert len(server.requests) == 100
