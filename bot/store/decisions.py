"""What was decided, silence too, and why."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect, Select, delete, func, insert, select, update

from bot.errors import StoreError
from bot.messages import Action, ConversationKey, Decision, KeptDecision, OutboxStatus, Rule
from bot.store.conversations import KEY_COLUMNS, conversation_key, ensured_id, hold, id_at
from bot.store.database import Database, carried_through
from bot.store.tables import AnyRow, conversations, decisions, messages, outbox


@carried_through
class Decisions:
    """The decisions of every conversation. Each method is a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(  # noqa: PLR0913 - the seven things that are known of a decision
        self,
        where: ConversationKey,
        rows: Sequence[int],
        decision: Decision,
        *,
        model: str,
        adapter: str | None,
        latency_ms: float,
        at: datetime,
    ) -> KeptDecision:
        """Keep the decision on a burst: it falls on the last of `rows`, and marks them all.

        Where `clear` took the messages away meanwhile, `message_id` is empty. Raises ValueError
        for no rows.
        """
        if not rows:
            raise ValueError("a decision needs a message to fall on")
        async with self._database.writing() as connection:
            here = await ensured_id(connection, where)
            kept = await connection.execute(
                insert(decisions)
                .values(
                    conversation_id=here,
                    message_id=func.coalesce(_message_id(where, rows[-1]), ""),
                    model=model,
                    adapter=adapter,
                    latency_ms=latency_ms,
                    decided_at=at,
                    **_columns(decision),
                )
                .returning(*decisions.c)
            )
            found = _kept(kept.one())
            await connection.execute(
                update(messages)
                .where(messages.c.conversation_id == here, messages.c.id.in_(rows))
                .values(decision_id=found.id)
            )
        return found

    async def revise(self, decision_id: int, decision: Decision) -> KeptDecision:
        """Replace what was decided; raises StoreError if it is no longer kept."""
        async with self._database.writing() as connection:
            revised = await connection.execute(
                update(decisions)
                .where(decisions.c.id == decision_id)
                .values(**_columns(decision))
                .returning(*decisions.c)
            )
            row = revised.first()
        if row is None:
            raise StoreError(f"decision {decision_id} is no longer kept: it was cleared meanwhile")
        return _kept(row)

    async def begun(self, platform: str, *, since: datetime) -> list[tuple[int, ConversationKey]]:
        """List the decisions to speak since a time that have no whole reply, with where they are.

        Somebody writes the reply just now, or was stopped while it did.
        """
        async with self._database.reading() as connection:
            rows = await connection.execute(_begun(platform, since))
            return [(row.id, conversation_key(row)) for row in rows]

    async def reopen(
        self,
        platform: str,
        *,
        since: datetime,
        keys: Callable[[ConversationKey], bool] = lambda _: True,
        except_for: Collection[int] = (),
    ) -> int:
        """Take back decisions to speak that a stop left without a whole reply; give their number.

        Their messages wait again. Only decisions from `since` on, in the conversations that `keys`
        picks, and not those with an id in `except_for`. To be called by whoever has the turn there.
        """
        async with self._database.writing() as connection:
            rows = [
                row
                for row in await connection.execute(_begun(platform, since))
                if keys(conversation_key(row)) and row.id not in except_for
            ]
            ids = [row.id for row in rows]
            here = {row.conversation_id for row in rows}
            await hold(connection, conversations.c.id.in_(here))
            theirs = messages.c.decision_id.in_(ids)
            await connection.execute(update(messages).where(theirs).values(decision_id=None))
            # A draft that could not be removed yet stays noted, without its decision.
            drafted = outbox.c.decision_id.in_(ids)
            await connection.execute(update(outbox).where(drafted).values(decision_id=None))
            await connection.execute(delete(decisions).where(decisions.c.id.in_(ids)))
        return len(ids)

    async def last(self, where: ConversationKey, n: int) -> list[KeptDecision]:
        """List the conversation's last `n` decisions, newest first."""
        return await self._read(
            select(decisions)
            .where(decisions.c.conversation_id == id_at(where))
            .order_by(decisions.c.id.desc())
            .limit(n)
        )

    async def since(self, where: ConversationKey, since: datetime) -> list[KeptDecision]:
        """List the conversation's decisions since a time, oldest first."""
        return await self._read(
            select(decisions)
            .where(decisions.c.conversation_id == id_at(where), decisions.c.decided_at >= since)
            .order_by(decisions.c.id)
        )

    async def by_id(self, ids: Collection[int]) -> dict[int, KeptDecision]:
        """Find decisions by their ids; unknown ones are left out."""
        found = await self._read(select(decisions).where(decisions.c.id.in_(list(ids))))
        return {each.id: each for each in found}

    async def counts(self, where: ConversationKey, *, since: datetime) -> dict[Action, int]:
        """Count the conversation's decisions since a time by what became of them, zeros too."""
        query = (
            select(decisions.c.action, func.count())
            .where(decisions.c.conversation_id == id_at(where), decisions.c.decided_at >= since)
            .group_by(decisions.c.action)
        )
        async with self._database.reading() as connection:
            found = {row[0]: row[1] for row in await connection.execute(query)}
        return {action: found.get(action, 0) for action in Action}

    async def _read(self, query: Select[Any]) -> list[KeptDecision]:
        async with self._database.reading() as connection:
            return [_kept(row) for row in await connection.execute(query)]


def _begun(platform: str, since: datetime) -> Select[Any]:
    whole_reply = select(outbox.c.key).where(
        outbox.c.decision_id == decisions.c.id, outbox.c.status != OutboxStatus.DRAFT.value
    )
    return (
        select(decisions.c.id, decisions.c.conversation_id, *KEY_COLUMNS)
        .join_from(decisions, conversations)
        .where(
            conversations.c.platform == platform,
            decisions.c.action == Action.SPEAK.value,
            decisions.c.decided_at >= since,
            ~whole_reply.exists(),
        )
        .order_by(decisions.c.id)
    )


def _message_id(where: ConversationKey, row: int) -> ScalarSelect[str]:
    here = messages.c.conversation_id == id_at(where)
    return select(messages.c.platform_id).where(here, messages.c.id == row).scalar_subquery()


def _columns(decision: Decision) -> dict[str, object]:
    return {
        "action": decision.action.value,
        "rule": decision.rule.value,
        "reason": decision.reason,
        "p_speak": decision.p_speak,
        "threshold": decision.threshold,
    }


def _kept(row: AnyRow) -> KeptDecision:
    decision = Decision(Action(row.action), Rule(row.rule), row.reason, row.p_speak, row.threshold)
    return KeptDecision(
        id=row.id,
        message_id=row.message_id,
        decision=decision,
        model=row.model,
        adapter=row.adapter,
        latency_ms=row.latency_ms,
        decided_at=row.decided_at,
    )
