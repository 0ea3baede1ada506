"""Tells Discord that an answer comes, for which it waits three seconds.

A question is written down before that: a process that is killed between the two finds it there, while
"thinking" that nobody remembers would stand for ever.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import Enum
from typing import Self

import discord

from bot.platforms.discord.interacting import AnyInteraction, tried
from bot.platforms.discord.refusals import ALREADY_ACKNOWLEDGED, FAILURES, SERVER_ERROR, cause

logger = logging.getLogger(__name__)

ACKNOWLEDGE_TIMEOUT_S = 5.0  # after three Discord takes no acknowledgement
FIRST_WAIT_S = 1.0  # leaves two of the three for a slow network
AT_ONCE_S = 1.0  # waited in all between tries of a first word; leaves the last second


class Standing(Enum):
    """What became of acknowledging an interaction."""

    DEFERRED = "Discord shows that we are thinking"
    UNSURE = "the connection broke: an answer may be tried"
    TAKEN = "somebody else acknowledged it"
    LOST = "Discord knows it no more"


async def deferred(interaction: AnyInteraction, *, ephemeral: bool) -> Standing:
    """Tell Discord that an answer comes; a failure is logged."""

    async def defer() -> None:
        async with asyncio.timeout(ACKNOWLEDGE_TIMEOUT_S):
            await interaction.response.defer(ephemeral=ephemeral, thinking=True)

    try:
        await tried(interaction, defer, patience_s=AT_ONCE_S)
    except FAILURES as error:
        log_failure(interaction, error)
        if not isinstance(error, discord.HTTPException) or error.status >= SERVER_ERROR:
            return Standing.UNSURE
        return Standing.TAKEN if error.code == ALREADY_ACKNOWLEDGED else Standing.LOST
    return Standing.DEFERRED


class Acknowledgement:
    """Tells Discord once that an answer comes: as soon as somebody wants that, or after a while.

    Within the context only; a context that ends before leaves the interaction to somebody else.
    """

    def __init__(self, interaction: AnyInteraction, *, ephemeral: bool) -> None:
        self.interaction = interaction
        self._ephemeral = ephemeral
        self._is_due = asyncio.Event()
        self._task: asyncio.Task[Standing] | None = None

    async def __aenter__(self) -> Self:
        """Begin to wait."""
        self._task = asyncio.create_task(self._give())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Wait no longer; an acknowledgement that is under way is cut short."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def given(self) -> Standing:
        """Acknowledge now if it is not done yet; gives what became of it."""
        self._is_due.set()
        if self._task is None:
            raise RuntimeError("acknowledged outside of the context")
        await asyncio.wait([self._task])
        return Standing.TAKEN if self._task.cancelled() else self._task.result()

    async def _give(self) -> Standing:
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_WAIT_S):
                await self._is_due.wait()
        return await deferred(self.interaction, ephemeral=self._ephemeral)


@asynccontextmanager
async def logged(interaction: AnyInteraction) -> AsyncIterator[None]:
    """Tell the log what Discord refused, and go on."""
    try:
        yield
    except FAILURES as error:
        log_failure(interaction, error)


def log_failure(interaction: AnyInteraction, error: BaseException | None) -> None:
    """Tell the log in one line that an interaction was not answered, and why."""
    why = "nobody knows why" if error is None else cause(error)
    place = f"{interaction.guild_id or 'direct messages'}/{interaction.channel_id}"
    kind = interaction.type.name
    logger.warning("%s %d in %s was not answered: %s", kind, interaction.id, place, why)
