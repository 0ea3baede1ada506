"""How many events of a place may wait, such as while the history fails: each keeps a task and memory.

What is said beyond that is let go, and fetched once it would have been its turn.
"""

import logging
from dataclasses import dataclass, field
from functools import partial

import discord

from bot.platforms.discord.catch_up import CatchUp
from bot.platforms.discord.channels import channel_at
from bot.platforms.discord.places import Places
from bot.platforms.in_order import InOrder
from bot.platforms.insist import insisted

logger = logging.getLogger(__name__)

MAX_WAITING = 1000  # events a place, about 8 MB


@dataclass(frozen=True, slots=True)
class Crowds:
    """Tells which events are too many. `turns` are the turns of the places, by their ids."""

    turns: InOrder
    places: Places
    catch_up: CatchUp
    _fetching: set[int] = field(
        init=False, default_factory=set
    )  # places, as soon as it is their turn

    async def is_too_big(
        self, client: discord.Client, place_id: int, server_id: int | None
    ) -> bool:
        """Tell whether an event that comes now is to be let go: it is fetched, or about to be."""
        if self.turns.num_waiting(place_id) < MAX_WAITING:
            return False
        if place_id not in self._fetching:
            self._fetching.add(place_id)
            logger.warning(
                "Discord: %d events of the place %d wait; what comes now is fetched after them",
                MAX_WAITING,
                place_id,
            )
            try:
                async with self.turns.turn(place_id):
                    await self._fetch(client, place_id, server_id)
            finally:
                self._fetching.discard(place_id)
        return True

    async def _fetch(self, client: discord.Client, place_id: int, server_id: int | None) -> None:
        named = partial(self.places.named, client, place_id, server_id)
        where = await insisted(named, f"the place {place_id}")
        self._fetching.discard(place_id)  # what comes from here on may come too late for the fetch
        self.catch_up.reopen(place_id)
        close = partial(self.catch_up.place, client, channel_at(client, where), where)
        await insisted(close, f"what was missed in {where}")
