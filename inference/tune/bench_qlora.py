"""Measure a QLoRA run on a 7B-shaped model with random weights: memory and time, in one JSON line.

    python -m inference.tune.bench_qlora                       # a GPU, 16 GB of disk for a while
    python -m inference.tune.bench_qlora --shape llama-2-7b
    python -m inference.tune.bench_qlora --tiny                # the same steps in small, on any machine

Needs no model hub and no data: weights and tokens are random, and neither memory nor time knows the
difference. Everything else is what `earshot train` does, at the recipe's settings: nf4, LoRA r 64 on
all linear layers, 4 x 2 conversations of 1024 tokens a step, layers recomputed.
"""

import json
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import torch
import transformers
import typer

from inference.errors import InferenceError, TuneRefused
from inference.outline import Outline, without_weights
from inference.tune.examples import Example
from inference.tune.loop import Loop, LoopOptions, Schedule
from inference.tune.lora import LoraOptions, best_precision, dtype_of, with_lora
from inference.tune.memory import Setting, need
from inference.tune.quantize import made_ready, quantization_config

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PretrainedConfig, PreTrainedModel

SHAPES: dict[str, dict[str, Any]] = {
    "qwen2.5-7b": {
        "model_type": "qwen2",
        "vocab_size": 152064,
        "hidden_size": 3584,
        "intermediate_size": 18944,
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
    },
    "llama-2-7b": {
        "model_type": "llama",
        "vocab_size": 32000,
        "hidden_size": 4096,
        "intermediate_size": 11008,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 32,
    },
}
TINY = {
    "vocab_size": 512,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}
SHARD_BYTES = 2 * 10**9
SPREAD = 0.02  # the usual initializer_range
LEARNED_EVERY = (2, 5)  # two tokens of five are learned, as in chats with loss on completions


@dataclass(frozen=True, slots=True)
class Measured:
    """One run. Memory in bytes, 0 on a CPU; `step_s` has one time a step, the first warms up."""

    peak: int
    reserved: int
    step_s: tuple[float, ...]
    losses: tuple[float, ...]


def measure(config: "PretrainedConfig", setting: Setting, *, num_steps: int) -> Measured:
    """Build the model, train `num_steps` steps on random tokens, and measure. Raises TuneRefused."""
    with tempfile.TemporaryDirectory(prefix="earshot-bench-") as folder:
        write_random_weights(config, Path(folder), dtype=dtype_of(setting.precision))
        model = _ready(Path(folder), setting)
    on_gpu = model.device.type == "cuda"
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    steps = _timed_steps(model, setting, num_steps=num_steps)
    return Measured(
        peak=torch.cuda.max_memory_allocated() if on_gpu else 0,
        reserved=torch.cuda.max_memory_reserved() if on_gpu else 0,
        step_s=tuple(step_s for step_s, _ in steps),
        losses=tuple(loss for _, loss in steps),
    )


def write_random_weights(config: "PretrainedConfig", folder: Path, *, dtype: torch.dtype) -> None:
    """Write a checkpoint of random weights, never holding more than a shard of it."""
    from safetensors.torch import save_file

    config.save_pretrained(folder)
    index: dict[str, str] = {}
    for number, shard in enumerate(_shards(config, dtype)):
        name = f"model-{number:05}.safetensors"
        tensors = {key: _random(key, shape, dtype) for key, shape in shard.items()}
        save_file(tensors, folder / name, metadata={"format": "pt"})
        index |= dict.fromkeys(tensors, name)
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"metadata": {}, "weight_map": index}), encoding="utf-8"
    )


def _shards(config: "PretrainedConfig", dtype: torch.dtype) -> list[dict[str, torch.Size]]:
    """Give names and shapes of all weights, by files of at most about SHARD_BYTES."""
    shards: list[dict[str, torch.Size]] = [{}]
    size = 0
    for name, tensor in without_weights(config).state_dict().items():
        size += tensor.numel() * dtype.itemsize
        if size > SHARD_BYTES and shards[-1]:
            shards.append({})
            size = tensor.numel() * dtype.itemsize
        shards[-1][name] = tensor.shape
    return shards


def _random(name: str, shape: torch.Size, dtype: torch.dtype) -> torch.Tensor:
    if "norm" in name:
        return torch.ones(shape, dtype=dtype)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return (torch.randn(shape, device=device, dtype=dtype) * SPREAD).cpu()


def _ready(folder: Path, setting: Setting) -> "PeftModel":
    from transformers import AutoModelForCausalLM

    dtype = dtype_of(setting.precision)
    model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=dtype,
        device_map="cuda" if torch.cuda.is_available() else None,
        quantization_config=quantization_config(setting.quantize, compute=dtype),
    )
    made_ready(model, gradient_checkpointing=setting.gradient_checkpointing)
    return with_lora(model, LoraOptions(rank=setting.rank))


def _timed_steps(
    model: "PeftModel", setting: Setting, *, num_steps: int
) -> "list[tuple[float, float]]":
    """Give time in seconds and loss of each step."""
    options = LoopOptions(Schedule(), batch=setting.batch, accumulate=setting.accumulate)
    loop = Loop(model, options, pad_id=0, precision=setting.precision)
    size = setting.batch * setting.accumulate
    timed = []
    for step in range(num_steps):
        chats = [_chat(model.config.vocab_size, setting.max_tokens) for _ in range(size)]
        before = time.perf_counter()
        loss = loop.step(chats, step=step, num_steps=num_steps)  # a number: the GPU is done
        timed.append((time.perf_counter() - before, loss))
    return timed


def _chat(vocab_size: int, num_tokens: int) -> Example:
    ids = torch.randint(0, vocab_size, (num_tokens,)).tolist()
    learned, of = LEARNED_EVERY
    weights = [float(position % of < learned) for position in range(num_tokens)]
    return Example(tuple(ids), (0.0, *weights[1:]), ())


def report(config: "PretrainedConfig", setting: Setting, measured: Measured) -> dict[str, Any]:
    """Give a run as plain values; gigabytes are 10**9 bytes."""
    outline = Outline.of(config)
    on_gpu = torch.cuda.is_available()
    estimated = need(outline, setting, device="cuda" if on_gpu else "cpu").total
    warm = sorted(measured.step_s[1:] or measured.step_s)
    return {
        "model_type": config.model_type,
        "parameters": outline.num_parameters,
        "device": torch.cuda.get_device_name() if on_gpu else "cpu",
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "quantize": setting.quantize,
        "precision": setting.precision,
        "rank": setting.rank,
        "batch": setting.batch,
        "accumulate": setting.accumulate,
        "max_tokens": setting.max_tokens,
        "peak_gb": round(measured.peak / 1e9, 3) if on_gpu else None,
        "reserved_gb": round(measured.reserved / 1e9, 3) if on_gpu else None,
        "estimated_gb": round(estimated / 1e9, 3),
        "s_per_step": round(warm[len(warm) // 2], 3),
        "first_loss": round(measured.losses[0], 4),
        "last_loss": round(measured.losses[-1], 4),
    }


def main(
    shape: Annotated[str, typer.Option("--shape", help=", ".join(SHAPES))] = "qwen2.5-7b",
    tiny: Annotated[bool, typer.Option("--tiny", help="A tiny model, on any machine.")] = False,
    steps: Annotated[int, typer.Option("--steps", min=1, help="The median counts.")] = 6,
) -> None:
    """Measure a QLoRA run on a model with random weights; prints one JSON line."""
    torch.manual_seed(0)
    try:
        config, setting = _chosen(shape, tiny=tiny)
        measured = measure(config, setting, num_steps=steps)
    except InferenceError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    print(json.dumps(report(config, setting, measured)))


def _chosen(shape: str, *, tiny: bool) -> "tuple[PretrainedConfig, Setting]":
    if shape not in SHAPES:
        raise TuneRefused(f"there is no shape {shape!r}: choose one of {', '.join(SHAPES)}")
    if not tiny and not torch.cuda.is_available():
        raise TuneRefused("there is no GPU here; --tiny runs the same steps in small on a CPU")
    sizes = SHAPES[shape] | (TINY if tiny else {})
    config = transformers.AutoConfig.for_model(**sizes)
    setting = Setting("nf4", best_precision(), gradient_checkpointing=True)
    return config, replace(setting, rank=8, max_tokens=64) if tiny else setting


if __name__ == "__main__":
    typer.run(main)
