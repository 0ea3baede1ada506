"""A bot that hears nothing but commands, with a real history, for the loopback Slack."""

import itertools
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from slack_sdk.web.async_client import AsyncWebClient

from bot.commands import Commands
from bot.messages import Author, ConversationKey, Entry, Message, Mode
from bot.pipeline import Pipeline
from bot.platforms.memory import Memory
from bot.platforms.slack.answering import Answering
from bot.platforms.slack.asking import Asking
from bot.platforms.slack.commanding import Commanding
from bot.platforms.slack.forms import Forms
from bot.platforms.slack.interactions import ASK_ABOUT, Interactions
from bot.platforms.slack.keys import PLATFORM, channel_key, sent_at
from bot.platforms.slack.managing import Managing
from bot.platforms.slack.naming import People
from bot.platforms.slack.refusals import SlackDialect, SlackTrying
from bot.platforms.slack.spoken import Spoken
from bot.platforms.slack.tasks import Once, Tasks
from bot.platforms.slack.teams import Team
from bot.runtime import utc_now
from bot.settle import Settling
from bot.store import Store
from tests import slack_server
from tests.fakes import FakeModel, FakePlatform
from tests.slack_server import SlackServer
from tests.slack_server.views import message_json

ME = Author("earshot", "Earshot", is_bot=True)
FOR_EVER_S = 1e9
REPLY = "About 250 km."
Json = dict[str, object]


@dataclass
class Bot:
    """Takes what people do, as slack_bolt would hand it on; `waits` are those between tries."""

    slack: SlackServer
    team: Team
    store: Store
    pipeline: Pipeline
    tasks: Tasks
    interactions: Interactions
    spoken: Spoken
    waits: list[float]
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

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

    def typed(self, who: str, where: str, text: str, *, url: str = "") -> Json:
        """Give what Slack sends of `/assistant` and a text after it."""
        number, channel = next(self._numbers), self.slack.channel(where)
        return {
            "command": "/assistant",
            "text": text,
            "team_id": self.team.id,
            "channel_id": channel.id,
            "channel_name": channel.name,
            "user_id": self.slack.user(who).id,
            "trigger_id": f"{number}.100.trigger",
            "response_url": url,
        }

    def pressed(self, who: str, message: slack_server.Message, *, url: str = "") -> Json:
        """Give what Slack sends of the one button under a message."""
        (button,) = message.blocks[-1]["elements"]
        return {
            "type": "block_actions",
            "trigger_id": f"{next(self._numbers)}.200.trigger",
            "user": {"id": self.slack.user(who).id},
            "team": {"id": self.team.id},
            "channel": {"id": message.channel.id},
            "container": {
                "type": "message",
                "message_ts": message.ts,
                "channel_id": message.channel.id,
                "is_ephemeral": message.seen_by is not None,
                **({"thread_ts": message.thread_ts} if message.thread_ts else {}),
            },
            "actions": [{key: button[key] for key in ("action_id", "value", "type")}],
            "response_url": url,
        }

    def chosen(self, who: str, message: slack_server.Message, *, url: str = "") -> Json:
        """Give what Slack sends of the shortcut in the menu of a message."""
        return {
            "type": "message_action",
            "callback_id": ASK_ABOUT,
            "trigger_id": f"{next(self._numbers)}.300.trigger",
            "user": {"id": self.slack.user(who).id},
            "team": {"id": self.team.id},
            "channel": {"id": message.channel.id, "name": message.channel.name},
            "message_ts": message.ts,
            "message": message_json(message),
            "response_url": url,
        }

    async def types(self, who: str, where: str, text: str, *, url: str = "") -> object:
        """Let somebody use `/assistant` until all is done; gives the acknowledgement."""
        given = await self.interactions.command(self.typed(who, where, text, url=url), self.team)
        await self.tasks.idle()
        return given

    async def does(self, body: Mapping[str, object]) -> object:
        """Let somebody press or submit something until all is done; gives the acknowledgement."""
        given = await self.interactions.interaction(body, self.team)
        await self.tasks.idle()
        return given

    async def hears(self, message: slack_server.Message) -> bool:
        """Show it a message; tells whether it took it for a command, and waits until all is done."""
        event = self.slack.acts.in_event(message)
        where = channel_key(self.team.id, message.channel.id, thread_ts=message.thread_ts)
        is_command = await self.spoken.spoken(event, where, self.team)
        await self.tasks.idle()
        return is_command

    def whispered(self, where: str, who: str) -> list[str]:
        return [whisper.text for whisper in self.slack.whispers(where, who)]


@asynccontextmanager
async def running_bot(
    database_url: str, slack: SlackServer, *, patience_s: float = 60.0
) -> AsyncIterator[Bot]:
    """Give a bot whose model says how far Turin is, and whose channels are in `mention`."""
    store = await Store.open(database_url, default_mode=Mode.MENTION)
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
        yield bot
        await bot.tasks.close()
    await store.close()


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
    answering = Answering(SlackTrying(found, SlackDialect(), sleep=sleep))
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
    interactions = Interactions(commanding, answering, forms, _pressed, tasks, once)
    spoken = Spoken(commanding, answering, tasks, once)
    return Bot(slack, team, store, pipeline, tasks, interactions, spoken, waits)


async def _receive(pipeline: Pipeline, question: Message, team: Team) -> bool:
    return await pipeline.receive(question)


async def _record(pipeline: Pipeline, event: Json, where: ConversationKey, team: Team) -> None:
    ts, author = str(event["ts"]), Author(str(event["user"]), "Bob")
    await pipeline.overhear(Message(where, ts, author, str(event["text"]), sent_at(ts)))


async def _pressed(body: Mapping[str, object], team: Team) -> bool:
    raise AssertionError("nothing else is pressed here")


def again(body: Json) -> Json:
    """Give the same once more, as Slack sends what it thinks nobody heard."""
    return {**body}


def warnings_in(records: list[logging.LogRecord]) -> list[str]:
    """Give what was logged as going wrong."""
    return [record.getMessage() for record in records if record.levelno >= logging.WARNING]
