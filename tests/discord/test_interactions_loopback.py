"""Commands over the wire: the real discord.py, the platform's own way of posting, Discord's timing."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

import discord
import pytest

from bot.commands import Commands
from bot.messages import Author, ConversationKey, Entry, Message, Mode
from bot.pipeline import Pipeline
from bot.platforms.discord.application import payload_in_all_languages
from bot.platforms.discord.asking import ANSWERED_WITH_NEXT, Asking
from bot.platforms.discord.interactions import Interactions
from bot.platforms.discord.keys import channel_key, conversation_of
from bot.platforms.discord.platform import DiscordPlatform, addressed_by
from bot.platforms.discord.sync import synced
from bot.platforms.discord.trying import Trying
from bot.runtime import utc_now
from bot.settle import Settling
from bot.store import Store
from tests.discord.commanded import ME, warnings_in
from tests.discord_server import Channel, DiscordServer, Permission, discord_server, pointed_at
from tests.discord_server.probe import Ears, ready
from tests.fakes import FakeModel

CALLBACK = "POST */callback"
QUESTION = "how far is Turin?"
REPLY = "About 250 km."
ASKED = f"> {QUESTION}\n{REPLY}"


class Client(Ears):
    """Registers the commands and answers interactions."""

    def __init__(self, server: DiscordServer, store: Store, interactions: Interactions) -> None:
        super().__init__(server)
        self.store = store
        self.interactions = interactions

    async def setup_hook(self) -> None:
        assert await synced(self, self.store.notes, payload_in_all_languages(ME.name))

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        await self.interactions.handle(interaction)
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
            Trying(lambda: self.client),
            outbox=self.store.outbox,
            channels=self.store.channels,
            is_addressed=addressed_by(self.store.decisions),
            clock=utc_now,
            started_at=utc_now(),
        )
        self.pipeline = CountingPipeline(
            self.store, self.model, self.platform, ME, utc_now, settling=Settling(0.0, 0.0)
        )
        self.pipeline.server = self.server
        commands = Commands(store=self.store, model=self.model, me=ME)
        asking = Asking(self.pipeline, self.platform.responders.register, self.hear, self.settled)
        interactions = Interactions(commands, asking, name=ME.name, clock=utc_now)
        self.client = Client(self.server, self.store, interactions)

    async def hear(self, _: discord.Client, message: discord.Message) -> None:
        where, author = conversation_of(message.channel), message.author
        said_by = Author(str(author.id), author.display_name)
        await self.store.messages.record(
            Message(where, str(message.id), said_by, message.content, message.created_at)
        )

    async def settled(self, _: ConversationKey) -> None:
        await self.pipeline.conversations.drain()

    async def said(self, channel: Channel, *, thread: Channel | None = None) -> list[Entry]:
        where = channel_key(
            int(channel.guild.id) if channel.guild else None,
            int(channel.id),
            thread_id=int(thread.id) if thread else None,
        )
        return await self.store.messages.recent(where, limit=100)


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with discord_server() as running:
        with pointed_at(running):
            yield running


@pytest.fixture
async def bot(server: DiscordServer, database_url: str) -> AsyncIterator[Bot]:
    store = await Store.open(database_url, default_mode=Mode.MENTION)
    made = Bot(server, store)
    async with made.pipeline.conversations, ready(made.client):
        yield made
    await made.platform.close()
    await store.close()


async def test_discord_takes_the_commands_in_all_languages(server: DiscordServer, bot: Bot) -> None:
    assert [command["name"] for command in server.commands[""]] == [
        "assistant",
        "Ask Earshot about this",
    ]


async def test_a_question_is_answered_where_it_was_asked(server: DiscordServer, bot: Bot) -> None:
    mia = server.member("Mia", nick="Mia from Ops")

    asked = await mia.slash("assistant ask", question=QUESTION)
    await bot.pipeline.conversations.drain()

    assert asked.text == ASKED
    assert [post.content for post in server.posts(server.general)] == [ASKED]
    question, reply = await bot.said(server.general)
    assert (question.author.name, question.id) == ("Mia from Ops", asked.id)
    assert (reply.text, reply.id) == (REPLY, asked.original.id)


async def test_a_long_answer_goes_on_below(server: DiscordServer, bot: Bot) -> None:
    bot.model.reply_text = "\n".join(["Nine words that say not very much at all."] * 100)

    asked = await server.member("Mia").slash("assistant ask", question=QUESTION)
    await bot.pipeline.conversations.drain()

    assert asked.text.startswith(f"> {QUESTION}\nNine")
    assert len(asked.messages) == 3
    assert all(len(message.content) <= 2000 for message in asked.messages)


async def test_a_question_in_a_thread_is_part_of_the_thread(
    server: DiscordServer, bot: Bot
) -> None:
    mia = server.member("Mia")
    thread = server.add_thread(server.general, "trains", by=mia)

    asked = await mia.slash("assistant ask", where=thread, question=QUESTION)
    await bot.pipeline.conversations.drain()

    assert asked.text == ASKED
    assert [entry.text for entry in await bot.said(server.general, thread=thread)] == [
        QUESTION,
        REPLY,
    ]


async def test_a_setting_changed_in_a_thread_is_that_of_its_channel(
    server: DiscordServer, bot: Bot
) -> None:
    thread = server.add_thread(server.general, "trains", by=server.founder)

    await server.founder.slash("assistant mode", where=thread, mode="listen")

    where = channel_key(int(server.guild.id), int(server.general.id))
    assert (await bot.store.channels.settings(where)).mode is Mode.LISTEN


async def test_a_question_in_a_direct_message_is_answered_there(
    server: DiscordServer, bot: Bot
) -> None:
    mia = server.member("Mia")

    asked = await mia.slash("assistant ask", where=mia.dm, question=QUESTION)

    assert asked.text == ASKED


async def test_who_manages_channels_may_set_them_and_nobody_else(
    server: DiscordServer, bot: Bot
) -> None:
    mia, ben = server.member("Mia"), server.member("Ben")
    server.add_role("keepers", Permission.MANAGE_CHANNELS, to=mia)

    changed = await mia.slash("assistant eagerness", level=70)
    refused = await ben.slash("assistant eagerness", level=10)

    assert (changed.ephemeral, refused.ephemeral) == (False, True)
    where = channel_key(int(server.guild.id), int(server.general.id))
    assert (await bot.store.channels.settings(where)).eagerness == 70


async def test_what_cannot_be_read_is_told_to_the_caller_alone(
    server: DiscordServer, bot: Bot
) -> None:
    told = await server.founder.slash("assistant quiet", wait=False, time="sometimes")
    await server.until(lambda: told.original and told.original.deleted)

    assert [answer.ephemeral for answer in told.followups] == [True]
    assert server.posts(server.general) == []


async def test_completions_are_offered(server: DiscordServer, bot: Bot) -> None:
    offered = await server.founder.is_typing("assistant quiet", option="time", time="unt")

    assert offered == ["until 18:00"]


async def test_a_message_is_asked_about_by_its_menu(server: DiscordServer, bot: Bot) -> None:
    mia = server.member("Mia")
    about = await mia.says(server.general, "Turin is lovely")

    form = await mia.asks_about(about)
    asked = await mia.submits(form, question="is it far?")

    assert asked.text == f'> is it far? "Turin is lovely"\n{REPLY}'
    await bot.pipeline.conversations.drain()
    heard, question, _ = await bot.said(server.general)
    assert (heard.id, question.reply_to) == (about.id, about.id)


async def test_an_acknowledgement_whose_answer_is_lost_does_not_lose_the_question(
    server: DiscordServer, bot: Bot
) -> None:
    server.faults.reset(on=CALLBACK, after=True)

    asked = await server.member("Mia").slash("assistant ask", question=QUESTION)

    assert asked.text == ASKED


async def test_a_question_acknowledged_too_late_is_answered_by_an_ordinary_message(
    server: DiscordServer, bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    gate = server.faults.hold(on=CALLBACK)

    await server.member("Mia").slash("assistant ask", wait=False, question=QUESTION)
    await gate.reached.wait()
    server.clock.advance(4)
    gate.open()
    await server.until(lambda: server.posts(server.general))

    assert [post.content for post in server.posts(server.general)] == [REPLY]
    assert "10062" in warnings_in(caplog.records)[0]


async def test_a_reply_that_takes_longer_than_discord_waits_is_an_ordinary_message(
    server: DiscordServer, bot: Bot
) -> None:
    where = channel_key(int(server.guild.id), int(server.general.id))
    await bot.store.channels.change(where, stream_replies=False)
    bot.model.before_reply = lambda: server.clock.advance(timedelta(minutes=16).total_seconds())

    await server.member("Mia").slash("assistant ask", wait=False, question=QUESTION)
    await server.until(lambda: server.posts(server.general))

    assert [post.content for post in server.posts(server.general)] == [REPLY]


async def test_of_two_questions_answered_at_once_the_first_says_so(
    server: DiscordServer, bot: Bot
) -> None:
    mia, ben = server.member("Mia"), server.member("Ben")
    is_writing, may_go_on = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        is_writing.set()
        await may_go_on.wait()

    bot.model.before_reply = wait
    asked = [await mia.slash("assistant ask", wait=False, question="first?")]
    await is_writing.wait()
    for number, person in enumerate((mia, ben), start=2):
        asked.append(await person.slash("assistant ask", wait=False, question=f"{number}?"))
        await server.until(lambda number=number: bot.pipeline.num_received == number)
    may_go_on.set()
    await server.until(lambda: all(question.settled for question in asked))

    first, second, third = [question.text for question in asked]
    assert first == f"> first?\n{REPLY}"
    assert second == f"> 2?\n{ANSWERED_WITH_NEXT}"
    assert third == f"> 3?\n{REPLY}"
