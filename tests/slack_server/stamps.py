"""Ids and time stamps; a time stamp is the id of a message and no two are the same."""

from datetime import UTC, datetime, timedelta

from tests.clock import Clock

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ALPHABET = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"


class Stamps:
    """Gives time stamps and ids."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0
        self._given: set[int] = set()
        self._num_ids = 0

    def ts(self, *, ago: timedelta = timedelta()) -> str:
        """Give a time stamp; those of now grow with each."""
        micros = (self._clock.now() - ago - EPOCH) // timedelta(microseconds=1)
        if not ago:
            micros = self._last = max(micros, self._last + 1)
        while micros in self._given:
            micros += 1
        self._given.add(micros)
        return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"

    def id(self, letter: str) -> str:
        """Give an id that begins with a letter, such as U0000002M."""
        self._num_ids += 1
        number, digits = self._num_ids, ""
        while number:
            number, digit = divmod(number, len(ALPHABET))
            digits = ALPHABET[digit] + digits
        return f"{letter}0{digits.rjust(7, '0')}"

    def seconds(self) -> int:
        """Give the time in whole seconds."""
        return int(self._clock.now().timestamp())
