"""The worker as a child process: its command, its log lines, its end.

Knows processes and pipes; knows nothing of HTTP or of when a worker should be started again. The
child holds the read end of a pipe on its stdin whose other end only this process has: however this
process ends, the child reads the end of its input and ends too.
"""

import asyncio
import codecs
import logging
import re
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

logger = logging.getLogger(__name__)

PROGRAM = (sys.executable, "-m", "inference")
MAX_LINE_CHARS = 2000
NUM_LINES_KEPT = 40  # a traceback of the model libraries has 10 to 30 lines
PIPES_TIMEOUT_S = 2.0  # a grandchild may hold the pipes open after the child's end

_LEVELS = logging.getLevelNamesMapping()
_LEVEL = re.compile(r"(DEBUG|INFO|WARNING|ERROR|CRITICAL)\b[:\s]*")
_MISSING = re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'")


@dataclass(slots=True)
class Child:
    """A running worker. `stop` must be awaited in the end."""

    process: asyncio.subprocess.Process
    errors: deque[str] = field(default_factory=lambda: deque(maxlen=NUM_LINES_KEPT))
    readers: list[asyncio.Task[None]] = field(default_factory=list)

    @classmethod
    async def start(cls, command: Sequence[str], *, fd: int) -> Self:
        """Start a worker that serves on the socket `fd`. Raises OSError."""
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            pass_fds=(fd,),
            start_new_session=True,  # Ctrl-C is for us, who then stop the child in order
        )
        child = cls(process)
        for stream, level in ((process.stdout, logging.INFO), (process.stderr, logging.WARNING)):
            if stream is not None:
                child.readers.append(asyncio.create_task(child._log(stream, usual=level)))
        return child

    async def ended(self) -> str:
        """Wait until the child ends by itself; give what happened, with its last words."""
        code = await self.process.wait()
        await self._read_out()
        words = self.last_words()
        return f"the worker {_how(code)}: {words}" if words else f"the worker {_how(code)}"

    async def stop(self, *, timeout_s: float) -> None:
        """Ask the child to end, and end it after `timeout_s`; 0 ends it at once."""
        with suppress(ProcessLookupError):
            if self.process.returncode is None and timeout_s > 0:
                self.process.terminate()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.process.wait(), timeout_s)
            if self.process.returncode is None:
                self.process.kill()
        await self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()
        await self._read_out()

    def last_words(self) -> str:
        """Give the last line of the child's errors, "" if there was none."""
        return self.errors[-1].removeprefix("error: ") if self.errors else ""

    def missing_package(self) -> str | None:
        """Name the package whose lack the child complained about, None if it lacks none."""
        found = [match[1] for line in self.errors if (match := _MISSING.search(line))]
        return found[-1] if found else None

    async def _read_out(self) -> None:
        _, unfinished = await asyncio.wait(self.readers, timeout=PIPES_TIMEOUT_S)
        for reader in unfinished:
            reader.cancel()

    async def _log(self, stream: asyncio.StreamReader, *, usual: int) -> None:
        """Log each line at the level it names, what belongs to the line before at that one's."""
        level = usual
        async for line in _lines(stream):
            match = _LEVEL.match(line)
            if match is not None:
                level = _LEVELS[match[1]]
            elif line.startswith("Traceback"):
                level = logging.ERROR
            elif level < logging.ERROR and not line[0].isspace():
                level = usual
            said = line[match.end() :] if match else line
            logger.log(level, "[worker] %s", said.rstrip())
            if stream is self.process.stderr and level >= logging.WARNING:
                self.errors.append(said.strip())


def options(**values: object) -> list[str]:
    """Spell options for a command line; None leaves one out.

    >>> options(port=1, model=None, max_cached_tokens=5)
    ['--port', '1', '--max-cached-tokens', '5']
    """
    given = {name: value for name, value in values.items() if value is not None}
    return [
        word
        for name, value in given.items()
        for word in (f"--{name.replace('_', '-')}", str(value))
    ]


def _how(code: int) -> str:
    if code == -signal.SIGKILL:
        return "was killed, perhaps for lack of memory"
    return f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    """Give the lines of a pipe, also those of progress bars, which end in a carriage return."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    rest = ""
    while piece := await stream.read(65536):
        *lines, rest = re.split(r"[\r\n]", rest + decoder.decode(piece))
        rest = rest[:MAX_LINE_CHARS]
        for line in lines:
            if line.strip():
                yield line[:MAX_LINE_CHARS]
    if rest.strip():
        yield rest
