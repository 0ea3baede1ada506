"""Which channels the assistant is in, and since when: what was said before is not its business.

Slack would give it all to whoever is in a channel now. So the channels are noted, also for the next
start, and one that is new counts as heard up to that moment.
"""

import logging
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime

from bot.messages import ConversationKey
from bot.platforms.in_order import InOrder
from bot.platforms.slack.keys import PLATFORM, channel_key, is_direct
from bot.store import Store

logger = logging.getLogger(__name__)


class Membership:
    """Keeps the channels of each workspace. `clock` gives aware UTC times; methods raise StoreError.

    Direct chats are not among them: all that is said there is said to the assistant.
    """

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._turns = InOrder()

    async def joined(self, where: ConversationKey) -> None:
        """Note that the assistant was invited to a channel just now."""
        async with self._turns.turn(where.workspace):
            known = await self._known(where.workspace)
            await self._store.messages.hear_from(replace(where, thread=None), self._clock())
            await self._note(where.workspace, known | {where.channel})

    async def left(self, where: ConversationKey) -> None:
        """Note that the assistant was removed from a channel, or the channel is gone."""
        async with self._turns.turn(where.workspace):
            known = await self._known(where.workspace)
            await self._note(where.workspace, known - {where.channel})

    async def channels(self, team_id: str) -> frozenset[str]:
        """Give the ids of the channels of a workspace that it is in."""
        return frozenset(await self._known(team_id))

    async def is_member(self, where: ConversationKey) -> bool:
        """Tell whether it was in a channel, or a thread's, before anything was missed there."""
        return is_direct(where.channel) or where.channel in await self._known(where.workspace)

    async def took(self, team_id: str, channel_ids: Collection[str]) -> None:
        """Note in which channels it is; those that are new are heard from now on."""
        present = {each for each in channel_ids if not is_direct(each)}
        async with self._turns.turn(team_id):
            known = await self._known(team_id)
            for channel_id in sorted(present - known):
                await self._store.messages.hear_from(
                    channel_key(team_id, channel_id), self._clock()
                )
            if present != known:
                await self._note(team_id, present)

    async def _known(self, team_id: str) -> set[str]:
        return set((await self._store.notes.get(PLATFORM, f"channels/{team_id}") or "").split())

    async def _note(self, team_id: str, channel_ids: Collection[str]) -> None:
        await self._store.notes.set(PLATFORM, f"channels/{team_id}", " ".join(sorted(channel_ids)))
