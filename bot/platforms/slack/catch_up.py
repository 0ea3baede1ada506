"""What was said while nobody listened: fetched place by place, as fast as Slack lets it be.

A start, and a connection that broke, leave a gap in every place, which begins at the last message
recorded there. Where Slack answers at once, it is closed before anything newer is recorded. Where the
app has to wait its minute, what is said now is heard now: rows are kept free for what is missing, and
it is fetched later, where people wait first. What is missed is recorded silently; the pipeline
decides once, on the newest state.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from bot.errors import PlatformError, PlatformUnavailable, StoreError
from bot.messages import ConversationKey, workspace_key
from bot.pipeline import Pipeline
from bot.platforms.in_order import InOrder
from bot.platforms.insist import insisted
from bot.platforms.slack.agenda import KNOWN, WAITED_FOR, Agenda, ranked
from bot.platforms.slack.closing import Closing
from bot.platforms.slack.fetching import Fetching
from bot.platforms.slack.keys import PLATFORM
from bot.platforms.slack.listening import Listening, turn_of
from bot.platforms.slack.membership import Membership
from bot.platforms.slack.naming import People
from bot.platforms.slack.places import Places
from bot.platforms.slack.sweeps import Begun, Sweeps
from bot.platforms.slack.teams import Team, Teams
from bot.platforms.slack.threads import Threads
from bot.store import Store

logger = logging.getLogger(__name__)

MAX_AT_ONCE = 8  # workspaces: a slow one keeps no other waiting


async def _is_here(_: str) -> bool:
    return True


async def _nothing(_: Team) -> None:
    """Do nothing."""


@dataclass(slots=True)
class CatchUp:
    """Closes gaps. `clock` gives aware UTC times; `turns` are those of channels, by `turn_of`.

    `is_here` tells whether a workspace still has the app, before it is swept. `met` is awaited
    before its channels are listed, and `swept` called after they were looked at. `noticed` is called
    where something is left for `try_again`.
    """

    store: Store
    pipeline: Pipeline
    people: People
    threads: Threads
    turns: InOrder
    teams: Teams
    clock: Callable[[], datetime]
    is_here: Callable[[str], Awaitable[bool]] = _is_here
    met: Callable[[Team], Awaitable[None]] = _nothing
    swept: Callable[[Team], None] = lambda _: None
    noticed: Callable[[], None] = lambda: None
    membership: Membership = field(init=False)
    fetching: Fetching = field(init=False)
    agenda: Agenda = field(init=False, default_factory=Agenda)
    listening: Listening = field(init=False)
    places: Places = field(init=False)
    _sweeps: Sweeps = field(init=False)
    _working: InOrder = field(init=False, default_factory=InOrder)
    _under_way: set[str] = field(init=False, default_factory=set)
    _at_once: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        """Make the parts that fetch, and know the channels; there is a gap before this start."""
        self.membership = Membership(self.store, self.clock)
        self.fetching = Fetching(self.clock)
        self.listening = Listening(self.clock)
        self._sweeps = Sweeps(self.store, self.listening, self.clock)
        self._at_once = asyncio.Semaphore(MAX_AT_ONCE)
        self.places = self._new_places()
        self.gap_began(None)

    def gap_began(self, team_id: str | None, since: str | None = None) -> None:
        """Note that there may be a gap in each place of a workspace, or of all, up to now.

        To be called before anything is heard that was said after it; else tell `since` when.
        """
        self.places.gap_began(team_id, since)

    def expect(self, team_ids: Iterable[str]) -> None:
        """Let workspaces be swept by the next `try_again`."""
        self.agenda.expect(team_ids)
        self.noticed()

    async def let_go(self, where: ConversationKey, since: str, team: Team) -> None:
        """Fetch what was said in a channel and its threads since a time of Slack's, and let go.

        Whoever calls has the turn of the channel. Raises StoreError.
        """
        await self.places.let_go(where, since, team)
        self.noticed()

    async def place(self, where: ConversationKey, team: Team, *, before: str | None) -> None:
        """Close the gap of a place, up to the message `before` if there is one.

        Whoever calls has the turn of the place, and records something newer next: what cannot be
        fetched at once is fetched later, into rows that are kept for it. Raises StoreError.
        """
        await self.places.close(where, team, before=before)

    async def sweep(self, team: Team) -> None:
        """Look for what was missed in all places of a workspace. Raises nothing but StoreError."""
        self.agenda.expect([team.id])
        await self.met(team)
        waiting = {where for where in await self.pipeline.waiting() if where.workspace == team.id}
        await self._sweeps.looks_back(team.id)
        is_done = await self._is_done_elsewhere(team)
        if not is_done and not await self._list(team, waiting):
            return
        self.agenda.swept(team.id)
        await self._work(team)
        for where in waiting:  # what a stop left undecided, or half answered
            self.pipeline.conversations.wake(where, addressed=False)
        self.swept(team)

    async def try_again(self) -> None:
        """Go on with what could not be fetched before, as far as it can be now.

        In some workspaces at once; those where somebody is at it are left to them.
        """
        idle = self.agenda.workspaces - self._under_way
        self._under_way |= idle
        await asyncio.gather(*(self._go_on(team_id) for team_id in sorted(idle)))

    def forget_team(self, team_id: str) -> None:
        """Look for nothing more in a workspace, such as one that removed the app."""
        self.agenda.forget(team_id)

    def _new_places(self) -> Places:
        closing = Closing(
            self.store,
            self.pipeline,
            self.people,
            self.threads,
            self.fetching,
            self.membership,
            self.clock,
        )
        return Places(
            self.store,
            self.pipeline,
            self.fetching,
            closing,
            self.agenda,
            self.listening,
            self._sweeps,
            self.clock,
        )

    async def _go_on(self, team_id: str) -> None:
        try:
            async with self._at_once:
                num_gaps = -1
                while num_gaps != self.listening.num_gaps:  # there was another one meanwhile
                    num_gaps = self.listening.num_gaps
                    await self._go_on_in(team_id)
        except PlatformUnavailable as error:
            logger.warning("Slack: what was missed in %s waits: %s", team_id, error)
        except PlatformError as error:
            logger.info("Slack: what was missed in %s stays unknown: %s", team_id, error)
            self.forget_team(team_id)
        except StoreError as error:
            logger.warning("Slack: what was missed in %s waits: %s", team_id, error)
        except Exception:  # of one workspace; the others go on
            logger.exception("Slack: what was missed in %s waits", team_id)
        finally:
            self._under_way.discard(team_id)

    async def _go_on_in(self, team_id: str) -> None:
        if self.agenda.is_unswept(team_id) and not await self.is_here(team_id):
            self.forget_team(team_id)
            return
        team = await self.teams.team(team_id)
        await (self.sweep(team) if self.agenda.is_unswept(team_id) else self._work(team))

    async def _list(self, team: Team, waiting: set[ConversationKey]) -> bool:
        """Put the places of a workspace on the agenda; False if they cannot be listed now."""
        begun: Begun | None = self._sweeps.begins(team.id)
        heard = await self.store.workspaces.heard_in(PLATFORM, team.id)
        try:
            listing = await self.fetching.channels(team)
        except PlatformUnavailable as error:
            logger.warning("Slack: %s", error)
            return False
        except PlatformError as error:
            logger.warning("Slack: %s; only those that are known are looked at", error)
            channels = sorted({where.channel for where in heard})
            begun = None
        else:
            last_heard = max(heard.values(), default=self.clock())
            invited_at = partial(self.fetching.invited_at, team=team, after=last_heard)
            await self.membership.took(team.id, listing, invited_at=invited_at)
            present = {*listing.channel_ids, *await self.membership.channels(team.id)}
            channels = sorted(present - {*listing.archived_ids})
            begun = begun if listing.is_complete else None
        self._sweeps.listed(team.id, begun)
        known = {*heard, *await self.store.late.open_gaps(PLATFORM, team.id)}
        open_gaps = [where for where in known if where not in heard]
        after = await self._sweeps.silent_up_to(team.id)
        places = ranked(team.id, channels, waiting=waiting, known=known, after=after)
        for where in waiting:
            self.places.enqueue(where, WAITED_FOR)
        for where in open_gaps:
            self.places.enqueue(where, KNOWN)
        for where, rank in places:
            self.places.enqueue(where, rank)
        return True

    async def _work(self, team: Team) -> None:
        """Fetch page after page, each at the turn of its place, until Slack or the work is at an end."""
        everywhere = workspace_key(PLATFORM, team.id)
        async with self._working.turn(team.id), self.store.turns.if_free(everywhere) as is_ours:
            if not is_ours:
                return
            await self._is_done_elsewhere(team)  # while this process waited
            await self._fetch(team)
            if not self.agenda.has(team.id) and not self.agenda.is_unswept(team.id):
                await self._sweeps.done(team.id)
                if not self.agenda.is_unswept(team.id):
                    await self._sweeps.caught_up(team.id)

    async def _is_done_elsewhere(self, team: Team) -> bool:
        """Tell whether another process has just swept a workspace for this one, too."""
        is_done = await self._sweeps.are_done_elsewhere(team.id)
        if is_done:
            self.agenda.leave(team.id)
        return is_done

    async def _fetch(self, team: Team) -> None:
        stuck: set[ConversationKey] = set()

        def is_free(where: ConversationKey) -> bool:
            return where not in stuck and self.fetching.wait(team, where) <= timedelta()

        while (where := self.agenda.next(team.id, is_free)) is not None:
            async with self.turns.turn(turn_of(where)):
                ask = partial(self.places.advance, where, team)
                if not await insisted(ask, f"what was missed in {where}"):
                    stuck.add(where)
