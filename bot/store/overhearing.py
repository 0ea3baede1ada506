"""Messages that nobody is to decide on: settled in the transaction that writes them down."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import Action, Rule
from bot.store.tables import decisions, messages

REASON = "it was only overheard here, and is decided on where it was said, if anywhere"


async def settle(connection: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Keep a silent decision on a message, given as the row that was just written."""
    decision = insert(decisions).values(
        conversation_id=row["conversation_id"],
        message_id=row["platform_id"],
        action=Action.SILENT.value,
        rule=Rule.OVERHEARD.value,
        reason=REASON,
        model="",
        latency_ms=0.0,
        decided_at=row["sent_at"],
    )
    kept = await connection.scalar(decision.returning(decisions.c.id))
    is_it = (
        messages.c.conversation_id == row["conversation_id"],
        messages.c.platform_id == row["platform_id"],
    )
    await connection.execute(update(messages).where(*is_it).values(decision_id=kept))
