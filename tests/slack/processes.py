"""Bots on Slack in processes of their own, which a test may kill."""

import asyncio
import json
import sys
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import SecretStr

from tests.waiting import WITHIN_S

ROOT = Path(__file__).parents[2]
BEGINS = "Slack's requests are taken at "


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
