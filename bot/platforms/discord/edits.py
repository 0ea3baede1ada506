"""Takes over edits of messages, also in the threads that were made of them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.messages import ConversationKey
from bot.pipeline import Pipeline
from bot.platforms.discord.hearing import Edited


async def taken_over(
    pipeline: Pipeline, where: ConversationKey, message_id: str, edited: Edited
) -> bool:
    """Give a message its new words and files; False: unknown there, or unchanged.

    A thread made of it begins with its copy, of the same id. Raises StoreError.
    """
    is_changed = await _changed(pipeline, where, message_id, edited)
    await _changed(pipeline, replace(where, thread=message_id), message_id, edited)
    return is_changed


async def _changed(
    pipeline: Pipeline, where: ConversationKey, message_id: str, edited: Edited
) -> bool:
    entry = await pipeline.store.messages.find(where, message_id)
    if entry is None:
        return False
    attachments = tuple(_as_read(edited.attachments, entry.attachments))
    return await pipeline.edit(where, message_id, edited.text, attachments=attachments)


def _as_read(left: Sequence[str], before: Sequence[str]) -> Iterator[str]:
    """Give the descriptions of unread files with the words that were read of them before."""
    known = list(before)
    for each in left:
        found = next((one for one in known if one == each or one.startswith(f"{each}: ")), None)
        if found is not None:
            known.remove(found)
        yield found or each
