"""HTTP: what is signed and fresh is taken once, and acknowledged within three seconds."""

import asyncio
import json
import time
from contextlib import asynccontextmanager

import aiohttp
import pytest

from bot.errors import ConfigError
from bot.platforms.slack.web import MAX_BODY_BYTES
from tests.slack.connected import Noted, connection, settings_for
from tests.waiting import WITHIN_S

ODD = [b"{", b"[1]", b'{"authorizations":[1]}', b'{"a":' * 50_000]  # no event of Slack's


@asynccontextmanager
async def on_http(slack, store, noted, **changes):
    """Serve over HTTP, and let Slack send there; gives the address."""
    settings = settings_for(slack, slack_app_token=None, **changes)
    async with connection(settings, store, noted):
        await noted.until(lambda: any("requests are taken" in line for line in noted.said))
        line = next(line for line in noted.said if "requests are taken" in line)
        address = line.removeprefix("Slack's requests are taken at ").rstrip(".")
        slack.http.use(f"{address}/slack/events")
        yield address


async def status_of(method, url, **options):
    async with aiohttp.ClientSession() as http, http.request(method, url, **options) as answer:
        return answer.status


async def test_an_event_comes_over_http_and_is_acknowledged(slack, store, noted):
    async with on_http(slack, store, noted):
        await slack.says("Alice", "general", "hello")
        await slack.until_delivered()

    assert noted.texts == ["hello"]
    assert [one.tries for one in slack.deliveries.all] == [["ok"]]
    assert noted.num_gaps == 1


async def test_the_address_is_verified(slack, store, noted):
    async with on_http(slack, store, noted) as address:
        assert await slack.http.verify(f"{address}/slack/events")

    assert noted.events == []


async def test_a_command_and_a_button_are_answered_in_the_acknowledgement(slack, store, noted):
    noted.answer = {"response_type": "ephemeral", "text": "because"}
    async with on_http(slack, store, noted):
        command = slack.deliveries.send(
            "slash_commands", {"command": "/assistant", "text": "why", "team_id": slack.team.id}
        )
        pressed = slack.deliveries.send(
            "interactive",
            {"type": "block_actions", "team": {"id": slack.team.id}, "actions": []},
        )
        await slack.until_delivered()

    assert command.answer == pressed.answer == noted.answer
    assert noted.commands[0]["text"] == "why"
    assert noted.interactions[0]["type"] == "block_actions"


async def test_an_event_that_takes_too_long_comes_again_and_is_written_down_once(
    slack, store, noted, monkeypatch, caplog
):
    monkeypatch.setattr("bot.platforms.slack.arrivals.PATIENCE_S", 0.05)
    slack.http.retry_after_s = (0.1,) * 100  # until it goes on
    noted.gate = asyncio.Event()
    async with on_http(slack, store, noted):
        await slack.says("Alice", "general", "hello")
        await slack.until(lambda: slack.http.answers)
        assert slack.http.answers[0].status == 503

        noted.gate.set()
        await slack.until_delivered()

    assert noted.texts == ["hello"]
    (delivery,) = slack.deliveries.all
    assert delivery.acknowledged
    assert delivery.tries[0] == "http_error"
    event_id = noted.events[0]["event_id"]
    assert (
        f"Slack: the event {event_id} is not written down after 0.1 s: it is not acknowledged, and "
        "Slack will deliver it again"
    ) in caplog.messages


@pytest.mark.parametrize(
    "odd",
    [
        {"secret": "another-secret"},
        {"late_s": 400},
        {"late_s": -400},
    ],
)
async def test_what_is_not_signed_or_not_fresh_is_turned_away(slack, store, noted, odd):
    async with on_http(slack, store, noted) as address:
        answer = await slack.http.post_raw(
            f"{address}/slack/events",
            json.dumps({"type": "event_callback", "event_id": "Ev1", "team_id": slack.team.id}),
            {"Content-Type": "application/json"},
            **odd,
        )

    assert answer.status == 401
    assert noted.events == []


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{}", {}, 401),
        (b"{}", {"X-Slack-Request-Timestamp": "soon"}, 401),
        (b"{}", {"X-Slack-Request-Timestamp": "1"}, 401),
        (b"\xff\xfe", {"X-Slack-Request-Timestamp": "1"}, 400),
        (b"x" * (MAX_BODY_BYTES + 1), {"X-Slack-Request-Timestamp": "1"}, 413),
        *((b"{}", {"X-Slack-Request-Timestamp": "9" * num}, 401) for num in (12, 400, 5000)),
        *((odd, {"X-Slack-Request-Timestamp": "NOW"}, 401) for odd in ODD),
        (b"{}", {"X-Slack-Request-Timestamp": "NOW", "X-Slack-Signature": "v0=\u00e9"}, 401),
    ],
)
async def test_what_slack_never_sends_is_turned_away_with_no_word_in_the_log(  # noqa: PLR0913 - fixtures
    slack, store, noted, caplog, body, headers, status
):
    given = {name: value.replace("NOW", str(int(time.time()))) for name, value in headers.items()}
    async with on_http(slack, store, noted) as address:
        answer = await status_of("POST", f"{address}/slack/events", data=body, headers=given)

    assert answer == status
    assert caplog.messages == []


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
async def test_what_cannot_be_read_though_it_is_signed_is_a_line_in_the_log(
    slack, store, noted, caplog, odd
):
    async with on_http(slack, store, noted) as address:
        broken = await slack.http.post_raw(
            f"{address}/slack/events", odd.decode(), {"Content-Type": "application/json"}
        )
        await slack.says("Alice", "general", "hello")
        await slack.until_delivered()

    assert broken.status == 400
    (line,) = caplog.messages
    assert line.startswith("Slack: what it signed cannot be read: ")
    assert noted.texts == ["hello"]


async def test_whoever_watches_the_process_is_told_that_it_is_well(slack, store, noted):
    async with on_http(slack, store, noted) as address:
        assert await status_of("GET", f"{address}/healthz") == 200
        assert await status_of("GET", f"{address}/slack/events") == 404
        assert await status_of("GET", f"{address}/slack/install") == 404


async def test_two_processes_on_one_port_say_which_setting_to_change(slack, store, noted):
    async with on_http(slack, store, noted) as address:
        port = int(address.rpartition(":")[2])
        settings = settings_for(slack, slack_app_token=None, slack_port=port)

        async with connection(settings, store, Noted()) as (_, serving):
            with pytest.raises(ConfigError, match="EARSHOT_SLACK_PORT"):
                await asyncio.wait_for(serving, WITHIN_S)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"slack_bot_token": None}, "EARSHOT_SLACK_BOT_TOKEN is not set"),
        ({"slack_bot_token": "xapp-1"}, "EARSHOT_SLACK_BOT_TOKEN must begin with xoxb-"),
        ({"slack_app_token": "xoxb-1"}, "EARSHOT_SLACK_APP_TOKEN must begin with xapp-"),
        ({"slack_bot_token": "xoxe.xoxb-1"}, "EARSHOT_SLACK_BOT_TOKEN holds a token that expires"),
        ({"slack_bot_token": "xoxb-\nx"}, "EARSHOT_SLACK_BOT_TOKEN holds what is no token"),
        (
            {"slack_app_token": None, "slack_signing_secret": None},
            "Neither EARSHOT_SLACK_APP_TOKEN nor EARSHOT_SLACK_SIGNING_SECRET is set",
        ),
        ({"slack_client_id": "1.2"}, "EARSHOT_SLACK_CLIENT_SECRET is not set"),
        (
            {"slack_client_id": "1.2", "slack_client_secret": "s"},
            "EARSHOT_SLACK_ENCRYPTION_KEY is not set",
        ),
        (
            {"slack_client_id": "1.2", "slack_client_secret": "s", "slack_encryption_key": "k"},
            "`earshot slack key` makes one",
        ),
    ],
)
async def test_credentials_that_do_not_go_together_are_told_before_anything_runs(
    slack, store, changes, named
):
    settings = settings_for(slack, **changes)

    with pytest.raises(ConfigError, match=named) as told:
        async with connection(settings, store, Noted()):
            pass

    assert all(
        value not in str(told.value) for value in changes.values() if value and len(value) > 5
    )
