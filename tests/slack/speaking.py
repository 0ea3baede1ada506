"""Slack as Earshot speaks there: the real platform and slack_sdk, a loopback server, a history."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from slack_sdk.web.async_client import AsyncWebClient

from bot.messages import Author, ConversationKey, Message as Heard, OutboxItem, OutboxStatus
from bot.platforms.memory import Memory
from bot.platforms.slack.keys import channel_key, sent_at
from bot.platforms.slack.naming import People
from bot.platforms.slack.platform import SlackPlatform
from bot.platforms.slack.refusals import SlackDialect
from bot.platforms.slack.teams import Team
from bot.platforms.trying import Trying
from bot.store import Store
from tests.naps import Naps, Pace
from tests.slack_server import Channel, Message, SlackServer

ME = Author("U0EARSHOT", "Earshot", is_bot=True)
KEY = "0123456789abcdef01234567"
LONG = "\n\n".join(" ".join([f"word{number}"] * 400) for number in range(3))  # three messages


async def always(item: OutboxItem) -> bool:
    return True


async def never(item: OutboxItem) -> bool:
    return False


def team_of(server: SlackServer) -> Team:
    team = server.team
    client = AsyncWebClient(server.token, base_url=server.api_url)
    return Team(team.id, team.name, team.bot.id, team.bot.bot_id or "", server.app_id, client)


@dataclass
class Seconds:
    """Counts seconds by hand; at each look a minute has passed, unless it stands still."""

    now_s: float = 0.0
    stands: bool = False

    def __call__(self) -> float:
        self.now_s += 0.0 if self.stands else 60.0
        return self.now_s


@dataclass
class Speaker:
    """One process of Earshot. `restarted` gives the next one, on the same history and server."""

    server: SlackServer
    store: Store
    naps: Naps = field(default_factory=Naps)
    pace: Pace = field(default_factory=Pace)
    seconds: Seconds = field(default_factory=Seconds)
    is_addressed: Callable[[OutboxItem], Awaitable[bool]] = always
    platform: SlackPlatform = field(init=False)

    def __post_init__(self) -> None:
        self.team = team_of(self.server)

        async def client(where: ConversationKey) -> Team:
            return self.team

        async def is_addressed(item: OutboxItem) -> bool:
            return await self.is_addressed(item)

        self.trying = Trying(client, SlackDialect(), sleep=self.naps)
        self.platform = SlackPlatform(
            trying=self.trying,
            outbox=self.store.outbox,
            channels=self.store.channels,
            messages=self.store.messages,
            is_addressed=is_addressed,
            clock=self.server.clock.now,
            started_at=self.server.clock.now(),
            home=People(name="Earshot", kept=Memory(self.store)).home,
            sleep=self.pace,
            monotonic=self.seconds,
        )

    @property
    def where(self) -> ConversationKey:
        return self.key_of(self.server.general)

    def key_of(self, channel: Channel, *, thread: str | None = None) -> ConversationKey:
        return channel_key(self.server.team.id, channel.id, thread_ts=thread)

    @property
    def texts(self) -> list[str]:
        """What stands in the general channel of ours."""
        return [message.text for message in self.server.posts("general")]

    async def restarted(self) -> "Speaker":
        """Give the process after this one."""
        await self.platform.close()
        self.server.clock.advance(1.0)
        return Speaker(self.server, self.store, is_addressed=self.is_addressed)

    async def asked(
        self,
        text: str = "how far is Turin?",
        *,
        where: Channel | None = None,
        thread: str | None = None,
    ) -> Message:
        """Let Mia ask, which the history has."""
        channel = where or self.server.general
        message = await self.server.says("Mia", channel, text, thread=thread)
        await self.record(self.key_of(channel, thread=thread), message.ts, text)
        return message

    async def asked_by_command(self, text: str) -> str:
        """Let Mia ask by a command, which stands nowhere; gives the question's id."""
        asked = "ask-1234"
        await self.record(self.where, asked, text)
        return asked

    async def record(self, where: ConversationKey, message_id: str, text: str) -> None:
        mia = self.server.member("Mia")
        now = sent_at(message_id) if "." in message_id else self.server.clock.now()
        author = Author(mia.id, "Mia")
        await self.store.messages.record(
            Heard(where, message_id, author, text, now, addressed=True)
        )

    async def reply(self, text: str) -> OutboxItem:
        """Write down a reply to a question of Mia's."""
        asked = await self.asked()
        return await self.written(self.begun(self.where, asked.ts), text)

    def begun(self, where: ConversationKey, asked: str | None) -> OutboxItem:
        """Give a reply without words yet."""
        now = self.server.clock.now()
        return OutboxItem(KEY, where, None, asked, "", OutboxStatus.PENDING, now)

    async def written(self, begun: OutboxItem, text: str) -> OutboxItem:
        """Write the whole reply down, as the pipeline does before it posts it."""
        item = replace(begun, text=text, created_at=self.server.clock.now())
        await self.store.outbox.add(item)
        return item


@asynccontextmanager
async def speaker(server: SlackServer, database_url: str) -> AsyncIterator[Speaker]:
    """Give a first process; whatever drafts are open are ended."""
    store = await Store.open(database_url)
    server.clock.advance(1.0)
    speaks = Speaker(server, store)
    try:
        yield speaks
    finally:
        await speaks.platform.close()
        await store.close()


def ids(server: SlackServer) -> list[str]:
    """List the ids of what was posted in general."""
    return [message.ts for message in server.posts("general")]
