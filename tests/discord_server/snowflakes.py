"""The ids that are made of the time of the server; knows nothing else of Discord."""

from datetime import UTC, datetime, timedelta

from tests.clock import Clock

DISCORD_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
TIMESTAMP_SHIFT = 22
MOST_IN_A_HURRY = 60_000  # so many ids may be asked for faster than one in a millisecond


class Snowflakes:
    """Gives ids; each has a millisecond of its own, so the order of ids is that of times."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last_ms = 0
        self._given: set[int] = set()

    def next(self) -> str:
        """Give an id of now."""
        now_ms = _milliseconds(self._clock.now())
        was_put_back = now_ms < self._last_ms - MOST_IN_A_HURRY
        self._last_ms = now_ms if was_put_back else max(now_ms, self._last_ms + 1)
        return self._free(self._last_ms)

    def at(self, moment: datetime) -> str:
        """Give an id of some other time, such as that of a message said long ago."""
        return self._free(_milliseconds(moment))

    def on_shard(self, shard: int, num_shards: int) -> str:
        """Give an id that falls on this shard."""
        while True:
            given = self.next()
            if shard_of(given, num_shards) == shard:
                return given

    def _free(self, milliseconds: int) -> str:
        while milliseconds in self._given:
            milliseconds += 1
        self._given.add(milliseconds)
        return str(milliseconds << TIMESTAMP_SHIFT)


def shard_of(guild_id: str, num_shards: int) -> int:
    """Give the shard that hears of this guild."""
    return (int(guild_id) >> TIMESTAMP_SHIFT) % num_shards


def time_of(snowflake: str) -> datetime:
    """Give the time an id was made."""
    return DISCORD_EPOCH + timedelta(milliseconds=int(snowflake) >> TIMESTAMP_SHIFT)


def _milliseconds(moment: datetime) -> int:
    return (moment - DISCORD_EPOCH) // timedelta(milliseconds=1)
