"""A caller with a real history on SQLite, and the commands over it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.commands import Caller, CommandAnswer, Commands
from bot.messages import Action, Author, ConversationKey, Decision, Message, Rule
from bot.store import Store
from tests.fakes import FakeModel

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)  # a Wednesday
WHERE = ConversationKey("room", "local", "lobby")
ANA = Author("ana", "Ana")
BEN = Author("ben", "Ben")
ME = Author("earshot", "Earshot", is_bot=True)


@dataclass
class Channel:
    """A channel in which Ana types commands; she may manage all of it unless a test says otherwise."""

    store: Store
    model: FakeModel
    caller: Caller = field(
        default_factory=lambda: Caller(
            WHERE, ANA, may_manage=True, now=NOW, may_manage_workspace=True
        )
    )
    num_said: int = 0

    async def run(self, text: str, **changed: object) -> CommandAnswer:
        commands = Commands(store=self.store, model=self.model, me=ME)
        return await commands.run(text, replace(self.caller, **changed))

    async def says(
        self, author: Author, text: str, *, minutes_ago: float = 10, files: tuple[str, ...] = ()
    ) -> str:
        self.num_said += 1
        sent_at = NOW - timedelta(minutes=minutes_ago)
        message = Message(WHERE, f"m{self.num_said}", author, text, sent_at, attachments=files)
        await self.store.messages.record(message)
        return message.id

    async def decides(self, decision: Decision, *, minutes_ago: float = 9) -> None:
        entries = await self.store.messages.recent(WHERE, limit=100)
        waiting = [entry.row for entry in entries if entry.decision_id is None]
        at = NOW - timedelta(minutes=minutes_ago)
        await self.store.decisions.keep(
            WHERE, waiting, decision, model="fake", adapter=None, latency_ms=5.0, at=at
        )


def silent(p_speak: float = 0.12) -> Decision:
    reason = f"P(speak) {p_speak:.2f} is under the threshold 0.50"
    return Decision(Action.SILENT, Rule.THRESHOLD, reason, p_speak, 0.5)


@pytest.fixture
async def channel(database_url: str) -> AsyncIterator[Channel]:
    store = await Store.open(database_url)
    yield Channel(store, FakeModel())
    await store.close()
