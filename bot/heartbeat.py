"""What a running bot tells others on its machine: which platforms it hears, or when it last did.

That is a file, written anew every few seconds. A bot that is stuck, or was killed, writes no more;
one that stops in order takes it away. Who reads it needs no connection and no secret.
"""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bot.config import variable
from bot.errors import ConfigError

logger = logging.getLogger(__name__)

EVERY_S = 10.0
STUCK_S = 60.0  # and nothing was written: it waits for nothing so long
DEAF_S = 180.0  # short troubles pass: a bot without a connection tries at least once a minute

Hears = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Health:
    """The platforms that a bot serves, and a sentence for each thing that is wrong."""

    platforms: Sequence[str]
    troubles: Sequence[str]


@asynccontextmanager
async def beating(
    file: Path | None, ears: Mapping[str, Hears], *, clock: Callable[[], float] = time.time
) -> AsyncIterator[None]:
    """Write the file as long as this lasts, if there is to be one; `ears` tell what is heard now.

    `clock` gives the seconds since 1970. Raises ConfigError where the file cannot be written.
    """
    if file is None:
        yield
        return
    heart = _Heart(file, ears, clock)
    try:
        heart.beat()
    except OSError as error:
        raise ConfigError(
            f"{variable('health_file')}: {file} cannot be written: {error.strerror}"
        ) from error
    beats = asyncio.create_task(heart.beat_for_ever(), name="heartbeat")
    try:
        yield
    finally:
        beats.cancel()
        await asyncio.gather(beats, return_exceptions=True)
        heart.stop()


def health(file: Path, *, now: float) -> Health:
    """Read the file of a bot; `now` is in seconds since 1970."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        written_at, heard_at = float(told["written_at"]), dict(told["heard_at"])
        silent_s = {str(name): now - float(at) for name, at in heard_at.items()}
    except FileNotFoundError:
        return Health((), [f"no bot runs that writes {file}, which it does once it has begun"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        return Health((), [f"{file} cannot be read as what a bot writes: {error}"])
    if now - written_at > STUCK_S:
        stuck = (
            f"the bot is stuck, or was killed: it has written nothing for {now - written_at:.0f} s"
        )
        return Health(list(silent_s), [stuck])
    deaf = [
        f"the bot hears nothing of {name}, for {since_s:.0f} s: its log and `earshot doctor` say why"
        for name, since_s in silent_s.items()
        if since_s > DEAF_S
    ]
    return Health(list(silent_s), deaf)


@dataclass(slots=True)
class _Heart:
    """Writes the file: small, so that it may be done between two other things."""

    file: Path
    ears: Mapping[str, Hears]
    clock: Callable[[], float]
    _heard_at: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        self._heard_at = dict.fromkeys(self.ears, self.clock())

    def beat(self) -> None:
        """Write down what is heard now. Raises OSError."""
        now = self.clock()
        self._heard_at |= {name: now for name, hears in self.ears.items() if hears()}
        beside = self.file.with_name(f"{self.file.name}.new")  # nobody reads half of it
        told = {"written_at": now, "heard_at": self._heard_at}
        beside.write_text(json.dumps(told), encoding="utf-8")
        beside.replace(self.file)

    async def beat_for_ever(self) -> None:
        """Go on until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                self.beat()
            except OSError as error:  # who reads it will find it old
                logger.warning("%s cannot be written: %s", self.file, error.strerror)
            except Exception:  # the top of a task: what one beat could not tell, the next may
                logger.exception("nobody knows what the bot hears")

    def stop(self) -> None:
        """Take the file away."""
        with suppress(OSError):  # it is old soon
            self.file.unlink(missing_ok=True)
