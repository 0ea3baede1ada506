"""What is done again and again: replies that wait are posted, the undecided woken, gaps looked for.

The one does not wait for the other: a workspace that takes long to look through delays no reply.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from bot.errors import PlatformUnavailable
from bot.pipeline import Pipeline
from bot.platforms.again import AGAIN_EVERY_S, post_waiting, wake_undecided
from bot.platforms.slack.catch_up import CatchUp
from bot.platforms.slack.tasks import Tasks

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Rounds:
    """Goes on with what had to wait."""

    pipeline: Pipeline
    catch_up: CatchUp
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _is_time_to_post: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _is_time_to_look: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _aside: Tasks = field(init=False, default_factory=Tasks)

    def look_soon(self) -> None:
        """Look for what was missed as soon as that can be."""
        self._is_time_to_look.set()

    def missed(self, team_id: str | None, still_s: float, since: str | None) -> None:
        """Note that something of a workspace, or of all, is lost up to now, and `still_s` longer.

        `since` is a time of Slack's, if the ends of the histories do not tell what is missing.
        """
        self.catch_up.gap_began(team_id, since)
        if still_s:
            later = partial(self._missed_later, team_id, still_s, since)
            with suppress(PlatformUnavailable):  # it stops, and the next start looks anyhow
                self._aside.start(later, name="a flood")
        elif team_id is not None:
            self.catch_up.expect([team_id])

    async def run(self) -> None:
        """Post what a stop left unposted, and go on until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._post_for_ever(), name="post what waits")
                group.create_task(self._look_for_ever(), name="look for what was missed")
                while True:
                    await self.sleep(AGAIN_EVERY_S)
                    self._is_time_to_post.set()
                    self._is_time_to_look.set()
        finally:
            await self._aside.close()

    async def post(self) -> None:
        """Post the replies that wait, and have decided what is undecided."""
        await self._deliver()
        await wake_undecided(self.pipeline, self.sleep)

    async def _post_for_ever(self) -> None:
        await self._try(self._deliver)
        while True:
            await self._is_time_to_post.wait()
            self._is_time_to_post.clear()
            await self._try(self.post)

    async def _look_for_ever(self) -> None:
        while True:
            await self._is_time_to_look.wait()
            self._is_time_to_look.clear()
            # Not awaited: a workspace that takes long keeps no other from being looked through.
            self._aside.start(self.catch_up.try_again, name="what was missed")

    async def _missed_later(self, team_id: str | None, wait_s: float, since: str | None) -> None:
        await self.sleep(wait_s)
        self.missed(team_id, 0.0, since)

    async def _deliver(self) -> None:
        await post_waiting(self.pipeline, self.sleep)

    async def _try(self, what: Callable[[], Awaitable[None]]) -> None:
        try:
            await what()
        except Exception:  # the top of a task: the next time may go better
            logger.exception("Slack: what had to wait waits on")
