"""A bot that hears nothing but commands, with a real history, for the loopback Slack."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.commands import Commands
from bot.messages import Author, ConversationKey, Entry, Message, Mode
from bot.pipeline import Pipeline
from bot.platforms.memory import Memory
from bot.platforms.slack.answering import Answering
from bot.platforms.slack.app import Handlers, Intake, new_app
from bot.platforms.slack.asking import Asking
from bot.platforms.slack.claims import Claims
from bot.platforms.slack.commanding import Commanding
from bot.platforms.slack.forms import Forms
from bot.platforms.slack.hearing import place
from bot.platforms.slack.home import Home
from bot.platforms.slack.interactions import Interactions
from bot.platforms.slack.keys import PLATFORM, channel_key, is_direct_chat, sent_at
from bot.platforms.slack.lenient import part_of
from bot.platforms.slack.managing import Managing
from bot.platforms.slack.naming import People
from bot.platforms.slack.refusals import SlackDialect, SlackTrying
from bot.platforms.slack.spoken import Spoken
from bot.platforms.slack.tasks import Once, Tasks
from bot.platforms.slack.teams import Team
from bot.runtime import utc_now
from bot.settle import Settling
from bot.store import Store
from tests.fakes import FakeModel, FakePlatform
from tests.slack_server import SlackServer
from tests.slack_server.desk import Interaction

ME = Author("earshot", "Earshot", is_bot=True)
FOR_EVER_S = 1e9
REPLY = "About 250 km."
Json = dict[str, object]


@dataclass
class Bot:
    """Takes what people do, over a socket of the real Bolt; `waits` are those between tries.

    `heard` tells of each message whether it was a command.
    """

    slack: SlackServer
    team: Team
    store: Store
    pipeline: Pipeline
    tasks: Tasks
    interactions: Interactions
    spoken: Spoken
    waits: list[float]
    heard: list[bool] = field(default_factory=list)

    @property
    def model(self) -> FakeModel:
        assert isinstance(self.pipeline.model, FakeModel)
        return self.pipeline.model

    @property
    def platform(self) -> FakePlatform:
        assert isinstance(self.pipeline.platform, FakePlatform)
        return self.pipeline.platform

    def where(self, channel: str, thread: str | None = None) -> ConversationKey:
        return channel_key(self.team.id, self.slack.channel(channel).id, thread_ts=thread)

    async def said(self, channel: str, thread: str | None = None) -> list[Entry]:
        return await self.store.messages.recent(self.where(channel, thread), limit=100)

    async def types(self, who: str, where: str, text: str) -> Interaction:
        """Let somebody use `/assistant` until all is done."""
        done = await self.slack.slash(who, where, "/assistant", text)
        await self.done()
        return done

    async def done(self) -> None:
        """Wait until everything that people did is dealt with."""
        await self.slack.until_delivered()
        await self.tasks.idle()

    async def again(self, done: Interaction) -> None:
        """Take the same once more, as Slack sends what it thinks nobody heard."""
        assert done.delivery is not None
        body = done.delivery.payload
        take = self.interactions.command if "command" in body else self.interactions.interaction
        await take(body, self.team)
        await self.tasks.idle()

    async def event(self, body: Mapping[str, object], team: Team) -> None:
        event = part_of(body, "event")
        self.heard.append(await self.spoken.spoken(event, place(event, team.id), team))

    def whispered(self, where: str, who: str) -> list[str]:
        return [whisper.text for whisper in self.slack.whispers(where, who)]


@dataclass
class OneTeam:
    """Knows one workspace, and the client of its token."""

    known: Team

    async def team(self, team_id: str, enterprise_id: str | None = None) -> Team:
        assert team_id == self.known.id
        return self.known

    def client(self) -> AsyncWebClient:
        return self.known.client


@asynccontextmanager
async def running_bot(
    database_url: str,
    slack: SlackServer,
    *,
    patience_s: float = 60.0,
    default_mode: Mode = Mode.MENTION,
) -> AsyncIterator[Bot]:
    """Give a bot whose model says how far Turin is, and whose channels begin in `default_mode`."""
    store = await Store.open(database_url, default_mode=default_mode, is_direct=is_direct_chat)
    pipeline = Pipeline(
        store,
        FakeModel(reply_text=REPLY),
        FakePlatform(name=PLATFORM),
        ME,
        utc_now,
        settling=Settling(0.0, 0.0),
        max_age_s=FOR_EVER_S,
    )
    async with pipeline.conversations:
        bot = _bot(slack, store, pipeline, patience_s)
        socket = _socket(slack, bot)
        await socket.connect_async()
        await slack.until_connected()
        yield bot
        await socket.close_async()
        await bot.tasks.close()
    await store.close()


def _socket(slack: SlackServer, bot: Bot) -> AsyncSocketModeHandler:
    known = OneTeam(bot.team)

    async def nothing(_: object) -> None:
        raise AssertionError("nobody installs or removes the app here")

    handlers = Handlers(
        event=bot.event,
        command=bot.interactions.command,
        interaction=bot.interactions.interaction,
        installed=nothing,
        removed=nothing,
    )
    return AsyncSocketModeHandler(
        new_app(Intake(handlers, known), known),
        slack.app_token,
        web_client=AsyncWebClient(base_url=slack.api_url),
    )


def _bot(slack: SlackServer, store: Store, pipeline: Pipeline, patience_s: float) -> Bot:
    client = AsyncWebClient(slack.token, base_url=slack.api_url)
    known, bot_user = slack.team, slack.bot
    team = Team(known.id, known.name, bot_user.id, bot_user.bot_id or "", slack.app_id, client)
    waits: list[float] = []

    async def found(_: ConversationKey) -> Team:
        return team

    async def sleep(wait_s: float) -> None:
        waits.append(wait_s)

    people = People(name=ME.name, kept=Memory(store))
    managing = Managing(people, utc_now)
    answering = Answering(SlackTrying(found, SlackDialect(), sleep=sleep), slack.clock.now)
    commands = Commands(store=store, model=pipeline.model, me=ME)
    asking = Asking(
        pipeline,
        answering,
        managing,
        receive=partial(_receive, pipeline),
        record=partial(_record, pipeline),
        settled=pipeline.conversations.settled,
        patience_s=patience_s,
        sleep=sleep,
    )
    tasks, once = Tasks(), Once()
    commanding = Commanding(commands, managing, asking, answering)
    forms = Forms(store, commands, ME.name, managing.caller, tasks)
    home = Home(store, commands, ME.name, managing.caller, forms, tasks, once)
    interactions = Interactions(commanding, answering, forms, home.acted, tasks, once)
    spoken = Spoken(commanding, answering, tasks, once, Claims(store), pipeline.signs.place)
    return Bot(slack, team, store, pipeline, tasks, interactions, spoken, waits)


async def _receive(pipeline: Pipeline, question: Message, team: Team) -> bool:
    return await pipeline.receive(question)


async def _record(pipeline: Pipeline, event: Json, where: ConversationKey, team: Team) -> None:
    ts, author = str(event["ts"]), Author(str(event["user"]), "Bob")
    await pipeline.overhear(Message(where, ts, author, str(event["text"]), sent_at(ts)))
