"""Commands when Discord is late, forgets, or breaks the connection: nothing is lost without a line."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.messages import Message
from bot.platforms.asking import TOO_LATE
from bot.platforms.discord import acknowledging
from bot.platforms.discord.keys import channel_key
from tests.discord.wired import ASKED, QUESTION, REPLY, Bot
from tests.discord_server import DiscordServer
from tests.discord_server.faults import Fault, Planned
from tests.discord_server.interactions import interact
from tests.logs import warnings_in

ENOUGH = Planned(429, "<html>error code: 1015</html>", {"Retry-After": "0"})
CALLBACK = "POST */callback"
EDIT = "PATCH */messages/@original"


async def test_an_acknowledgement_whose_answer_is_lost_does_not_lose_the_question(
    server: DiscordServer, bot: Bot
) -> None:
    server.faults.reset(on=CALLBACK, after=True)

    asked = await server.member("Mia").slash("assistant ask", question=QUESTION)

    assert asked.text == ASKED


async def test_a_question_acknowledged_too_late_is_answered_by_an_ordinary_message(
    server: DiscordServer, bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    gate = server.faults.hold(on=CALLBACK)

    await server.member("Mia").slash("assistant ask", wait=False, question=QUESTION)
    await gate.reached.wait()
    server.clock.advance(4)
    gate.open()
    await server.until(lambda: server.posts(server.general))

    assert [post.content for post in server.posts(server.general)] == [REPLY]
    assert "10062" in warnings_in(caplog.records)[0]


async def test_a_reply_that_takes_longer_than_discord_waits_is_an_ordinary_message(
    server: DiscordServer, bot: Bot
) -> None:
    where = channel_key(int(server.guild.id), int(server.general.id))
    await bot.store.channels.change(where, stream_replies=False)
    bot.model.before_reply = lambda: server.clock.advance(timedelta(minutes=16).total_seconds())

    await server.member("Mia").slash("assistant ask", wait=False, question=QUESTION)
    await server.until(lambda: server.posts(server.general))

    assert [post.content for post in server.posts(server.general)] == [REPLY]


async def test_an_acknowledgement_that_was_lost_is_given_again(
    server: DiscordServer, bot: Bot
) -> None:
    server.faults.reset(on=CALLBACK)

    shown = await server.member("Mia").slash("assistant mode")

    assert shown.text.startswith("My mode here is mention")


@pytest.mark.parametrize("after", [False, True])
async def test_an_answer_is_given_again_when_the_connection_breaks(
    server: DiscordServer, bot: Bot, after: bool
) -> None:
    server.faults.reset(on=EDIT, after=after)

    shown = await server.member("Mia").slash("assistant mode", wait=False)
    await server.until(lambda: len(server.asked("PATCH", "@original")) == 2)

    assert shown.text.startswith("My mode here is mention")


@pytest.mark.parametrize("on", [CALLBACK, EDIT])
async def test_a_command_is_answered_though_the_guard_before_discord_has_enough_once(
    server: DiscordServer, bot: Bot, on: str
) -> None:
    server.faults.plan(Fault(on, 1, answer=ENOUGH))

    shown = await server.member("Mia").slash("assistant mode")

    assert shown.text.startswith("My mode here is mention")


async def test_what_is_wrong_is_said_though_the_guard_before_discord_has_enough_once(
    server: DiscordServer, bot: Bot
) -> None:
    server.faults.plan(Fault(CALLBACK, 1, answer=ENOUGH))

    shown = await server.member("Mia").slash("assistant eagerness", level=30)

    assert shown.text.startswith("Only people who may manage this channel")


async def test_what_is_wrong_is_said_once_where_only_the_word_that_it_was_taken_is_lost(
    server: DiscordServer, bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    server.faults.reset(on=CALLBACK, after=True)

    shown = await server.member("Mia").slash("assistant eagerness", wait=False, level=30)
    await server.until(lambda: bot.client.num_handled)

    assert shown.text.startswith("Only people who may manage this channel")
    assert warnings_in(caplog.records) == []


async def test_a_form_is_shown_though_the_guard_before_discord_has_enough_once(
    server: DiscordServer, bot: Bot
) -> None:
    mia = server.member("Mia")
    about = await mia.says(server.general, "Turin is lovely")
    server.faults.plan(Fault(CALLBACK, 1, answer=ENOUGH))

    asked = await mia.submits(await mia.asks_about(about), question=QUESTION)

    assert asked.text.endswith(f"\n{REPLY}")


async def test_why_there_is_no_answer_is_said_though_the_guard_has_enough_once(
    server: DiscordServer, bot: Bot
) -> None:
    bot.pipeline.judge = replace(bot.pipeline.judge, max_age_s=-1.0)
    server.faults.plan(Fault(EDIT, 1, answer=ENOUGH))

    asked = await server.member("Mia").slash("assistant ask", question=QUESTION)

    assert asked.text.endswith(TOO_LATE)


async def test_a_guard_that_wants_peace_for_long_is_not_asked_again(
    server: DiscordServer, bot: Bot
) -> None:
    server.faults.ban(on=CALLBACK, times=99)

    await server.member("Mia").slash("assistant mode", wait=False)
    await server.until(lambda: bot.client.num_handled)

    assert len(server.asked("POST", "/callback")) == 1


async def test_a_question_that_somebody_else_acknowledged_is_answered_in_its_place(
    server: DiscordServer, bot: Bot
) -> None:
    server.faults.respond(400, {"code": 40060, "message": "taken"}, on=CALLBACK, after=True)

    asked = await server.member("Mia").slash("assistant ask", question=QUESTION)
    await bot.pipeline.conversations.drain()

    assert asked.text == ASKED


async def test_what_somebody_else_acknowledged_after_we_were_turned_away_is_not_ours(
    server: DiscordServer, bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    server.faults.plan(Fault(CALLBACK, 1, answer=ENOUGH))
    server.faults.respond(400, {"code": 40060, "message": "taken"}, on=CALLBACK)

    await server.member("Mia").slash("assistant mode", wait=False)
    await server.until(lambda: bot.client.num_handled)

    assert "40060" in warnings_in(caplog.records)[0]


async def test_a_question_that_could_not_be_acknowledged_at_all_is_still_answered(
    server: DiscordServer, bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    server.faults.reset(on=CALLBACK, times=3)

    await server.member("Mia").slash("assistant ask", wait=False, question=QUESTION)
    await server.until(lambda: server.posts(server.general))

    assert [post.content for post in server.posts(server.general)] == [REPLY]
    assert warnings_in(caplog.records)[0].startswith("application_command ")


async def test_a_question_that_discord_tells_twice_is_answered_once(
    server: DiscordServer, bot: Bot
) -> None:
    gate = server.faults.hold(on=CALLBACK)
    asked = await server.member("Mia").slash("assistant ask", wait=False, question=QUESTION)
    await gate.reached.wait()
    is_done = bot.client.num_handled + 1
    interact(server, asked)
    await server.until(lambda: bot.client.num_handled == is_done)
    gate.open()
    await server.until(lambda: asked.settled)
    await bot.pipeline.conversations.drain()

    assert asked.text == ASKED
    assert len(server.asked("POST", "/callback")) == 1
    assert len(await bot.said(server.general)) == 2


async def test_a_question_is_heard_before_it_is_acknowledged(
    server: DiscordServer, bot: Bot
) -> None:
    gate = server.faults.hold(on=CALLBACK)
    asked = await server.member("Mia").slash("assistant ask", wait=False, question=QUESTION)
    await gate.reached.wait()
    (question,) = await bot.said(server.general)
    gate.open()
    await server.until(lambda: asked.settled)

    assert question.text == QUESTION
    assert asked.text == ASKED


async def test_a_question_that_is_not_heard_soon_is_acknowledged_first(
    server: DiscordServer, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go_on = asyncio.Event()
    record = bot.store.messages.record

    async def late(message: Message) -> bool:
        await may_go_on.wait()
        return await record(message)

    monkeypatch.setattr(bot.store.messages, "record", late)
    monkeypatch.setattr(acknowledging, "FIRST_WAIT_S", 0.0)
    asked = await server.member("Mia").slash("assistant ask", wait=False, question=QUESTION)
    await server.until(lambda: asked.deferred)
    may_go_on.set()
    await server.until(lambda: asked.settled)

    assert asked.text == ASKED


async def test_a_message_that_has_to_be_fetched_is_asked_about_after_that_is_acknowledged(
    server: DiscordServer, bot: Bot
) -> None:
    mia = server.member("Mia")
    form = await mia.asks_about(await mia.says(server.general, "Turin is lovely"))
    gate = server.faults.hold(on="GET */messages/*")

    asked = await mia.submits(form, wait=False, question=QUESTION)
    await gate.reached.wait()
    was_deferred = asked.deferred
    gate.open()
    await server.until(lambda: asked.settled)

    assert was_deferred
    assert asked.text.endswith(f"\n{REPLY}")


async def test_a_message_that_is_known_is_asked_about_before_that_is_acknowledged(
    server: DiscordServer, bot: Bot
) -> None:
    mia = server.member("Mia")
    about = await mia.says(server.general, "Turin is lovely")
    await bot.hear(bot.client, await bot.client.room.fetch_message(int(about.id)))
    form = await mia.asks_about(about)
    gate = server.faults.hold(on=CALLBACK)

    asked = await mia.submits(form, wait=False, question=QUESTION)
    await gate.reached.wait()
    heard = [entry.text for entry in await bot.said(server.general)]
    gate.open()
    await server.until(lambda: asked.settled)

    assert heard == ["Turin is lovely", QUESTION]
    assert asked.text.endswith(f"\n{REPLY}")
