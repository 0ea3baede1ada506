"""What the bot's history holds, read from its database while nothing happens."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import NullPool, text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.store.engines import with_async_driver

MESSAGES = """
    SELECT m.platform_id AS id, c.workspace, c.channel, c.thread, m.text, m.deleted, m.from_assistant,
        m.addressed, m.attachments, m.reply_to, m.decision_id, s.author_id, d.action, d.rule
    FROM messages m JOIN conversations c ON c.id = m.conversation_id
    JOIN speakers s ON s.id = m.speaker_id
    LEFT JOIN decisions d ON d.id = m.decision_id"""
REPLIES = """
    SELECT o.key, o.decision_id, o.status, o.reply_to, c.channel, c.thread FROM outbox o
    JOIN conversations c ON c.id = o.conversation_id"""
PARTS = "SELECT * FROM reply_parts ORDER BY key, number"

Row = Mapping[str, Any]


@dataclass
class Rows:
    """Messages, replies and the ids of their messages by key; `by_decision` has replies."""

    messages: list[Row]
    replies: list[Row]
    parts: dict[str, list[str]]
    by_decision: dict[int | None, list[Row]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for reply in self.replies:
            self.by_decision.setdefault(reply["decision_id"], []).append(reply)

    @classmethod
    async def read(cls, url: str) -> "Rows":
        """Read the history of either database."""
        engine = create_async_engine(with_async_driver(url), poolclass=NullPool)
        try:
            async with engine.connect() as connection:
                parts = defaultdict(list)
                for row in (await connection.execute(text(PARTS))).mappings():
                    parts[row["key"]].append(row["message_id"])
                messages = (await connection.execute(text(MESSAGES))).mappings().all()
                replies = (await connection.execute(text(REPLIES))).mappings().all()
                return cls([*messages], [*replies], parts)
        finally:
            await engine.dispose()

    def statuses(self, decision_id: int | None) -> list[str]:
        """Say what became of the replies to a decision."""
        return [one["status"] for one in self.by_decision.get(decision_id, [])]

    @property
    def own_ids(self) -> set[str]:
        """The ids of every message that the history knows as a reply, or a part of one."""
        known = {one for parts in self.parts.values() for one in parts}
        return known | {row["id"] for row in self.messages if row["from_assistant"]}
