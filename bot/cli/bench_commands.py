"""`earshot bench`: what the bot measures itself, and what it hands over to the worker program."""

from typing import Annotated

import typer

from bot.cli.worker import PASSED_ON, become_inference

bench = typer.Typer(help="Measure Earshot on this machine.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
NumMessages = Annotated[int, typer.Option(min=1, help="How many messages.")]


def _handed_over(name: str, about: str) -> None:
    @bench.command(name, help=about, context_settings=PASSED_ON, add_help_option=False)
    def hand_over(ctx: typer.Context) -> None:
        become_inference(["bench", name, *ctx.args])


for _name, _about in (
    ("decide", "Time one decision: on the kept prefix, and in the other ways that people go."),
    ("throughput", "Count decisions a second over many conversations."),
    ("reply", "Count tokens a second of replies."),
    ("memory", "Measure the memory of kept conversations."),
    ("soak", "Load a worker with many conversations for minutes."),
):
    _handed_over(_name, _about)


@bench.command()
def intake(*, messages: NumMessages = 10_000, as_json: AsJson = False) -> None:
    """Time how many messages a second the history takes in."""
    from bot.cli import bench as benchmarks

    benchmarks.intake(num_messages=messages, as_json=as_json)


@bench.command()
def pipeline(*, messages: NumMessages = 200, as_json: AsJson = False) -> None:
    """Time what Earshot adds to each message, the model aside."""
    from bot.cli import bench as benchmarks

    benchmarks.pipeline(num_messages=messages, as_json=as_json)


@bench.command("room")
def room_memory(*, messages: NumMessages = 50, as_json: AsJson = False) -> None:
    """Measure the memory of the bot while it serves the room."""
    from bot.cli import bench as benchmarks

    benchmarks.room(num_messages=messages, as_json=as_json)
