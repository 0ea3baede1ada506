"""`earshot train`: its options."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from inference.tune.split import HOLD_OUT


def train(  # noqa: PLR0913 - one parameter a flag
    *,
    base: Annotated[
        str, typer.Option("--base", help="Hub id or folder of the model; the default model.")
    ] = "default",
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--data", help="FILE or FILE=WEIGHT, 2 to show it twice an epoch; may be repeated."
        ),
    ] = None,
    decisions_only: Annotated[
        list[str] | None,
        typer.Option(
            "--decisions-only", help="Like --data, but learn when to speak there, not what to say."
        ),
    ] = None,
    dev: Annotated[
        list[Path] | None, typer.Option("--dev", help="A file to look at and never to learn.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="The folder of the adapter.")],
    hold_out: Annotated[
        float, typer.Option("--hold-out", min=0, max=0.9, help="Kept for dev, a share of each.")
    ] = HOLD_OUT,
    rank: Annotated[int, typer.Option("--rank", min=1, help="LoRA r.")] = 64,
    alpha: Annotated[int, typer.Option("--alpha", min=1, help="LoRA alpha.")] = 16,
    dropout: Annotated[
        float, typer.Option("--dropout", min=0, max=0.9, help="LoRA dropout.")
    ] = 0.1,
    lr: Annotated[float, typer.Option("--lr", min=0, help="The learning rate.")] = 2e-4,
    schedule: Annotated[
        Literal["constant", "cosine"], typer.Option("--schedule", help="After the warmup.")
    ] = "constant",
    warmup: Annotated[float, typer.Option("--warmup", min=0, max=1, help="Share of steps.")] = 0.03,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Examples run at once.")] = 4,
    accumulate: Annotated[int, typer.Option("--accumulate", min=1, help="Batches a step.")] = 2,
    max_grad_norm: Annotated[
        float, typer.Option("--max-grad-norm", min=0, help="Larger gradients are cut; 0: never.")
    ] = 0.3,
    max_tokens: Annotated[
        int, typer.Option("--max-tokens", min=64, help="Longer conversations are cut in front.")
    ] = 1024,
    epochs: Annotated[
        float, typer.Option("--epochs", min=0.01, max=10_000, help="Times the data.")
    ] = 1.0,
    max_steps: Annotated[
        int | None, typer.Option("--max-steps", min=1, help="In place of --epochs.")
    ] = None,
    quantize: Annotated[
        Literal["auto", "none", "int8", "nf4"],
        typer.Option("--quantize", help="The base's weights; auto: nf4 on a GPU."),
    ] = "auto",
    precision: Annotated[
        Literal["auto", "fp32", "bf16", "fp16"], typer.Option("--precision", help="To compute in.")
    ] = "auto",
    checkpointing: Annotated[
        bool | None,
        typer.Option(
            "--gradient-checkpointing/--no-gradient-checkpointing",
            help="Less memory, a third slower; on with a quantised base.",
            show_default=False,
        ),
    ] = None,
    loss: Annotated[
        Literal["completions", "everything"], typer.Option("--loss", help="What is learned.")
    ] = "completions",
    speak_weight: Annotated[
        float, typer.Option("--speak-weight", min=0, help="Of a due reply, silence being 1.")
    ] = 3.0,
    reply_weight: Annotated[
        float, typer.Option("--reply-weight", min=0, help="Of each token of a reply.")
    ] = 0.2,
    from_adapter: Annotated[
        Path | None,
        typer.Option("--from-adapter", help="Go on from an adapter, its rank and alpha kept."),
    ] = None,
    own_license: Annotated[
        str, typer.Option("--license", help="Of the adapter, for its card, such as apache-2.0.")
    ] = "",
    seed: Annotated[int, typer.Option("--seed", help="Of all that is drawn.")] = 0,
    dev_every: Annotated[
        int, typer.Option("--dev-every", min=1, help="Steps between two looks at dev.")
    ] = 100,
    save_every: Annotated[
        int, typer.Option("--save-every", min=1, help="Steps a kill can cost at most.")
    ] = 25,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="CPU threads; all cores.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget an unfinished run.")] = False,
) -> None:
    """Train an adapter that knows when to speak; the same command goes on after a kill."""
    if not data and not decisions_only:
        raise typer.BadParameter("name at least one file to learn from", param_hint="--data")
    from inference.tune.base import BaseOptions
    from inference.tune.examples import LossWeights
    from inference.tune.lessons import Source
    from inference.tune.loop import LoopOptions, Schedule
    from inference.tune.lora import LoraOptions
    from inference.tune.progress import TrainingBar
    from inference.tune.train import Looks, TrainOptions, train as run

    _use_threads(threads)
    sources = [Source.parse(text) for text in data or []]
    sources += [Source.parse(text, when_only=True) for text in decisions_only or []]
    options = TrainOptions(
        base=BaseOptions(base, quantize, precision, checkpointing),
        sources=tuple(sources),
        dev=tuple(dev or ()),
        hold_out=hold_out,
        lora=LoraOptions(rank, alpha, dropout),
        loop=LoopOptions(Schedule(lr, schedule, warmup), batch, accumulate, max_grad_norm),
        weights=LossWeights(
            speak=speak_weight, reply=reply_weight, other=0.05 if loss == "everything" else 0.0
        ),
        max_tokens=max_tokens,
        epochs=epochs,
        max_steps=max_steps,
        continue_from=from_adapter,
        license=own_license,
        seed=seed,
    )
    with TrainingBar() as bar:
        run(options, out, bar, fresh=fresh, looks=Looks(dev_every, save_every))
    typer.echo(out)


def _use_threads(threads: int | None) -> None:
    if threads is not None:
        import torch

        torch.set_num_threads(threads)
