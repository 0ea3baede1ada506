"""What every part of the bot on Slack stands on: what decides and posts, and who is who."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from bot.commands import Commands
from bot.config import Settings
from bot.pipeline import Pipeline
from bot.platforms.in_order import InOrder
from bot.platforms.memory import Memory
from bot.platforms.slack.agent_chats import AgentChats
from bot.platforms.slack.answering import Answering
from bot.platforms.slack.managing import Managing
from bot.platforms.slack.naming import People
from bot.platforms.slack.platform import SlackPlatform
from bot.platforms.slack.refusals import SlackDialect, SlackTrying
from bot.platforms.slack.tasks import Once, Tasks
from bot.platforms.slack.teams import Teams
from bot.platforms.slack.threads import Threads
from bot.platforms.speaking import addressed_by
from bot.runtime import ServedModel, new_pipeline
from bot.store import Store

PATIENCE_S = 90.0  # Slack often says to come back in a minute


@dataclass(slots=True)
class Basis:
    """Makes what the parts share. `teams` knows the workspaces once there is a connection.

    `clock` gives aware UTC times, `sleep` waits between tries. `turns` are those of channels, `tasks`
    owns what Slack's acknowledgement does not wait for.
    """

    settings: Settings
    store: Store
    served: ServedModel
    teams: Teams
    clock: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]]
    tasks: Tasks = field(default_factory=Tasks)
    once: Once = field(default_factory=Once)
    turns: InOrder = field(default_factory=InOrder)
    trying: SlackTrying = field(init=False)
    chats: AgentChats = field(init=False)
    platform: SlackPlatform = field(init=False)
    pipeline: Pipeline = field(init=False)
    commands: Commands = field(init=False)
    people: People = field(init=False)
    threads: Threads = field(init=False)
    managing: Managing = field(init=False)
    answering: Answering = field(init=False)

    def __post_init__(self) -> None:
        """Make what posts, what decides, and what knows people and answers them."""
        store = self.store
        self.trying = SlackTrying(
            lambda where: self.teams.team(where.workspace),
            SlackDialect(),
            patience_s=PATIENCE_S,
            sleep=self.sleep,
        )
        self.chats = AgentChats(store)
        self.people = People(name=self.name, kept=Memory(store))
        self.platform = SlackPlatform(
            trying=self.trying,
            outbox=store.outbox,
            channels=store.channels,
            messages=store.messages,
            is_addressed=addressed_by(store.decisions),
            clock=self.clock,
            started_at=self.clock(),
            home=self.people.home,
            direct=self.chats,
        )
        self.pipeline = new_pipeline(
            self.settings, self.platform, store=store, served=self.served, clock=self.clock
        )
        self.commands = Commands(store=store, model=self.served.model, me=self.pipeline.me)
        self.threads = Threads(store, self.people, clock=self.clock, sleep=self.sleep)
        self.managing = Managing(self.people, self.clock)
        self.answering = Answering(self.trying, self.clock)

    @property
    def name(self) -> str:
        """Give the assistant's name."""
        return self.settings.name
