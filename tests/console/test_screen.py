"""The screen and the lines typed under it, on real file descriptors."""

import io
import os
import pty
import re
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest
from rich.console import Console

from bot.platforms.screen import (
    CHUNK_BYTES,
    PipedLines,
    Screen,
    TerminalLines,
    half_typed,
    opened_lines,
    safe,
)

ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Terminal:
    """A screen on a terminal that is a string; `visible` is its text without escapes."""

    def __init__(self, *, typed: str = "", width: int = 40) -> None:
        self.output = io.StringIO()
        console = Console(
            file=self.output, force_terminal=True, color_system="standard", width=width
        )
        self.screen = Screen(console, typed=lambda: typed)

    @property
    def raw(self) -> str:
        return self.output.getvalue()

    @property
    def visible(self) -> str:
        """What stands in each row, carriage returns and erasures carried out."""
        rows = []
        for row in self.raw.split("\n"):
            last = row.rsplit("\r\x1b[K", maxsplit=1)[-1]
            rows.append(ESCAPES.sub("", last))
        return "\n".join(rows)


def test_a_line_goes_above_the_prompt_with_what_is_half_typed() -> None:
    terminal = Terminal(typed="hello wor")
    terminal.screen.prompt("Mia> ")

    terminal.screen.line("a reply", name="Earshot")

    assert terminal.visible == "Earshot: a reply\nMia> hello wor"


def test_a_state_stands_before_the_prompt_and_goes_away() -> None:
    terminal = Terminal(typed="hi")
    terminal.screen.prompt("Mia> ")

    terminal.screen.status("Earshot is writing …")
    during = terminal.visible
    terminal.screen.status("")

    assert during == "(Earshot is writing …) Mia> hi"
    assert terminal.visible == "Mia> hi"


def test_a_state_needs_no_prompt() -> None:
    terminal = Terminal()

    terminal.screen.status("thinking")
    during = terminal.visible
    terminal.screen.status("")

    assert (during, terminal.visible) == ("(thinking) ", "")


def test_a_streamed_reply_grows_on_one_line_and_ends_once() -> None:
    terminal = Terminal()
    terminal.screen.prompt("Mia> ")
    said = {"name": "Earshot", "name_style": "bold"}

    for text in ("Paris", "Paris is", "Paris is nice"):
        terminal.screen.stream(text, **said)
    terminal.screen.status("")
    terminal.screen.finish("Paris is nice.", **said)

    assert terminal.visible == "Earshot: Paris is nice.\nMia> "


def test_a_stream_that_takes_words_back_begins_anew() -> None:
    terminal = Terminal()
    said = {"name": "Earshot", "name_style": "bold"}

    terminal.screen.stream("Paris or", **said)
    terminal.screen.finish("Paris", **said)

    assert terminal.visible == "Earshot: Paris or …\nParis\n"


def test_another_line_ends_a_stream() -> None:
    terminal = Terminal()
    terminal.screen.stream("Par", name="Earshot", name_style="bold")

    terminal.screen.line("  taken back")

    assert terminal.visible == "Earshot: Par\n  taken back\n"


def test_a_pipe_gets_whole_lines_and_nothing_else() -> None:
    output = io.StringIO()
    screen = Screen(Console(file=output, force_terminal=False, width=40))
    screen.prompt("Mia> ")

    screen.status("writing")
    screen.stream("Par", name="Earshot", name_style="bold")
    screen.finish("Paris " + "x" * 60, name="Earshot", name_style="bold")
    screen.rewrite("Mia> hi")
    screen.clear()

    assert output.getvalue() == "Earshot: Paris " + "x" * 60 + "\n"


@pytest.mark.parametrize(("typed", "num_rows"), [("Mia> hi", 1), ("x" * 39, 1), ("x" * 85, 3)])
def test_a_typed_line_is_erased_with_all_its_rows(typed: str, num_rows: int) -> None:
    terminal = Terminal(width=40)

    terminal.screen.rewrite(typed)

    assert terminal.raw == f"\x1b[{num_rows}A\r\x1b[J"


def test_what_steers_a_terminal_is_taken_out() -> None:
    assert safe("\x1b[2Ja\rb\x07\u202ec\x9b1m\nd\te") == "[2Jabc1m\nd\te"


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    read_end, write_end = os.pipe()
    yield read_end, write_end
    os.close(read_end)


async def all_lines(lines: PipedLines) -> list[str]:
    read = []
    while (line := await lines.read("> ")) is not None:
        read.append(line)
    return read


@pytest.mark.parametrize(
    ("written", "lines"),
    [
        (b"", []),
        (b"one\ntwo\n", ["one", "two"]),
        (b"one\r\n\ntwo", ["one", "", "two"]),
        ("Léa: ça va\n".encode(), ["Léa: ça va"]),
        (b"not \xff utf-8\n", ["not \ufffd utf-8"]),
    ],
)
async def test_a_pipe_is_read_line_by_line(
    pipe: tuple[int, int], written: bytes, lines: list[str]
) -> None:
    read_end, write_end = pipe
    os.write(write_end, written)
    os.close(write_end)

    assert await all_lines(PipedLines(read_end)) == lines


async def test_a_line_longer_than_a_chunk_stays_whole(tmp_path) -> None:
    long = "ü" * CHUNK_BYTES
    (tmp_path / "typed").write_text(f"{long}\nshort", encoding="utf-8")
    descriptor = os.open(tmp_path / "typed", os.O_RDONLY)

    lines = await all_lines(PipedLines(descriptor))

    os.close(descriptor)
    assert lines == [long, "short"]


async def test_a_terminal_line_is_erased_so_that_it_can_be_shown_as_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("Ana: hi\n"))
    terminal = Terminal()
    lines = TerminalLines(terminal.screen)

    assert await lines.read("Mia> ") == "Ana: hi"
    assert await lines.read("Mia> ") is None
    assert terminal.raw == "\x1b[1A\r\x1b[J"


def test_standard_input_is_a_pipe_unless_it_is_a_terminal(
    monkeypatch: pytest.MonkeyPatch, pipe: tuple[int, int]
) -> None:
    read_end, write_end = pipe
    os.close(write_end)
    with closing(os.fdopen(os.dup(read_end))) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)

        with opened_lines(Terminal().screen) as lines:
            assert isinstance(lines, PipedLines)


def test_a_terminal_is_left_as_it_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    import termios

    master, slave = pty.openpty()
    with closing(os.fdopen(slave)) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        before = termios.tcgetattr(stdin)

        with opened_lines(Terminal().screen) as lines:
            assert isinstance(lines, TerminalLines)
            changed = termios.tcgetattr(stdin)
            changed[3] &= ~termios.ECHO
            termios.tcsetattr(stdin, termios.TCSANOW, changed)

        assert termios.tcgetattr(stdin) == before
    os.close(master)


def test_nothing_is_half_typed_where_nobody_types() -> None:
    assert half_typed() == ""
