"""`earshot discord` as people run it: a process of its own, the embedded model, a loopback Discord."""

import asyncio
import signal
from contextlib import asynccontextmanager

import pytest

from bot.messages import ConversationKey
from bot.store import Store
from tests.discord_server import discord_server
from tests.front.conftest import EARSHOT, TIMEOUT_S

pytest.importorskip("discord")


@pytest.fixture
async def server():
    async with discord_server() as server:
        yield server


@asynccontextmanager
async def on_discord(server, settings, *, stop=signal.SIGTERM):
    """Run the bot until it is told to stop; gives what it printed so far, as a list of lines."""
    given = settings | {
        "EARSHOT_DISCORD_TOKEN": server.token,
        "EARSHOT_DISCORD_API_BASE": server.api_url,
        "EARSHOT_DISCORD_GATEWAY": server.gateway_url,
        "EARSHOT_NEW_CHANNEL_MODE": "active",
    }
    process = await asyncio.create_subprocess_exec(
        *EARSHOT, "discord", env=given, stderr=asyncio.subprocess.PIPE
    )
    lines = []
    reading = asyncio.create_task(_read(process.stderr, lines, server))
    try:
        await server.until(
            lambda: server.commands and any("Connected to Discord" in line for line in lines),
            within_s=TIMEOUT_S,
        )
        yield lines
    finally:
        process.send_signal(stop)
        async with asyncio.timeout(TIMEOUT_S):
            await process.wait()
            await reading
    assert process.returncode in (0, -signal.SIGKILL), "".join(lines)


async def _read(stream, lines, server):
    async for line in stream:
        lines.append(line.decode())
        server.changed()


def said(server, channel):
    """List its replies: the greeting and the answers to commands refer to no message."""
    return [each.content for each in server.posts(channel) if each.replies_to]


async def test_it_is_silent_until_asked_and_neither_forgets_nor_doubles_after_a_restart(
    server, settings, database_url
):
    mia, ben, general = server.member("Mia"), server.member("Ben"), server.general
    async with on_discord(server, settings) as lines:
        assert any("https://discord.com/oauth2/authorize?client_id=" in line for line in lines)
        # A reply that grows while it is written would be told from a whole one by its end alone.
        await server.founder.slash("assistant replies stream", switch="off")
        await mia.says(general, "I packed already")
        await ben.says(general, "me too, see you at nine")
        await mia.says(general, "what is the capital of France?", mentions=[server.bot])
        await replied(server, general, 1)

    await ben.says(general, "thanks, good to know")  # while nobody listens
    async with on_discord(server, settings, stop=signal.SIGKILL):
        await ben.says(general, "how many days has a week?", mentions=[server.bot])
        await replied(server, general, 2)
    async with on_discord(server, settings):
        status = await mia.slash("assistant status")

    assert "Paris" in said(server, general)[0]
    assert len(said(server, general)) == 2
    assert "History: 7 messages." in status.text
    assert await heard(database_url, server) == [
        "I packed already",
        "me too, see you at nine",
        "@Earshot what is the capital of France?",
        "thanks, good to know",
        "@Earshot how many days has a week?",
    ]


async def replied(server, channel, num_replies):
    """Wait until so many replies stand in a channel."""
    await server.until(lambda: len(said(server, channel)) == num_replies, within_s=TIMEOUT_S)


async def heard(url, server):
    """List what people said, as the history holds it."""
    store = await Store.open(url)
    try:
        where = ConversationKey("discord", server.guild.id, server.general.id)
        entries = await store.messages.recent(where, limit=100)
    finally:
        await store.close()
    return [entry.text for entry in entries if not entry.from_assistant]
