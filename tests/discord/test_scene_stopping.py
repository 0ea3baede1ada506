"""Earshot is stopped in the middle of things, and started again."""

import asyncio

from bot.platforms.discord.platform import DiscordPlatform
from tests.discord.living import PausingModel


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
