"""Whatever goes wrong, and wherever the process stops: each reply stands there once and whole."""

import asyncio
import random

import pytest

from bot.errors import PlatformUnavailable
from bot.messages import OutboxItem
from tests.discord.speaking import KEY, Speaker, minutes
from tests.discord_server import DiscordServer

LONG = "\n\n".join(" ".join([f"word{number}"] * 200) for number in range(3))  # three messages


async def posted_at_last(earshot: Speaker, item: OutboxItem) -> None:
    """Post as the pipeline does: again, as long as Discord cannot be reached."""
    while True:
        try:
            await earshot.platform.post(item)
        except PlatformUnavailable:
            earshot.server.clock.advance(minutes(1))
        else:
            return


def plan_faults(server: DiscordServer, dice: random.Random) -> None:
    """Let some requests fail, before or after they took effect."""

    def unlucky(_: object) -> bool:
        return dice.random() < 0.4

    for _ in range(8):
        if dice.random() < 0.5:
            server.faults.reset(on=unlucky, after=dice.random() < 0.5, times=dice.randint(1, 7))
        else:
            server.faults.respond(
                503, on=unlucky, after=dice.random() < 0.5, times=dice.randint(1, 7)
            )


@pytest.mark.parametrize("seed", range(12))
async def test_a_reply_stands_there_once(server, earshot, seed):
    dice = random.Random(seed)
    _, asked = await earshot.asked()
    begun = earshot.begun(earshot.where, asked)
    plan_faults(server, dice)

    for end in (300, 900, 1700, 2400)[: dice.randint(0, 4)]:
        await earshot.platform.draft(begun, LONG[:end])
        await earshot.pace.asked_for(len(earshot.pace.asked) + (0 if earshot.pace.asked else 1))
        earshot.pace.go()
    item = await earshot.written(begun, LONG)
    if dice.random() < 0.5:
        earshot = await earshot.restarted()
    await posted_at_last(earshot, item)

    server.faults.clear()
    assert "\n\n".join(earshot.texts) == LONG
    shown = [message.id for message in server.posts(server.general)]
    assert await earshot.store.outbox.parts(KEY) == shown


@pytest.mark.parametrize("seed", range(12))
async def test_a_process_that_stops_anywhere_loses_and_doubles_nothing(server, earshot, seed):
    dice = random.Random(seed)
    item = await earshot.reply(LONG)

    for _ in range(3):
        number = dice.randint(1, 3)
        seen: list[object] = []
        gate = server.faults.hold(
            on=lambda call, seen=seen, number=number: not seen.append(call) and len(seen) == number,
            after=dice.random() < 0.5,
        )
        posting = asyncio.create_task(earshot.platform.post(item))
        reached = asyncio.create_task(gate.reached.wait())
        await asyncio.wait([posting, reached], return_when=asyncio.FIRST_COMPLETED)
        for task in (posting, reached):
            task.cancel()
        await asyncio.wait([posting, reached])
        server.faults.clear()
        server.clock.advance(dice.choice([1.0, minutes(10)]))
        earshot = await earshot.restarted()
    await earshot.platform.post(item)

    assert "\n\n".join(earshot.texts) == LONG
    shown = [message.id for message in server.posts(server.general)]
    assert await earshot.store.outbox.parts(KEY) == shown
