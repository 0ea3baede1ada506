"""`earshot slack` as people run it: a process of its own, the embedded model, a loopback Slack."""

import asyncio
import re
import signal
from contextlib import asynccontextmanager

import pytest

from bot.messages import ConversationKey
from bot.store import Store
from tests.front.conftest import EARSHOT, TIMEOUT_S
from tests.slack_server import slack_server

pytest.importorskip("slack_bolt")

COMMAND = "/assistant"


@pytest.fixture
async def slack():
    async with slack_server() as slack:
        yield slack


@asynccontextmanager
async def on_slack(slack, settings, transport, *, stop=signal.SIGTERM):
    """Run the bot until it is told to stop."""
    given = settings | {
        "EARSHOT_SLACK_BOT_TOKEN": slack.token,
        "EARSHOT_SLACK_API_BASE": slack.api_url,
        "EARSHOT_NEW_CHANNEL_MODE": "active",
    }
    if transport == "socket":
        given |= {"EARSHOT_SLACK_APP_TOKEN": slack.app_token}
    else:
        given |= {"EARSHOT_SLACK_SIGNING_SECRET": slack.signing_secret, "EARSHOT_SLACK_PORT": "0"}
    process = await asyncio.create_subprocess_exec(
        *EARSHOT, "slack", env=given, stderr=asyncio.subprocess.PIPE
    )
    lines = []
    reading = asyncio.create_task(_read(process.stderr, lines, slack))
    try:
        if transport == "socket":
            await slack.until_connected(within_s=TIMEOUT_S)
        else:
            await slack.until(lambda: taken_at(lines), within_s=TIMEOUT_S)
            slack.http.use(f"{taken_at(lines)}/slack/events")
        yield
    finally:
        process.send_signal(stop)
        async with asyncio.timeout(TIMEOUT_S):
            await process.wait()
            await reading
        slack.http.urls.clear()
    assert process.returncode in (0, -signal.SIGKILL), "".join(lines)


async def _read(stream, lines, slack):
    async for line in stream:
        lines.append(line.decode())
        slack.changed()


def taken_at(lines):
    """Find the address at which it takes Slack's requests; None before it says so."""
    found = re.search(r"taken at (http://127\.0\.0\.1:\d+)", "".join(lines))
    return found and found[1]


def said(slack):
    """List its replies, each in the thread of its question; the rest stands in the channel."""
    return [each for each in slack.posts("general") if each.thread_ts]


@pytest.mark.parametrize("transport", ["socket", "http"])
async def test_it_is_silent_until_asked_and_neither_forgets_nor_doubles_after_a_restart(
    slack, settings, database_url, transport
):
    mention = slack.bot.mention
    async with on_slack(slack, settings, transport):
        # A reply that grows while it is written would be told from a whole one by its end alone.
        await slack.slash(
            slack.member("Olga", is_owner=True), "general", COMMAND, "replies stream off"
        )
        await slack.says("Mia", "general", "I packed already")
        await slack.says("Ben", "general", "me too, see you at nine")
        asked = await slack.says("Mia", "general", f"{mention} what is the capital of France?")
        await replied(slack, 1)

    await slack.says("Ben", "general", "thanks, good to know")  # while nobody listens
    async with on_slack(slack, settings, transport, stop=signal.SIGKILL):
        await slack.says("Ben", "general", f"{mention} how many days has a week?")
        await replied(slack, 2)
    async with on_slack(slack, settings, transport):
        async with asyncio.timeout(TIMEOUT_S):
            while "History: 7 messages." not in await status(slack):
                pass  # the reply that the kill left unrecorded is looked up first

    first, _ = said(slack)
    assert "Paris" in first.text
    assert first.thread_ts == asked.ts
    assert await heard(database_url, slack) == [
        "I packed already",
        "me too, see you at nine",
        "@Earshot what is the capital of France?",
        "thanks, good to know",
        "@Earshot how many days has a week?",
    ]


async def replied(slack, num_replies):
    """Wait until so many replies stand in the channel."""
    await slack.until(lambda: len(said(slack)) == num_replies, within_s=TIMEOUT_S)


async def status(slack):
    """Ask how it is set up, and give what it says."""
    asked = await slack.slash("Mia", "general", COMMAND, "status")
    await slack.until(lambda: asked.texts, within_s=TIMEOUT_S)
    return asked.texts[-1]


async def heard(url, slack):
    """List what people said, as the history holds it."""
    store = await Store.open(url)
    try:
        where = ConversationKey("slack", slack.team.id, slack.general.id)
        entries = await store.messages.recent(where, limit=100)
    finally:
        await store.close()
    return [entry.text for entry in entries if not entry.from_assistant]
