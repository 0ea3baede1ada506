"""`earshot evaluate`: its options, and what it prints."""

import json
from pathlib import Path
from typing import Annotated

import typer


def evaluate(  # noqa: PLR0913 - one parameter a flag
    files: Annotated[
        list[Path],
        typer.Argument(help="Conversations, or a folder of them: those held out, if it names any."),
    ],
    *,
    model: Annotated[
        str | None,
        typer.Option("--model", help="Hub id, folder, or name on the server; the default model."),
    ] = None,
    model_url: Annotated[
        str | None,
        typer.Option("--model-url", help="An OpenAI-compatible server; one request a decision."),
    ] = None,
    adapter: Annotated[
        Path | None,
        typer.Option("--adapter", help="Folder of a LoRA adapter; the default model brings one."),
    ] = None,
    prompted: Annotated[
        bool, typer.Option("--prompted", help="No adapter: tell the model when to speak.")
    ] = False,
    chat_form: Annotated[
        Path | None, typer.Option("--chat-form", help="The chat form, in place of the model's own.")
    ] = None,
    persona: Annotated[str, typer.Option("--persona", help="Who the assistant is.")] = "",
    bursts: Annotated[
        bool, typer.Option("--bursts", help="Join random runs of messages and decide on each run.")
    ] = False,
    held_out: Annotated[
        bool, typer.Option("--held-out", help="Only what `earshot train` holds out of each file.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Only N conversations of each file.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a file and nothing else.")
    ] = False,
    baseline_data: Annotated[
        list[str] | None,
        typer.Option(
            "--baseline-data",
            help="What the adapter learned from, FILE or FILE=WEIGHT: a plain regression learns the "
            "same. May be repeated.",
        ),
    ] = None,
    name: Annotated[
        str, typer.Option("--name", help="What the assistant is called in the chats, besides.")
    ] = "Earshot",
    api_key: Annotated[
        str | None,
        typer.Option(
            "--api-key",
            envvar="EARSHOT_MODEL_API_KEY",
            show_envvar=True,
            help="The server's key.",
        ),
    ] = None,
    max_requests: Annotated[
        int, typer.Option("--max-requests", min=1, help="Requests at a time, with --model-url.")
    ] = 4,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="CPU threads; all cores.")
    ] = None,
) -> None:
    """Judge when a model speaks: figures for each file, with the baselines beside the model."""
    from inference.tune.evaluation.files import Reading
    from inference.tune.evaluation.local import LocalChoice
    from inference.tune.evaluation.progress import EvaluationBar
    from inference.tune.evaluation.run import Options, evaluate as run
    from inference.tune.evaluation.window import Naming

    if threads is not None:
        import torch

        torch.set_num_threads(threads)
    options = Options(
        files=tuple(files),
        reading=Reading(Naming(own=name), limit=limit, bursts=bursts, held_out=held_out),
        local=LocalChoice(model, adapter, prompted, chat_form, persona),
        url=model_url,
        api_key=api_key,
        max_requests=max_requests,
        baseline_data=tuple(baseline_data or ()),
        with_baselines=not as_json,
    )
    with EvaluationBar() as bar:
        evaluation = run(options, bar)
    for note in evaluation.notes:
        typer.echo(f"note: {note}", err=True)
    if as_json:
        for figures in evaluation.judgements[0].figures:
            typer.echo(json.dumps(figures.to_dict(), ensure_ascii=False))
        return
    from inference.tune.evaluation.table import print_figures, wide_console

    rows = [(judgement.name, judgement.figures) for judgement in evaluation.judgements]
    print_figures(wide_console(), rows)
