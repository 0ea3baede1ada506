"""How fast messages are taken into the history, each in a transaction of its own."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import perf_counter

from bot.messages import Author, ConversationKey, Message
from bot.store import Store

NUM_CHANNELS = 20
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


def messages(count: int) -> Iterator[Message]:
    """Make `count` messages of ordinary length, spread over the channels and four speakers each."""
    for number in range(count):
        yield Message(
            conversation=ConversationKey("bench", "local", f"channel-{number % NUM_CHANNELS}"),
            id=str(number),
            author=Author(f"person-{number % 4}", f"Person {number % 4}"),
            text=f"message {number}: did anybody see where the other half of the cake went?",
            sent_at=BEGINNING + timedelta(seconds=number),
        )


async def intake(url: str, *, count: int) -> float:
    """Give the messages recorded per second, all channels at once, each message on its own."""
    store = await Store.open(url)
    try:
        by_channel: list[list[Message]] = [[] for _ in range(NUM_CHANNELS)]
        for number, message in enumerate(messages(count)):
            by_channel[number % NUM_CHANNELS].append(message)
        started = perf_counter()
        await asyncio.gather(*(_record(store, channel) for channel in by_channel))
        return count / (perf_counter() - started)
    finally:
        await store.close()


async def _record(store: Store, channel: list[Message]) -> None:
    for message in channel:
        await store.messages.record(message)
