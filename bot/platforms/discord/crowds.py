"""What is said on Discord beyond what may wait: fetched once it would have been its turn."""

from dataclasses import dataclass
from functools import partial

import discord

from bot.platforms.crowds import Crowds
from bot.platforms.discord.catch_up import CatchUp
from bot.platforms.discord.channels import channel_at
from bot.platforms.discord.places import Places
from bot.platforms.insist import insisted


@dataclass(frozen=True, slots=True)
class PlaceCrowds:
    """Tells which events of a place are too many."""

    crowds: Crowds
    places: Places
    catch_up: CatchUp

    async def is_too_big(
        self, client: discord.Client, place_id: int, server_id: int | None
    ) -> bool:
        """Tell whether an event that comes now is to be let go: it is fetched, or about to be."""
        fetch = partial(self._fetch, client, place_id, server_id)
        return await self.crowds.is_too_big(place_id, fetch)

    async def _fetch(self, client: discord.Client, place_id: int, server_id: int | None) -> None:
        named = partial(self.places.named, client, place_id, server_id)
        where = await insisted(named, f"the place {place_id}")
        self.catch_up.reopen(place_id)
        close = partial(self.catch_up.place, client, channel_at(client, where), where)
        await insisted(close, f"what was missed in {where}")
