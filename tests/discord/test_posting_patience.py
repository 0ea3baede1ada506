"""Single calls that fail for a while: how long they are tried, and that they post once."""

import asyncio
import logging

import pytest

from bot.errors import PlatformUnavailable
from bot.platforms.discord.parts import Part
from bot.platforms.discord.posting import Poster
from bot.platforms.discord.trying import trying
from tests.discord_server.faults import Fault, Planned
from tests.discord_server.probe import Ears, ready

POST = "POST */messages"


def texts(server):
    return [message.content for message in server.posts(server.general)]


async def test_a_busy_discord_is_asked_again_and_posts_once(server, poster, where, naps, caplog):
    server.faults.respond(503, on=POST, times=2)

    await poster.send(where, Part("Hello"))

    assert texts(server) == ["Hello"]
    assert naps.waited == [1.0, 2.0]
    assert [each.getMessage() for each in caplog.records if each.name.startswith("bot.")] == [
        "Earshot could not write in #general of Harbor: 503 Service Unavailable; "
        "trying again in 1.0 s",
        "Earshot could not write in #general of Harbor: 503 Service Unavailable; "
        "trying again in 2.0 s",
    ]


async def test_a_connection_that_breaks_too_late_posts_once(server, poster, where):
    server.faults.reset(on=POST, after=True)

    posted = await poster.send(where, Part("Hello"))

    assert texts(server) == ["Hello"]
    assert len(server.asked("POST", "/messages")) == 2
    assert posted.id == server.posts(server.general)[0].id


async def test_a_file_is_sent_whole_when_it_is_sent_again(server, poster, where):
    server.faults.reset(on=POST)

    await poster.send(where, Part("", "code.py", "x = 1\n"))

    (message,) = server.posts(server.general)
    assert message.attachments[0].content == b"x = 1\n"


async def test_a_limit_of_the_guard_is_waited_for_as_long_as_it_says(server, poster, where, naps):
    answer = Planned(429, "error code: 1015", {"Retry-After": "7"})
    server.faults.plan(Fault(POST, 1, answer=answer))

    await poster.send(where, Part("Hello"))

    assert texts(server) == ["Hello"]
    assert naps.waited == [7.0]


async def test_a_ban_longer_than_patience_is_told_at_once(server, poster, where, naps):
    server.faults.ban(on=POST, times=9)

    with pytest.raises(PlatformUnavailable) as told:
        await poster.send(where, Part("Hello"))

    assert str(told.value) == (
        "Earshot could not write in #general of Harbor: 429 Too Many Requests "
        "<html>error code: 1015</html> (tried once)"
    )
    assert naps.waited == []


async def test_patience_has_an_end(server, poster, where, naps):
    server.faults.respond(503, on=POST, times=99)

    with pytest.raises(PlatformUnavailable, match=r"503 Service Unavailable \(tried 6 times\)"):
        await poster.send(where, Part("Hello"))

    assert naps.waited == [1.0, 2.0, 4.0, 8.0, 16.0]


async def test_no_answer_in_time_is_tried_again(server, client, where, naps):
    poster = Poster(trying(lambda: client, timeout_s=0.5, sleep=naps))
    gate = server.faults.hold(on=POST, after=True)

    posted = await poster.send(where, Part("Hello"))
    gate.open()

    assert [posted.id] == [message.id for message in server.posts(server.general)]
    assert naps.waited[0] == 1.0  # on a slow machine it may be tried once more


async def test_a_call_cut_short_in_a_limit_of_all_calls_does_not_stop_the_others(
    server, client, where, naps
):
    poster = Poster(trying(lambda: client, timeout_s=0.05, patience_s=0.0, sleep=naps))
    server.faults.rate_limit(3600.0, on=POST, for_all=True)

    with pytest.raises(PlatformUnavailable, match="no answer in time"):
        await poster.send(where, Part("Hello"))

    await Poster(trying(lambda: client)).show_typing(where)
    assert server.general.num_typing == 1


async def test_nobody_connected_is_waited_for(server, client, where, naps):
    clients = iter([None, client])
    poster = Poster(trying(lambda: next(clients), sleep=naps))

    await poster.send(where, Part("Hello"))

    assert texts(server) == ["Hello"]


async def test_a_client_that_was_closed_is_left_for_its_successor(server, client, where, naps):
    old = Ears(server)
    async with ready(old):
        pass
    clients = iter([old, client])
    poster = Poster(trying(lambda: next(clients), sleep=naps))

    await poster.send(where, Part("Hello"))

    assert texts(server) == ["Hello"]


async def test_a_client_closed_under_a_call_is_left_for_its_successor(server, client, naps, where):
    old = Ears(server)
    clients = iter([old, client])
    poster = Poster(trying(lambda: next(clients), sleep=naps))
    gate = server.faults.hold(on=POST)
    async with ready(old):
        sending = asyncio.create_task(poster.send(where, Part("Hello")))
        await gate.reached.wait()

    await sending
    gate.open()

    assert texts(server) == ["Hello"]


async def test_what_is_tried_once_is_not_tried_again(server, poster, where, naps):
    server.faults.respond(503, on="POST */typing", times=2)

    with pytest.raises(PlatformUnavailable, match=r"\(tried once\)"):
        await poster.show_typing(where)

    assert naps.waited == []


@pytest.fixture(autouse=True)
def _quiet(caplog) -> None:
    caplog.set_level(logging.WARNING)
