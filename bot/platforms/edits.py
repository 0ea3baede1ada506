"""Takes over edits and deletions of messages wherever they stand, whatever the platform.

A message may stand in a channel and in one of its threads: one that a thread was made of, or that a
thread told to the channel as well.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.messages import ConversationKey
from bot.pipeline import Pipeline


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
    pipeline: Pipeline, where: ConversationKey, message_id: str, edited: Edited
) -> bool:
    """Give a message of a channel its new words and files; False: unknown, or unchanged.

    Raises StoreError.
    """
    places = await pipeline.store.messages.places_with(where, message_id)
    return any([await _changed(pipeline, place, message_id, edited) for place in places])


async def forgotten(pipeline: Pipeline, where: ConversationKey, message_id: str) -> None:
    """Forget a message of a channel, and with it the reply to it. Raises StoreError."""
    for place in await pipeline.store.messages.places_with(where, message_id):
        await pipeline.delete(place, message_id)


async def _changed(
    pipeline: Pipeline, where: ConversationKey, message_id: str, edited: Edited
) -> bool:
    entry = await pipeline.store.messages.find(where, message_id)
    if entry is None:
        return False
    attachments = tuple(_as_read(edited.attachments, entry.attachments))
    at = edited.at or pipeline.clock()
    edit = pipeline.store.messages.edit  # which keeps the newer of two edits that changed places
    return await edit(
        where,
        message_id,
        edited.text,
        at=at,
        attachments=attachments,
        by_author=edited.by_author,
    )


def _as_read(left: Sequence[str], before: Sequence[str]) -> Iterator[str]:
    """Give the descriptions of unread files with the words that were read of them before."""
    known = list(before)
    for each in left:
        found = next((one for one in known if one == each or one.startswith(f"{each}: ")), None)
        if found is not None:
            known.remove(found)
        yield found or each
