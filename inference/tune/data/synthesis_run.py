"""Run a synthesis at the terminal: a progress bar while it goes, an account at its end."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress as Bar,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from inference.errors import DataBroken
from inference.tune.data.check_table import PIPED_WIDTH
from inference.tune.data.model_writer import ModelWriter
from inference.tune.data.synthesize import Progress, SynthesisOptions, synthesize

INTERRUPTED = 130  # the exit code of a program that Ctrl-C ended


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
    errors = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[told]}"),
        TimeRemainingColumn(),
    )
    try:
        with Bar(*columns, console=errors, disable=not errors.is_terminal) as bar:
            task = bar.add_task("writing", total=options.number, told="")

            def show(now: Progress) -> None:
                done = now.num_before + now.num_written + now.num_given_up
                told = f"{sum(now.rejected.values())} answers rejected"
                bar.update(task, completed=done, told=told)

            await synthesize(writer, out, options, progress, on_progress=show)
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
        console = Console(emoji=False, highlight=False)
        if not console.is_terminal:
            console = Console(emoji=False, highlight=False, width=PIPED_WIDTH)
        console.print(_reasons(progress))
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
