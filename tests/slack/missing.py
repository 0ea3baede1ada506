"""A bot that hears what the loopback Slack tells, and catches up on what it did not hear."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import PlatformError
from bot.messages import Author, ConversationKey, Entry, Mode
from bot.pipeline import Pipeline
from bot.platforms.in_order import InOrder
from bot.platforms.memory import Memory
from bot.platforms.slack.catch_up import CatchUp
from bot.platforms.slack.hearing import heard
from bot.platforms.slack.keys import channel_key
from bot.platforms.slack.listening import turn_of
from bot.platforms.slack.membership import Membership
from bot.platforms.slack.naming import People
from bot.platforms.slack.teams import Team
from bot.platforms.slack.threads import Threads
from bot.settle import Settling
from bot.store import Store
from tests.fakes import FakeModel, FakePlatform
from tests.slack_server import Channel, Message, SlackServer
from tests.slack_server.views import message_json

ME = Author("earshot", "Earshot", is_bot=True)
MONTH = timedelta(days=30)


def ago(**past: float) -> timedelta:
    return timedelta(**past)


@dataclass
class Bot:
    """One process of the bot. It was invited to #general a month ago."""

    slack: SlackServer
    store: Store
    client: AsyncWebClient
    model: FakeModel = field(default_factory=lambda: FakeModel(reply_text="Paris."))
    is_installed: bool = True

    def __post_init__(self) -> None:
        app = self.slack.team.bot
        self.team = Team(
            self.slack.team.id, "Harbor", app.id, app.bot_id or "", self.slack.app_id, self.client
        )
        self.platform = FakePlatform(name="slack")
        self.restart()

    def restart(self) -> None:
        """Begin anew with the history as it is."""
        now = self.slack.clock.now
        self.pipeline = Pipeline(
            self.store, self.model, self.platform, ME, now, settling=Settling(0.0, 0.0)
        )
        self.people = People(name="Earshot", kept=Memory(self.store))
        self.threads = Threads(self.store, self.people, clock=now)
        self.turns = InOrder()
        self.catch_up = CatchUp(
            self.store, self.pipeline, self.people, self.threads, self.turns, Installed(self), now
        )

    async def invited(self, channel: Channel | None = None) -> None:
        """Let it be in a channel for a month."""
        before = Membership(self.store, lambda: self.slack.clock.now() - MONTH)
        channel = channel or self.slack.general
        if self.team_user not in channel.members:
            channel.members.append(self.team_user)
        await self.store.workspaces.joined("slack", self.team.id, at=self.slack.clock.now() - MONTH)
        await before.joined(self.place(channel))

    async def invited_now(self, channel: Channel) -> None:
        """Let somebody invite it to a channel, and let it hear of that."""
        channel.members.append(self.team_user)
        await self.catch_up.membership.joined(self.place(channel))

    @property
    def team_user(self) -> str:
        return self.team.user_id

    def place(self, channel: Channel, *, thread: Message | None = None) -> ConversationKey:
        return channel_key(self.team.id, channel.id, thread_ts=thread.ts if thread else None)

    def place_of(self, message: Message) -> ConversationKey:
        thread_ts = message.thread_ts if message.is_reply else None
        return channel_key(self.team.id, message.channel.id, thread_ts=thread_ts)

    async def hears(self, message: Message) -> None:
        """Hear a message as it is said."""
        where = self.place_of(message)
        async with self.turns.turn(turn_of(where)):
            await self.catch_up.place(where, self.team, before=message.ts)
            await self.threads.begin(where, self.team)
            event = {**message_json(message), "channel": message.channel.id}
            told = await heard(event, where, team=self.team, people=self.people, reader=_no_files)
            assert told is not None
            await self.pipeline.receive(told)

    async def sweeps(self) -> None:
        await self.catch_up.sweep(self.team)

    async def entries(
        self, channel: Channel | None = None, *, thread: Message | None = None
    ) -> list[Entry]:
        where = self.place(channel or self.slack.general, thread=thread)
        return await self.store.messages.recent(where, limit=2000)

    async def texts(
        self, channel: Channel | None = None, *, thread: Message | None = None
    ) -> list[str]:
        return [each.text for each in await self.entries(channel, thread=thread)]


class Installed:
    """Gives the workspace of a bot."""

    def __init__(self, bot: Bot) -> None:
        self.bot = bot

    async def team(self, team_id: str) -> Team:
        if not self.bot.is_installed:
            raise PlatformError("not installed there")
        return self.bot.team


async def _no_files(file: object, team: Team) -> None:
    return None


async def missed(slack, *texts, where="general", **more):
    """Let people say something that nobody hears, a minute apart, the last five minutes ago."""
    return [
        await slack.says(
            "Alice", where, text, ago=ago(minutes=5 + len(texts) - number), tell=False, **more
        )
        for number, text in enumerate(texts)
    ]


@asynccontextmanager
async def listening_bot(slack: SlackServer, database_url: str) -> AsyncIterator[Bot]:
    store = await Store.open(database_url, default_mode=Mode.ACTIVE)
    client = AsyncWebClient(slack.token, base_url=slack.api_url, retry_handlers=[])
    bot = Bot(slack, store, client)
    await bot.invited()
    try:
        yield bot
    finally:
        await bot.pipeline.conversations.stop()
        await store.close()
