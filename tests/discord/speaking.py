"""Discord as Earshot speaks there: the real platform and discord.py, a loopback server, a history."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bot.messages import Author, ConversationKey, OutboxItem, OutboxStatus
from bot.platforms.discord.keys import PLATFORM
from bot.platforms.discord.platform import DiscordPlatform
from bot.platforms.discord.trying import trying
from bot.store import Store
from tests.discord_server import Channel, DiscordServer, Person
from tests.discord_server.probe import Ears
from tests.naps import Naps, Pace

ME = Author("1", "Earshot", is_bot=True)
KEY = "0123456789abcdef01234567"


async def always(item: OutboxItem) -> bool:
    return True


@dataclass
class Speaker:
    """One process of Earshot. `other` is the next one, on the same history and server."""

    server: DiscordServer
    client: Ears
    store: Store
    naps: Naps = field(default_factory=Naps)
    pace: Pace = field(default_factory=Pace)
    is_addressed: Callable[[OutboxItem], Awaitable[bool]] = always
    platform: DiscordPlatform = field(init=False)

    def __post_init__(self) -> None:
        self.platform = DiscordPlatform(
            trying(lambda: self.client, sleep=self.naps),
            outbox=self.store.outbox,
            channels=self.store.channels,
            is_addressed=self.is_addressed,
            started_at=self.server.clock.now(),
            sleep=self.pace,
        )

    @property
    def where(self) -> ConversationKey:
        return key_of(self.server.general)

    @property
    def texts(self) -> list[str]:
        """What stands in the general channel of ours."""
        return [message.content for message in self.server.posts(self.server.general)]

    async def restarted(self) -> "Speaker":
        """Give the process after this one."""
        await self.platform.close()
        return Speaker(self.server, self.client, self.store, is_addressed=self.is_addressed)

    async def asked(self, text: str = "Earshot, how far is Turin?") -> tuple[Person, str]:
        """Let Mia ask; gives her and the message's id."""
        mia = self.server.member("Mia")
        message = await mia.says(self.server.general, text, mentions=[self.server.bot])
        return mia, message.id

    async def reply(self, text: str, *, channel: Channel | None = None) -> OutboxItem:
        """Write down a reply to a question of Mia's."""
        _, asked = await self.asked()
        where = self.where if channel is None else key_of(channel)
        return await self.written(self.begun(where, asked), text)

    def begun(self, where: ConversationKey, asked: str) -> OutboxItem:
        """Give a reply without words yet."""
        now = self.server.clock.now()
        return OutboxItem(KEY, where, None, asked, "", OutboxStatus.PENDING, now)

    async def written(self, begun: OutboxItem, text: str) -> OutboxItem:
        """Write the whole reply down, as the pipeline does before it posts it."""
        item = replace(begun, text=text, created_at=self.server.clock.now())
        await self.store.outbox.add(item)
        return item


def key_of(channel: Channel) -> ConversationKey:
    guild = "@me" if channel.guild is None else channel.guild.id
    if channel.is_thread:
        return ConversationKey(PLATFORM, guild, channel.parent_id or "", channel.id)
    return ConversationKey(PLATFORM, guild, channel.id)


@asynccontextmanager
async def speaker(server: DiscordServer, client: Ears, database_url: str) -> AsyncIterator[Speaker]:
    """Give a first process; whatever drafts are open are ended."""
    store = await Store.open(database_url)
    server.clock.advance(1.0)
    speaks = Speaker(server, client, store)
    try:
        yield speaks
    finally:
        await speaks.platform.close()
        await store.close()


def minutes(count: float) -> float:
    return timedelta(minutes=count).total_seconds()


def edits(server: DiscordServer) -> list[str]:
    """List the texts that messages were given later."""
    return [call.body["content"] for call in server.asked("PATCH", "/messages/")]
