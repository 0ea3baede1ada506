"""`earshot run`: Discord and Slack in one process, over one history; a wrong token ends its platform alone."""

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.discord_server import discord_server
from tests.waiting import WITHIN_S

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def discord():
    async with discord_server() as running:
        yield running


@pytest.fixture
def settings(slack, discord, database_url, tmp_path):
    others = {n: v for n, v in os.environ.items() if not n.startswith("EARSHOT_")}  # noqa: TID251
    return others | {
        "EARSHOT_SLACK_BOT_TOKEN": slack.token,
        "EARSHOT_SLACK_APP_TOKEN": slack.app_token,
        "EARSHOT_SLACK_API_BASE": slack.api_url,
        "EARSHOT_DISCORD_TOKEN": discord.token,
        "EARSHOT_DISCORD_API_BASE": discord.api_url,
        "EARSHOT_DISCORD_GATEWAY": discord.gateway_url,
        "EARSHOT_DATABASE_URL": database_url,
        "EARSHOT_MODEL_URL": "http://127.0.0.1:9/v1",
        "EARSHOT_MODEL_TIMEOUT_S": "1",
        "PYTHONPATH": str(ROOT),
    }


@asynccontextmanager
async def running(settings, cwd, *told):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *told),
        env=settings,
        cwd=cwd,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_both_listen_and_a_stop_ends_both(slack, discord, settings, tmp_path):
    async with running(settings, tmp_path, "run") as process:
        await slack.until(lambda: slack.posts("general"))
        await discord.until(lambda: discord.posts(discord.general))

        process.send_signal(signal.SIGTERM)
        words, _ = await asyncio.wait_for(process.communicate(), WITHIN_S)

    assert process.returncode == 0, words.decode()
    await slack.until(lambda: not slack.sockets.connections)
    assert discord.gateway.num_connected == 0


async def test_whether_both_are_heard_another_process_can_ask(slack, discord, settings, tmp_path):
    settings["EARSHOT_HEALTH_FILE"] = str(tmp_path / "health")

    async def asked():
        async with running(settings, tmp_path, "health") as process:
            words, _ = await asyncio.wait_for(process.communicate(), WITHIN_S)
        return process.returncode, words.decode().strip()

    assert await asked() == (
        1,
        f"no bot runs that writes {tmp_path / 'health'}, which it does once it has begun.",
    )
    async with running(settings, tmp_path, "run") as process:
        await slack.until(lambda: slack.posts("general"))
        await discord.until(lambda: discord.posts(discord.general))
        assert await asked() == (0, "The bot hears Discord and Slack.")

        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.communicate(), WITHIN_S)
    assert (await asked())[0] == 1


@pytest.mark.parametrize(
    ("name", "wrong", "told"),
    [
        ("BOT", "xoxb-wrong", "Slack refused the bot token of EARSHOT_SLACK_BOT_TOKEN"),
        ("APP", "xapp-1-wrong", "Slack refused the app-level token of EARSHOT_SLACK_APP_TOKEN"),
    ],
)
async def test_a_wrong_slack_token_is_told_once_and_discord_is_served(  # noqa: PLR0913 - fixtures
    discord, settings, tmp_path, name, wrong, told
):
    settings[f"EARSHOT_SLACK_{name}_TOKEN"] = wrong
    async with running(settings, tmp_path, "run") as process:
        await discord.until(lambda: discord.posts(discord.general))
        line = await told_by(process, told)
        await discord.member("Mia").says(discord.general, "hello?", mentions=[discord.bot])
        await discord.until(lambda: len(discord.posts(discord.general)) == 2)

        process.send_signal(signal.SIGTERM)
        rest, _ = await asyncio.wait_for(process.communicate(), WITHIN_S)

    assert process.returncode == 0, rest.decode()
    assert "ERROR" in line
    assert told not in rest.decode()
    assert "Traceback" not in rest.decode()


async def told_by(process, words):
    """Read what a process says up to a line with these words; give that."""
    async with asyncio.timeout(WITHIN_S):
        async for line in process.stdout:
            if words in line.decode():
                return line.decode()
    raise AssertionError(f"it ended and did not say: {words}")


async def test_wrong_tokens_of_both_end_the_run(settings, tmp_path):
    settings["EARSHOT_SLACK_BOT_TOKEN"] = "xoxb-wrong"
    settings["EARSHOT_DISCORD_TOKEN"] = "d3Jvbmc.d3Jvbmc.d3Jvbmc"
    async with running(settings, tmp_path, "run") as process:
        words, _ = await asyncio.wait_for(process.communicate(), WITHIN_S)

    told = words.decode()
    assert process.returncode == 78, told
    assert told.count("Slack refused the bot token of EARSHOT_SLACK_BOT_TOKEN") == 1
    assert told.count("Discord refused the token.") == 1
    assert "Traceback" not in told


async def test_the_doctor_looks_at_both(settings, tmp_path):
    async with running(settings, tmp_path, "doctor") as process:
        words, _ = await asyncio.wait_for(process.communicate(), WITHIN_S)

    told = words.decode().lower()
    assert "discord" in told
    assert "slack" in told
    assert "traceback" not in told
