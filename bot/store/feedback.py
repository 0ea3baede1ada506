"""How people took the replies: once for a decision, a kind and a person."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, literal, select

from bot.messages import ConversationKey, Feedback, FeedbackKind, Rule
from bot.store.conversations import in_channel
from bot.store.database import Database, carried_through, insert_or_skip
from bot.store.speakers import is_person
from bot.store.tables import conversations, decisions, feedback, speakers


@carried_through
class Feedbacks:
    """What people thought of replies. Each method is a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def give(
        self,
        where: ConversationKey,
        decision_id: int,
        kind: FeedbackKind,
        *,
        author_id: str,
        at: datetime,
    ) -> bool:
        """Keep what a person thought of the reply to a decision; False if it was kept before.

        False too where the conversation's channel keeps no such decision, and where the person opted
        out: of them nothing is kept.
        """
        # Locked in PostgreSQL: an opt-out that runs now is waited for, and takes along what is here.
        person = is_person(where.platform, where.workspace, author_id)
        opted_out = select(speakers.c.opted_out).where(person).with_for_update(read=True)
        decision = select(decisions.c.id).where(decisions.c.id == decision_id)
        given = (
            select(
                decisions.c.id,
                literal(kind.value),
                literal(author_id, feedback.c.author_id.type),
                literal(at, feedback.c.at.type),
            )
            .join_from(decisions, conversations)
            .where(decisions.c.id == decision_id, in_channel(where))
        )
        async with self._database.writing() as connection:
            if await connection.scalar(opted_out):
                return False
            # It must not be cleared between the look at it and the feedback on it.
            await connection.execute(decision.with_for_update(read=True, key_share=True))
            kept = await connection.execute(
                insert_or_skip(connection, feedback).from_select(feedback.c.keys(), given)
            )
        return kept.rowcount > 0

    async def take_back(self, decision_id: int, kind: FeedbackKind, *, author_id: str) -> bool:
        """Forget what a person thought; False if nothing of that kind was kept."""
        theirs = delete(feedback).where(
            feedback.c.decision_id == decision_id,
            feedback.c.kind == kind.value,
            feedback.c.author_id == author_id,
        )
        async with self._database.writing() as connection:
            return (await connection.execute(theirs)).rowcount > 0

    async def clear(self, decision_id: int, kinds: Collection[FeedbackKind]) -> int:
        """Forget what everybody thought, of these kinds; give the number of what was kept."""
        given = delete(feedback).where(
            feedback.c.decision_id == decision_id,
            feedback.c.kind.in_([kind.value for kind in kinds]),
        )
        async with self._database.writing() as connection:
            return (await connection.execute(given)).rowcount

    async def received(self, where: ConversationKey, *, since: datetime) -> list[Feedback]:
        """List the feedback of a channel and its threads since a time, oldest first."""
        query = (
            select(
                feedback,
                decisions.c.rule,
                decisions.c.p_speak,
                decisions.c.model,
                decisions.c.adapter,
            )
            .join_from(feedback, decisions)
            .join(conversations, conversations.c.id == decisions.c.conversation_id)
            .where(in_channel(where), feedback.c.at >= since)
            .order_by(feedback.c.at, feedback.c.decision_id)
        )
        async with self._database.reading() as connection:
            return [
                Feedback(
                    kind=FeedbackKind(row.kind),
                    rule=Rule(row.rule),
                    p_speak=row.p_speak,
                    at=row.at,
                    decision_id=row.decision_id,
                    author_id=row.author_id,
                    model=row.model,
                    adapter=row.adapter,
                )
                for row in await connection.execute(query)
            ]
