"""Find an adapter's base, look at its shape without loading it, and merge the two on the CPU."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import torch

from inference.adapters import check_adapter, check_covers, check_fits, merged_adapter
from inference.chat_forms import find_form, fitted
from inference.convert import DEFAULT_MODEL
from inference.errors import TuneRefused
from inference.loading import read_config, read_tokenizer, read_weights, untuned_form
from inference.locating import Located, Report, located
from inference.outline import without_weights
from inference.tune.bases import local_name
from inference.tune.publishing.parcel import Source
from inference.wire.chat_form import ChatForm

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

# Loading holds a shard of the file beside the weights, merging a layer's product.
HEADROOM = 1.2
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outline:
    """What a base looks like, known without its weights.

    `shapes` are those of its tensors by the names of transformers, a tied head left out; `dtype` is
    the type its files are stored in.
    """

    where: Located
    config: "PretrainedConfig"
    shapes: Mapping[str, tuple[int, ...]]
    dtype: torch.dtype

    @property
    def num_parameters(self) -> int:
        """Count the numbers in the base."""
        return sum(torch.Size(shape).numel() for shape in self.shapes.values())


@dataclass(frozen=True, slots=True)
class Merged:
    """Base and adapter in one. `form` is the adapter's chat form, with the decision tokens."""

    model: "PreTrainedModel"
    tokenizer: "PreTrainedTokenizerBase"
    form: ChatForm


def outlined(source: Source) -> Outline:
    """Find the base of an adapter and check that they fit.

    Raises InferenceError: no adapter, no such base, an adapter of another base.
    """
    where = located(source.base or _named_base(source.adapter))
    config = read_config(where)
    model = without_weights(config)
    check_fits(model, source.adapter, base=where.public_name)
    check_covers(model, source.adapter)
    stored = config.dtype if isinstance(config.dtype, torch.dtype) else torch.float32
    return Outline(where, config, _shapes(model), stored)


def merge(source: Source, outline: Outline, report: Report) -> Merged:
    """Load the base and merge the adapter into it, in float32 if the memory allows.

    Raises InferenceError, also if even the base's own precision does not fit.
    """
    where = outline.where
    dtype = _working_dtype(outline)
    report(f"loading {where.name}")
    tokenizer = read_tokenizer(where)
    model = read_weights(where, dtype=dtype, device_map="cpu")
    report(f"merging {source.adapter.name}")
    merged = merged_adapter(model, source.adapter, base=where.public_name)
    plain = untuned_form(where, tokenizer)
    form = fitted(find_form([source.adapter], default=plain), tokenizer).form
    if form.chat_template:
        tokenizer.chat_template = form.chat_template
    return Merged(merged, tokenizer, form)


def _named_base(adapter: Path) -> str:
    """Give the base that the adapter names, as we can load it."""
    base = local_name(str(check_adapter(adapter).get("base_model_name_or_path") or ""))
    if not base:
        raise TuneRefused(f"{adapter} does not name its base; say it with --base")
    if "/" not in base and base != DEFAULT_MODEL:
        raise TuneRefused(
            f"{adapter} was trained on a folder called {base}; say with --base where that is"
        )
    return base


def _shapes(model: "PreTrainedModel") -> dict[str, tuple[int, ...]]:
    tied: Any = getattr(model.config, "tie_word_embeddings", False)
    return {
        name: tuple(tensor.shape)
        for name, tensor in model.state_dict().items()
        if not (tied and name == "lm_head.weight")
    }


def _working_dtype(outline: Outline) -> torch.dtype:
    """Choose float32, which loses nothing in the sum, or the base's own type for lack of memory."""
    free = psutil.virtual_memory().available
    for dtype in (torch.float32, outline.dtype):
        if outline.num_parameters * dtype.itemsize * HEADROOM <= free:
            return dtype
        logger.warning("too little memory to merge in %s", dtype)
    needed = outline.num_parameters * outline.dtype.itemsize * HEADROOM
    raise TuneRefused(
        f"merging needs {needed / 1e9:.1f} GB of memory for {outline.where.name}, {free / 1e9:.1f} GB "
        "are free; merge on a larger machine, or send the adapter alone with --to: vLLM puts it on "
        "its base while serving"
    )
