"""What belongs to a reply: the messages it is shown as, those it answers, its place in the history."""

from sqlalchemy import ColumnElement, FromClause, and_, exists, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import Author, ConversationKey
from bot.store.conversations import id_at
from bot.store.database import insert_or_skip
from bot.store.speakers import ensured_speakers, follow_name, person_key
from bot.store.tables import AnyRow, messages, outbox, reply_parts

_replies = messages.alias("replies")
_asked = messages.alias("asked")
_others = messages.alias("others")


async def parts_beside(
    connection: AsyncConnection, where: ConversationKey, message_id: str
) -> list[str]:
    """List the message ids of all parts of the reply that a message is a part of; none if of none."""
    found, part = reply_parts.alias(), reply_parts
    query = (
        select(part.c.message_id)
        .join(found, found.c.key == part.c.key)
        .where(found.c.conversation_id == id_at(where), found.c.message_id == message_id)
        .order_by(part.c.number)
    )
    return list(await connection.scalars(query))


async def bereft(connection: AsyncConnection, where: ConversationKey, message_id: str) -> list[str]:
    """List the message ids of replies to a message, where all that they answer is deleted.

    A reply answers the addressed messages of its burst, or the whole burst if none was addressed.
    Replies that are deleted themselves are left out, and none is found for an unknown message.
    """
    here = id_at(where)
    the_message = (
        messages.c.conversation_id == here,
        messages.c.platform_id == message_id,
        not_(messages.c.from_assistant),
    )
    its_row = select(messages.c.id).where(*the_message).scalar_subquery()
    its_decision = select(messages.c.decision_id).where(*the_message).scalar_subquery()
    query = (
        select(_replies.c.platform_id)
        .where(
            _replies.c.conversation_id == here,
            _replies.c.id > its_row,  # so that not the whole history is read
            _replies.c.from_assistant,
            not_(_replies.c.deleted),
            or_(_replies.c.decision_id == its_decision, _replies.c.reply_to == message_id),
            not_(_has_a_question_left()),
        )
        .order_by(_replies.c.id)
    )
    found: list[str] = []
    for reply_id in (await connection.scalars(query)).all():
        found += await parts_beside(connection, where, reply_id) or [reply_id]
    return found


async def has_question_left(connection: AsyncConnection, key: str) -> bool:
    """Tell whether something that a reply of the outbox answers is neither deleted nor hidden.

    True also where it is not known what the reply answers.
    """
    named = and_(outbox.c.decision_id.is_(None), _asked.c.platform_id == outbox.c.reply_to)
    in_burst = and_(_asked.c.decision_id == outbox.c.decision_id, not_(_asked.c.from_assistant))
    is_here = _asked.c.conversation_id == outbox.c.conversation_id
    query = (
        select(_asked.c.addressed, _asked.c.deleted, _asked.c.hidden)
        .join_from(outbox, _asked, and_(is_here, or_(named, in_burst)))
        .where(outbox.c.key == key)
    )
    burst = (await connection.execute(query)).all()
    asked = [each for each in burst if each.addressed] or burst
    return not asked or any(not (each.deleted or each.hidden) for each in asked)


async def add_to_history(
    connection: AsyncConnection, item: AnyRow, reply: dict[str, object], author: Author
) -> None:
    """Make a reply of the outbox a message of the history; again, it changes nothing."""
    person = person_key(item.platform, item.workspace, author.id)
    speaker = (await ensured_speakers(connection, {person: author}))[person]
    await follow_name(connection, speaker, author)
    values = {
        "conversation_id": item.conversation_id,
        "speaker_id": speaker.id,
        "text": item.text,
        "reply_to": item.reply_to,
        "decision_id": item.decision_id,
        "from_assistant": True,
        **reply,
    }
    if item.text:  # else it was given up, and only its echo can tell what it said
        await connection.execute(insert_or_skip(connection, messages).values(values))
    await connection.execute(  # the platform's echo of the reply came first
        update(messages)
        .where(
            messages.c.conversation_id == item.conversation_id,
            messages.c.platform_id == reply["platform_id"],
        )
        .values(from_assistant=True, decision_id=item.decision_id)
    )


def _has_a_question_left() -> ColumnElement[bool]:
    # A reply whose decision is no longer kept answers the one message that it names.
    named = and_(_replies.c.decision_id.is_(None), _asked.c.platform_id == _replies.c.reply_to)
    # Correlated by hand: two levels down, SQLAlchemy would look at all replies, not at this one.
    some_addressed = (
        exists().where(_in_burst(_others), _others.c.addressed).correlate_except(_others)
    )
    in_burst = and_(_in_burst(_asked), or_(_asked.c.addressed, not_(some_addressed)))
    return exists().where(
        _asked.c.conversation_id == _replies.c.conversation_id,
        not_(_asked.c.deleted),
        or_(named, in_burst),
    )


def _in_burst(said: FromClause) -> ColumnElement[bool]:
    return and_(said.c.decision_id == _replies.c.decision_id, not_(said.c.from_assistant))
