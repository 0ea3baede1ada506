"""How the time of some work grows with its input: side by side in one run, so no machine is too slow."""

import time
from collections.abc import Callable

TIMES_LARGER = 16
# Evenly grown it takes 16 times as long; runs of marks, each looked for once, 64; squares 256.
MAX_TIMES_LONGER = 128.0
NUM_TRIES = 5


def is_subquadratic(
    work: Callable[[str], object], text_of: Callable[[int], str], size: int
) -> bool:
    """Tell whether the time grows less than with the square of a text's size.

    `text_of` makes a text of about so many characters, `size` is that of the smaller one.
    """
    small, large = text_of(size), text_of(size * TIMES_LARGER)
    base_s = min(_taken_s(work, small) for _ in range(NUM_TRIES))
    # One quick try is proof; what else the machine did makes others slow.
    return any(_taken_s(work, large) <= MAX_TIMES_LONGER * base_s for _ in range(NUM_TRIES))


def _taken_s(work: Callable[[str], object], text: str) -> float:
    begun_s = time.process_time()
    work(text)
    return time.process_time() - begun_s
