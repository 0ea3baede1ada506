"""`python -m inference fit ID`, which people know as `earshot doctor --model ID`."""

from typing import Annotated

import typer

from inference.outline import Precision

Asked = Annotated[
    Precision | None,
    typer.Option("--precision", help="fp32, bf16, fp16, int8 or nf4; whichever fits if not given."),
]
Conversations = Annotated[
    int,
    typer.Option("--conversations", min=1, help="Conversations to keep at hand beside the model."),
]


def fit(
    model: Annotated[str, typer.Argument(help="Hub id, folder or GGUF file.")] = "default",
    *,
    precision: Asked = None,
    conversations: Conversations = 8,
    tokens: Annotated[
        int, typer.Option("--tokens", min=128, help="How long a conversation is.")
    ] = 2048,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Tell how a model fits this machine, without loading it. Exit code 1 if it does not."""
    from rich.console import Console

    from inference.devices import devices
    from inference.fit import Wish
    from inference.fit_report import as_json as jsoned, report_on
    from inference.fit_table import show

    report = report_on(model, devices(), Wish(precision, conversations, tokens))
    if as_json:
        typer.echo(jsoned(report))
    else:
        show(report, Console())
    if report.chosen is None:
        raise typer.Exit(1)
