"""Signed HTTP, with the real Bolt at the other end."""

import json

import pytest
from aiohttp import web

from tests.slack_server.probe import Parrot, on_http

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def parrot(slack):
    return Parrot(slack)


async def test_a_mention_is_answered(slack, parrot):
    async with on_http(slack, parrot.bolt) as url:
        assert await slack.http.verify(url)

        await slack.says("Alice", "general", f"{slack.bot.mention} hello")

        (post,) = await slack.until_posted("general")
        await slack.until_delivered()
    assert post.text == f"You said: {slack.bot.mention} hello"
    assert {one.tries[-1] for one in slack.deliveries.all} == {"ok"}


@pytest.mark.parametrize("forged", [{"secret": "guess"}, {"late_s": 400}])
async def test_bolt_takes_no_forged_request(slack, parrot, forged):
    async with on_http(slack, parrot.bolt) as url:
        answer = await slack.http.post_raw(url, json.dumps({"type": "x"}), JSON, **forged)

    assert (answer.status, parrot.heard) == (401, [])


class Backend:
    """Answers requests with these statuses, then with 200."""

    def __init__(self, slack, *statuses, headers=None):
        self.statuses, self.headers, self.requests = list(statuses), headers or {}, []
        self._slack = slack

    async def serve(self, request):
        self.requests.append((dict(request.headers), await request.text()))
        self._slack.changed()
        status = self.statuses.pop(0) if self.statuses else 200
        return web.Response(status=status, headers=self.headers)

    async def __aenter__(self):
        app = web.Application()
        app.router.add_post("/slack/events", self.serve)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/slack/events"
        self._slack.http.use(self.url)
        return self

    async def __aexit__(self, *_):
        await self._runner.cleanup()


async def test_several_processes_take_turns(slack):
    async with Backend(slack) as one, Backend(slack) as other:
        slack.http.use(one.url, other.url)
        for n in range(4):
            await slack.says("Alice", "general", str(n))
        await slack.until_delivered()

    assert len(one.requests) == len(other.requests) == 2


async def test_what_fails_is_sent_again_with_the_reason(slack):
    async with Backend(slack, 500, 503) as backend:
        await slack.says("Alice", "general", "hello")
        await slack.until_delivered()

    numbers = [headers.get("X-Slack-Retry-Num") for headers, _ in backend.requests]
    reasons = [headers.get("X-Slack-Retry-Reason") for headers, _ in backend.requests]
    assert (numbers, reasons) == ([None, "1", "2"], [None, "http_error", "http_error"])
    assert len({json.loads(body)["event_id"] for _, body in backend.requests}) == 1
    assert slack.deliveries.all[0].acknowledged


async def test_after_three_more_tries_it_is_lost(slack):
    async with Backend(slack, *[500] * 9) as backend:
        await slack.says("Alice", "general", "hello")
        await slack.until_delivered()

    assert (len(backend.requests), slack.deliveries.all[0].lost) == (4, True)


async def test_an_app_may_ask_for_no_second_try(slack):
    async with Backend(slack, 500, headers={"X-Slack-No-Retry": "1"}) as backend:
        await slack.says("Alice", "general", "hello")
        await slack.until_delivered()

    assert (len(backend.requests), slack.deliveries.all[0].lost) == (1, True)


async def test_an_app_that_is_not_there_or_too_slow_is_tried_again(slack):
    slack.http.use("http://127.0.0.1:9/slack/events")
    await slack.says("Alice", "general", "hello")
    await slack.until_delivered()

    assert slack.deliveries.all[0].tries == ["connection_failed"] * 4
