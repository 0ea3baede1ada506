"""Puts Earshot on Slack together, and keeps it there until it is told to stop."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from bot.commands import Commands
from bot.config import Settings
from bot.messages import ConversationKey, Message
from bot.pipeline import Pipeline
from bot.platforms.clock import PlatformClock
from bot.platforms.crowds import Crowds
from bot.platforms.in_order import InOrder
from bot.platforms.insist import insisted
from bot.platforms.memory import Memory
from bot.platforms.opinions import Opinions
from bot.platforms.slack.agent_chats import AgentChats
from bot.platforms.slack.agent_view import AgentView
from bot.platforms.slack.answering import Answering
from bot.platforms.slack.app import Handlers
from bot.platforms.slack.asking import Asking
from bot.platforms.slack.assistant_view import AssistantView
from bot.platforms.slack.catch_up import CatchUp
from bot.platforms.slack.channels import Channels
from bot.platforms.slack.claims import Claims
from bot.platforms.slack.commanding import Commanding
from bot.platforms.slack.ears import Ears
from bot.platforms.slack.events import Events
from bot.platforms.slack.files import read_text
from bot.platforms.slack.forms import Forms
from bot.platforms.slack.home import Home
from bot.platforms.slack.interactions import Interactions
from bot.platforms.slack.keys import PLATFORM
from bot.platforms.slack.lenient import Payload
from bot.platforms.slack.managing import Managing
from bot.platforms.slack.naming import People
from bot.platforms.slack.pane_threads import PaneThreads
from bot.platforms.slack.platform import SlackPlatform
from bot.platforms.slack.refusals import SlackDialect, SlackTrying
from bot.platforms.slack.rounds import Rounds
from bot.platforms.slack.serving import Connection
from bot.platforms.slack.spoken import Spoken
from bot.platforms.slack.tasks import Once, Tasks
from bot.platforms.slack.teams import Team
from bot.platforms.slack.threads import Threads
from bot.platforms.speaking import addressed_by
from bot.platforms.workspaces import Workspaces
from bot.runtime import ServedModel, new_pipeline, utc_now
from bot.store import Store

logger = logging.getLogger(__name__)

PATIENCE_S = 90.0  # Slack often says to come back in a minute
TITLE = "Slack"
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
    platform: SlackPlatform = field(init=False)
    pipeline: Pipeline = field(init=False)
    workspaces: Workspaces = field(init=False)
    tasks: Tasks = field(init=False, default_factory=Tasks)
    events: Events = field(init=False)
    interactions: Interactions = field(init=False)
    rounds: Rounds = field(init=False)
    _trying: SlackTrying = field(init=False)
    _chats: AgentChats = field(init=False)
    _begun: asyncio.Event = field(init=False, default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Make the parts, from the connection up to whoever hears its events."""
        self.clock = PlatformClock(self.local_clock, TITLE)
        self.connection = Connection(
            self.settings,
            self.store,
            saw_date=self.clock.saw_date,
            say=self.say,
            sleep=self.sleep,
        )
        self._trying = SlackTrying(
            lambda where: self.team(where.workspace),
            SlackDialect(),
            patience_s=PATIENCE_S,
            sleep=self.sleep,
        )
        self._chats = AgentChats(self.store)
        self.platform = SlackPlatform(
            trying=self._trying,
            outbox=self.store.outbox,
            channels=self.store.channels,
            messages=self.store.messages,
            is_addressed=addressed_by(self.store.decisions),
            clock=self.clock.now,
            started_at=self.clock.now(),
            direct=self._chats,
        )
        self.pipeline = new_pipeline(
            self.settings, self.platform, store=self.store, served=self.served, clock=self.clock.now
        )
        self.workspaces = Workspaces(self.store, PLATFORM, self.clock.now)
        self._make_parts()

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
        await self.platform.close()

    def _handlers(self) -> Handlers:
        return Handlers(
            event=self.events.event,
            command=self.interactions.command,
            interaction=self.interactions.interaction,
            installed=self._installed,
            removed=self._removed,
            missed=self.rounds.missed,
        )

    def _make_parts(self) -> None:
        """Make whoever hears events and commands. Some of them need each other."""
        store, name, clock = self.store, self.pipeline.me.name, self.clock.now
        people, turns, once = People(name=name, kept=Memory(store)), InOrder(), Once()
        managing, answering = Managing(people, clock), Answering(self._trying)
        commands = Commands(store=store, model=self.served.model, me=self.pipeline.me)
        asking = Asking(
            pipeline=self.pipeline,
            answering=answering,
            managing=managing,
            receive=self._asked,
            record=self._pointed_at,
            settled=self.pipeline.conversations.settled,
            sleep=self.sleep,
        )
        commanding = Commanding(commands, managing, asking, answering)
        forms = Forms(store, commands, name, managing.caller, self.tasks, self._changed)
        panes = PaneThreads(store)
        pane = AssistantView(
            threads=panes,
            chats=self._chats,
            platform=self.platform,
            commands=commands,
            name=name,
            caller=managing.caller,
            tasks=self.tasks,
            once=once,
        )
        threads = Threads(store, people, clock=clock, sleep=self.sleep)
        catch_up = CatchUp(
            store,
            self.pipeline,
            people,
            threads,
            turns,
            self,
            clock,
            is_here=self._is_here,
            met=self._installed,
            swept=self._swept,
        )
        self.rounds = Rounds(self.pipeline, catch_up, self.sleep)
        catch_up.noticed = self.rounds.look_soon
        ears = Ears(
            pipeline=self.pipeline,
            people=people,
            threads=threads,
            catch_up=catch_up,
            opinions=Opinions(store, clock),
            crowds=Crowds(turns, TITLE),
            reader=read_text,
            turns=turns,
            pane=pane,
        )
        channels = Channels(
            store=store,
            platform=self.platform,
            people=people,
            membership=catch_up.membership,
            turns=turns,
            name=name,
            clock=clock,
            tasks=self.tasks,
        )
        home = Home(store, commands, name, managing.caller, forms, self.tasks, once)
        agent = AgentView(self._chats, panes, self.platform, name)
        spoken = Spoken(commanding, answering, self.tasks, once, Claims(store))
        self.events = Events(ears, spoken, channels, people, home, pane, agent, self.tasks)
        self.interactions = Interactions(commanding, answering, forms, home.acted, self.tasks, once)

    async def team(self, team_id: str) -> Team:
        """Give a workspace by its id, as the connection knows it."""
        return await self.connection.teams.team(team_id)

    async def _asked(self, question: Message, team: Team) -> bool:
        return await self.events.ears.asked(question, team)

    async def _pointed_at(self, said: Payload, where: ConversationKey, team: Team) -> None:
        await self.events.ears.record(said, where, team)

    async def _changed(self, team: Team, user_id: str) -> None:
        await self.events.home.publish(team, user_id)

    async def _installed(self, team: Team) -> None:
        """Note a workspace that has just installed the app."""
        self.events.people.forget_team(team.id)
        join = partial(self.workspaces.joined, team.id, team.name)
        await insisted(join, f"the workspace {team.name}", sleep=self.sleep)

    async def _removed(self, team_id: str) -> None:
        """Note a workspace that has removed the app: its data goes after a time of grace."""
        self.events.people.forget_team(team_id)
        self.rounds.catch_up.forget_team(team_id)
        leave = partial(self.workspaces.left, team_id, team_id)
        await insisted(leave, f"the end of {team_id}", sleep=self.sleep)

    async def _ready(self) -> None:
        """Go on where a stop ended, before any event comes."""
        self.platform.started_at = self.clock.now()  # by now, as Slack counts the time
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
        await self.rounds.run()
