"""Puts Earshot on Slack together, and keeps it there until it is told to stop."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from bot.config import Settings
from bot.pipeline import Pipeline
from bot.platforms.again import AGAIN_EVERY_S
from bot.platforms.clock import PlatformClock
from bot.platforms.insist import insisted
from bot.platforms.slack.app import Handlers
from bot.platforms.slack.assembly import assembled
from bot.platforms.slack.basis import Basis
from bot.platforms.slack.catch_up import CatchUp
from bot.platforms.slack.events import Events
from bot.platforms.slack.interactions import Interactions
from bot.platforms.slack.keys import PLATFORM, TITLE
from bot.platforms.slack.rounds import Rounds
from bot.platforms.slack.serving import Connection
from bot.platforms.slack.tasks import Tasks
from bot.platforms.slack.teams import Team
from bot.platforms.workspaces import Workspaces
from bot.runtime import ServedModel, utc_now
from bot.store import Store

logger = logging.getLogger(__name__)

Say = Callable[[str], None]


@dataclass(slots=True)
class SlackBot:
    """Everything that serves Slack. Raises ConfigError where credentials are missing.

    It is also the `Teams` of its parts: the connection knows the workspaces only once it serves.
    `local_clock` gives this machine's time, as aware UTC times; it may be wrong.
    """

    settings: Settings
    store: Store
    served: ServedModel
    say: Say
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    local_clock: Callable[[], datetime] = utc_now
    clock: PlatformClock = field(init=False)
    connection: Connection = field(init=False)
    basis: Basis = field(init=False)
    workspaces: Workspaces = field(init=False)
    rounds: Rounds = field(init=False)
    events: Events = field(init=False)
    interactions: Interactions = field(init=False)
    _begun: asyncio.Event = field(init=False, default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Make the parts, from the connection up to whoever hears its events."""
        self.clock = PlatformClock(self.local_clock, TITLE)
        self.connection = Connection(
            self.settings,
            self.store,
            saw_date=self.clock.saw_date,
            clock=self.clock.now,
            say=self.say,
            sleep=self.sleep,
        )
        self.basis = Basis(
            self.settings,
            self.store,
            self.served,
            teams=self,
            clock=self.clock.now,
            sleep=self.sleep,
        )
        grace = timedelta(days=self.settings.left_after_days)
        self.workspaces = Workspaces(self.store, PLATFORM, self.clock.now, grace)
        catch_up = self._catch_up()
        self.rounds = Rounds(self.pipeline, catch_up, self.sleep)
        catch_up.noticed = self.rounds.look_soon
        self.events, self.interactions = assembled(self.basis, catch_up)

    @property
    def pipeline(self) -> Pipeline:
        """What decides on what is said."""
        return self.basis.pipeline

    @property
    def tasks(self) -> Tasks:
        """What goes on after Slack has its acknowledgement."""
        return self.basis.tasks

    async def serve(self, *, own_server: bool = True) -> None:
        """Serve until cancelled. Raises ConfigError for what a person has to mend.

        Without `own_server`, somebody else serves the pages of `connection.web`.
        """
        again = asyncio.create_task(self._go_on(), name="go on")
        connected = asyncio.create_task(
            self.connection.serve(
                self._handlers(), on_gap=self._on_gap, ready=self._ready, own_server=own_server
            ),
            name="connected",
        )
        try:
            await asyncio.shield(connected)
        finally:
            again.cancel()
            await self._fall_silent()  # while there is a connection to do it over
            connected.cancel()
            await asyncio.gather(again, connected, return_exceptions=True)
            await self.connection.drained()
            await self._fall_silent()  # what was written down last has woken somebody
            await self.connection.close()

    async def _fall_silent(self) -> None:
        """Stop answering and deciding; the next start takes up where this one ends."""
        await self.tasks.close()
        await self.pipeline.conversations.stop()
        await self.basis.platform.close()

    def _handlers(self) -> Handlers:
        return Handlers(
            event=self.events.event,
            command=self.interactions.command,
            interaction=self.interactions.interaction,
            installed=self._installed,
            removed=self._removed,
            missed=self.rounds.missed,
        )

    def _catch_up(self) -> CatchUp:
        return CatchUp(
            self.store,
            self.pipeline,
            self.basis.people,
            self.basis.threads,
            self.basis.turns,
            self,
            self.clock.now,
            is_here=self._is_here,
            met=self._installed,
            swept=self._swept,
        )

    async def team(self, team_id: str) -> Team:
        """Give a workspace by its id, as the connection knows it."""
        return await self.connection.teams.team(team_id)

    async def _installed(self, team: Team) -> None:
        """Note a workspace that has just installed the app."""
        self.basis.people.forget_team(team.id)
        join = partial(self.workspaces.joined, team.id, team.name)
        await insisted(join, f"the workspace {team.name}", sleep=self.sleep)

    async def _removed(self, team_id: str) -> None:
        """Note a workspace that has removed the app: its data goes after a time of grace."""
        self.basis.people.forget_team(team_id)
        self.rounds.catch_up.forget_team(team_id)
        leave = partial(self.workspaces.left, team_id, team_id)
        await insisted(leave, f"the end of {team_id}", sleep=self.sleep)

        async def is_it(gone: str) -> bool:
            return gone == team_id

        await self._purge(is_it)  # also in a run that its refused token ends at once

    async def _purge(self, is_gone: Callable[[str], Awaitable[bool]]) -> None:
        """Delete the data of those that removed the app longer than the time of grace ago."""
        purge = partial(self.workspaces.purge, is_gone)
        await insisted(purge, "which workspaces are gone for good", sleep=self.sleep)

    async def _has_no_token(self, team_id: str) -> bool:
        return not await self.connection.teams.is_installed(team_id)

    async def _ready(self) -> None:
        """Go on where a stop ended, before any event comes."""
        self.basis.platform.started_at = self.clock.now()  # by now, as Slack counts the time
        begin = partial(self.workspaces.begin, self.settings.new_channel_mode)
        await insisted(begin, "in which mode channels start", sleep=self.sleep)
        await insisted(self.pipeline.tidy, "what a stop left behind", sleep=self.sleep)
        self._begun.set()

    async def _on_gap(self) -> None:
        """Look for what was missed before a connection came about."""
        ids = await insisted(self.connection.teams.ids, "the workspaces", sleep=self.sleep)
        self.rounds.catch_up.expect(ids)

    async def _is_here(self, team_id: str) -> bool:
        """Tell whether a workspace still has the app; it may have removed it unheard."""
        is_gone = partial(self.connection.teams.is_gone, team_id)
        if not await insisted(is_gone, f"whether {team_id} is here", sleep=self.sleep):
            return True
        await self._removed(team_id)
        return False

    def _swept(self, team: Team) -> None:
        greet = partial(self.events.channels.greet_all, team)
        self.tasks.start(greet, name=f"greetings in {team.name}")

    async def _go_on(self) -> None:
        await self._begun.wait()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._purge_for_ever(), name="purge")
            group.create_task(self.rounds.run(), name="rounds")

    async def _purge_for_ever(self) -> None:
        while True:
            try:
                await self._purge(self._has_no_token)
            except Exception:  # the top of a task: the next time may go better
                logger.exception("Slack: what a workspace left behind could not be deleted")
            await self.sleep(AGAIN_EVERY_S)
