"""`earshot evaluate`: its options, and what it prints."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inference.fit_command import Asked
from inference.tune.split import HOLD_OUT

if TYPE_CHECKING:
    from inference.tune.evaluation.run import Evaluation


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
        typer.Option(
            "--adapter",
            help="Folder of a LoRA adapter, for --model or the base it names; the default model "
            "brings one.",
        ),
    ] = None,
    prompted: Annotated[
        bool, typer.Option("--prompted", help="No adapter: tell the model when to speak.")
    ] = False,
    chat_form: Annotated[
        Path | None, typer.Option("--chat-form", help="The chat form, in place of the model's own.")
    ] = None,
    precision: Asked = None,
    persona: Annotated[str, typer.Option("--persona", help="Who the assistant is.")] = "",
    bursts: Annotated[
        bool, typer.Option("--bursts", help="Join random runs of messages and decide on each run.")
    ] = False,
    held_out: Annotated[
        bool,
        typer.Option(
            "--held-out",
            help="Only what `earshot train` holds out of each file; all of `*.held-out.jsonl`.",
        ),
    ] = False,
    hold_out: Annotated[
        float,
        typer.Option(
            "--hold-out", min=0, max=0.9, help="The share it held out, as `earshot train` was told."
        ),
    ] = HOLD_OUT,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Only N conversations of each file.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a file and nothing else.")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option("--report", help="A folder for a page with plots, confusions and figures."),
    ] = None,
    replies: Annotated[
        bool,
        typer.Option(
            "--replies", help="Judge the words too: facts, replies to direct questions, perplexity."
        ),
    ] = False,
    generations: Annotated[
        int | None,
        typer.Option(
            "--generations",
            min=1,
            help="Let the model begin N answers of each file by itself, and count the well-formed.",
        ),
    ] = None,
    calibrate: Annotated[
        bool,
        typer.Option(
            "--calibrate", help="Set the dial of --adapter by these files; they must be unlearned."
        ),
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
    from inference.tune.calibrate import threshold_of
    from inference.tune.evaluation.files import Reading
    from inference.tune.evaluation.local import LocalChoice
    from inference.tune.evaluation.progress import EvaluationBar
    from inference.tune.evaluation.recalibrate import recalibrate
    from inference.tune.evaluation.report import checked_folder, write_report
    from inference.tune.evaluation.run import Options, evaluate as run
    from inference.tune.evaluation.window import Naming
    from inference.tune.packages import check_packages

    if threads is not None:
        import torch

        torch.set_num_threads(threads)
    if report is not None:
        check_packages(with_plots=True)
        checked_folder(report)
    if calibrate and adapter is None:
        raise typer.BadParameter("name the --adapter to calibrate", param_hint="--calibrate")
    options = Options(
        files=tuple(files),
        reading=Reading(
            Naming(own=name), limit=limit, bursts=bursts, held_out=held_out, hold_out=hold_out
        ),
        local=LocalChoice(model, adapter, prompted, chat_form, persona, precision),
        url=model_url,
        api_key=api_key,
        max_requests=max_requests,
        baseline_data=tuple(baseline_data or ()),
        with_baselines=not as_json or report is not None,
        with_replies=replies,
        num_generations=generations,
    )
    with EvaluationBar() as bar:
        evaluation = run(options, bar)
    _print(evaluation, as_json=as_json)
    if calibrate and adapter is not None:
        calibration = recalibrate(adapter, evaluation.judgements[0].files)
        typer.echo(f"{adapter}: speaks from P(speak) {threshold_of(calibration)}", err=True)
    if report is not None:
        typer.echo(f"report: {write_report(evaluation, report)}", err=True)


def _print(evaluation: "Evaluation", *, as_json: bool) -> None:
    """Print the figures to stdout; with `as_json` all that is no figure of a file goes to stderr."""
    from rich.console import Console

    from inference.tune.evaluation.table import PIPED_WIDTH, print_figures
    from inference.tune.evaluation.words_table import print_generations, print_replies
    from inference.tune.terminal import table_console

    on_stdout = table_console(piped_width=PIPED_WIDTH)
    console = Console(stderr=True, highlight=False) if as_json else on_stdout
    if as_json:
        for one, figures in zip(
            evaluation.conversations, evaluation.judgements[0].figures, strict=True
        ):
            told = figures.to_dict() | {"file": str(one.path)}
            typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        print_figures(console, [(one.name, one.figures) for one in evaluation.judgements])
    if evaluation.replies is not None:
        print_replies(console, evaluation.replies)
    if evaluation.generations:
        print_generations(console, evaluation.generations)
    for note in evaluation.notes:
        typer.echo(f"note: {note}", err=True)
