"""The bot as a process of its own, such as `earshot slack`: started, killed, measured from outside."""

import asyncio
import os
import signal
import statistics
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
SAMPLE_S = 1.0
STOP_S = 30.0


@dataclass
class Life:
    """One process from its start to its end, and the memory it held: (seconds, bytes)."""

    process: asyncio.subprocess.Process
    began_s: float
    memory: list[tuple[float, int]] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return self.process.returncode is not None

    @property
    def lasted_s(self) -> float:
        return self.memory[-1][0] - self.began_s if self.memory else 0.0

    def fifth(self, number: int) -> float:
        """Give the median memory of a fifth of this life, counted from 0, in MiB."""
        share = len(self.memory) // 5 or 1
        part = self.memory[number * share : (number + 1) * share] or self.memory
        return statistics.median(size for _, size in part) / 2**20 if part else 0.0


@dataclass
class BotProcess:
    """Runs the bot on a platform with these settings; `log` takes what it prints."""

    platform: str
    settings: dict[str, str]
    folder: Path
    number: int = 0  # of several processes
    lives: list[Life] = field(default_factory=list)
    num_died: int = 0  # by itself
    killed_at: list[datetime] = field(default_factory=list)
    _stopping: bool = False

    @property
    def log(self) -> Path:
        return self.folder / (f"bot-{self.number}.log" if self.number else "bot.log")

    @property
    def now(self) -> Life:
        return self.lives[-1]

    async def start(self) -> None:
        others = os.environ.items()  # noqa: TID251 - what the tests run in, for a process of its own
        kept = {name: value for name, value in others if not name.startswith("EARSHOT_")}
        with self.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bot", self.platform),
                env={**kept, **self.settings, "PYTHONPATH": str(ROOT)},
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        self.lives.append(Life(process, time.monotonic()))

    async def restart(self, how: signal.Signals, *, after_s: float) -> None:
        """End the process in this way and start another."""
        self._stopping = True
        if how is signal.SIGKILL:
            self.killed_at.append(datetime.now(UTC))
        await self.end(how)
        await asyncio.sleep(after_s)
        await self.start()
        self._stopping = False

    async def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the process; one that does not go is killed and counted."""
        process = self.now.process
        self._stopping = True
        if process.returncode is None:
            process.send_signal(how)
        try:
            async with asyncio.timeout(STOP_S):
                return await process.wait()
        except TimeoutError:
            self.num_died += 1
            process.kill()
            return await process.wait()

    async def watch(self) -> None:
        """Take samples of the memory, and start the process again if it ends by itself."""
        while True:
            await asyncio.sleep(SAMPLE_S)
            if not self.now.is_over:
                self.now.memory.append((time.monotonic(), resident_bytes(self.now.process.pid)))
            elif not self._stopping:
                self.num_died += 1
                await self.start()

    @property
    def longest(self) -> Life:
        return max(self.lives, key=lambda one: one.lasted_s)


def resident_bytes(pid: int) -> int:
    """Give the memory that a process holds."""
    try:
        status = Path(f"/proc/{pid}/statm").read_text(encoding="ascii")
    except OSError:
        return 0
    return int(status.split()[1]) * os.sysconf("SC_PAGE_SIZE")
