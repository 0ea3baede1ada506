"""The bot comes to Discord however hard that is, and ends only where a person has to mend something."""

import asyncio
from typing import ClassVar

import aiohttp
import discord
import pytest

from bot.errors import ConfigError
from bot.platforms.discord.starts import MIN_WAIT_S
from bot.platforms.discord.supervisor import (
    FATAL_CODES,
    INTENT_MISSING,
    LOGIN_REFUSED,
    STEADY_S,
    keep_connected,
)
from tests.discord.weather import Weather
from tests.discord_server.gateway import IDENTIFY
from tests.discord_server.intents import PRIVILEGED, Intent
from tests.discord_server.odd import poison
from tests.logs import logged
from tests.waiting import WITHIN_S, seen

LOGIN = "GET /users/@me"


@pytest.fixture
def chat(server, database_url):
    return Weather(server, database_url)


async def hears(chat, text="hello"):
    """Let Mia say something that the bot hears."""
    said = await chat.server.member("Mia").says(chat.server.general, text)
    await chat.heard(chat.server.general, said)


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (lambda faults: faults.respond(503, on=LOGIN, times=3), "503 Service Unavailable"),
        (lambda faults: faults.reset(on=LOGIN, times=3), "Connection reset by peer"),
        (lambda faults: faults.ban(on=LOGIN, times=3), "429 Too Many Requests"),
        (
            lambda faults: faults.respond(503, on="GET /gateway/bot", times=3),
            "The gateway to connect",
        ),
    ],
)
async def test_it_comes_to_discord_as_soon_as_that_can_be_reached(
    chat, server, caplog, fault, line
):
    fault(server.faults)

    async with chat.running():
        await hears(chat)

    lines = [each for each in logged(caplog) if each.startswith("Discord")]
    assert {each.split(":")[0] for each in lines[::2]} == {"Discord cannot be reached"}
    assert line in lines[0]
    waits = [f"Discord: connecting anew in {wait} s" for wait in (1, 2, 4)]
    assert lines[1::2] == waits[: len(lines) // 2]


async def test_it_comes_to_discord_when_there_is_no_server_at_first(chat, server, caplog):
    chat.changes["discord_api_base"] = "http://127.0.0.1:9/api/v10"
    async with chat.running(connects=False):
        await seen(lambda: len(logged(caplog)) >= 4)
        discord.http.Route.BASE = server.api_url

        await chat.connected()
        await hears(chat)
    assert "Discord cannot be reached: Cannot connect to host" in logged(caplog)[0]


async def test_a_gateway_that_refuses_the_first_connection_is_asked_again(chat, server, caplog):
    server.gateway.refuse_next(1, status=502)

    async with chat.running():
        await hears(chat)

    (line,) = logged(caplog)
    assert line.startswith("Discord's gateway cannot be reached: 502, ")
    assert line.endswith("; trying again in 5 s")
    assert [each for each in caplog.records if each.exc_info] == []


async def test_a_payload_that_cannot_be_parsed_costs_no_message(chat, server, caplog):
    async with chat.running():
        await server.until(lambda: server.posts(server.general))  # it has greeted, and is at rest
        await hears(chat, "before")
        mia = server.member("Mia")
        poison(server, server.general, mia)
        missed = await mia.says(server.general, "right behind it")
        await chat.heard(server.general, missed)

        await hears(chat, "after")
        assert await chat.texts() == ["before", "right behind it", "after"]
        assert chat.naps.asked.count(1.0) == 1
    assert logged(caplog)[0] == "Discord's client failed"
    assert "Discord: connecting anew in 1 s" in logged(caplog)


async def ended(chat):
    """Run the bot until it ends by itself; give what it says then."""
    async with chat.running(connects=False):
        await asyncio.wait([chat.serving], timeout=WITHIN_S)
        error = chat.serving.exception()
    assert isinstance(error, ConfigError)
    return str(error)


async def test_a_refused_token_ends_the_run_and_says_what_to_do(chat, server):
    server.faults.respond(401, {"message": "401: Unauthorized", "code": 0}, on=LOGIN)

    assert await ended(chat) == LOGIN_REFUSED


async def test_a_missing_intent_ends_the_run_and_names_the_switch(chat, server):
    server.gateway.granted = Intent(int(PRIVILEGED & ~Intent.MESSAGE_CONTENT))

    assert await ended(chat) == INTENT_MISSING


@pytest.mark.parametrize("code", sorted(FATAL_CODES))
async def test_a_close_that_a_person_has_to_mend_ends_the_run(chat, server, code):
    async with chat.running():
        await server.gateway.close_connections(code)
        await asyncio.wait([chat.serving], timeout=WITHIN_S)

        error = chat.serving.exception()
    assert isinstance(error, ConfigError)
    assert str(error) == FATAL_CODES[code]


class Dying(discord.AutoShardedClient):
    """Ends at once, or after a time, each time with the next of some errors."""

    shards: ClassVar = {}

    def __init__(self, loop_time, errors, closed):
        super().__init__(intents=discord.Intents.none())
        self.loop_time, self.errors, self.closed = loop_time, errors, closed

    async def login(self, token):
        error, lived_s = self.errors.pop(0)
        self.loop_time.now += lived_s
        raise error

    async def close(self):
        self.closed.append(self)
        await super().close()


async def test_the_waits_grow_and_begin_anew_after_a_steady_time(monkeypatch):
    class Time:
        now = 0.0

    time, waits, closed = Time(), [], []
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: time.now)
    down = aiohttp.ClientError("down"), 0.0
    errors = [down] * 8 + [(aiohttp.ClientError("down"), STEADY_S + 1), down]
    errors += [(discord.LoginFailure("no"), 0.0)]

    async def sleep(seconds):
        waits.append(seconds)

    with pytest.raises(ConfigError):
        await keep_connected(lambda: Dying(time, errors, closed), "token", sleep=sleep)

    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 1, 2]
    assert len(closed) == 11


class DyingSession(Dying):
    """Has begun a session before it ends."""

    shards: ClassVar = {0: "began"}


async def test_clients_that_fail_after_they_began_a_session_are_made_more_rarely():
    waits = []
    errors = [(KeyError("a payload"), 0.0)] * 12 + [(discord.LoginFailure("no"), 0.0)]

    class Time:
        now = 0.0

    async def sleep(seconds):
        waits.append(seconds)

    with pytest.raises(ConfigError):
        await keep_connected(lambda: DyingSession(Time, errors, []), "token", sleep=sleep)

    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


async def test_a_start_beyond_what_discord_allows_a_day_waits(chat, server, caplog):
    server.session_starts_left = 0

    async def sleep(seconds):
        if seconds == MIN_WAIT_S:
            begun.append(server.gateway.num_heard(IDENTIFY))
            server.session_starts_left = 1
        await nap(seconds)

    begun, nap = [], chat.naps.sleep
    chat.naps.sleep = sleep
    async with chat.running():
        await hears(chat)

    assert begun == [0]
    assert logged(caplog)[0] == (
        "Discord lets this bot begin 0 more sessions today, and its shards need 1: "
        "waiting 60 s, for beyond that it resets the token"
    )


async def test_a_stop_leaves_no_task_and_no_socket(chat, server):
    before = asyncio.all_tasks()
    async with chat.running():
        await hears(chat)
        await server.member("Mia").says(server.general, "in the middle of it")
    await server.until(lambda: server.gateway.num_connected == 0)

    left = [task for task in asyncio.all_tasks() - before if "discord" in repr(task).lower()]
    left = [task for task in left if "tests" not in repr(task) and "aiohttp" not in repr(task)]
    assert left == []
    assert chat.bot.client.http._HTTPClient__session.closed


async def test_a_stop_ends_a_bot_that_cannot_connect(chat, server):
    server.faults.hold(on=LOGIN)
    async with chat.running(connects=False):
        await server.until(lambda: server.asked("GET", "/users/@me"))
