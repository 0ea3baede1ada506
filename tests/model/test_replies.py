"""A reply over HTTP: streamed as it is written, given up when nobody reads on."""

import asyncio

import pytest
from starlette.responses import Response, StreamingResponse

from bot.errors import ModelRefused, ModelUnavailable
from inference.wire.chat_form import ChatForm, Sampling
from tests.model.conftest import OPENAI_FIELDS, DroppingResponse, event, listed, refusal, stream

PLAIN = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Ann: hi"}]
TUNED = [*PLAIN, {"role": "assistant", "content": "(response)"}]
FORM = ChatForm(
    sampling=Sampling(temperature=0.5, top_p=0.8, repetition_penalty=1.1, max_tokens=50),
    stop=("\nUser",),
)


async def read(model, turns=PLAIN):
    return [piece async for piece in model.reply(turns, session="s")]


async def test_a_reply_arrives_in_pieces_without_the_space_in_front(model):
    assert await read(model) == ["Par", "is."]


async def test_a_lone_space_in_front_is_no_piece(model, server):
    server.reply = lambda body: stream(" ", " two", " three")

    assert await read(model) == [" two", " three"]


async def test_a_reply_is_drawn_as_the_form_says(server, make_model):
    model = make_model(server.url, form=FORM)

    await read(model)

    assert server.requests == [
        {
            "model": "tiny",
            "messages": PLAIN,
            "stream": True,
            "max_tokens": 50,
            "temperature": 0.5,
            "top_p": 0.8,
            "stop": ["\nUser"],
            "min_tokens": 1,
            "repetition_penalty": 1.1,
            "repeat_penalty": 1.1,
            "user": "s",
        }
    ]
    await model.close()


async def test_a_tuned_model_goes_on_from_the_response_marker(model, server):
    await read(model, TUNED)

    assert server.requests[0]["messages"] == TUNED
    assert server.requests[0]["continue_final_message"] is True
    assert server.requests[0]["add_generation_prompt"] is False


async def test_a_strict_host_gets_nothing_but_what_openai_has(model, server):
    server.known_fields = OPENAI_FIELDS

    replies = [await read(model, TUNED) for _ in range(2)]

    assert replies == [["Par", "is."]] * 2
    assert [len(request["messages"]) for request in server.requests] == [2, 2]


async def test_a_refusal_that_has_another_reason_is_told(model, server):
    server.reply = lambda body: refusal(400, "roles must alternate")

    with pytest.raises(ModelRefused, match="roles must alternate"):
        await read(model)


async def test_a_server_whose_decisions_cannot_continue_is_not_asked_to_continue_replies(
    model, server
):
    server.known_fields -= {"continue_final_message"}
    await model.score([*PLAIN, {"role": "assistant", "content": "("}], session="s")
    server.requests.clear()

    await read(model, TUNED)

    assert [request["messages"] for request in server.requests] == [PLAIN]
    assert server.requests[0]["min_tokens"] == 1


async def test_a_reply_nobody_reads_on_is_given_up_at_the_server(model, server):
    async def endless():
        try:
            yield event(" more")
            await server.released.wait()
        finally:
            server.client_left.set()

    server.reply = lambda body: StreamingResponse(endless(), media_type="text/event-stream")

    pieces = model.reply(PLAIN, session="s")
    assert await anext(pieces) == "more"
    await pieces.aclose()

    await asyncio.wait_for(server.client_left.wait(), 30)


async def test_a_reader_that_is_cancelled_gives_the_reply_up_too(model, server):
    read_one = asyncio.Event()

    async def endless():
        try:
            yield event("one")
            await server.released.wait()
        finally:
            server.client_left.set()

    async def reader():
        async for _ in model.reply(PLAIN, session="s"):
            read_one.set()

    server.reply = lambda body: StreamingResponse(endless(), media_type="text/event-stream")
    task = asyncio.create_task(reader())
    await read_one.wait()
    task.cancel()

    await asyncio.wait_for(server.client_left.wait(), 30)


async def test_a_server_that_dies_in_mid_reply_is_unavailable(model, server):
    server.reply = lambda body: DroppingResponse(event("Par"))
    pieces = model.reply(PLAIN, session="s")

    assert await anext(pieces) == "Par"
    with pytest.raises(ModelUnavailable, match="broke off"):
        await anext(pieces)


async def test_a_stream_that_just_ends_was_broken_off(model, server):
    server.reply = lambda body: StreamingResponse(
        iter([event("Par")]), media_type="text/event-stream"
    )

    with pytest.raises(ModelUnavailable, match="broke off"):
        await read(model)


async def test_the_last_piece_may_come_with_the_end(model, server):
    server.reply = lambda body: StreamingResponse(
        iter([event("Paris", finish_reason="stop")]), media_type="text/event-stream"
    )

    assert await read(model) == ["Paris"]


async def test_an_event_that_only_counts_tokens_is_passed_over(model, server):
    counting = 'data: {"id": "c", "choices": [], "usage": {"prompt_tokens": 3}}\n\n'
    server.reply = lambda body: StreamingResponse(
        iter([counting, event("Paris", finish_reason="stop")]), media_type="text/event-stream"
    )

    assert await read(model) == ["Paris"]


async def test_an_empty_reply_is_no_error(model, server):
    server.reply = lambda body: stream()

    assert await read(model) == []


@pytest.mark.parametrize(
    "line",
    [
        'data: {"choices": "none"}\n\n',
        "data: {broken\n\n",
        "data: [1, 2]\n\n",
        'data: {"error": {"message": "out of memory"}}\n\n',
    ],
)
async def test_nonsense_in_the_stream_is_refused(model, server, line):
    server.reply = lambda body: StreamingResponse(
        iter([event("Par"), line]), media_type="text/event-stream"
    )

    with pytest.raises(ModelRefused):
        await read(model)


async def test_a_page_instead_of_a_stream_is_unusable(model, server):
    server.reply = lambda body: Response("<html>Welcome</html>", media_type="text/html")

    with pytest.raises((ModelRefused, ModelUnavailable)):
        await read(model)


async def test_a_server_that_hangs_in_mid_reply_times_out(server, make_model):
    async def hanging():
        yield event("Par")
        await server.released.wait()

    server.reply = lambda body: StreamingResponse(hanging(), media_type="text/event-stream")
    model = make_model(server.url, timeout_s=0.2)

    with pytest.raises(ModelUnavailable, match=r"0\.2 s"):
        await read(model)
    await model.close()


async def test_a_server_that_talks_without_end_is_cut_off(server, make_model):
    async def endless():
        while not server.released.is_set():
            yield event("word " * 20)
            await asyncio.sleep(0)

    server.models = [listed()]
    server.reply = lambda body: StreamingResponse(endless(), media_type="text/event-stream")
    model = make_model(server.url, form=ChatForm(sampling=Sampling(max_tokens=10)))

    pieces = await read(model)

    assert 320 <= len("".join(pieces)) <= 420
    await model.close()
