"""Earshot is stopped in the middle of things, and started again."""

import asyncio

from bot.platforms.discord.platform import DiscordPlatform
from tests.fakes import PausingModel


async def test_what_is_said_while_it_stops_is_left_to_the_next_start(chat, server, monkeypatch):
    mia, close = server.member("Mia"), DiscordPlatform.close

    async def closing(platform):
        told = asyncio.create_task(chat.bot.client.wait_for("message"))
        await asyncio.sleep(0)
        await mia.says(server.general, "am I too late?")
        await told
        await close(platform)
        heard.append(await chat.history(server.general))

    heard = []
    monkeypatch.setattr(DiscordPlatform, "close", closing)
    async with chat.running():
        await chat.says(mia, "hello")
    monkeypatch.setattr(DiscordPlatform, "close", close)
    async with chat.running():
        await server.until(lambda: chat.posts() == ["Paris."])

        assert heard == [[("Mia", "hello")]]
        assert ("Mia", "am I too late?") in await chat.history(server.general)


async def test_a_reply_half_written_at_a_stop_is_written_anew(chat, server):
    chat.model = PausingModel(reply_text="The capital of France is| Paris.")
    async with chat.running():
        await server.member("Mia").says(server.general, "the capital?", mentions=[server.bot])
        await server.until(chat.posts)

    chat.model.may_go_on.set()
    async with chat.running():
        await server.until(lambda: chat.posts() == ["The capital of France is Paris."])
        await chat.settled()

    assert chat.posts() == ["The capital of France is Paris."]


async def test_of_two_answers_in_the_same_words_neither_is_taken_for_the_other(chat, server):
    mia, ben = server.member("Mia"), server.member("Ben")
    async with chat.running():
        await chat.set(stream_replies=False)
        first = await chat.asks(mia, "the capital of France?")
        broken = server.faults.reset(on="POST */messages", times=99)
        second = await ben.says(server.general, "where is the Louvre?", mentions=[server.bot])
        await server.until(lambda: broken.num_met)

    server.faults.clear()
    async with chat.running():
        await server.until(lambda: len(chat.posts()) == 2)
        await chat.settled()

    assert [answer.reply_to_id for answer in chat.messages()] == [first.id, second.id]
