"""What `--replies` and `--generations` found, for people."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from inference.tune.evaluation.replies import Generations, Replies

_MAX_SHOWN = 5  # faulty replies in full; more are in the report


def print_replies(console: Console, replies: Replies) -> None:
    """Print the fact score, and a row a file."""
    right = sum(one.right for one in replies.facts)
    console.print(f"facts: {right} of {len(replies.facts)} right ({replies.fact_share:.0%})")
    table = _table("file", "direct questions", "clean replies", "reply tokens", "perplexity")
    for file in replies.files:
        table.add_row(
            escape(file.file),
            f"{len(file.written):,}",
            _percent(file.clean_share),
            f"{file.likelihood.num_tokens:,}",
            "-" if file.likelihood.perplexity is None else f"{file.likelihood.perplexity:.1f}",
        )
    console.print(table)
    faulty = [one for file in replies.files for one in file.written if not one.is_clean]
    for one in faulty[:_MAX_SHOWN]:
        console.print(f"not clean: {escape(one.asked)!r} -> {escape(one.text)!r}")


def print_generations(console: Console, files: Sequence[Generations]) -> None:
    """Print how answers begin that nobody opened, a row a file."""
    table = _table("file", "generations", "(silence)", "(response)", "well-formed")
    for file in files:
        table.add_row(
            escape(file.file),
            f"{file.num:,}",
            _percent(file.num_silence / file.num),
            _percent(file.num_response / file.num),
            _percent(file.well_formed_share),
        )
    console.print(table)


def _table(first: str, *others: str) -> Table:
    table = Table(first, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for head in others:
        table.add_column(head, justify="right")
    return table


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
