"""Takes over edits and deletions of messages wherever they stand, whatever the platform.

A message may stand in a channel and in one of its threads: one that a thread was made of, or that a
thread told to the channel as well.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.messages import ConversationKey, Entry, Mode
from bot.pipeline import Pipeline

NOT_KEPT = "words that are not kept"  # what stands there now, where nothing new is read


@dataclass(frozen=True, slots=True)
class Edited:
    """What an edited message says; its files are not read again.

    `at` is when it was edited by the platform's clock, None where it does not tell. `by_author`:
    people see that it was edited; else the platform added something.
    """

    text: str
    attachments: tuple[str, ...] = ()
    at: datetime | None = field(default=None, compare=False)
    by_author: bool = True


async def taken_over(
    pipeline: Pipeline,
    where: ConversationKey,
    message_id: str,
    edited: Edited,
    *,
    is_missed: bool = False,
) -> bool:
    """Give a message of a channel its new words and files; False: unknown, or unchanged.

    Where nothing new is read, or was when an edit that `is_missed` was made, what no longer stands
    goes, and nothing comes in its place. Raises StoreError.
    """
    places = await pipeline.store.messages.places_with(where, message_id)
    missed_at = edited.at if is_missed else None
    return any([await _changed(pipeline, place, message_id, edited, missed_at) for place in places])


async def forgotten(pipeline: Pipeline, where: ConversationKey, message_id: str) -> None:
    """Forget a message of a channel, and with it the reply to it. Raises StoreError."""
    for place in await pipeline.store.messages.places_with(where, message_id):
        await pipeline.delete(place, message_id)


async def _changed(
    pipeline: Pipeline,
    where: ConversationKey,
    message_id: str,
    edited: Edited,
    missed_at: datetime | None,
) -> bool:
    entry = await pipeline.store.messages.find(where, message_id)
    if entry is None:
        return False
    told = replace(edited, attachments=tuple(_as_read(edited.attachments, entry.attachments)))
    if not await _is_read(pipeline, where, missed_at):
        told = _what_still_stands(entry, told)
    edit = pipeline.store.messages.edit  # which keeps the newer of two edits that changed places
    return await edit(
        where,
        message_id,
        told.text,
        at=told.at or pipeline.clock(),
        attachments=told.attachments,
        by_author=told.by_author,
    )


async def _is_read(pipeline: Pipeline, where: ConversationKey, missed_at: datetime | None) -> bool:
    """Tell whether new words are read in a place: now, and also when they were missed there."""
    if (await pipeline.store.channels.settings(where)).mode is Mode.OFF:
        return False
    if missed_at is None:
        return True
    mark = await pipeline.store.marks.heard_from(where)
    return mark is None or missed_at >= mark


def _what_still_stands(entry: Entry, told: Edited) -> Edited:
    """Leave of what is known of a message what it still says."""
    left = tuple(each for each in entry.attachments if each in told.attachments)
    if told.text == entry.text or not told.by_author:
        return replace(told, text=entry.text, attachments=left)
    # An earlier moment: what was read of this very edit stays, should it only be told again.
    before = told.at and told.at - timedelta(microseconds=1)
    return replace(told, text="", attachments=(*left, NOT_KEPT), at=before)


def _as_read(left: Sequence[str], before: Sequence[str]) -> Iterator[str]:
    """Give the descriptions of unread files with the words that were read of them before."""
    known = list(before)
    for each in left:
        found = next((one for one in known if one == each or one.startswith(f"{each}: ")), None)
        if found is not None:
            known.remove(found)
        yield found or each
