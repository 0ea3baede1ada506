"""A bot that hears nothing but `/assistant`, with a real history, wired to a loopback Discord."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import discord

from bot.commands import Commands
from bot.messages import Author, Entry, Message, Mode
from bot.pipeline import Pipeline
from bot.platforms.discord.application import payload_in_all_languages
from bot.platforms.discord.asking import Asking
from bot.platforms.discord.interactions import Interactions
from bot.platforms.discord.keys import channel_key, conversation_of
from bot.platforms.discord.platform import DiscordPlatform
from bot.platforms.discord.sync import synced
from bot.platforms.discord.trying import trying
from bot.platforms.handling import Handling
from bot.platforms.speaking import addressed_by
from bot.runtime import utc_now
from bot.settle import Settling
from bot.store import Store
from tests.discord.commanded import ME
from tests.discord_server import Channel, DiscordServer
from tests.discord_server.probe import Ears, ready
from tests.fakes import FakeModel

QUESTION = "how far is Turin?"
REPLY = "About 250 km."
ASKED = f"> {QUESTION}\n{REPLY}"


class Client(Ears):
    """Registers the commands and answers interactions."""

    def __init__(self, server: DiscordServer, store: Store, interactions: Interactions) -> None:
        super().__init__(server)
        self.store = store
        self.interactions = interactions
        self.handling = Handling()
        self.num_handled = 0

    async def setup_hook(self) -> None:
        assert await synced(self, self.store.notes, payload_in_all_languages(ME.name))

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        self.handling.add(asyncio.current_task())
        await self.interactions.handle(interaction)
        self.num_handled += 1
        self.server.changed()


class CountingPipeline(Pipeline):
    """Counts what it was told, and lets those know who wait for that."""

    num_received = 0
    server: DiscordServer

    async def receive(self, message: Message) -> bool:
        is_new = await super().receive(message)
        self.num_received += 1
        self.server.changed()
        return is_new


@dataclass
class Bot:
    server: DiscordServer
    store: Store
    model: FakeModel = field(default_factory=lambda: FakeModel(reply_text=REPLY))
    client: Client | None = None

    def __post_init__(self) -> None:
        self.platform = DiscordPlatform(
            trying(lambda: self.client),
            outbox=self.store.outbox,
            channels=self.store.channels,
            is_addressed=addressed_by(self.store.decisions),
            started_at=utc_now(),
        )
        self.pipeline = CountingPipeline(
            self.store, self.model, self.platform, ME, utc_now, settling=Settling(0.0, 0.0)
        )
        self.pipeline.server = self.server
        commands = Commands(store=self.store, model=self.model, me=ME)
        asking = Asking(
            self.pipeline,
            lambda _, question: self.pipeline.receive(question),
            self.platform.responders.register,
            self.hear,
            self.pipeline.conversations.settled,
        )
        self.interactions = Interactions(commands, asking, name=ME.name, clock=utc_now)
        self.client = Client(self.server, self.store, self.interactions)

    async def hear(self, _: discord.Client, message: discord.Message) -> None:
        where, author = conversation_of(message.channel), message.author
        said_by = Author(str(author.id), author.display_name)
        await self.store.messages.record(
            Message(where, str(message.id), said_by, message.content, message.created_at)
        )

    async def said(self, channel: Channel, *, thread: Channel | None = None) -> list[Entry]:
        where = channel_key(
            int(channel.guild.id) if channel.guild else None,
            int(channel.id),
            thread_id=int(thread.id) if thread else None,
        )
        return await self.store.messages.recent(where, limit=100)


@asynccontextmanager
async def wired_bot(server: DiscordServer, database_url: str) -> AsyncIterator[Bot]:
    store = await Store.open(database_url, default_mode=Mode.MENTION)
    made = Bot(server, store)
    async with made.pipeline.conversations, ready(made.client):
        yield made
    await made.client.handling.stop()
    await made.platform.close()
    await store.close()
