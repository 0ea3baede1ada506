"""Which messages of ours are a reply's, though nobody wrote down that they are. Pure.

Discord took them, and its answer was lost, or the process died before it could note it. A channel
knows no key of a reply: what a message answers and how it begins must tell, and what else of ours
stands there must never be taken for it.
"""

from collections.abc import Sequence
from datetime import datetime

from discord.utils import snowflake_time

from bot.messages import ASKED, OutboxItem, OutboxStatus
from bot.platforms.discord.parts import MAX_CHARS, Part, text_parts
from bot.platforms.discord.posting import Posted
from bot.split import num_units

NUM_ALIKE = 200  # characters at the beginning: further on, words that grow are cut elsewhere
MIN_ALIKE = 20  # many replies begin with "Yes", and only the same one with as much as this
MIN_FILL = 3  # a message is at least a third full before words go on in the next


def may_stand_since(item: OutboxItem) -> datetime:
    """Give since when a message may be this reply's.

    The time of a whole reply is that of its last word. The first ones may have been shown before,
    but after its question.
    """
    digits = (item.reply_to or "").removeprefix(ASKED)
    if item.status is OutboxStatus.DRAFT or not digits.isdecimal():
        return item.created_at
    return min(item.created_at, snowflake_time(int(digits)))


def answers(posted: Posted, item: OutboxItem) -> bool:
    """Tell whether a message refers to the question, or was given where its command was."""
    if item.reply_to is None:
        return False
    return item.reply_to in (posted.reply_to, f"{ASKED}{posted.command_id}")


def is_loose(posted: Posted) -> bool:
    """Tell whether nothing about a message says what it answers."""
    return posted.reply_to is None and posted.command_id is None


def shows(posted: Posted, part: Part) -> bool:
    """Tell whether a message shows a part, which may stand below the question of a command."""
    return posted.shows(part) or posted.text.endswith(f"\n{part.text}")


def begins_like(posted: Posted, part: Part) -> bool:
    """Tell whether a message that refers to nothing may be an earlier look of a part."""
    one, other = posted.text.strip(), part.text.strip()
    length = min(len(one), len(other), NUM_ALIKE)
    if length < MIN_ALIKE:
        return is_loose(posted) and length > 0 and one == other
    return is_loose(posted) and one[:length] == other[:length]


def goes_on(free: Sequence[Posted], item: OutboxItem, last: Posted | None) -> Posted | None:
    """Find the message with which a draft went on below the `last` one that is known of it.

    What it says nobody knows. It is the next of `free`, those that are no other reply's: one reply at
    a time is written in a place.
    """
    if item.status is not OutboxStatus.DRAFT or last is None:
        return None
    if num_units(last.text) * MIN_FILL < MAX_CHARS:
        return None
    after = (each for each in free if int(each.id) > int(last.id) and is_loose(each))
    return next(after, None)


def left_by_another(
    found: Sequence[Posted], free: Sequence[Posted], item: OutboxItem, ids: Sequence[str]
) -> list[Posted]:
    """Pick from `free` what an earlier process may have posted of a reply beside its known `ids`.

    `found` are all messages of ours, oldest first. The item of a draft has the words that were shown
    first.
    """
    begun = text_parts(item.text)
    left = [
        each
        for each in free
        if answers(each, item) or any(begins_like(each, part) for part in begun)
    ]
    last = next((each for each in found if ids and each.id == ids[-1]), None)
    more = goes_on([each for each in free if each not in left], item, last)
    return left if more is None else [*left, more]
