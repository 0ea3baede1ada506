"""Bots on Slack in processes of their own, which a test may kill."""

import asyncio
import json
import os
import re
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import SecretStr

from bot.config import variable
from tests.waiting import WITHIN_S, seen

ROOT = Path(__file__).parents[2]
BEGUN_WITHIN_S = 300.0  # what a process imports takes long where many begin at once
BEGINS = "Slack's requests are taken at "
SERVED_AT = re.compile(r"running on (http://[\d.]+:\d+)")  # as uvicorn says it


class Bot:
    """One process, with the address at which it takes requests, if it does."""

    def __init__(self, process):
        self.process, self.address = process, None

    async def kill(self):
        """End it as a crash does."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    async def opened(self):
        """Wait until it takes requests."""
        async with asyncio.timeout(WITHIN_S):
            while self.address is None:
                line = (await self.process.stdout.readline()).decode()
                assert line, "it has ended"
                if line.startswith(BEGINS):
                    self.address = line.strip().removeprefix(BEGINS).rstrip(".")


@asynccontextmanager
async def bot_process(chat, reply, **changes):
    """Run a bot with the settings of a chat until the end of the block, and kill it then."""
    settings = {name: getattr(chat.settings, name) for name in chat.settings.model_fields_set}
    shown = {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in {**settings, **changes}.items()
        if not name.startswith("burst_")
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.slack.killed_bot", json.dumps(shown, default=str), reply),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    bot = Bot(process)
    try:
        yield bot
    finally:
        await bot.kill()


class AsgiServer:
    """A server that runs the bot as its application: `log` is what it and the bot said."""

    def __init__(self, process):
        self.process, self.log = process, ""
        self._reading = asyncio.create_task(self._read())

    @property
    def events_url(self):
        """Give where it takes Slack's requests; None before it does."""
        found = SERVED_AT.search(self.log)
        return found and f"{found[1]}/slack/events"

    @property
    def num_taken(self):
        """Count the requests that it took."""
        return self.log.count('"POST /slack/events HTTP/1.1" 200')

    async def opened(self):
        """Wait until it takes requests."""
        await seen(lambda: self.events_url or self._reading.done(), within_s=BEGUN_WITHIN_S)
        assert self.events_url, self.log

    async def end(self, how=signal.SIGTERM):
        """End it, if it has not ended by itself, and give its exit code."""
        if self.process.returncode is None:
            self.process.send_signal(how)
        return await self.ended()

    async def ended(self):
        """Wait until it has ended, and give its exit code."""
        async with asyncio.timeout(BEGUN_WITHIN_S):  # it may end before it has begun
            await self._reading
            return await self.process.wait()

    async def _read(self):
        async for line in self.process.stdout:
            self.log += line.decode()


@asynccontextmanager
async def asgi_server(settings, folder):
    """Run uvicorn with the bot of these settings in a folder, and kill it after the block."""
    others = os.environ.items()  # noqa: TID251 - what the tests run in, for a process of its own
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "uvicorn", "bot.platforms.slack.asgi:app", "--port", "0"),
        env={**dict(others), **as_environment(settings), "PYTHONPATH": str(ROOT)},
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    server = AsgiServer(process)
    try:
        yield server
    finally:
        await server.end(signal.SIGKILL)


def as_environment(settings):
    """Give those of the settings that were given, as the variables of a process."""
    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    return {variable(name): _plain(value) for name, value in given.items() if value is not None}


def _plain(value):
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
