"""How many messages a GPU carries by a model's sizes, and at what cost: python -m inference.bench.scale.

A step takes as long as its arithmetic or its reading of memory, whichever is slower, at the share of
the maker's figures that is `reached`: assumed, until `python -m inference.bench.gpu` has measured it.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

from inference.bench.shapes import QWEN_7B, shape_config
from inference.fit import RESERVE, SHARE
from inference.outline import Outline

DAY_S, HALF = 86_400, 2  # HALF: bytes of a weight, or an element of keys and values, in bf16
NEW_TOKENS, REPLY_TOKENS = 33, 60  # of a decision: the message and the beginning of an answer
BATCH, WRITING = 64, 32  # decisions, and replies, that share a step on a busy GPU
CPU_PER_S = 18.1  # decisions of the default model, 16 conversations at once, measured on two cores


class Gpu(NamedTuple):
    """A GPU by its maker's data sheet: dense bf16, bytes a second, bytes; and dollars an hour."""

    name: str
    flop_per_s: float
    bytes_per_s: float
    memory: float
    price: float


GPUS = (Gpu("H200", 989e12, 4.8e12, 141e9, 2.0), Gpu("L4", 121e12, 0.3e12, 24e9, 0.7))
LOADS = (  # who, messages a day, how far the busiest minutes are above the mean; all assumed
    ("a server of 1,000 people, 10 messages each", 1e4, 10),
    ("a bot with a million messages a day", 1e6, 4),
    ("all of Discord, 4 billion", 4e9, 2),
)


@dataclass(frozen=True, slots=True)
class Scale:
    """One model on one GPU. `history` in tokens; the others are shares, of messages or of speed."""

    model: Outline
    gpu: Gpu
    history: int = 2048
    misses: float = 0.02
    replies: float = 0.05
    reached: float = 0.4

    def step_s(self, new: int, context: int, rows: int) -> float:
        """Time a step of so many rows, each with `new` tokens that look at `context` tokens."""
        model, head = self.model, self.model.vocab * self.model.hidden  # one position goes there
        flop = 2 * (model.linear * new + head) + 4 * model.num_layers * model.hidden * new * context
        read = HALF * (model.linear + head + rows * model.kv_width * context)
        return max(rows * flop / self.gpu.flop_per_s, read / self.gpu.bytes_per_s) / self.reached

    def decision_s(self, rows: int = BATCH) -> float:
        """Time a decision, one of `rows` that share a step."""
        return self.step_s(NEW_TOKENS, self.history + NEW_TOKENS, rows) / rows

    def reread_s(self) -> float:
        """Time the reading of a conversation that was not kept: each token sees half on average."""
        return self.step_s(self.history, self.history // 2, 1)

    def reply_s(self) -> float:
        """Time a reply, one of those that are written at once."""
        return REPLY_TOKENS * self.step_s(1, self.history, WRITING) / WRITING

    def messages_per_s(self) -> float:
        """Tell how many messages the GPU carries, each a decision, some with more."""
        parts_s = (self.decision_s(), self.misses * self.reread_s(), self.replies * self.reply_s())
        return 1 / sum(parts_s)

    def conversations(self) -> int:
        """Count the conversations that stay in the GPU's memory beside the weights in bf16."""
        room = SHARE * self.gpu.memory - RESERVE["gpu"] - HALF * self.model.num_parameters
        return max(0, int(room / (HALF * self.model.kv_width * self.history)))


ROWS: tuple[tuple[str, Callable[[Scale], str]], ...] = (
    ("one decision alone, ms", lambda one: f"{1e3 * one.decision_s(1):.1f}"),
    (f"decisions a second, {BATCH} at once", lambda one: f"{1 / one.decision_s():,.0f}"),
    ("a conversation read anew, ms", lambda one: f"{1e3 * one.reread_s():,.0f}"),
    (f"a reply of {REPLY_TOKENS} tokens, ms", lambda one: f"{1e3 * one.reply_s():,.0f}"),
    ("messages a second", lambda one: f"{one.messages_per_s():,.0f}"),
    ("messages a day, millions", lambda one: f"{one.messages_per_s() * DAY_S / 1e6:,.1f}"),
    ("a million messages, $", lambda one: f"{one.gpu.price / one.messages_per_s() / 3600e-6:.2f}"),
    ("conversations kept", lambda one: f"{one.conversations():,}"),
)


def tables(scales: Sequence[Scale]) -> Iterator[str]:
    """Give two tables in Markdown: what a GPU carries, and how many the busiest minutes need."""
    names = " | ".join(one.gpu.name for one in scales)
    yield from (f"| | {names} |", "|---" * (len(scales) + 1) + "|")
    for words, told in ROWS:
        yield f"| {words} | " + " | ".join(told(one) for one in scales) + " |"
    yield from ("", f"| | a second, at most | {names} | CPUs |", "|---" * (len(scales) + 3) + "|")
    for words, per_day, peak in LOADS:
        per_s = per_day * peak / DAY_S
        needed = [per_s / one.messages_per_s() for one in scales] + [per_s / CPU_PER_S]
        yield f"| {words} | {per_s:,.0f} | " + " | ".join(f"{ceil(n):,}" for n in needed) + " |"


def main(arguments: list[str] | None = None) -> None:
    """Print the tables, for other shares or another model where asked."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--model", default=QWEN_7B)
    for name, value in (("history", 2048), ("misses", 0.02), ("replies", 0.05), ("reached", 0.4)):
        options.add_argument(f"--{name}", type=type(value), default=value)
    asked = vars(options.parse_args(arguments))
    asked["model"] = Outline.of(shape_config(asked["model"]))
    print(*tables([Scale(gpu=gpu, **asked) for gpu in GPUS]), sep="\n")  # noqa: T201 - its output


if __name__ == "__main__":
    main()
