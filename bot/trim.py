"""Where the prompt begins once the history outgrows the token budget, in rows of the history.

Pure. The rule itself is `inference.wire.trim`'s, which evaluation shares.
"""

from collections.abc import Sequence

from bot.messages import Entry
from inference.wire.trim import HALF, first_kept, half_budget, num_chars


def first_row_kept(
    entries: Sequence[Entry], *, num_prompt_tokens: int, max_prompt_tokens: int
) -> int | None:
    """Give the row with which the prompt is to begin from now on, None to leave it as it is.

    `num_prompt_tokens` is the server's exact count for the prompt made of `entries`; each message
    is taken to hold its share of them by its length. The cut falls between bursts, and the last
    burst stays whole.
    """
    share = half_budget(num_prompt_tokens=num_prompt_tokens, max_prompt_tokens=max_prompt_tokens)
    return None if share is None else _cut(entries, share=share)


def later_half(entries: Sequence[Entry]) -> int | None:
    """Give the row at which the later half of the prompt begins, None if it is all one burst.

    For a prompt that cannot be counted: the server refuses it, or it holds too many messages.
    """
    return _cut(entries, share=HALF)


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
    first = first_kept([_cost(entry) for entry in entries], _burst_starts(entries), share=share)
    return None if first is None else entries[first].row


def _cost(entry: Entry) -> int:
    return 0 if entry.hidden or entry.deleted else num_chars(entry.author.name, entry.text)


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
