"""`earshot data`: check, synthesize, import. The options; the work is done in `inference.tune.data`."""

from pathlib import Path
from typing import Annotated

import typer

data_app = typer.Typer(no_args_is_help=True, help="Conversations to learn from.")

Out = Annotated[Path, typer.Option("--out", help="The file to write, one conversation a line.")]


@data_app.command()
def check(
    files: Annotated[
        list[Path], typer.Argument(help="Files of conversations, or folders of such files.")
    ],
    *,
    errors_only: Annotated[
        bool, typer.Option("--errors-only", help="Do not list the warnings.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Check conversations: every fault with its line, and a summary; exits with 1 after an error."""
    from inference.tune.data.check import check_files
    from inference.tune.data.check_table import as_json as shown_as_json, print_report

    report = check_files(files)
    if as_json:
        typer.echo(shown_as_json(report))
    else:
        print_report(report, errors_only=errors_only)
    if not report.can_be_trained_on:
        raise typer.Exit(1)
