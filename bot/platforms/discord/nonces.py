"""The names under which Discord takes a message once, and what is known of tries that may have come."""

import time
from dataclasses import dataclass

from bot.platforms.discord.parts import Part

NONCE_S = 120.0  # Discord remembers it "for the past few minutes"

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def nonce(key: str, number: int) -> str:
    """Name a part for Discord, in at most 25 characters.

    22 of a key's 24 hex digits: 88 random bits, so that two replies within the minutes that Discord
    remembers a nonce never share one. Then the part's number in three digits of base 36.
    """
    digits = ""
    for _ in range(3):
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return key[:22] + digits


@dataclass(frozen=True, slots=True)
class Lost:
    """A try whose answer did not come, begun at `since_s`; `by_nonce` Discord may still know it."""

    number: int
    part: Part
    since_s: float
    by_nonce: bool

    def is_known_still(self) -> bool:
        """Tell whether the same again would post nothing anew, if the try was taken."""
        return self.by_nonce and time.monotonic() - self.since_s < NONCE_S
