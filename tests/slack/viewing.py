"""What people see and fill in on the loopback Slack, with the views over a real history."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.commands import Caller, Commands
from bot.messages import Author, ChannelSettings, ConversationKey, Message, Mode, workspace_key
from bot.platforms.memory import Memory
from bot.platforms.slack.agent_chats import AgentChats
from bot.platforms.slack.agent_view import AgentView
from bot.platforms.slack.assistant_view import AssistantView
from bot.platforms.slack.forms import Forms
from bot.platforms.slack.home import Home
from bot.platforms.slack.keys import PLATFORM, channel_key, is_direct_chat, sent_at
from bot.platforms.slack.managing import Managing
from bot.platforms.slack.naming import People
from bot.platforms.slack.pane_threads import PaneThreads
from bot.platforms.slack.tasks import Once, Tasks
from bot.platforms.slack.teams import Team
from bot.runtime import utc_now
from bot.store import Store
from tests.fakes import FakeModel, FakePlatform
from tests.slack_server import Channel, SlackServer
from tests.slack_server.desk import Interaction
from tests.slack_server.modals import View

ME = Author("earshot", "Earshot", is_bot=True)
Json = dict[str, Any]


@dataclass
class Rights:
    """Says who may do what, as `Managing` does; `waits_for` may hold it up first."""

    managing: Managing
    waits_for: Any = None

    async def caller(self, team: Team, where: ConversationKey, user_id: str) -> Caller:
        if self.waits_for is not None:
            await self.waits_for()
        return await self.managing.caller(team, where, user_id)


@dataclass
class Seen:
    """The views of one bot, and people in front of them."""

    slack: SlackServer
    team: Team
    store: Store
    model: FakeModel
    platform: FakePlatform
    rights: Rights
    forms: Forms
    tasks: Tasks
    home: Home = field(init=False)
    pane: AssistantView = field(init=False)
    agent: AgentView = field(init=False)

    def __post_init__(self) -> None:
        shared = {
            "commands": self.forms.commands,
            "name": ME.name,
            "caller": self.rights.caller,
            "tasks": self.tasks,
        }
        self.home = Home(store=self.store, forms=self.forms, once=Once(), **shared)
        panes, chats = PaneThreads(self.store), AgentChats(self.store)
        self.pane = AssistantView(
            threads=panes, chats=chats, platform=self.platform, once=Once(), **shared
        )
        self.agent = AgentView(chats, panes, self.platform, ME.name)

    def where(self, channel: str) -> ConversationKey:
        return channel_key(self.team.id, self.slack.channel(channel).id)

    @property
    def for_all(self) -> ConversationKey:
        return workspace_key(PLATFORM, self.team.id)

    async def settings(self, channel: str) -> ChannelSettings:
        return await self.store.channels.settings(self.where(channel))

    def trigger(self, who: str) -> str:
        user = self.slack.user(who)
        return self.slack.desk.begin(Interaction(user, self.slack.team)).trigger_id

    async def opens(self, who: str, where: ConversationKey) -> bool:
        """Let somebody ask for the settings of a channel or of the workspace."""
        return await self.forms.open_settings(
            self.team, self.trigger(who), where, self.slack.user(who).id
        )

    def modal(self, who: str) -> View:
        """Give the form that somebody has in front of them."""
        return self.slack.desk.modals[self.slack.user(who).id][-1]

    def has_modal(self, who: str) -> bool:
        return bool(self.slack.desk.modals.get(self.slack.user(who).id))

    def submitted(self, who: str, **typed: str) -> Json:
        """Give what Slack sends of the form in front of somebody, filled in so."""
        view = self.modal(who)
        view.chosen |= typed
        return {
            "type": "view_submission",
            "user": {"id": self.slack.user(who).id, "team_id": self.team.id},
            "team": {"id": self.team.id},
            "view": view.json(),
        }

    async def submits(self, who: str, **typed: str) -> dict[str, str]:
        """Let somebody submit the form; gives the errors that they see beside the fields."""
        body = self.submitted(who, **typed)
        interaction = Interaction(self.slack.user(who), self.slack.team, view=self.modal(who))
        answer = await self.forms.settings_submitted(body, self.team)
        self.slack.desk.answer_view(interaction, answer)
        return interaction.errors

    async def looks_at_home(self, who: str) -> list[str]:
        """Let somebody open the Home tab; gives its texts."""
        user = self.slack.user(who)
        await self.home.opened({"tab": "home", "user": user.id}, self.team)
        return self.on_home(who)

    def on_home(self, who: str) -> list[str]:
        return texts(self.slack.desk.homes[self.slack.user(who).id].shown)

    def press(self, who: str, label: str, *, beside: str = "") -> Json:
        """Give what Slack sends of a button on somebody's Home tab."""
        view = self.slack.desk.homes[self.slack.user(who).id]
        pressed = next(
            element
            for block, element in view.elements()
            if element["text"]["text"] == label and beside in str(block)
        )
        return {
            "type": "block_actions",
            "trigger_id": self.trigger(who),
            "user": {"id": self.slack.user(who).id},
            "view": view.json(),
            "actions": [{key: pressed.get(key, "") for key in ("action_id", "value", "type")}],
        }

    async def presses(self, who: str, label: str, *, beside: str = "") -> None:
        assert await self.home.acted(self.press(who, label, beside=beside), self.team)
        await self.tasks.idle()

    async def heard(self, who: str, channel: str, text: str) -> None:
        """Let the history have something that somebody wrote."""
        user, ts = self.slack.user(who), self.slack.stamps.ts()
        author = Author(user.id, user.real_name)
        await self.store.messages.record(
            Message(self.where(channel), ts, author, text, sent_at(ts))
        )


def texts(shown: Mapping[str, Any]) -> list[str]:
    """Give what a person reads in a view, block by block."""
    return [text for block in shown["blocks"] for text in _texts(block)]


def _texts(block: Json) -> list[str]:
    inner = [block.get("text"), *block.get("elements", [])]
    return [each["text"] for each in inner if each and isinstance(each.get("text"), str)]


def channel_line(channel: Channel, seen: list[str]) -> str:
    """Give the line about a channel."""
    (line,) = (text for text in seen if text.startswith(f"<#{channel.id}>"))
    return line


@asynccontextmanager
async def seen(database_url: str, slack: SlackServer) -> AsyncIterator[Seen]:
    """Give the views of the workspace, in which channels start in `mention`."""
    store = await Store.open(database_url, default_mode=Mode.MENTION, is_direct=is_direct_chat)
    client = AsyncWebClient(slack.token, base_url=slack.api_url)
    known, bot = slack.team, slack.bot
    team = Team(known.id, known.name, bot.id, bot.bot_id or "", slack.app_id, client)
    model, platform, tasks = FakeModel(), FakePlatform(name=PLATFORM), Tasks()
    rights = Rights(Managing(People(name=ME.name, kept=Memory(store)), utc_now))
    commands = Commands(store=store, model=model, me=ME)
    views: list[Seen] = []

    async def changed(team: Team, user_id: str) -> None:
        await views[0].home.publish(team, user_id)

    forms = Forms(store, commands, ME.name, rights.caller, tasks, changed)
    views.append(Seen(slack, team, store, model, platform, rights, forms, tasks))
    yield views[0]
    await tasks.close()
    await store.close()
