"""Where the prompt begins once a conversation outgrows the token budget: one rule for all who prompt.

Pure. Whole bursts go from the front, down to half the budget at once: trimming them one by one
would invalidate the cached prefix with every message.
"""

from collections.abc import Sequence

from inference.wire.text import MAX_MESSAGE_BYTES

MAX_PROMPT_TOKENS = 2048  # what a prompt may hold unless somebody sets it otherwise
MAX_ENTRIES = 400  # messages looked at; 2,048 tokens hold about 100 of ordinary length
HALF = 0.5


def prompt_budget(*, max_prompt_tokens: int, context: int, max_reply_tokens: int) -> int:
    """Give how many tokens a prompt may have, so that a reply still fits a context of `context`."""
    # A context shorter than two replies keeps half of itself for the prompt.
    room = max(context - max_reply_tokens, context // 2)
    return min(max_prompt_tokens, room)


def num_chars(name: str, text: str) -> int:
    """Give what a message counts for in a prompt: each is taken to hold its share of the tokens."""
    # The name, and the markers and template around each turn, cost about as much as 40 characters.
    return 40 + len(name) + min(len(text), MAX_MESSAGE_BYTES)


def half_budget(*, num_prompt_tokens: int, max_prompt_tokens: int) -> float | None:
    """Give the share of a prompt that is half the budget, None if the prompt fits."""
    if num_prompt_tokens <= max_prompt_tokens:
        return None
    return max_prompt_tokens / 2 / num_prompt_tokens


def first_kept(costs: Sequence[int], burst_starts: Sequence[int], *, share: float) -> int | None:
    """Give the index of the first message to keep `share` (0 to 1) of the prompt, None to keep all.

    `costs` are the messages' `num_chars`; the cut falls on one of `burst_starts`, which ascend, and
    the last burst stays whole.
    """
    if not burst_starts:
        return None
    most = sum(costs) * share
    fitting = (index for index in burst_starts if sum(costs[index:]) <= most)
    first = next(fitting, burst_starts[-1])
    return first if first > burst_starts[0] else None
