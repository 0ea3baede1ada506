"""What every platform has to speak with: what it needs of the store, its drafts, a sign beside the work.

Knows no platform and no database.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Protocol

from bot.errors import PlatformUnavailable, StoreError
from bot.messages import ChannelSettings, ConversationKey, KeptDecision, OutboxItem, Rule
from bot.platforms.drafts import Draft


class Channels(Protocol):
    """The settings of channels. Raises StoreError."""

    async def settings(self, where: ConversationKey) -> ChannelSettings:
        """Give what applies in a conversation."""
        ...


class Decisions(Protocol):
    """The decisions that were kept. Raises StoreError."""

    async def by_id(self, ids: Collection[int]) -> dict[int, KeptDecision]:
        """Find decisions by their ids; unknown ones are left out."""
        ...


class Outbox(Protocol):
    """What is written down of a reply's messages. Each method raises StoreError."""

    async def begin(self, item: OutboxItem) -> None:
        """Write down that a draft begins; does nothing for a key that is known."""
        ...

    async def part_posted(self, key: str, number: int, message_id: str) -> None:
        """Write down that a part is shown."""
        ...

    async def parts(self, key: str) -> list[str]:
        """List the message ids of the parts that are shown, in order."""
        ...

    async def show_in(self, key: str, thread: str) -> None:
        """Write down in which thread a reply is shown; "" for none."""
        ...

    async def shown_in(self, key: str) -> str | None:
        """Give the thread in which a reply is shown, "" for none; None if that is not known."""
        ...

    async def place_of(self, where: ConversationKey, message_id: str) -> ConversationKey:
        """Give the conversation of a channel of whose reply a message is a part, `where` for none."""
        ...

    async def shown_by(self, where: ConversationKey, message_id: str) -> str | None:
        """Give the key of the reply that a message is a part of, None for no known part."""
        ...

    async def decision_behind(self, where: ConversationKey, message_id: str) -> int | None:
        """Give the decision of the reply that a message is a part of, None for no known part."""
        ...


def addressed_by(decisions: Decisions) -> Callable[[OutboxItem], Awaitable[bool]]:
    """Tell whether a reply answers somebody who addressed the assistant, by its kept decision."""

    async def is_addressed(item: OutboxItem) -> bool:
        if item.decision_id is None:
            return False
        kept = (await decisions.by_id([item.decision_id])).get(item.decision_id)
        return kept is not None and kept.decision.rule is Rule.ADDRESSED

    return is_addressed


@contextlib.contextmanager
def store_trouble() -> Iterator[None]:
    """Tell trouble of the history as what it is for the reply: later it may be posted."""
    try:
        yield
    except StoreError as error:
        raise PlatformUnavailable(f"the history does not answer: {error}") from error


class Drafts:
    """The replies that are being written, by their keys. `new` makes the draft of one.

    In channels that want whole replies only, none is made.
    """

    def __init__(
        self, channels: Channels, new: Callable[[OutboxItem, ChannelSettings], Draft]
    ) -> None:
        self._channels = channels
        self._new = new
        self._drafts: dict[str, Draft | None] = {}

    def __contains__(self, key: str) -> bool:
        """Tell whether a reply is being written."""
        return key in self._drafts

    async def write(self, item: OutboxItem, text: str) -> None:
        """Show the text so far soon; returns at once. Raises PlatformUnavailable."""
        if item.key not in self._drafts:
            with store_trouble():
                settings = await self._channels.settings(item.conversation)
            self._drafts[item.key] = self._new(item, settings) if settings.stream_replies else None
        draft = self._drafts[item.key]
        if draft is not None:
            draft.write(text)

    async def end(self, item: OutboxItem) -> None:
        """Show nothing more of a reply until it is whole."""
        draft = self._drafts.get(item.key)
        if draft is not None:
            await draft.stop()
        self._drafts.pop(item.key, None)

    async def close(self) -> None:
        """End every draft where it is; the next start takes it away."""
        for draft in list(self._drafts.values()):
            if draft is not None:
                await draft.stop()
        self._drafts.clear()


@asynccontextmanager
async def beside(sign: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Show a sign as long as the context lasts; nobody waits for it, and it must not raise."""
    shown = asyncio.create_task(sign)
    try:
        yield
    finally:
        shown.cancel()
        await asyncio.wait([shown])
