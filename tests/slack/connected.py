"""A connection with the loopback Slack whose handlers only note what comes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.config import Settings
from bot.platforms.slack.app import Acknowledgement, Handlers
from bot.platforms.slack.origins import Body
from bot.platforms.slack.serving import Connection
from bot.platforms.slack.socket import Pace
from bot.platforms.slack.teams import Team
from bot.store import Store
from tests.slack_server import SlackServer
from tests.waiting import WITHIN_S, Happenings

# Looks often; on a slow machine, a connection that takes its time is no outage.
QUICK = Pace(look_s=0.02, told_s=WITHIN_S, spent_s=WITHIN_S, dead_s=WITHIN_S, ping_s=1.0)


@dataclass
class Noted:
    """What came. `fails` is raised for an event instead, `gate` holds each up."""

    events: list[Body] = field(default_factory=list)
    commands: list[Body] = field(default_factory=list)
    interactions: list[Body] = field(default_factory=list)
    teams: list[Team] = field(default_factory=list)
    installed: list[Team] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    num_gaps: int = 0
    said: list[str] = field(default_factory=list)
    fails: Exception | None = None
    gate: asyncio.Event | None = None
    answer: Acknowledgement = "got it"
    _happenings: Happenings = field(default_factory=Happenings)

    @property
    def texts(self) -> list[Any]:
        """The texts of the messages that came, in this order."""
        heard = [body["event"] for body in self.events]
        return [one["text"] for one in heard if one["type"] == "message" and "text" in one]

    async def until(self, true: Any) -> None:
        assert await self._happenings.until(true), self

    def handlers(self) -> Handlers:
        return Handlers(
            self._event, self._command, self._interaction, self._installed, self._removed
        )

    async def gap(self) -> None:
        self.num_gaps += 1
        self._happenings.changed()

    def say(self, line: str) -> None:
        self.said.append(line)
        self._happenings.changed()

    async def _event(self, body: Body, team: Team) -> None:
        if self.gate is not None:
            await self.gate.wait()
        if self.fails is not None:
            raise self.fails
        self.events.append(body)
        self.teams.append(team)
        self._happenings.changed()

    async def _command(self, body: Body, team: Team) -> Acknowledgement:
        self.commands.append(body)
        self._happenings.changed()
        return self.answer

    async def _interaction(self, body: Body, team: Team) -> Acknowledgement:
        self.interactions.append(body)
        self._happenings.changed()
        return self.answer

    async def _installed(self, team: Team) -> None:
        self.installed.append(team)
        self._happenings.changed()

    async def _removed(self, team_id: str) -> None:
        self.removed.append(team_id)
        self._happenings.changed()


def settings_for(slack: SlackServer, **changes: object) -> Settings:
    """Give the settings of an app of one workspace over Socket Mode; None takes one away."""
    given: dict[str, object] = {
        "slack_bot_token": slack.token,
        "slack_app_token": slack.app_token,
        "slack_signing_secret": slack.signing_secret,
        "slack_api_base": slack.api_url.rstrip("/"),
        "slack_port": 0,
    }
    kept = {name: value for name, value in (given | changes).items() if value is not None}
    return Settings(**kept)


@asynccontextmanager
async def connection(
    settings: Settings,
    store: Store,
    noted: Noted,
    *,
    sleep: Any = asyncio.sleep,
    pace: Pace = QUICK,
) -> AsyncIterator[tuple[Connection, asyncio.Task[None]]]:
    """Serve until the end of the block; what it raised before is raised there."""
    made = Connection(settings, store, say=noted.say, sleep=sleep, pace=pace)
    ready = asyncio.Event()
    serving = asyncio.create_task(made.serve(noted.handlers(), on_gap=noted.gap, ready=_set(ready)))
    try:
        yield made, serving
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await made.close()


@asynccontextmanager
async def opened(database_url: str) -> AsyncIterator[Store]:
    store = await Store.open(database_url)
    try:
        yield store
    finally:
        await store.close()


def _set(event: asyncio.Event) -> Any:
    async def ready() -> None:
        event.set()

    return ready


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged of Slack from warnings on, and that it is connected again."""
    told = [one for one in caplog.records if one.name.startswith("bot.platforms.slack")]
    return [one.getMessage() for one in told if one.levelname != "DEBUG"]


async def hears(slack: SlackServer, noted: Noted, text: str = "hello") -> None:
    """Let somebody say something, and wait until that has come."""
    await slack.says("Alice", "general", text)
    await noted.until(lambda: text in noted.texts)
    await slack.until_delivered()
