"""How a soak goes: people talk while things go wrong, then all calms down and is compared."""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tests.soaking.bot_process import BotProcess
from tests.soaking.findings import Findings
from tests.soaking.troubles import Troubles

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
    transport: str = ""  # where a platform has several
    num_processes: int = 1


@dataclass
class Soaked:
    """What came of it."""

    plan: Plan
    figures: dict[str, Any]
    faults: list[str] = field(default_factory=list)


class Talking(Protocol):
    """People, who do something several times a second."""

    async def talk(self, *, until_s: float, per_s: float) -> None: ...


async def all_together(plan: Plan, people: Talking, troubles: Troubles) -> None:
    """Let people talk and things go wrong for as long as is planned."""
    until_s = time.monotonic() + plan.seconds
    talking = asyncio.create_task(people.talk(until_s=until_s, per_s=plan.acts_per_s))
    try:
        for name in plan.at_least:
            await asyncio.sleep(plan.fault_every_s)
            troubles.counts[name] += 1
            await troubles.make(name)
        await troubles.go_on(until_s=until_s, every_s=plan.fault_every_s)
        await talking
    finally:
        talking.cancel()


async def calmed(
    look: Callable[[], Awaitable[Findings]], *, calm_s: float = CALM_S
) -> tuple[Findings, float]:
    """Look again and again until nothing is amiss, or until it stays so for too long.

    Gives what was found last, and after how many seconds.
    """
    began_s = time.monotonic()
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        found = await look()
        waited_s = time.monotonic() - began_s
        if not found.faults or waited_s > calm_s:
            return found, waited_s


def troubled(troubles: Troubles, bots: Sequence[BotProcess]) -> dict[str, Any]:
    """Give the figures of what went wrong."""
    made = {name: times for name, times in sorted(troubles.counts.items()) if times}
    return {
        "faults": made,
        "faults in all": sum(made.values()),
        "restarts": sum(len(bot.lives) - 1 for bot in bots),
        "ended by itself": sum(bot.num_died for bot in bots),
    }


def outcomes(found: Findings, counted: Sequence[str] = COUNTED) -> dict[str, Any]:
    """Give the figures of what came of it."""
    waits = sorted(found.waits_s) or [0.0]
    return {
        **dict.fromkeys(counted, 0),
        **found.counts,
        "median wait, s": round(statistics.median(waits), 2),
        "95% wait, s": round(waits[int(0.95 * (len(waits) - 1))], 2),
        "longest wait, s": round(waits[-1], 2),
    }


def memory(bots: Sequence[BotProcess]) -> dict[str, Any]:
    """Give the memory of the longest life, early and late in it."""
    longest = max((bot.longest for bot in bots), key=lambda one: one.lasted_s)
    return {
        "longest life, s": round(longest.lasted_s),
        "memory, second fifth, MiB": round(longest.fifth(1), 1),
        "memory, last fifth, MiB": round(longest.fifth(4), 1),
    }


def shown(soaked: Soaked) -> str:
    """Give the figures as lines, and every fault."""
    lines = [f"{name:32} {value}" for name, value in soaked.figures.items()]
    return "\n".join([*lines, *(f"FAULT {one}" for one in soaked.faults)])


def arguments(description: str | None) -> argparse.ArgumentParser:
    """Make the arguments that every soak takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=float, default=4.0, help="seconds between faults")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--folder", type=Path, help="keep the history and the log here")
    return parser


def run(
    soak: Callable[[Plan, Path], Awaitable[Soaked]], plan: Plan, asked: argparse.Namespace
) -> int:
    """Run a soak and tell what came of it; 1 if anything is amiss."""
    with tempfile.TemporaryDirectory() as spare:
        folder = asked.folder or Path(spare)
        folder.mkdir(parents=True, exist_ok=True)
        soaked = asyncio.run(soak(plan, folder))
    print(shown(soaked))  # noqa: T201 - a program of the command line
    if asked.json:
        asked.json.write_text(json.dumps(soaked.figures, indent=2), encoding="utf-8")
    return 1 if soaked.faults else 0
