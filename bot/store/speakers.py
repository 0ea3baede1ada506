"""Who speaks: names, and what people asked to have forgotten or never kept.

A person is (platform, workspace, author id).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Update, and_, delete, func, not_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import Author, ConversationKey
from bot.store.conversations import hold, id_at, in_workspace
from bot.store.database import Database, carried_through, insert_or_skip
from bot.store.tables import conversations, decisions, feedback, messages, speakers, storable

MAX_LOOKED_BACK = 2000  # messages; about 3 ms, and far more than a prompt shows
PersonKey = tuple[str, str, str]

_PERSON_COLUMNS = (speakers.c.platform, speakers.c.workspace, speakers.c.author_id)
_SPEAKER_COLUMNS = (
    speakers.c.id,
    speakers.c.name,
    speakers.c.is_bot,
    speakers.c.opted_out,
    speakers.c.kept_from,
)  # as Speaker has them


@dataclass(frozen=True, slots=True)
class Speaker:
    """The row of a person."""

    id: int
    name: str
    is_bot: bool
    opted_out: bool
    kept_from: datetime | None = None

    def keeps(self, said_at: datetime | None) -> bool:
        """Tell whether what they said at a time may be kept; None: nobody knows when that was."""
        if self.opted_out or self.kept_from is None:
            return not self.opted_out
        return said_at is not None and said_at >= self.kept_from


@dataclass(frozen=True, slots=True)
class StoredAbout:
    """What is kept of a person: messages whose text is still there, and when they were sent.

    `num_opinions` counts what they thought of replies.
    """

    num_messages: int
    first_at: datetime | None
    last_at: datetime | None
    opted_out: bool
    num_opinions: int = 0


@carried_through
class Speakers:
    """The wishes of people about what is kept of them, and their names."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def opt_out(self, platform: str, workspace: str, author: Author) -> int:
        """Wipe the person's text and keep none from now on; give the number of messages wiped.

        Their feedback is removed, and none is kept from now on.
        """
        key = person_key(platform, workspace, author.id)
        async with self._database.writing() as connection:
            await hold(connection, in_workspace(platform, workspace))
            speaker = (await ensured_speakers(connection, {key: author}))[key]
            await connection.execute(
                update(speakers).where(speakers.c.id == speaker.id).values(opted_out=True)
            )
            await connection.execute(
                delete(feedback).where(_is_opinion_of(platform, workspace, author.id))
            )
            wiped = await connection.execute(_wiped(speaker.id).values(hidden=True))
        return wiped.rowcount

    async def opt_in(self, platform: str, workspace: str, author_id: str, *, at: datetime) -> None:
        """Keep what the person says from `at` on; what was wiped stays wiped.

        What was said before, and comes only later, is not kept.
        """
        person = and_(is_person(platform, workspace, author_id), speakers.c.opted_out)
        back = update(speakers).where(person).values(opted_out=False, kept_from=at)
        async with self._database.writing() as connection:
            await connection.execute(back)

    async def is_opted_out(self, platform: str, workspace: str, author_id: str) -> bool:
        """Tell whether the person's text must not be kept."""
        query = select(speakers.c.opted_out).where(is_person(platform, workspace, author_id))
        async with self._database.reading() as connection:
            return bool(await connection.scalar(query))

    async def keeps(
        self, platform: str, workspace: str, author_id: str, *, said_at: datetime | None
    ) -> bool:
        """Tell whether what a person said at a time may be kept; None: nobody knows when it was."""
        key = person_key(platform, workspace, author_id)
        async with self._database.reading() as connection:
            found = await _found(connection, [key])
        return key not in found or found[key].keeps(said_at)

    async def forget(self, platform: str, workspace: str, author_id: str, *, at: datetime) -> int:
        """Turn the person's messages into tombstones, remove the name and their feedback.

        What was said before `at`, and comes only later, is not kept either: their id and this time
        stay, also of one whom nobody knew. An opt-out stays. Gives the number of messages forgotten.
        """
        key = person_key(platform, workspace, author_id)
        async with self._database.writing() as connection:
            await hold(connection, in_workspace(platform, workspace))
            speaker = (await ensured_speakers(connection, {key: Author(author_id, "")}))[key]
            is_it = speakers.c.id == speaker.id
            await connection.execute(update(speakers).where(is_it).values(name="", kept_from=at))
            await connection.execute(
                delete(feedback).where(_is_opinion_of(platform, workspace, author_id))
            )
            forgotten = await connection.execute(
                update(messages)
                .where(messages.c.speaker_id == speaker.id, not_(messages.c.deleted))
                .values(text="", attachments=[], deleted=True)
            )
        return forgotten.rowcount

    async def stored(self, platform: str, workspace: str, author_id: str) -> StoredAbout:
        """Tell what is kept of the person; an unknown one has nothing stored."""
        kept = and_(
            messages.c.speaker_id == speakers.c.id,
            not_(messages.c.deleted),
            not_(messages.c.hidden),
        )
        query = (
            select(
                func.count(messages.c.id),
                func.min(messages.c.sent_at),
                func.max(messages.c.sent_at),
                speakers.c.opted_out,
            )
            .select_from(speakers.outerjoin(messages, kept))
            .where(is_person(platform, workspace, author_id))
            .group_by(speakers.c.opted_out)
        )
        opinions = select(func.count()).where(_is_opinion_of(platform, workspace, author_id))
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).first()
            num_opinions = await connection.scalar(opinions) or 0
        about = StoredAbout(*row) if row else StoredAbout(0, None, None, opted_out=False)
        return replace(about, num_opinions=num_opinions)

    async def name(self, platform: str, workspace: str, author_id: str) -> str | None:
        """Give the person's last name seen; None if never seen, or forgotten."""
        query = select(speakers.c.name).where(is_person(platform, workspace, author_id))
        async with self._database.reading() as connection:
            return await connection.scalar(query) or None

    async def names(self, where: ConversationKey) -> list[Author]:
        """List the people who have spoken in a conversation, the latest speaker first.

        Bots, the assistant and forgotten people are not among them, nor is who was silent for the
        last `MAX_LOOKED_BACK` messages.
        """
        latest = (
            select(messages.c.id, messages.c.speaker_id, messages.c.from_assistant)
            .where(messages.c.conversation_id == id_at(where))
            .order_by(messages.c.id.desc())
            .limit(MAX_LOOKED_BACK)
            .subquery()
        )
        query = (
            select(speakers.c.author_id, speakers.c.name)
            .join(latest, latest.c.speaker_id == speakers.c.id)
            .where(not_(latest.c.from_assistant), not_(speakers.c.is_bot), speakers.c.name != "")
            .group_by(speakers.c.id)
            .order_by(func.max(latest.c.id).desc())
        )
        async with self._database.reading() as connection:
            rows = await connection.execute(query)
            return [Author(row.author_id, row.name) for row in rows]


def person_key(platform: str, workspace: str, author_id: str) -> PersonKey:
    """Give a person's key as the row holds it."""
    return storable(platform), storable(workspace), storable(author_id)


def is_person(platform: str, workspace: str, author_id: str) -> ColumnElement[bool]:
    """Pick the row of one person."""
    key = (platform, workspace, author_id)
    return and_(*(column == part for column, part in zip(_PERSON_COLUMNS, key, strict=True)))


async def ensured_speakers(
    connection: AsyncConnection, people: Mapping[PersonKey, Author]
) -> dict[PersonKey, Speaker]:
    """Give the rows of people, making those that are new.

    The rows stay locked until the transaction ends: nobody opts out between this and what the
    caller writes.
    """
    found = await _found(connection, people.keys(), lock=True)
    while missing := sorted(people.keys() - found.keys()):
        names = [column.name for column in _PERSON_COLUMNS]
        rows = [
            dict(zip(names, key, strict=True), name=people[key].name, is_bot=people[key].is_bot)
            for key in missing
        ]
        await connection.execute(insert_or_skip(connection, speakers), rows)
        found |= await _found(connection, missing, lock=True)
    return found


async def follow_name(connection: AsyncConnection, speaker: Speaker, author: Author) -> None:
    """Take over the name that the person's latest message came with."""
    shown = storable(author.name), author.is_bot
    if shown != (speaker.name, speaker.is_bot):
        await connection.execute(
            update(speakers)
            .where(speakers.c.id == speaker.id)
            .values(name=author.name, is_bot=author.is_bot)
        )


async def hold_people(connection: AsyncConnection, platform: str, workspace: str) -> None:
    """Hold the rows of a workspace's people until the transaction ends, for deleting them."""
    theirs = (speakers.c.platform == platform, speakers.c.workspace == workspace)
    query = select(speakers.c.id).where(*theirs).order_by(speakers.c.id).with_for_update()
    await connection.execute(query)


def _is_opinion_of(platform: str, workspace: str, author_id: str) -> ColumnElement[bool]:
    decided_there = (
        select(decisions.c.id)
        .join_from(decisions, conversations)
        .where(in_workspace(platform, workspace))
    )
    return and_(feedback.c.author_id == author_id, feedback.c.decision_id.in_(decided_there))


def _wiped(speaker_id: int) -> Update:
    return (
        update(messages)
        .where(
            messages.c.speaker_id == speaker_id,
            not_(messages.c.hidden),
            not_(messages.c.deleted),
        )
        .values(text="", attachments=[])
    )


async def _found(
    connection: AsyncConnection, keys: Collection[PersonKey], *, lock: bool = False
) -> dict[PersonKey, Speaker]:
    # Column by column, and a few too many: SQLite reads the whole table for (a, b) IN ((...), (...)).
    # PostgreSQL locks the rows in one order, so that two writers cannot wait for each other.
    columns = zip(_PERSON_COLUMNS, zip(*keys, strict=True), strict=True)
    query = (
        select(*_PERSON_COLUMNS, *_SPEAKER_COLUMNS)
        .where(*(column.in_(set(parts)) for column, parts in columns))
        .order_by(speakers.c.id)
    )
    if lock:
        query = query.with_for_update(key_share=True)
    rows = await connection.execute(query)
    return {(each[0], each[1], each[2]): Speaker(*each[3:]) for each in rows}
