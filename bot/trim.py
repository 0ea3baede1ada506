"""Where the prompt begins once the history outgrows the token budget.

Pure. Whole bursts go from the front, down to half the budget at once: trimming them one by one
would invalidate the cached prefix with every message.
"""

from collections.abc import Sequence

from bot.messages import Entry
from inference.wire.text import MAX_MESSAGE_BYTES


def first_row_kept(
    entries: Sequence[Entry], *, num_prompt_tokens: int, max_prompt_tokens: int
) -> int | None:
    """Give the row with which the prompt is to begin from now on, None to leave it as it is.

    `num_prompt_tokens` is the server's exact count for the prompt made of `entries`; each message
    is taken to hold its share of them by its length. The cut falls between bursts, and the last
    burst stays whole.
    """
    if num_prompt_tokens <= max_prompt_tokens:
        return None
    return _cut(entries, share=max_prompt_tokens / 2 / num_prompt_tokens)


def later_half(entries: Sequence[Entry]) -> int | None:
    """Give the row at which the later half of the prompt begins, None if it is all one burst.

    For a prompt that cannot be counted: the server refuses it, or it holds too many messages.
    """
    return _cut(entries, share=0.5)


def lighter_burst(entries: Sequence[Entry]) -> list[Entry] | None:
    """Give a burst without the older half of what can go, None if nothing can.

    For a prompt that is one burst and too long all the same. What was said to the assistant stays,
    and so does the last message.
    """
    loose = [entry.row for entry in entries[:-1] if not entry.addressed]
    loose = loose or [entry.row for entry in entries[:-1]]
    going = set(loose[: (len(loose) + 1) // 2])
    return [entry for entry in entries if entry.row not in going] if going else None


def _cut(entries: Sequence[Entry], *, share: float) -> int | None:
    starts = _burst_starts(entries)
    if not starts:
        return None
    num_chars = [_num_chars(entry) for entry in entries]
    max_chars = sum(num_chars) * share
    fitting = [index for index in starts if sum(num_chars[index:]) <= max_chars]
    first = entries[fitting[0] if fitting else starts[-1]]
    return first.row if first.row > entries[starts[0]].row else None


def _num_chars(entry: Entry) -> int:
    if entry.hidden or entry.deleted:
        return 0
    # The name, and the markers and template around each turn, cost about as much as 40 characters.
    return 40 + len(entry.author.name) + min(len(entry.text), MAX_MESSAGE_BYTES)


def _burst_starts(entries: Sequence[Entry]) -> list[int]:
    """Give the indexes at which a burst begins."""
    seen: set[int | None] = set()
    starts = []
    for index, entry in enumerate(entries):
        is_lost = entry.hidden or (entry.deleted and entry.decision_id is None)
        if not (entry.from_assistant or is_lost) and entry.decision_id not in seen:
            starts.append(index)
            seen.add(entry.decision_id)
    return starts
