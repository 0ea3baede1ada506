"""Below its own words the assistant answers whoever opens the thread, until somebody else speaks there.

Then they talk with each other, and it is called by its name like anywhere else.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from bot.messages import Message
from bot.store import Store

NUM_LOOKED_BACK = 50  # messages of a thread


async def left_to_others(
    store: Store, said: Sequence[Message], below_ours: Collection[str]
) -> list[Message]:
    """Address none of those below our words to us where others than their author speak there.

    All that is `said` stands in one place; `below_ours` are ids of it. Raises StoreError.
    """
    if not said or not below_ours:
        return list(said)
    where = said[0].conversation
    entries = await store.messages.recent(where, limit=NUM_LOOKED_BACK)
    by = [(each.id, each.author.id) for each in entries if not each.from_assistant]
    by += [(each.id, each.author.id) for each in said]
    authors = {author for message_id, author in by if message_id != where.thread}
    return [
        replace(each, addressed=False)
        if each.id in below_ours and authors - {each.author.id}
        else each
        for each in said
    ]
