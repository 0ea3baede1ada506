"""Replies while the history fails, and what else of the bot itself breaks."""

import asyncio

import pytest

from bot.errors import PlatformUnavailable, StoreError
from tests.discord.speaking import minutes


class Failing:
    """A history that cannot be read or written."""

    async def settings(self, where):
        raise StoreError("the disk is full")

    async def begin(self, item):
        raise StoreError("the disk is full")

    async def part_posted(self, key, number, message_id):
        raise StoreError("the disk is full")

    async def parts(self, key):
        return []


async def test_a_reply_waits_for_the_history(earshot):
    item = await earshot.reply("About 250 km.")
    earshot.platform.channels = Failing()

    with pytest.raises(PlatformUnavailable, match="the history does not answer: the disk is full"):
        await earshot.platform.post(item)

    assert earshot.texts == []


async def test_a_draft_that_cannot_be_written_down_is_not_shown(server, earshot, caplog):
    _, asked = await earshot.asked()
    earshot.platform.outbox = Failing()

    await earshot.platform.draft(earshot.begun(earshot.where, asked), "Turin is quite far away")
    await earshot.pace.asked_for(1)

    assert earshot.texts == []
    assert "a draft was not shown: the history does not answer: the disk is full" in caplog.text


async def test_a_part_that_cannot_be_written_down_is_found_in_the_channel(earshot, server):
    item = await earshot.reply("About 250 km.")
    earshot.platform.outbox = Failing()
    posted = await earshot.platform.post(item)
    server.clock.advance(minutes(10))

    again = await (await earshot.restarted()).platform.post(item)

    assert again == posted
    assert earshot.texts == ["About 250 km."]


async def test_a_reply_waits_while_the_channel_cannot_be_read(server, earshot):
    item = await earshot.reply("About 250 km.")
    server.clock.advance(minutes(10))
    server.faults.respond(503, on="GET */messages", times=99)

    with pytest.raises(PlatformUnavailable, match="could not read the history in #general"):
        await earshot.platform.post(item)

    assert earshot.texts == []


async def test_a_defect_in_typing_stops_nobody(earshot, caplog):
    met = asyncio.Event()

    async def broken(seconds: float) -> None:
        met.set()
        raise RuntimeError("a defect")

    earshot.platform.sleep = broken

    async with earshot.platform.typing(earshot.where):
        await met.wait()

    assert f"typing in {earshot.where} failed" in caplog.text
