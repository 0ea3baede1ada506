"""The memory that kept conversations take, measured against what the model's shape says.

Measured is what the process (on a CPU) or the GPU's allocator grew by while the conversations were
read, after one that went before; computed is 2 x layers x key-value heads x head size x bytes.
transformers' batching is left out: what it takes is set aside at its start, for any number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil
import torch

from inference.bench.bandwidth import weight_bytes
from inference.bench.chats import Chat, make_chats, opened_ids
from inference.bench.contest import Contest
from inference.bench.llama import LlamaCpp
from inference.bench.options import Say
from inference.bench.paged import PagedBatching
from inference.bench.result import Column, Picture, Result, about
from inference.bench.ways import Way
from inference.errors import InferenceError

if TYPE_CHECKING:
    from transformers import PretrainedConfig

COLUMNS = (
    Column("kept", "conversations"),
    Column("history", "history"),
    Column("way", "way"),
    Column("MB each", "mb_each", "{:.1f}"),
    Column("bytes a token", "bytes_per_token", "{:,.0f}"),
    Column("computed", "computed", "{:,.0f}"),
)
PICTURE = Picture("history", "mb_each", "history (tokens)", "memory of a conversation (MB)")


@dataclass(frozen=True, slots=True)
class Kept:
    """Memory of one conversation of `history` tokens, and what the shape says a token takes.

    `computed` is None for what keeps nothing, or keeps it in a precision of its own.
    """

    conversations: int
    history: int
    way: str
    mb_each: float
    bytes_per_token: float
    computed: int | None


def measure_memory(
    contest: Contest, *, conversations: int, histories: Sequence[int], say: Say
) -> Result:
    """Measure each length of history. Raises InferenceError."""
    rows: list[Kept] = []
    for history in histories:
        say(f"memory of {conversations} conversations of {history} tokens")
        rows += _kept(contest, conversations, history)
    weights_mb = round(weight_bytes(contest.subject.model) / 1e6, 1)
    told = about(contest.subject) | {"weights_mb": weights_mb}
    notes = (
        f"The weights take {weights_mb:,.1f} MB.",
        f"{PagedBatching.label}: set aside at its start, so not told by conversation.",
        *contest.notes,
    )
    return Result("memory", told, COLUMNS, PICTURE, rows, notes)


def computed_bytes_per_token(config: "PretrainedConfig", dtype: torch.dtype) -> int:
    """Give what the keys and values of one token take in all layers."""
    text = config.get_text_config(decoder=True)
    head_size = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    return int(2 * text.num_hidden_layers * heads * head_size * dtype.itemsize)


def _kept(contest: Contest, conversations: int, history: int) -> list[Kept]:
    subject = contest.subject
    first, *chats = make_chats(subject, num_tokens=history, count=conversations + 1)
    num_tokens = sum(len(opened_ids(subject, chat)) for chat in chats)
    computed = computed_bytes_per_token(subject.model.config, subject.model.dtype)
    rows = []
    with contest.ways(num_chats=conversations + 1, max_tokens=history) as ways:
        for way in ways:
            if isinstance(way, PagedBatching):
                continue
            try:
                grown = _grown(way, first, chats, device=subject.device)
            except InferenceError as error:
                contest.notes.append(f"{way.label} failed: {error}")
                continue
            same = way.max_chats is None and not isinstance(way, LlamaCpp)
            rows.append(
                Kept(
                    conversations,
                    history,
                    way.label,
                    mb_each=round(grown / conversations / 1e6, 2),
                    bytes_per_token=round(grown / num_tokens, 1),
                    computed=computed if same else None,
                )
            )
    return rows


def _grown(way: Way, first: Chat, chats: Sequence[Chat], *, device: str) -> int:
    """Give the bytes that reading the chats added; the first one sets up what is there only once."""
    way.remember([first])
    if isinstance(way, LlamaCpp):  # it takes all memory at once, so its own count is told
        way.remember(chats)
        return sum(way.num_bytes(chat.session) for chat in chats)
    before = _in_use(device)
    way.remember(chats)
    return max(0, _in_use(device) - before)


def _in_use(device: str) -> int:
    if device == "cuda":
        return torch.cuda.memory_allocated()
    return int(psutil.Process().memory_info().rss)
