"""Run a synthesis at the terminal: a progress bar while it goes, an account at its end."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import typer
from rich.progress import TextColumn
from rich.table import Table
from rich.text import Text

from inference.errors import DataBroken
from inference.tune.data.check_table import PIPED_WIDTH
from inference.tune.data.model_writer import ModelWriter
from inference.tune.data.synthesize import Progress, SynthesisOptions, synthesize
from inference.tune.terminal import StderrBar, table_console

INTERRUPTED = 130  # the exit code of a program that Ctrl-C ended


class WritingBar(StderrBar):
    """How many conversations are written, and how many answers were of no use."""

    def __init__(self, number: int) -> None:
        super().__init__(TextColumn("{task.fields[told]}"), told="")
        self._bar.update(self._task, description="writing", total=number)

    def wrote(self, now: Progress) -> None:
        """Show how far it is."""
        done = now.num_before + now.num_written + now.num_given_up
        told = f"{sum(now.rejected.values())} answers rejected"
        self._bar.update(self._task, completed=done, told=told)


def run_synthesis(
    open_writer: Callable[[], ModelWriter], out: Path, options: SynthesisOptions
) -> None:
    """Write conversations and say what came of it.

    Raises InferenceError, after the account of what was written; DataBroken if nothing was usable.
    """
    progress = Progress()
    try:
        asyncio.run(_run(open_writer, out, options, progress))
    except KeyboardInterrupt:
        typer.echo("Stopped. The same command goes on from here.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    finally:
        if progress.num_answers or progress.num_before or progress.rejected:
            _tell(out, options, progress)
    if not progress.num_before + progress.num_written:
        raise DataBroken("no answer was usable: a larger model writes better than this one")


async def _run(
    open_writer: Callable[[], ModelWriter],
    out: Path,
    options: SynthesisOptions,
    progress: Progress,
) -> None:
    writer = open_writer()
    try:
        with WritingBar(options.number) as bar:
            await synthesize(writer, out, options, progress, on_progress=bar.wrote)
    finally:
        progress.num_tokens = writer.num_tokens
        await writer.close()


def _tell(out: Path, options: SynthesisOptions, progress: Progress) -> None:
    there = progress.num_before + progress.num_written
    before = f", {progress.num_before:,} of them before" if progress.num_before else ""
    typer.echo(f"{out}: {there:,} of {options.number:,} planned conversations are written{before}.")
    if progress.num_given_up:
        typer.echo(
            f"{progress.num_given_up:,} were given up after {options.tries} tries each; the same "
            "command tries them again."
        )
    if progress.num_tokens:
        typer.echo(f"{progress.num_answers:,} answers took {progress.num_tokens:,} tokens.")
    if progress.rejected:
        table_console(piped_width=PIPED_WIDTH).print(_reasons(progress))
    if progress.num_written:
        typer.echo(f"Look at them before you train on them: earshot data check {out}")


def _reasons(progress: Progress) -> Table:
    number = sum(progress.rejected.values())
    table = Table(title=f"{number:,} answers were not taken", title_justify="left")
    table.add_column("answers", justify="right")
    table.add_column("why", overflow="fold")
    for reason, count in progress.rejected.most_common():
        table.add_row(f"{count:,}", Text(reason))
    return table
