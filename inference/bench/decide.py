"""Time a decision: kept prefix against rendering and running everything anew.

The other way is that of the articles this project grew from: render the whole chat, give it to
transformers' text-generation pipeline, and take up to 4 new tokens. Both ways use the same loaded
model; rounds alternate between them, so that other load on the machine strikes both, and medians
are taken. The history is a chat of `Name: text` turns, and the message to decide on has 20 tokens.
"""

import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING

import torch
from rich.console import Console
from rich.table import Table

from inference.engine import Engine, Request
from inference.loading import LoadedModel, load
from inference.sampling import SamplingOptions
from inference.wire.chat_form import SILENCE
from inference.wire.turns import Turn

if TYPE_CHECKING:
    from transformers import TextGenerationPipeline

NUM_MESSAGE_TOKENS = 20
NUM_SEED_TOKENS = 4  # what the articles' code lets the pipeline generate for a decision
_LINE = "Alice: shall we meet at the river on Sunday and bring the small boat with us"
_WORD = " boat"


@dataclass(frozen=True, slots=True)
class DecisionCost:
    """Median times of one decision after `history` tokens, in milliseconds."""

    history: int
    seed_ms: float
    earshot_ms: float
    ratio: float


def measure_decisions(
    model_id: str | None, histories: Sequence[int], *, rounds: int, threads: int | None
) -> list[DecisionCost]:
    """Load the model and measure each history length. Raises InferenceError."""
    if threads:
        torch.set_num_threads(threads)
    loaded = load(model_id)
    seed = _seed_pipeline(loaded)
    return [_measured(loaded, seed, history, rounds=rounds) for history in histories]


def shown(costs: Sequence[DecisionCost], *, as_json: bool) -> str:
    """Give the costs as a JSON list, or as a table for people."""
    if as_json:
        return json.dumps([asdict(cost) for cost in costs])
    table = Table("history (tokens)", "all anew (ms)", "kept prefix (ms)", "times faster")
    for cost in costs:
        table.add_row(
            str(cost.history), f"{cost.seed_ms:.0f}", f"{cost.earshot_ms:.0f}", f"{cost.ratio:.1f}"
        )
    console = Console(width=80)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def _measured(
    loaded: LoadedModel, seed: "TextGenerationPipeline", history: int, *, rounds: int
) -> DecisionCost:
    turns = history_turns(loaded, history)
    engine = Engine(loaded.model, loaded.tokenizer, max_cached_tokens=2 * history + 4096)
    silent: Turn = {"role": "assistant", "content": SILENCE}
    seed_ms: list[float] = []
    earshot_ms: list[float] = []
    for number in range(rounds + 1):
        chat: list[Turn] = [*turns, silent, _message(loaded, number)]
        decide_kept(engine, loaded, turns)  # what was decided before; takes back the last round
        seed_ms.append(_timed_ms(partial(decide_anew, seed, chat)))
        earshot_ms.append(_timed_ms(partial(decide_kept, engine, loaded, chat)))
    del seed_ms[0], earshot_ms[0]  # the first round warms up
    ratios = [anew / kept for anew, kept in zip(seed_ms, earshot_ms, strict=True)]
    return DecisionCost(
        history,
        round(statistics.median(seed_ms), 1),
        round(statistics.median(earshot_ms), 1),
        round(statistics.median(ratios), 2),
    )


def decide_kept(engine: Engine, loaded: LoadedModel, chat: Sequence[Turn]) -> None:
    """Decide as the worker does: run what is new, read the logits behind it."""
    opened: Turn = {"role": "assistant", "content": "("}
    ids = loaded.renderer.render([*chat, opened], continue_final_message=True)
    request = Request(
        prompt_ids=tuple(ids),
        max_tokens=1,
        session="bench",
        sampling=SamplingOptions(temperature=0),
        top_logprobs=20,
    )
    for _ in engine.steps(request):
        pass


def decide_anew(seed: "TextGenerationPipeline", chat: Sequence[Turn]) -> None:
    """Decide as the articles did: the whole chat through the pipeline, up to 4 new tokens."""
    end = seed.tokenizer.eos_token_id if seed.tokenizer else None
    seed(
        [dict(turn) for turn in chat],
        max_new_tokens=NUM_SEED_TOKENS,
        do_sample=False,
        pad_token_id=end,
        return_full_text=False,
    )


def history_turns(loaded: LoadedModel, num_tokens: int) -> list[Turn]:
    """Make a chat of silent turns, ending in a user turn, of `num_tokens` tokens or 1 or 2 more."""
    said: Turn = {"role": "user", "content": _LINE}
    silent: Turn = {"role": "assistant", "content": SILENCE}
    turns = [said]
    while _length(loaded, longer := [*turns, silent, said]) < num_tokens:
        turns = longer
    while _length(loaded, turns) < num_tokens:
        turns = [*turns[:-1], {"role": "user", "content": turns[-1]["content"] + _WORD}]
    return turns


def _length(loaded: LoadedModel, turns: Sequence[Turn]) -> int:
    return len(loaded.renderer.render(turns, add_generation_prompt=False))


def _message(loaded: LoadedModel, number: int) -> Turn:
    text = f"Bob: {number}"
    while len(loaded.tokenizer.encode(text, add_special_tokens=False)) < NUM_MESSAGE_TOKENS:
        text += _WORD
    return {"role": "user", "content": text}


def _seed_pipeline(loaded: LoadedModel) -> "TextGenerationPipeline":
    from transformers import TextGenerationPipeline

    return TextGenerationPipeline(  # type: ignore[no-untyped-call]
        model=loaded.model, tokenizer=loaded.tokenizer
    )


def _timed_ms(act: Callable[[], None]) -> float:
    began_s = time.perf_counter()
    act()
    return (time.perf_counter() - began_s) * 1000.0
