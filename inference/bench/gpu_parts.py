"""The parts of the GPU run: each builds on the model, takes its figures, and leaves nothing behind."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from inference.bench.bandwidth import bytes_per_s, bytes_per_token, weight_bytes
from inference.bench.chats import make_chats, with_message
from inference.bench.contest import Contest
from inference.bench.decide import measure_decisions
from inference.bench.memory import computed_bytes_per_token
from inference.bench.options import Bench
from inference.bench.reply import Writing, measure_replies
from inference.bench.shapes import shape_config, tiny_config
from inference.bench.static_decode import StaticDecode, captured, steps_per_s
from inference.bench.subject import Subject, random_subject
from inference.bench.throughput import measure_throughput
from inference.bench.ways import KeptPrefix
from inference.errors import InferenceError

if TYPE_CHECKING:
    from transformers import PretrainedConfig


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    history: int = 2048
    conversations: int = 64
    at_once: tuple[int, ...] = (1, 16, 64)
    reply_tokens: int = 128
    nf4_conversations: int = 4
    rounds: int = 5


TINY = Sizes(
    history=64, conversations=4, at_once=(1, 4), reply_tokens=8, nf4_conversations=2, rounds=1
)


@dataclass(slots=True)
class Scene:
    """What the parts share: the model, once it is built, and how fast memory is."""

    shape: str
    device: str = "cuda"
    is_tiny: bool = False
    subject: Subject | None = None
    memory_bytes_per_s: float = 0.0
    notes: list[str] = field(default_factory=list)

    @property
    def sizes(self) -> Sizes:
        """Give how much is measured."""
        return TINY if self.is_tiny else Sizes()

    @property
    def config(self) -> "PretrainedConfig":
        """Give the sizes of the model."""
        return tiny_config(self.shape) if self.is_tiny else shape_config(self.shape)

    def ready(self) -> Subject:
        """Give the model. Raises InferenceError where it could not be built."""
        if self.subject is None:
            raise InferenceError("there is no model")
        return self.subject

    def contest(self, rounds: int) -> Contest:
        """Give who is compared on the model."""
        return Contest(self.ready(), Bench(shape=self.shape, device=self.device, rounds=rounds))


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the run: what it is called, what it may take, and what it does."""

    name: str
    max_s: float
    act: Callable[[Scene], dict[str, Any]]


def model(scene: Scene) -> dict[str, Any]:
    """Build the model, and measure how fast memory is."""
    began_s = time.monotonic()
    scene.subject = random_subject(scene.shape, scene.config, device=scene.device)
    built_s = time.monotonic() - began_s
    scene.memory_bytes_per_s = bytes_per_s(scene.device)
    limit = scene.memory_bytes_per_s / bytes_per_token(scene.subject.model)
    return {
        "built_s": round(built_s, 1),
        "weights_gb": round(weight_bytes(scene.subject.model) / 1e9, 2),
        "memory_gb_per_s": round(scene.memory_bytes_per_s / 1e9, 1),
        "limit_tokens_per_s": round(limit, 1),
        "kv_bytes_per_token": computed_bytes_per_token(
            scene.subject.model.config, scene.subject.model.dtype
        ),
    }


def decide(scene: Scene) -> dict[str, Any]:
    """Time one decision in all ways."""
    with scene.contest(2 * scene.sizes.rounds) as contest:
        result = measure_decisions(contest, [scene.sizes.history], say=_unheard)
    rows = [asdict(row) for row in result.rows]
    articles = next((row["ratio"] for row in rows if "articles" in row["way"]), None)
    return {
        "decision_ms": rows[0]["ms"],
        "times_articles": articles,
        "rows": rows,
        "notes": list(result.notes),
    }


def many(scene: Scene) -> dict[str, Any]:
    """Count decisions a second over many conversations."""
    sizes = scene.sizes
    with scene.contest(min(3, sizes.rounds)) as contest:
        result = measure_throughput(
            contest,
            conversations=[sizes.conversations],
            histories=[sizes.history],
            at_once=sizes.at_once,
            say=_unheard,
        )
    rows = [asdict(row) for row in result.rows]
    ours = [row["per_s"] for row in rows if row["way"] == KeptPrefix.label]
    return {
        "decisions_per_s": max(ours, default=None),
        "rows": rows,
        "notes": list(result.notes),
    }


def reply(scene: Scene) -> dict[str, Any]:
    """Count tokens a second of replies, alone and several at once."""
    sizes = scene.sizes
    writing = Writing(sizes.reply_tokens, sizes.history, at_once=(1, sizes.nf4_conversations))
    with scene.contest(min(3, sizes.rounds)) as contest:
        result = measure_replies(contest, writing, say=_unheard)
    rows = [asdict(row) for row in result.rows]
    return {"reply_share": rows[0]["limit_share"], "rows": rows, "notes": list(result.notes)}


def graphs(scene: Scene) -> dict[str, Any]:
    """Draw tokens in memory of fixed places, plainly and as a CUDA graph."""
    decode = _static_decode(scene)
    figures = {"static": _speed(scene, decode.step)}
    if scene.device == "cuda":
        figures["static, CUDA graph"] = _speed(scene, captured(decode))
    return figures


def compiled(scene: Scene) -> dict[str, Any]:
    """Draw tokens in memory of fixed places with a compiled model."""
    if scene.device != "cuda":
        raise InferenceError("compiling is tried on a GPU only")
    decode = _static_decode(scene)
    decode.compile()
    began_s = time.monotonic()
    decode.step()
    figures = {"compile_s": round(time.monotonic() - began_s, 1)}
    return figures | {"static, torch.compile reduce-overhead": _speed(scene, decode.step)}


def nf4(scene: Scene) -> dict[str, Any]:
    """Build the model in nf4, keep some conversations, decide in all at once: memory at its most."""
    on_gpu = scene.device == "cuda"
    before = torch.cuda.memory_allocated() if on_gpu else 0
    subject = random_subject(scene.shape, scene.config, device=scene.device, precision="nf4")
    if on_gpu:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    sizes = scene.sizes
    chats = make_chats(subject, num_tokens=sizes.history, count=sizes.nf4_conversations)
    room = sizes.nf4_conversations * (sizes.history + 512)
    kept = KeptPrefix(subject, max_cached_tokens=room)
    kept.remember(chats)
    began_s = time.perf_counter()
    kept.decide([with_message(subject, chat, 1) for chat in chats])
    took_s = time.perf_counter() - began_s
    kept.reply([with_message(subject, chats[0], 2)], sizes.reply_tokens)
    figures: dict[str, Any] = {
        "weights_gb": round(weight_bytes(subject.model) / 1e9, 2),
        "first_decisions_s": round(took_s, 3),
    }
    if on_gpu:
        figures["nf4_gb"] = round((torch.cuda.max_memory_allocated() - before) / 1e9, 2)
    return figures


def profile(scene: Scene) -> dict[str, Any]:
    """Tell which operations a decision takes its time for, alone and with others."""
    sizes = scene.sizes
    subject = scene.ready()
    chats = make_chats(subject, num_tokens=sizes.history, count=min(16, sizes.conversations))
    kept = KeptPrefix(subject, max_cached_tokens=len(chats) * (sizes.history + 512))
    figures: dict[str, Any] = {}
    for number, some in enumerate((chats[:1], chats)):
        kept.remember(some)
        kept.decide([with_message(subject, chat, 2 * number) for chat in some])
        kept.remember(some)
        asked = [with_message(subject, chat, 2 * number + 1) for chat in some]
        figures[f"{len(some)} at once"] = _operations(lambda asked=asked: kept.decide(asked))  # type: ignore[misc]
    return figures


def _operations(act: Callable[[], None]) -> list[str]:
    kinds = [torch.profiler.ProfilerActivity.CPU]
    if torch.cuda.is_available():
        kinds.append(torch.profiler.ProfilerActivity.CUDA)
    with torch.profiler.profile(activities=kinds) as run:
        act()
    by = "self_device_time_total" if torch.cuda.is_available() else "self_cpu_time_total"
    text = run.key_averages().table(sort_by=by, row_limit=12, max_name_column_width=48)
    return [line for line in text.splitlines() if line.strip()]


def _static_decode(scene: Scene) -> StaticDecode:
    room = 2 * scene.sizes.reply_tokens + 32
    return StaticDecode(scene.ready().model, num_tokens=scene.sizes.history, room=room)


def _speed(scene: Scene, step: Callable[[], None]) -> dict[str, float]:
    per_s = steps_per_s(step, num_steps=scene.sizes.reply_tokens // 2)
    figures = {"tokens_per_s": round(per_s, 1)}
    with suppress(ZeroDivisionError):
        limit = scene.memory_bytes_per_s / bytes_per_token(scene.ready().model)
        figures["limit_share"] = round(per_s / limit, 3)
    return figures


def _unheard(words: str) -> None: ...


PARTS = (
    Part("model", 90, model),
    Part("decide", 60, decide),
    Part("many", 120, many),
    Part("reply", 60, reply),
    Part("graphs", 30, graphs),
    Part("nf4", 60, nf4),
    Part("profile", 30, profile),
    Part("compiled", 120, compiled),
)
"""In the order in which they run: what is wanted first, what may be cut off last."""
