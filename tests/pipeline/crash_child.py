"""A bot that is killed: streams messages through the real pipeline and store.

    python -m tests.pipeline.crash_child FOLDER

Says on stdout what it has just reached and waits for a byte on stdin, so that whoever started it
can kill it exactly there. What the platform knows survives in FOLDER, as it would on a server:
`delivered` has the ids of the messages it need not send again, `posts` one JSON line a post.
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

NUM_MESSAGES = 200
ROOMS = [ConversationKey("room", "local", name) for name in ("lounge", "kitchen", "cellar")]


def messages():
    """Give the messages in the order the platform sends them; every seventh is addressed."""
    for number in range(NUM_MESSAGES):
        name = ("Ana", "Bob", "Cat")[number % 3]
        yield Message(
            conversation=ROOMS[number * number % len(ROOMS)],
            id=f"m{number}",
            author=Author(f"id-{name}", name),
            text=f"line {number}{'?' if number % 5 == 0 else ''}",
            sent_at=datetime.now(UTC),
            addressed=number % 7 == 0,
        )


def reached(place):
    """Say where the bot is, and wait to be let go on or killed."""
    os.write(1, f"{place}\n".encode())
    os.read(0, 1)


class KilledModel(FakeModel):
    async def reply(self, turns, *, session):
        yield "Half"
        reached("writing")
        yield " a reply."


class KilledPlatform(FakePlatform):
    """Posts to a file; the same key only once, like a real platform."""

    def __init__(self, folder):
        super().__init__()
        self._file = folder / "posts"
        self._file.touch()

    async def decided(self, where, decision, message_ids):
        reached("decided")

    async def post(self, item, *, is_new=False):
        reached("posting")
        posts = [json.loads(line) for line in self._file.read_text().splitlines()]
        if item.key not in [post["key"] for post in posts]:
            post = {"key": item.key, "reply_to": item.reply_to, "text": item.text}
            with self._file.open("a") as file:
                file.write(json.dumps(post) + "\n")
        reached("posted")
        return f"reply-{item.key}"


async def main(folder):
    store = await Store.open(f"sqlite:///{folder / 'earshot.db'}")
    pipeline = Pipeline(
        store=store,
        model=KilledModel(),
        platform=KilledPlatform(folder),
        me=Author("earshot", "Earshot", is_bot=True),
        clock=lambda: datetime.now(UTC),
        settling=Settling(quiet_s=0, max_s=0),
        max_age_s=3600.0,
    )
    async with pipeline.conversations:
        await pipeline.resume()
        await deliver(pipeline, folder / "delivered")
        await pipeline.conversations.drain()
    await store.close()
    reached("done")


async def deliver(pipeline, file):
    """Send what was not acknowledged, and once more the last that was, as platforms do."""
    file.touch()
    delivered = file.read_text().split()
    for message in messages():
        if message.id in delivered[:-1]:
            continue
        await pipeline.receive(message)
        reached("recorded")
        with file.open("a") as lines:
            lines.write(f"{message.id}\n")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
