"""The model that is measured, with what turns chats into its tokens."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from inference.bench.options import Bench
from inference.bench.plain_tokenizer import plain_tokenizer
from inference.bench.random_model import check_device, default_device, random_model
from inference.bench.shapes import shape_config
from inference.chat_forms import after_silence, parting_ids
from inference.errors import InferenceError
from inference.fit import Wish
from inference.outline import PRECISIONS, Precision
from inference.render import Renderer

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True, slots=True)
class Subject:
    """A model to measure. `name` says which to people.

    `decision_ids` are the two tokens whose probabilities make a decision, () where there are none;
    `likely_ids` follow a decision's prompt when the answer is silence.
    """

    name: str
    model: "PreTrainedModel"
    tokenizer: "PreTrainedTokenizerBase"
    renderer: Renderer
    decision_ids: tuple[int, ...] = ()
    likely_ids: tuple[int, ...] = ()

    @property
    def device(self) -> str:
        """Give "cpu" or "cuda"."""
        return self.model.device.type

    @property
    def precision(self) -> str:
        """Give the name of the weights' type, such as float32."""
        return str(self.model.dtype).removeprefix("torch.")


def subject_of(bench: Bench) -> Subject:
    """Load the model, or build one of random weights. Raises InferenceError."""
    if bench.threads:
        torch.set_num_threads(bench.threads)
    device = bench.device or default_device()
    check_device(device)
    if bench.shape is not None:
        config = shape_config(bench.shape)
        return random_subject(bench.shape, config, device=device, precision=bench.precision)
    from inference.loading import load  # it needs more packages than torch and transformers

    loaded = load(bench.model, wish=Wish(_known(bench.precision), conversations=1))
    if loaded.model.device.type != device:
        loaded.model.to(device)  # type: ignore[arg-type]
    decision = loaded.form.decision
    return Subject(
        loaded.id,
        loaded.model,
        loaded.tokenizer,
        loaded.renderer,
        loaded.decision_ids,
        after_silence(loaded.renderer, decision.prefix) if decision else (),
    )


def _known(precision: str | None) -> Precision | None:
    """Give the precision of that name. Raises InferenceError if there is none."""
    for known in PRECISIONS:
        if known == precision:
            return known
    if precision is None:
        return None
    raise InferenceError(
        f"there is no precision {precision!r}: choose one of {', '.join(PRECISIONS)}"
    )


def random_subject(
    name: str, config: "PretrainedConfig", *, device: str, precision: str | None = None
) -> Subject:
    """Build a model of random weights with a tokenizer of plain words. Raises InferenceError."""
    model = random_model(config, device=device, precision=precision)
    tokenizer = plain_tokenizer(config.get_text_config().vocab_size)
    renderer = Renderer(tokenizer)
    parting = parting_ids(renderer)
    name = f"{name} (random weights)"
    if parting is None:
        return Subject(name, model, tokenizer, renderer)
    prefix, *ids = parting
    likely_ids = after_silence(renderer, prefix)
    return Subject(name, model, tokenizer, renderer, tuple(ids), likely_ids)
