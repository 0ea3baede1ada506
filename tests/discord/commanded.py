"""A bot that hears nothing but `/assistant`, with a real history, for a simulated Discord."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import discord

from bot.commands import Commands
from bot.messages import Author, ConversationKey, Entry, Message, Mode, OutboxItem
from bot.pipeline import Pipeline
from bot.platforms.discord.answering import InteractionResponder
from bot.platforms.discord.application import Json, payload_in_all_languages
from bot.platforms.discord.asking import Asking
from bot.platforms.discord.interactions import Interactions
from bot.platforms.discord.keys import PLATFORM, conversation_of
from bot.platforms.discord.sync import synced
from bot.platforms.handling import Handling
from bot.runtime import utc_now
from bot.settle import Settling
from bot.store import Store
from tests.fakes import FakeModel, FakePlatform

ME = Author("earshot", "Earshot", is_bot=True)
FOR_EVER_S = 1e9  # the simulated Discord keeps a time of its own


@dataclass
class AskedPlatform(FakePlatform):
    """Answers where a question was asked by a command, as long as that can be done."""

    name: str = PLATFORM
    responders: dict[str, InteractionResponder] = field(default_factory=dict)

    def register(self, message_id: str, responder: InteractionResponder) -> bool:
        return self.responders.setdefault(message_id, responder) is responder

    async def post(self, item: OutboxItem, *, is_new: bool = False) -> str:
        responder = self.responders.get(item.reply_to or "")
        if responder is not None and await responder.is_open():
            try:
                return await responder.edit_first(item.text)
            except discord.NotFound:
                assert responder.expired()
        return await super().post(item, is_new=is_new)

    async def notice(self, where: ConversationKey, text: str, *, reply_to: str | None) -> None:
        responder = self.responders.get(reply_to or "")
        if responder is not None and await responder.is_open():
            await responder.edit_first(text)
        else:
            await super().notice(where, text, reply_to=reply_to)


class Bot(discord.Client):
    """Registers the commands and answers interactions; `hear` records and remembers what it heard."""

    def __init__(self, store: Store, pipeline: Pipeline, *, patience_s: float = 60.0) -> None:
        intents = discord.Intents(guilds=True, guild_messages=True, message_content=True)
        super().__init__(intents=intents, max_messages=None)
        self.store = store
        self.pipeline = pipeline
        self.payload = payload_in_all_languages(ME.name)
        self.heard: list[str] = []
        asking = Asking(
            pipeline,
            lambda _, question: pipeline.receive(question),
            self.platform.register,
            self.hear,
            pipeline.conversations.settled,
            patience_s=patience_s,
        )
        commands = Commands(store=store, model=pipeline.model, me=ME)
        self.handling = Handling()
        self.interactions = Interactions(commands, asking, name=ME.name, clock=utc_now)

    @property
    def platform(self) -> AskedPlatform:
        assert isinstance(self.pipeline.platform, AskedPlatform)
        return self.pipeline.platform

    @property
    def model(self) -> FakeModel:
        assert isinstance(self.pipeline.model, FakeModel)
        return self.pipeline.model

    async def setup_hook(self) -> None:
        assert await synced(self, self.store.notes, self.payload)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        self.handling.add(asyncio.current_task())
        await self.interactions.handle(interaction)

    async def hear(self, _: discord.Client, message: discord.Message) -> None:
        self.heard.append(message.content)
        where, author = conversation_of(message.channel), message.author
        said_by = Author(str(author.id), author.display_name)
        await self.store.messages.record(
            Message(where, str(message.id), said_by, message.content, message.created_at)
        )

    async def said(self, channel_id: int, guild_id: int) -> list[Entry]:
        """Give what the history has of a channel, oldest first."""
        where = ConversationKey(PLATFORM, str(guild_id), str(channel_id))
        return await self.store.messages.recent(where, limit=100)


@asynccontextmanager
async def running_bot(database_url: str, *, patience_s: float = 60.0) -> AsyncIterator[Bot]:
    """Give a bot whose model says how far Turin is, and whose channels are in `mention`."""
    store = await Store.open(database_url, default_mode=Mode.MENTION)
    model, platform = FakeModel(reply_text="About 250 km."), AskedPlatform()
    pipeline = Pipeline(
        store,
        model,
        platform,
        ME,
        utc_now,
        settling=Settling(0.0, 0.0),
        max_age_s=FOR_EVER_S,
    )
    async with pipeline.conversations:
        bot = Bot(store, pipeline, patience_s=patience_s)
        yield bot
        await bot.handling.stop()
    await store.close()


def offers(payload: list[Json], name: str, *its_options: Json) -> None:
    """Add a command to a payload that the definition does not have."""
    options = payload[0]["options"]
    assert isinstance(options, list)
    options.append({"type": 1, "name": name, "description": "Of old.", "options": its_options})
