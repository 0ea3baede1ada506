"""Questions asked by a command on Slack: answered as messages, and never left without a word."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.commands.dispatch import STORE_FAILED
from bot.errors import ModelUnavailable, StoreError
from bot.messages import Author, Message, Mode
from bot.notices import CANNOT_THINK, OPTED_OUT
from bot.platforms.asking import ANSWERED_WITH_NEXT, NOT_HEARD, TOO_LATE
from bot.platforms.slack import interactions
from bot.platforms.slack.asking import AGAIN_EVERY_S, NOT_OURS
from bot.platforms.slack.keys import PLATFORM
from bot.runtime import utc_now
from tests.logs import warnings_in
from tests.slack.commanded import REPLY, Bot, running_bot
from tests.slack_server import Kind, SlackServer
from tests.waiting import WITHIN_S, seen

QUESTION = "ask how far is Turin?"
INVITE = "I'm not in this channel, so I can't answer here. Invite me first: /invite @Earshot"


@pytest.fixture
async def bot(database_url: str, slack: SlackServer) -> AsyncIterator[Bot]:
    slack.add_channel("trips", members=["Alice", "Bob"])
    async with running_bot(database_url, slack) as running:
        yield running


async def test_a_question_is_answered_as_a_message_and_part_of_the_history(bot: Bot) -> None:
    asked = await bot.types("Alice", "trips", QUESTION)

    assert asked.acknowledged
    assert asked.shown == []
    assert bot.platform.posts == [REPLY]
    question, reply = await bot.said("trips")
    assert question.id.startswith("ask-")
    assert question.author == Author(bot.slack.user("Alice").id, "Alice")
    assert (question.text, question.addressed) == ("how far is Turin?", True)
    assert (reply.text, reply.reply_to) == (REPLY, question.id)
    assert bot.whispered("trips", "Alice") == []


async def test_people_and_channels_in_a_question_have_names(bot: Bot) -> None:
    bob, trips = bot.slack.user("Bob"), bot.slack.channel("trips")

    await bot.types("Alice", "trips", f"ask does &lt;{bob.mention} know {trips.mention}?")

    question, _ = await bot.said("trips")
    assert question.text == "does <@Bob know #trips?"


async def test_a_question_that_is_delivered_twice_is_asked_once(bot: Bot) -> None:
    asked = await bot.types("Alice", "trips", QUESTION)

    await bot.again(asked)

    assert bot.platform.posts == [REPLY]


async def test_a_question_that_is_delivered_after_a_restart_is_asked_once(bot: Bot) -> None:
    asked = await bot.types("Alice", "trips", QUESTION)
    bot.interactions.once.__init__()

    await bot.again(asked)

    assert bot.platform.posts == [REPLY]
    assert bot.whispered("trips", "Alice") == []


@pytest.mark.parametrize("kind", [Kind.PUBLIC, Kind.PRIVATE])
async def test_where_the_bot_is_not_the_asker_hears_how_to_invite_it(bot: Bot, kind: Kind) -> None:
    bot.slack.add_channel("away", kind, members=["Alice"], bot_present=False)

    await bot.types("Alice", "away", QUESTION)

    assert bot.whispered("away", "Alice") == [INVITE]
    assert bot.platform.posts == []
    assert await bot.said("away") == []


async def test_in_a_direct_chat_a_question_is_answered(bot: Bot) -> None:
    await bot.types("Alice", "@Alice", QUESTION)

    assert bot.platform.posts == [REPLY]


async def test_in_a_direct_chat_a_question_is_answered_whatever_holds_for_channels(
    database_url: str, slack: SlackServer
) -> None:
    chat = slack.add_channel("", Kind.IM, members=["Alice", "Bob"], bot_present=False)
    async with running_bot(database_url, slack, default_mode=Mode.LISTEN) as bot:
        await bot.types("Alice", "@Alice", QUESTION)
        await bot.types("Alice", chat.id, "status")

        assert bot.platform.posts == [REPLY]
        assert not await bot.store.channels.chosen(bot.where(chat.id))


async def test_a_direct_chat_that_chose_to_be_quiet_stays_so(bot: Bot) -> None:
    await bot.types("Alice", "@Alice", "mode off")

    await bot.types("Alice", "@Alice", QUESTION)

    assert bot.platform.posts == []


async def test_in_a_chat_between_others_the_asker_hears_where_to_ask(bot: Bot) -> None:
    chat = bot.slack.add_channel("", Kind.IM, members=["Alice", "Bob"], bot_present=False)

    await bot.types("Alice", chat.id, QUESTION)

    assert bot.whispered(chat.id, "Alice") == [NOT_OURS]
    assert bot.platform.posts == []


async def test_where_nobody_would_answer_the_asker_is_told_alone(bot: Bot) -> None:
    await bot.store.channels.change(bot.where("trips"), mode=Mode.LISTEN)

    await bot.types("Alice", "trips", QUESTION)

    (told,) = bot.whispered("trips", "Alice")
    assert told.startswith("My mode here is listen")
    assert bot.platform.posts == []


async def test_who_opted_out_is_told_alone(bot: Bot) -> None:
    alice = Author(bot.slack.user("Alice").id, "Alice")
    await bot.store.speakers.opt_out(PLATFORM, bot.team.id, alice)

    await bot.types("Alice", "trips", QUESTION)

    assert bot.whispered("trips", "Alice") == [OPTED_OUT]


async def test_what_a_notice_says_is_not_said_twice(bot: Bot) -> None:
    bot.model.failure = ModelUnavailable("it is down")

    await bot.types("Alice", "trips", QUESTION)

    assert bot.platform.notices == [CANNOT_THINK]
    assert bot.whispered("trips", "Alice") == []


async def test_a_question_that_is_not_heard_gets_an_excuse(bot: Bot) -> None:
    bot.pipeline.me = Author(bot.slack.user("Alice").id, "Alice")  # who is never heard

    await bot.types("Alice", "trips", QUESTION)

    assert bot.whispered("trips", "Alice") == [NOT_HEARD]


async def test_a_question_that_came_too_late_gets_an_excuse(bot: Bot) -> None:
    bot.pipeline.judge = replace(bot.pipeline.judge, max_age_s=-1.0)

    await bot.types("Alice", "trips", QUESTION)

    assert bot.whispered("trips", "Alice") == [TOO_LATE]


async def test_a_history_that_fails_gets_an_excuse(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: Message) -> bool:
        raise StoreError("the disk is full")

    monkeypatch.setattr(bot.store.messages, "record", fail)

    await bot.types("Alice", "trips", QUESTION)

    assert bot.whispered("trips", "Alice") == [STORE_FAILED]


async def test_a_question_answered_with_the_next_one_says_so(bot: Bot) -> None:
    is_recorded, said_next = asyncio.Event(), asyncio.Event()

    async def gate() -> None:
        is_recorded.set()
        await said_next.wait()

    bot.pipeline.ready = gate
    await bot.slack.slash("Alice", "trips", "/assistant", QUESTION)
    where = bot.where("trips")
    await is_recorded.wait()
    bob = Author(bot.slack.user("Bob").id, "Bob")
    await bot.pipeline.receive(
        Message(where, bot.slack.stamps.ts(), bob, "and Lyon?", utc_now(), addressed=True)
    )
    said_next.set()
    await bot.tasks.idle()

    assert bot.platform.posts == [REPLY]
    assert bot.whispered("trips", "Alice") == [ANSWERED_WITH_NEXT]


async def test_a_question_that_is_still_undecided_is_looked_at_again(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    find, failing = bot.store.decisions.by_id, [StoreError("busy"), StoreError("busy")]

    async def sometimes(ids: list[int]) -> object:
        if failing:
            raise failing.pop()
        return await find(ids)

    monkeypatch.setattr(bot.store.decisions, "by_id", sometimes)

    await bot.types("Alice", "trips", QUESTION)

    assert bot.waits == [AGAIN_EVERY_S, AGAIN_EVERY_S]
    assert bot.whispered("trips", "Alice") == []


async def test_a_question_is_written_down_before_it_is_acknowledged(bot: Bot) -> None:
    gate = bot.slack.faults.hold(on="users.info")

    asked = await bot.slack.slash("Alice", "trips", "/assistant", QUESTION)
    await asyncio.wait_for(gate.reached.wait(), WITHIN_S)
    assert not asked.acknowledged
    gate.open()
    await bot.slack.until_delivered()

    assert asked.acknowledged
    assert (await bot.said("trips"))[0].text == "how far is Turin?"


async def test_a_question_that_takes_long_to_write_down_is_acknowledged_in_time(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interactions, "HEARD_S", 0.05)
    gate = bot.slack.faults.hold(on="users.info")

    asked = await bot.slack.slash("Alice", "trips", "/assistant", QUESTION)
    await bot.slack.until_delivered()
    assert asked.acknowledged
    assert await bot.said("trips") == []
    gate.open()
    await bot.done()

    assert bot.platform.posts == [REPLY]


async def test_a_question_that_was_acknowledged_and_is_cut_short_by_a_stop_gets_an_excuse(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interactions, "HEARD_S", 0.05)
    gate = bot.slack.faults.hold(on="users.info")

    asked = await bot.slack.slash("Alice", "trips", "/assistant", QUESTION)
    await bot.slack.until_delivered()
    await bot.tasks.close()
    gate.open()

    assert asked.texts == [TOO_LATE]
    assert await bot.said("trips") == []


async def test_a_question_that_a_stop_cuts_short_is_not_acknowledged(
    bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    gate = bot.slack.faults.hold(on="users.info")

    asked = await bot.slack.slash("Alice", "trips", "/assistant", QUESTION)
    await asyncio.wait_for(gate.reached.wait(), WITHIN_S)
    await bot.tasks.close()
    gate.open()
    await seen(lambda: any("has to wait" in line for line in warnings_in(caplog.records)))
    bot.slack.sockets.redeliver()

    assert asked.delivery is not None
    assert asked.delivery.lost
    assert await bot.said("trips") == []
