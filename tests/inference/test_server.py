import json

import httpx
import openai
import pytest

from inference.server.body import MAX_BODY_BYTES
from inference.server.worker import Worker
from inference.wire.chat_form import ChatForm
from tests.inference.serving import (
    CHAT,
    CONTINUED,
    OPENED,
    Served,
    error_of,
    metrics_of,
    runtime_of,
)


@pytest.fixture(scope="module")
def served(tiny_model):
    with Served(Worker(lambda _: runtime_of(tiny_model))) as served:
        yield served.wait_until("ready")


@pytest.fixture
def create(served):
    return served.client().chat.completions.create


def test_the_model_is_described_with_its_chat_form(served):
    card = served.client().models.list().data[0]

    assert (card.id, card.object, card.owned_by) == ("tiny", "model", "earshot")
    assert card.max_model_len == 512
    assert card.earshot["adapter"] is None
    assert ChatForm.from_dict(card.earshot["chat_form"]) == served.worker.ready().loaded.form


def test_a_decision_gives_the_likeliest_tokens_and_exact_counts(create, tiny_model):
    answer = create(
        model="tiny",
        messages=OPENED,
        max_tokens=1,
        temperature=0,
        logprobs=True,
        top_logprobs=20,
        user="decision",
        extra_body=CONTINUED,
    )

    token = answer.choices[0].logprobs.content[0]
    ids = tiny_model.renderer.render(OPENED, continue_final_message=True)
    told = {top.token for top in token.top_logprobs}
    decision = tiny_model.form.decision
    assert {decision.silence, decision.response} <= told
    assert 20 <= len(token.top_logprobs) <= 22
    assert token.token == token.top_logprobs[0].token
    assert token.logprob == max(top.logprob for top in token.top_logprobs)
    assert answer.usage.prompt_tokens == len(ids)
    assert (answer.usage.completion_tokens, answer.choices[0].finish_reason) == (1, "length")


def test_the_next_request_of_a_session_reuses_what_was_run(create):
    wanted = {"model": "tiny", "max_tokens": 1, "extra_headers": {"X-Session-Id": "reuse"}}
    first = create(messages=OPENED, extra_body=CONTINUED, **wanted)

    grown = [*CHAT, {"role": "assistant", "content": "(silence)"}, *CHAT]
    second = create(messages=grown, **wanted)

    assert first.usage.prompt_tokens_details.cached_tokens == 0
    # More, where the idle worker has run ahead what comes next in any case.
    assert second.usage.prompt_tokens_details.cached_tokens >= first.usage.prompt_tokens


def test_a_stream_says_what_the_whole_answer_says(create):
    wanted = {"model": "tiny", "messages": CHAT, "max_tokens": 20, "seed": 7}

    whole = create(**wanted)
    chunks = list(create(stream=True, stream_options={"include_usage": True}, **wanted))

    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1])
    assert text == whole.choices[0].message.content
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-2].choices[0].finish_reason == whole.choices[0].finish_reason
    assert chunks[-1].usage.total_tokens == whole.usage.total_tokens


def test_a_stream_without_usage_ends_in_done(served):
    response = served.post(stream=True, logprobs=True, max_tokens=3, min_tokens=3)

    *chunks, done = [line for line in response.text.split("\n\n") if line]
    assert response.headers["content-type"].startswith("text/event-stream")
    assert done == "data: [DONE]"
    parsed = [json.loads(chunk.removeprefix("data: ")) for chunk in chunks]
    assert sum(bool(chunk["choices"][0]["logprobs"]) for chunk in parsed) == 3
    assert all("usage" not in chunk for chunk in parsed)


def test_sampling_options_and_stop_strings_are_heeded(create):
    wanted = {"model": "tiny", "messages": CHAT, "temperature": 0, "max_tokens": 30}
    extras = {"repetition_penalty": 1.3, "top_k": -1}
    whole = create(**wanted, extra_body=extras).choices[0].message.content

    cut = create(**wanted, stop=whole[8:11], extra_body=extras).choices[0]

    assert cut.message.content == whole[: whole.index(whole[8:11])]
    assert cut.finish_reason == "stop"


def test_contents_in_parts_and_roles_of_newer_clients_are_understood(served):
    parts = [{"type": "text", "text": "Alice: "}, {"type": "text", "text": "hi"}]
    chat = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": parts}]

    response = served.post(messages=chat, max_completion_tokens=1, store=False, metadata=None)

    plain = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Alice: hi"}]
    usage = response.json()["usage"]
    assert usage["prompt_tokens"] == served.post(messages=plain).json()["usage"]["prompt_tokens"]
    assert usage["completion_tokens"] == 1


@pytest.mark.parametrize(
    ("body", "param", "words"),
    [
        ({"messages": []}, "messages", "at least 1"),
        ({"messages": [{"role": "bard", "content": "x"}]}, "messages.0.role", "'user'"),
        ({"messages": [{"role": "user"}]}, "messages.0.content", "required"),
        ({"max_tokens": 0}, "max_tokens", "greater than or equal to 1"),
        ({"max_tokens": "many"}, "max_tokens", "integer"),
        ({"temperature": -1}, "temperature", "greater than or equal to 0"),
        ({"top_p": 0}, "top_p", "greater than 0"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs", "less than or equal to 20"),
        ({"top_logprobs": 5}, None, "needs logprobs"),
        ({"stop": ["x"] * 17}, "stop", "at most 16"),
        ({"n": 2}, "n", "1"),
        ({"continue_final_message": True}, None, "last message of the assistant"),
    ],
)
def test_a_faulty_field_is_named(served, body, param, words):
    response = served.post(**body)

    error = error_of(response)
    assert (response.status_code, error["type"]) == (400, "invalid_request_error")
    assert error["param"] == param or (param == "messages.0.content" and param in error["param"])
    assert words in error["message"]


def test_a_body_that_is_not_json_is_told(served):
    response = httpx.post(f"{served.url}/v1/chat/completions", content=b"{")

    assert (response.status_code, error_of(response)["code"]) == (400, "invalid_json")


def test_a_body_without_end_is_refused(served):
    response = httpx.post(f"{served.url}/v1/chat/completions", content=b" " * (MAX_BODY_BYTES + 1))

    assert (response.status_code, error_of(response)["code"]) == (413, "request_too_large")


def test_another_models_name_is_refused(served):
    response = served.post(model="gpt-5")

    assert (response.status_code, error_of(response)["code"]) == (404, "model_not_found")


def test_an_unknown_path_is_refused_in_the_same_form(served):
    response = served.get("/v1/embeddings")

    assert (response.status_code, error_of(response)["code"]) == (404, "not_found")


def test_a_prompt_longer_than_the_context_is_refused_with_the_numbers(served):
    response = served.post(messages=[{"role": "user", "content": "Alice: " + "x" * 100_000}])

    error = error_of(response)
    assert (response.status_code, error["code"]) == (400, "context_length_exceeded")
    assert "the context holds 512" in error["message"]


def test_an_answer_is_no_longer_than_the_context(create, tiny_model):
    answer = create(model="tiny", messages=CHAT, extra_body={"min_tokens": 1000})

    assert answer.usage.total_tokens == 512
    assert answer.choices[0].finish_reason == "length"


async def test_decisions_are_answered_while_a_reply_is_written(served):
    # given a reply as long as the context allows, of which the first piece has come
    client = served.client(openai.AsyncOpenAI)
    long = {"model": "tiny", "messages": CHAT, "user": "both", "extra_body": {"min_tokens": 1000}}
    stream = await client.chat.completions.create(stream=True, **long)
    await anext(aiter(stream))

    decision = await client.chat.completions.create(
        model="tiny", messages=OPENED, max_tokens=1, user="both", extra_body=CONTINUED
    )

    rest = [chunk async for chunk in stream]
    assert decision.usage.completion_tokens == 1
    assert rest[-1].choices[0].finish_reason == "length"
    await client.close()


def test_what_is_measured_can_be_read(served):
    served.post(user="measured", max_tokens=1, logprobs=True)

    numbers = metrics_of(served)

    assert numbers['earshot_worker_requests_total{kind="decision",outcome="done"}'] >= 1
    assert numbers["earshot_worker_run_tokens_total"] > 0
    assert numbers["earshot_worker_resident_conversations"] >= 1
    assert numbers["earshot_worker_resident_tokens"] >= 256
    assert numbers['earshot_worker_first_token_seconds_count{kind="decision"}'] >= 1


def test_health_is_ready_when_the_model_answers(served):
    response = served.get("/health")

    assert (response.status_code, response.json()) == (200, {"status": "ready", "model": "tiny"})
