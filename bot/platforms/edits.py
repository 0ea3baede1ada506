"""Takes over edits of messages wherever a copy of them stands, whatever the platform."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.messages import ConversationKey
from bot.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class Edited:
    """What an edited message says; its files are not read again.

    `at` is when it was edited by the platform's clock, None where it does not tell.
    """

    text: str
    attachments: tuple[str, ...] = ()
    at: datetime | None = field(default=None, compare=False)


async def taken_over(
    pipeline: Pipeline,
    where: ConversationKey,
    message_id: str,
    edited: Edited,
    *,
    copies: Iterable[ConversationKey] = (),
) -> bool:
    """Give a message its new words and files; False: unknown there, or unchanged.

    A thread made of it begins with its copy, of the same id; `copies` are other places that have
    one. Raises StoreError.
    """
    is_changed = await _changed(pipeline, where, message_id, edited)
    for copy in (replace(where, thread=message_id), *copies):
        await _changed(pipeline, copy, message_id, edited)
    return is_changed


async def _changed(
    pipeline: Pipeline, where: ConversationKey, message_id: str, edited: Edited
) -> bool:
    entry = await pipeline.store.messages.find(where, message_id)
    if entry is None:
        return False
    attachments = tuple(_as_read(edited.attachments, entry.attachments))
    at = edited.at or pipeline.clock()
    edit = pipeline.store.messages.edit  # which keeps the newer of two edits that changed places
    return await edit(where, message_id, edited.text, at=at, attachments=attachments)


def _as_read(left: Sequence[str], before: Sequence[str]) -> Iterator[str]:
    """Give the descriptions of unread files with the words that were read of them before."""
    known = list(before)
    for each in left:
        found = next((one for one in known if one == each or one.startswith(f"{each}: ")), None)
        if found is not None:
            known.remove(found)
        yield found or each
