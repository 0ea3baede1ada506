"""Asks Slack for what a thing is called, once, and remembers the answer for a while.

One request at a time for each thing; what Slack refused or failed to tell is not asked again for a
minute, nothing at all for as long as Slack says that it is asked too much.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from bot.platforms.in_order import InOrder
from bot.platforms.slack.refusals import FAILURES, cause, code, retry_after_s
from bot.platforms.slack.teams import Team

logger = logging.getLogger(__name__)

LIFETIME_S = 3600.0
RETRY_S = 60.0  # after a failure; a message waits for a name, and must not wait each time
PAUSE_S = 10.0  # in which nothing is asked, where Slack cannot be reached
TIMEOUT_S = 2.0  # Slack has an event acknowledged within three seconds
MAX_REMEMBERED = 10_000  # of all workspaces
# What Slack will answer the next time as well: there is no such thing, or it is not for us.
DEFINITE = frozenset({
    "bot_not_found", "channel_not_found", "missing_scope", "not_allowed_token_type",
    "user_not_found", "user_not_visible", "users_not_found", "team_access_not_granted",
})  # fmt: skip

Told = TypeVar("Told")
_Key = tuple[str, str]
system_clock = time.monotonic


class LookedUp(Generic[Told]):
    """What one of Slack's methods told, by workspace and id. `clock` gives seconds."""

    def __init__(self, method: str, clock: Callable[[], float] = system_clock) -> None:
        self._method = method
        self._clock = clock
        self._known: OrderedDict[_Key, tuple[float, Told | None]] = OrderedDict()
        self._turns = InOrder()
        self._silent_until: dict[str, float] = {}
        self._said: set[tuple[str, str]] = set()

    async def get(
        self,
        team: Team,
        what_id: str,
        ask: Callable[[], Awaitable[Told | None]],
        *,
        max_age_s: float = LIFETIME_S,
    ) -> Told | None:
        """Give what Slack told of a thing, asking it if need be; None where it does not tell."""
        key = (team.id, what_id)
        if not self._is_known(key, max_age_s):
            async with self._turns.turn(key):
                if not self._is_known(key, max_age_s):  # whoever was here before has not asked
                    await self._ask(key, ask)
        return self._known.get(key, (0.0, None))[1]

    def forget(self, team_id: str, what_id: str) -> None:
        """Ask anew the next time."""
        self._known.pop((team_id, what_id), None)

    def forget_team(self, team_id: str) -> None:
        """Forget all of a workspace."""
        for key in [key for key in self._known if key[0] == team_id]:
            del self._known[key]
        self._silent_until.pop(team_id, None)
        self._said = {said for said in self._said if said[0] != team_id}

    def _is_known(self, key: _Key, max_age_s: float) -> bool:
        until, _ = self._known.get(key, (0.0, None))
        until -= LIFETIME_S - max_age_s
        return self._clock() < max(until, self._silent_until.get(key[0], 0.0))

    async def _ask(self, key: _Key, ask: Callable[[], Awaitable[Told | None]]) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                told = await ask()
        except FAILURES as error:
            self._missed(key, error)
        else:
            self._keep(key, told, LIFETIME_S)
            self._said = {said for said in self._said if said[0] != key[0] or said[1] in DEFINITE}

    def _missed(self, key: _Key, error: BaseException) -> None:
        """Keep what was known before; a refusal that will not change is an answer, too."""
        team_id, why = key[0], code(error)
        if why in DEFINITE:
            self._keep(key, None, LIFETIME_S)
        else:
            self._keep(key, self._known.get(key, (0.0, None))[1], RETRY_S)
            self._pause(team_id, retry_after_s(error) if why else PAUSE_S)
        said = (team_id, why or type(error).__name__)
        level = logging.DEBUG if said in self._said else logging.WARNING
        self._said.add(said)
        logger.log(level, "%s tells nothing of %s: %s", self._method, key[1], cause(error))

    def _pause(self, team_id: str, wait_s: float | None) -> None:
        if wait_s is not None:
            self._silent_until[team_id] = self._clock() + wait_s

    def _keep(self, key: _Key, told: Told | None, lifetime_s: float) -> None:
        self._known[key] = (self._clock() + lifetime_s, told)
        self._known.move_to_end(key)
        while len(self._known) > MAX_REMEMBERED:
            self._known.popitem(last=False)
