"""A killed process loses no message that it acknowledged, and records none twice afterwards."""

import asyncio
import random
import sqlite3
import sys
from pathlib import Path

import pytest

from bot.store import Store
from tests.store.samples import ROOM, message

NUM_MESSAGES = 200

STREAM = """
import asyncio, sys
from bot.store import Store
from tests.store.samples import message

async def main():
    store = await Store.open(sys.argv[1])
    numbers = iter(range(int(sys.argv[2])))

    async def say():
        for number in numbers:
            await store.messages.record(message(f"m{number}", "x" * 500))
            print(f"m{number}", flush=True)

    await asyncio.gather(*(say() for _ in range(4)))

asyncio.run(main())
"""


async def acknowledged_before_kill(url: str, after: int) -> list[str]:
    """Stream messages in another process, kill it after so many; give those it acknowledged."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", STREAM, url, str(NUM_MESSAGES), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    lines = [await process.stdout.readline() for _ in range(after)]
    process.kill()
    rest, _ = await process.communicate()
    return [line.decode().strip() for line in [*lines, *rest.splitlines(keepends=True)]
            if line.endswith(b"\n")]  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_killed_process_loses_no_acknowledged_message(url: str, seed: int) -> None:
    kill_after = random.Random(seed).randrange(5, NUM_MESSAGES - 20)

    acknowledged = await acknowledged_before_kill(url, kill_after)

    store = await Store.open(url)
    recorded = {entry.id for entry in await store.messages.recent(ROOM, limit=NUM_MESSAGES)}
    assert kill_after <= len(acknowledged) < NUM_MESSAGES
    assert set(acknowledged) <= recorded
    again = [message(f"m{number}") for number in range(NUM_MESSAGES)]
    assert await store.messages.record_all(again) == NUM_MESSAGES - len(recorded)
    assert len(await store.messages.recent(ROOM, limit=2 * NUM_MESSAGES)) == NUM_MESSAGES
    await store.close()


async def test_the_file_is_whole_after_a_kill(tmp_path: Path) -> None:
    file = tmp_path / "history.db"

    await acknowledged_before_kill(f"sqlite:///{file}", 60)

    connection = sqlite3.connect(file)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
