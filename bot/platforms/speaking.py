"""What every platform needs of the store to speak: settings, decisions, what is written down of a reply.

Knows no platform and no database.
"""

import contextlib
from collections.abc import Awaitable, Callable, Collection, Iterator
from typing import Protocol

from bot.errors import PlatformUnavailable, StoreError
from bot.messages import ChannelSettings, ConversationKey, KeptDecision, OutboxItem, Rule


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
