"""What is to be written: who talks, about what, how, and what the assistant gets to do.

Drawn from our own lists, each item from the seed and its number alone: the plan is the same in every
run, so a run that was killed goes on where it was. Pure but for reading the lists of this package.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any

HANDLES_SHARE = 0.12  # of people who go by a handle
# How many people talk, and how often the assistant gets to speak, with the weight of each.
PEOPLE = {2: 20, 3: 30, 4: 25, 5: 15, 6: 10}
SPEAKS = {0: 14, 1: 34, 2: 38, 3: 14}
MESSAGES = (10, 20)


@dataclass(frozen=True, slots=True)
class Item:
    """One conversation to write. `speaks` and `silent` say, in words, what happens in it."""

    id: str
    seed: int
    area: str
    topic: str
    tone: str
    beginning: str
    people: tuple[str, ...]
    num_messages: int
    speaks: tuple[str, ...]
    silent: tuple[str, ...]
    kinds: tuple[str, ...]


def plan(number: int, *, seed: int) -> list[Item]:
    """Plan this many conversations; a longer plan begins with the shorter one of the same seed."""
    return [_item(index, seed) for index in range(number)]


def _item(index: int, seed: int) -> Item:
    random = Random(f"{seed}/{index}")
    manner = _list("manner")
    area, topic = _topic(index, seed)
    people = _people(random, _weighted(random, PEOPLE))
    speaks = random.sample(sorted(manner["speaks"]), _weighted(random, SPEAKS))
    silent = random.sample(sorted(manner["silent"]), random.choice((1, 2, 2, 3)))
    return Item(
        id=f"synthetic-{seed}-{index:05}",
        seed=random.getrandbits(31),
        area=area,
        topic=topic,
        tone=random.choice(manner["tones"]),
        beginning=random.choice(manner["beginnings"]),
        people=people,
        num_messages=random.randint(*MESSAGES),
        speaks=tuple(_told(manner["speaks"][kind], people, random) for kind in speaks),
        silent=tuple(_told(manner["silent"][kind], people, random) for kind in silent),
        kinds=(*speaks, *silent),
    )


def _topic(index: int, seed: int) -> tuple[str, str]:
    """Go through all topics in an order of the seed before any comes again."""
    topics = [(area, topic) for area, held in sorted(_list("topics").items()) for topic in held]
    turn, place = divmod(index, len(topics))
    Random(f"{seed}/topics/{turn}").shuffle(topics)
    return topics[place]


def _people(random: Random, number: int) -> tuple[str, ...]:
    lists = _list("names")
    chosen: list[str] = []
    while len(chosen) < number:
        kind = "handles" if random.random() < HANDLES_SHARE else "names"
        name = random.choice(lists[kind])
        if name not in chosen:
            chosen.append(name)
    return tuple(chosen)


def _told(what: str, people: Sequence[str], random: Random) -> str:
    one, other = random.sample(people, 2)
    return what.replace("{a}", one).replace("{b}", other)


def _weighted(random: Random, weights: dict[int, int]) -> int:
    return random.choices(list(weights), list(weights.values()))[0]


@cache
def _list(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(
        files("inference.tune.data").joinpath(f"{name}.json").read_text(encoding="utf-8")
    )
    return content
