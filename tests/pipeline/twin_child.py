"""One of several bots on one PostgreSQL, which may be killed at any place it says it has reached.

    python -m tests.pipeline.twin_child DATABASE_URL FOLDER NAME

All twins hear every message of `FOLDER/said` (one JSON line each), as Slack's events may come to any
process, and post to one platform: `FOLDER/posts`. Each takes up what others left, every moment. On
stdout it says what it has just reached; on stdin it is let go on, a byte for each.
"""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from bot.messages import Author, ConversationKey, Message
from bot.pipeline import Pipeline
from bot.settle import Settling
from bot.store import Store
from tests.fakes import FakeModel, FakePlatform

ROOMS = [ConversationKey("room", "local", name) for name in ("lounge", "kitchen", "cellar")]
LOOK_EVERY_S = 0.05


def message(number):
    """Give a message of the chat; every second is addressed."""
    return Message(
        conversation=ROOMS[number % len(ROOMS)],
        id=f"m{number}",
        author=Author("id-Ana", "Ana"),
        text=f"line {number}",
        sent_at=datetime.now(UTC),
        addressed=number % 2 == 0,
    )


async def reached(place):
    """Say where the bot is, and wait there to be let go on or killed; other rooms go on meanwhile."""
    os.write(1, f"{place}\n".encode())
    await asyncio.to_thread(os.read, 0, 1)


class TwinModel(FakeModel):
    async def reply(self, turns, *, session):
        yield "Half"
        await reached("writing")
        yield " a reply."


class TwinPlatform(FakePlatform):
    """Posts to a file that knows no keys: what is posted twice stands there twice."""

    def __init__(self, file):
        super().__init__()
        self._file = file

    async def decided(self, where, decision, message_ids):
        if decision.decision.action == "speak":
            await reached("decided")

    async def post(self, item, *, is_new=False):
        await reached("posting")
        with self._file.open("a") as file:
            file.write(json.dumps({"key": item.key, "reply_to": item.reply_to}) + "\n")
        return f"reply-{item.key}"


async def main(url, folder, num_messages):
    store = await Store.open(url)
    pipeline = Pipeline(
        store=store,
        model=TwinModel(),
        platform=TwinPlatform(folder / "posts"),
        me=Author("earshot", "Earshot", is_bot=True),
        clock=lambda: datetime.now(UTC),
        settling=Settling(quiet_s=0, max_s=0),
        max_age_s=3600.0,
    )
    async with pipeline.conversations:
        await pipeline.resume()
        for number in range(num_messages):
            await pipeline.receive(message(number))
            await reached("recorded")
        while True:
            await pipeline.delivery.try_again()
            waiting = await pipeline.waiting()
            for where in waiting:
                pipeline.conversations.wake(where, addressed=False)
            await pipeline.conversations.drain()
            if not waiting and not await store.outbox.pending("room"):
                break
            await asyncio.sleep(LOOK_EVERY_S)
    await store.close()
    await reached("done")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
