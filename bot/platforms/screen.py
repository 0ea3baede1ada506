"""What a terminal chat shows, and the lines typed under it.

Knows a terminal from a pipe: a terminal gets colours and a prompt that stays at the bottom while
replies come in, a pipe gets the same words one line each. Knows nothing of conversations.
"""

import asyncio
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import ModuleType
from typing import Protocol, TypeVar

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

readline: ModuleType | None
termios: ModuleType | None
try:  # both are missing on Windows, where the console edits lines by itself
    import readline
    import termios
except ImportError:
    readline = termios = None

_Result = TypeVar("_Result")

# People's and models' words must not steer the terminal: escape sequences, carriage returns,
# direction overrides.
_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
CHUNK_BYTES = 65536
ERASE_LINE = "\r\x1b[K"


class Lines(Protocol):
    """Where typed lines come from."""

    async def read(self, prompt: str) -> str | None:
        """Give the next line without its end, None when there are no more."""
        ...


class Screen:
    """Prints lines above the prompt. `typed` gives what stands half-typed behind the prompt."""

    def __init__(self, console: Console, *, typed: Callable[[], str] = str) -> None:
        self._console = console
        self._typed = typed
        self._prompt: str | None = None
        self._status = ""
        self._streamed: str | None = None

    @property
    def is_terminal(self) -> bool:
        """Whether a person looks at it, rather than a pipe."""
        return self._console.is_terminal

    def line(self, text: str, *, style: str = "", name: str = "", name_style: str = "") -> None:
        """Print one entry, said by `name` if given."""
        self._end_stream()
        self._print(_entry(text, style=style, name=name, name_style=name_style), end="\n")
        self._show_bottom()

    def stream(self, text: str, *, name: str, name_style: str) -> None:
        """Show the text written so far of an entry that is still growing; nothing in a pipe."""
        if not self.is_terminal:
            return
        shown = safe(text)
        if self._streamed is None:
            self._print(_entry("", name=name, name_style=name_style), end="")
            self._streamed = ""
        if not shown.startswith(self._streamed):
            self._print(Text(" …"), end="\n")
            self._streamed = ""
        self._print(Text(shown[len(self._streamed) :]), end="")
        self._streamed = shown

    def finish(self, text: str, *, name: str, name_style: str) -> None:
        """Print an entry whose beginning `stream` may have shown."""
        if self._streamed is not None:
            self.stream(text, name=name, name_style=name_style)
            self._end_stream()
            self._show_bottom()
        else:
            self.line(text, name=name, name_style=name_style)

    def status(self, text: str) -> None:
        """Show a passing state beside the prompt; "" ends it. Nothing in a pipe."""
        self._status = text
        if self._streamed is None:
            self._show_bottom()

    def prompt(self, prompt: str | None) -> None:
        """Take note that the reader shows this prompt, or none."""
        self._prompt = prompt

    def rewrite(self, typed: str) -> None:
        """Erase a line just typed, prompt included, so that it can be shown as what it meant."""
        if self.is_terminal:
            num_rows = cell_len(typed) // max(1, self._console.width) + 1
            self._write(f"\x1b[{num_rows}A\r\x1b[J")

    def erase(self) -> None:
        """Erase the prompt and what stands behind it, for whatever comes after the chat."""
        self._write(ERASE_LINE)

    def clear(self) -> None:
        """Empty the terminal; nothing in a pipe."""
        self._console.clear()

    def _end_stream(self) -> None:
        if self._streamed is not None:
            self._streamed = None
            self._write("\n")
        elif self._prompt is not None or self._status:
            self._write(ERASE_LINE)

    def _show_bottom(self) -> None:
        status = f"({self._status}) " if self._status else ""
        if self.is_terminal and (self._prompt is not None or status):
            typed = self._typed() if self._prompt is not None else ""
            self._write(f"{ERASE_LINE}{status}{self._prompt or ''}{typed}")
        elif self.is_terminal:
            self._write(ERASE_LINE)

    def _print(self, text: Text, *, end: str) -> None:
        if self._streamed is None and self._prompt is not None:
            self._write(ERASE_LINE)
        # Whole entries are wrapped between words; a growing one, or a pipe's, is left to run on.
        whole = end and self.is_terminal
        self._console.print(text, end=end, soft_wrap=not whole, highlight=False)

    def _write(self, text: str) -> None:
        if self.is_terminal:
            self._console.file.write(text)
            self._console.file.flush()


class TerminalLines:
    """Reads lines a person types, with line editing where the system has it."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    async def read(self, prompt: str) -> str | None:
        """Give the next line, None after Ctrl-D."""
        self._screen.prompt(prompt)
        try:
            line = await _in_thread(partial(input, prompt))
        except EOFError:
            return None
        finally:
            self._screen.prompt(None)
        self._screen.rewrite(prompt + line)
        return line


class PipedLines:
    """Reads lines from a file descriptor, UTF-8, in chunks; the prompt is not shown."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._rest = b""
        self._ended = False

    async def read(self, prompt: str) -> str | None:
        """Give the next line, None at the end."""
        while b"\n" not in self._rest and not self._ended:
            chunk = await _in_thread(partial(os.read, self._descriptor, CHUNK_BYTES))
            self._rest += chunk
            self._ended = not chunk
        if not self._rest:
            return None
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode(errors="replace").rstrip("\r")


@contextmanager
def opened_lines(screen: Screen) -> Iterator[Lines]:
    """Read standard input: line editing on a terminal, which is left as it was found."""
    if not (screen.is_terminal and sys.stdin.isatty()):
        yield PipedLines(sys.stdin.fileno())
        return
    before = termios.tcgetattr(sys.stdin) if termios else None
    try:
        yield TerminalLines(screen)
    finally:
        screen.erase()
        if termios and before:
            # A reader cut off by Ctrl-C leaves the terminal without echo.
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def half_typed() -> str:
    """Give what stands behind the prompt, as far as the system can tell."""
    return str(readline.get_line_buffer()) if readline else ""


def safe(text: str) -> str:
    """Give text without the characters that steer a terminal."""
    return _STEERING.sub("", text)


def _entry(text: str, *, style: str = "", name: str = "", name_style: str = "") -> Text:
    entry = Text(f"{safe(name)}: ", style=name_style) if name else Text()
    return entry.append(safe(text), style=style)


async def _in_thread(read: Callable[[], _Result]) -> _Result:
    """Run a blocking read in a thread that does not keep the process alive.

    asyncio.to_thread would: after Ctrl-C the process would wait for one more line.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_Result] = loop.create_future()

    def settle(deliver: Callable[[], None]) -> None:
        if not future.done():
            deliver()

    def work() -> None:
        try:
            deliver = partial(future.set_result, read())
        except (EOFError, OSError, KeyboardInterrupt) as error:
            deliver = partial(future.set_exception, error)
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, deliver)

    threading.Thread(target=work, name="read a line", daemon=True).start()
    return await future
