"""What goes wrong on purpose, as the real client sees it."""

import asyncio

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from tests.slack_server import Fault, Planned


def post(slack, client, text="Hello"):
    return client.chat_postMessage(channel=slack.general.id, text=text)


async def test_an_error_meets_the_calls_it_was_planned_for(slack, client):
    slack.faults.error("fatal_error", on="chat.*", times=2)

    assert (await client.auth_test())["ok"]
    for _ in range(2):
        with pytest.raises(SlackApiError, match="fatal_error"):
            await post(slack, client)
    await post(slack, client)

    assert [one.text for one in slack.posts("general")] == ["Hello"]


async def test_a_rate_limit_says_how_long_to_wait(slack, client):
    slack.faults.rate_limit(30, on="chat.postMessage")

    with pytest.raises(SlackApiError) as caught:
        await post(slack, client)

    told = caught.value.response
    assert (told.status_code, told["error"], told.headers["Retry-After"]) == (
        429,
        "ratelimited",
        "30",
    )


@pytest.mark.parametrize("body", [None, "<html>Bad gateway</html>", {"ok": False}])
async def test_a_server_may_be_down_in_any_words(slack, client, body):
    slack.faults.respond(503, body)

    with pytest.raises((SlackApiError, ValueError)):
        await post(slack, client)

    assert slack.asked("chat.postMessage")[0].status == 503


async def test_a_reset_may_come_before_or_after_the_act(slack, client):
    client.retry_handlers.clear()
    slack.faults.reset(on="chat.postMessage")
    slack.faults.reset(on="chat.postMessage", after=True)

    for text in ("lost", "done"):
        with pytest.raises(aiohttp.ClientError):
            await post(slack, client, text)

    assert [one.text for one in slack.posts("general")] == ["done"]


async def test_an_answer_waits_until_its_gate_is_opened(slack, client):
    gate = slack.faults.hold(on="chat.postMessage", after=True)
    sending = asyncio.create_task(post(slack, client))
    await gate.reached.wait()
    assert (len(slack.posts("general")), sending.done()) == (1, False)

    gate.open()

    assert (await sending)["ok"]


async def test_faults_at_random_meet_some(slack, client):
    lost = Fault("chat.*", 1, answer=Planned(503, {"ok": False, "error": "service_unavailable"}))
    slack.faults.at_random(0.5, [lost], seed=1)
    told = [await answered(post(slack, client)) for _ in range(20)]

    slack.faults.clear()

    assert 4 < told.count("service_unavailable") < 16
    assert await answered(post(slack, client)) == "ok"


async def answered(asked):
    try:
        await asked
    except SlackApiError as error:
        return error.response["error"]
    return "ok"


async def test_limits_are_those_that_slack_documents(slack, client):
    slack.limits.on = True

    told = [await answered(post(slack, client)) for _ in range(6)]
    slack.clock.advance(1 + slack.limits.burst)

    assert told == ["ok"] * 5 + ["ratelimited"]
    assert await answered(post(slack, client)) == "ok"


async def test_a_method_that_is_not_there_fails_the_test(slack, client):
    assert await answered(client.api_call("chat.shout")) == "unknown_method"

    assert slack.unknown_methods == ["chat.shout"]
    slack.unknown_methods.clear()
