"""The bot for minutes in busy servers, with something going wrong every few seconds.

    python -m tests.discord.soak --minutes 10 --json figures.json

The bot is a process of its own, `earshot discord`, on the loopback Discord of this one. In the end
everything calms down, and what people said and see is compared with the history. A fault of the
bot makes the exit code 1.
"""

import argparse
import asyncio
import json
import random
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn

from tests.discord.soak_bot import BotProcess
from tests.discord.soak_check import Findings, compared
from tests.discord.soak_faults import FAULTS, Troubles
from tests.discord.soak_model import Roomy, SoakModel
from tests.discord.soak_people import People
from tests.discord_server import DiscordServer, discord_server

FIRST_S = 60.0  # for the bot to come up
CALM_S = 90.0  # at most, for everything to settle in the end
LOOK_EVERY_S = 1.0
COUNTED = (
    "recorded",
    "missing",
    "doubled",
    "invented",
    "edit missed",
    "deletion missed",
    "taken for deleted",
    "answered",
    "answered by a notice",
    "too old",
    "unanswered",
    "answered twice",
    "commands that never arrived",
    "thinking for ever",
    "replies",
    "doubled replies",
    "notices",
    "withdrawn or removed",
    "not removed",
    "orphans",
)


@dataclass(frozen=True)
class Plan:
    """How long, how much, and the seed that the acts and the faults are drawn from.

    `at_least` names faults that are made in any case, one after the other, at the beginning.
    """

    seconds: float
    seed: int = 1
    acts_per_s: float = 6.5  # of which five are messages
    fault_every_s: float = 3.0
    at_least: tuple[str, ...] = ()


@dataclass
class Soaked:
    """What came of it."""

    plan: Plan
    figures: dict[str, Any]
    faults: list[str] = field(default_factory=list)


async def soak(plan: Plan, folder: Path) -> Soaked:
    """Run as planned; the history and the bot's log are left in `folder`."""
    database = folder / "history.db"
    async with discord_server() as server, serving_model() as model_url:
        bot = BotProcess(_settings(server, model_url, database), folder)
        rng = random.Random(plan.seed)
        people = People(server, random.Random(rng.random()))
        await people.settle_in()
        ends_s = time.monotonic() + plan.seconds
        troubles = Troubles(
            server, bot, database, random.Random(rng.random()), ends_s - plan.seconds / 2
        )
        await bot.start()
        watching = asyncio.create_task(bot.watch())
        try:
            await server.until(lambda: server.commands, within_s=FIRST_S)
            await people.write_first()
            await _all_together(plan, people, troubles)
            troubles.clear()
            calm_s = time.monotonic()
            found = await _calmed(server, people, database)
            calm_s = time.monotonic() - calm_s
        finally:
            watching.cancel()
            code = await bot.end()
        if code != 0:
            found.fault("stop", f"the bot ended with {code}")
    figures = {
        "seconds": plan.seconds,
        "seed": plan.seed,
        "places": len(people.places),
        **people.counts,
        **_troubled(troubles, bot),
        **_outcome(found),
        "settled after, s": round(calm_s, 1),
        **_memory(bot),
    }
    return Soaked(plan, figures, found.faults)


async def _all_together(plan: Plan, people: People, troubles: Troubles) -> None:
    until_s = time.monotonic() + plan.seconds
    talking = asyncio.create_task(people.talk(until_s=until_s, per_s=plan.acts_per_s))
    for name in plan.at_least:
        await asyncio.sleep(plan.fault_every_s)
        troubles.counts[name] += 1
        await troubles.make(name)
    await troubles.go_on(until_s=until_s, every_s=plan.fault_every_s)
    await talking


async def _calmed(server: DiscordServer, people: People, database: Path) -> Findings:
    """Look again and again until nothing is amiss, or until it stays so for too long."""
    deadline_s = time.monotonic() + CALM_S
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        found = compared(server, people, database)
        if not found.faults or time.monotonic() > deadline_s:
            return found


def _settings(server: DiscordServer, model_url: str, database: Path) -> dict[str, str]:
    return {
        "EARSHOT_DATABASE_URL": f"sqlite:///{database}",
        "EARSHOT_MODEL_URL": model_url,
        "EARSHOT_DISCORD_TOKEN": server.token,
        "EARSHOT_DISCORD_API_BASE": server.api_url,
        "EARSHOT_DISCORD_GATEWAY": server.gateway_url,
        "EARSHOT_NEW_CHANNEL_MODE": "active",
        "EARSHOT_BURST_QUIET_S": "0.3",
        "EARSHOT_BURST_MAX_S": "1",
    }


@asynccontextmanager
async def serving_model() -> AsyncIterator[str]:
    """Serve the model on a free port until the block ends."""
    app = SoakModel(Roomy())
    runner = uvicorn.Server(uvicorn.Config(app, lifespan="off", ws="none", log_level="critical"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        app.port = listening.getsockname()[1]
        task = asyncio.create_task(runner.serve(sockets=[listening]))
        try:
            yield app.url
        finally:
            runner.should_exit = runner.force_exit = True
            await task


def _troubled(troubles: Troubles, bot: BotProcess) -> dict[str, Any]:
    made = {name: troubles.counts[name] for name in FAULTS if troubles.counts[name]}
    return {
        "faults": made,
        "faults in all": sum(made.values()),
        "restarts": len(bot.lives) - 1,
        "ended by itself": bot.num_died,
    }


def _outcome(found: Findings) -> dict[str, Any]:
    waits = sorted(found.waits_s) or [0.0]
    return {
        **dict.fromkeys(COUNTED, 0),
        **found.counts,
        "median wait, s": round(statistics.median(waits), 2),
        "95% wait, s": round(waits[int(0.95 * (len(waits) - 1))], 2),
        "longest wait, s": round(waits[-1], 2),
    }


def _memory(bot: BotProcess) -> dict[str, Any]:
    longest = bot.longest
    return {
        "longest life, s": round(longest.lasted_s),
        "memory, second fifth, MiB": round(longest.fifth(1), 1),
        "memory, last fifth, MiB": round(longest.fifth(4), 1),
    }


def shown(soaked: Soaked) -> str:
    """Give the figures as lines, and every fault."""
    lines = [f"{name:32} {value}" for name, value in soaked.figures.items()]
    return "\n".join([*lines, *(f"FAULT {one}" for one in soaked.faults)])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=float, default=4.0, help="seconds between faults")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--folder", type=Path, help="keep the history and the log here")
    asked = parser.parse_args()
    plan = Plan(asked.minutes * 60, seed=asked.seed, fault_every_s=asked.every)
    with tempfile.TemporaryDirectory() as spare:
        folder = asked.folder or Path(spare)
        folder.mkdir(parents=True, exist_ok=True)
        soaked = asyncio.run(soak(plan, folder))
    print(shown(soaked))  # noqa: T201 - a program of the command line
    if asked.json:
        asked.json.write_text(json.dumps(soaked.figures, indent=2), encoding="utf-8")
    return 1 if soaked.faults else 0


if __name__ == "__main__":
    sys.exit(main())
