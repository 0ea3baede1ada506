"""The bar that shows how far the model is."""

import io
import logging

import pytest
from rich.console import Console

from bot.cli.loading import LoadingBar
from bot.logs import configure_logging
from bot.supervisor import WorkerStatus

STATUSES = [
    WorkerStatus("starting", "the worker is starting"),
    WorkerStatus("loading", "converting the default model: 40%", 0.4),
    WorkerStatus("loading", "loading [the] default model"),
]


def console(*, is_terminal: bool) -> Console:
    return Console(file=io.StringIO(), force_terminal=is_terminal, width=80)


def show(bar: LoadingBar, *statuses: WorkerStatus) -> None:
    for status in statuses:
        bar(status)


def test_a_terminal_sees_how_far_the_model_is_until_it_is_ready(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    terminal = console(is_terminal=True)

    with LoadingBar(terminal) as bar:
        show(bar, *STATUSES, WorkerStatus("ready", ""))
        end = len(terminal.file.getvalue())
        bar.say("The room is open")
        bar(WorkerStatus("restarting", "the worker died; starting it again"))

    shown = terminal.file.getvalue()
    assert "converting the default model: 40%" in shown
    assert "loading [the] default model" in shown
    assert shown[:end].endswith("\x1b[2K")
    assert shown[end:] == "The room is open\n"


def test_a_pipe_sees_no_bar():
    pipe = console(is_terminal=False)

    with LoadingBar(pipe) as bar:
        show(bar, *STATUSES)
        bar.say("The room is open")
        bar(WorkerStatus("ready", ""))

    assert pipe.file.getvalue() == "The room is open\n"


@pytest.mark.parametrize("is_terminal", [True, False])
def test_who_connected_before_the_model_was_ready_is_told_of_that_once(is_terminal):
    shown = console(is_terminal=is_terminal)

    with LoadingBar(shown, ready="The model is ready.") as bar:
        show(bar, *STATUSES)
        bar.say("Connected")
        show(bar, WorkerStatus("ready", ""), *STATUSES, WorkerStatus("ready", ""))

    after = shown.file.getvalue().partition("Connected\n")[2]
    assert after.count("The model is ready.\n") == 1


def test_a_model_that_failed_is_not_called_ready():
    shown = console(is_terminal=False)

    with LoadingBar(shown, ready="The model is ready.") as bar:
        show(bar, *STATUSES, WorkerStatus("failed", "no memory"))

    assert shown.file.getvalue() == ""


def test_what_is_logged_meanwhile_stands_above_the_bar(monkeypatch, capsys):
    monkeypatch.setenv("TERM", "xterm")
    terminal = console(is_terminal=True)
    configure_logging("info", secrets=[])

    with LoadingBar(terminal) as bar:
        show(bar, *STATUSES)
        logging.getLogger("bot").info("purged")

    assert "purged" in terminal.file.getvalue()
    assert capsys.readouterr().err == ""
