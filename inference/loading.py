"""Load a model with its tokenizer, its adapter and its chat form, or say plainly why not.

A model is the default one, a local folder, or an id of the model hub. Nothing is asked of the hub
for the default model and for folders.
"""

import logging
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inference.adapters import active_adapter, check_adapter, merged_adapter
from inference.catalogue import entry_of
from inference.chat_forms import find_form, fitted
from inference.convert import DEFAULT_MODEL
from inference.devices import devices
from inference.errors import PackageMissing
from inference.fit import Fit, Wish
from inference.fitting import fit_to
from inference.loading_faults import check_complete, explaining
from inference.locating import Located, Report, located, unheard
from inference.quantize import quantization_config
from inference.render import Renderer
from inference.wire.chat_form import ChatForm
from inference.wire.extras import install

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

SHIPPED_ADAPTER = "earshot-smollm2-135m"
NO_ADAPTER = Path("none")  # asked for by this word: the model as its makers left it
MAX_PROMPT_TOKENS = 4096  # what a context may hold where the model allows more and nobody asks
# What transformers does by way of accelerate, and refuses as a ValueError without it.
_PLACED = {"device_map", "quantization_config"}
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model ready to run. `max_prompt_tokens` counts prompt and answer.

    `decision_ids` are the two tokens whose logprobs make a decision, () where there are none.
    `precision` is one of ours, or the method that its makers quantised it by; then `fit` is None.
    """

    id: str
    adapter: str | None
    model: "PreTrainedModel"
    tokenizer: "PreTrainedTokenizerBase"
    form: ChatForm
    renderer: Renderer
    max_prompt_tokens: int
    decision_ids: tuple[int, ...] = ()
    precision: str = "fp32"
    fit: Fit | None = None


def shipped_adapter() -> Path:
    """Give the folder of our own adapter for the default model."""
    return Path(str(files("inference"))) / "shipped" / SHIPPED_ADAPTER


def _chosen(adapter: Path | None, where: "Located") -> Path | None:
    if adapter is None and where.public_name == DEFAULT_MODEL:
        return shipped_adapter()
    return None if adapter == NO_ADAPTER else adapter


def load(
    model_id: str | None,
    *,
    adapter: Path | None = None,
    max_prompt_tokens: int | None = None,
    report: Report = unheard,
    wish: Wish | None = None,
) -> LoadedModel:
    """Load a model in the precision that fits this machine; on a CPU that is float32 if it can be.

    `model_id` is None or "default" for the default model, which comes with an adapter of ours;
    `adapter` NO_ADAPTER leaves that out. `wish` asks for a precision, and says how many
    conversations are to fit beside the weights. Raises InferenceError.
    """
    where = located(model_id, report)
    adapter = _chosen(adapter, where)
    if adapter is not None:
        check_adapter(adapter)
    fit, precision = _fit(where, wish or Wish())
    report(f"loading {where.name} in {precision}")
    tokenizer = read_tokenizer(where)
    model = read_weights(where, **(options_of(fit) if fit else {}))
    if adapter is not None:
        report(f"loading the adapter {adapter.name}")
        put_on = merged_adapter if fit and _takes_sums(fit) else active_adapter
        model = put_on(model, adapter, base=where.public_name)
    plain = untuned_form(where, tokenizer)
    form = fitted(find_form([adapter] if adapter else [], default=plain), tokenizer)
    return LoadedModel(
        id=where.name,
        adapter=adapter.name if adapter else None,
        model=model,
        tokenizer=tokenizer,
        form=form.form,
        renderer=form.renderer,
        max_prompt_tokens=context_of(model.config, max_prompt_tokens),
        decision_ids=form.decision_ids,
        precision=precision,
        fit=fit,
    )


def _fit(where: Located, wish: Wish) -> tuple[Fit | None, str]:
    """Choose the precision before anything large is read.

    A model that its makers quantised stays as it is.
    """
    config = read_config(where)
    if stored := getattr(config, "quantization_config", None):
        return None, str(stored.get("quant_method", "quantised"))
    fit = fit_to(where.name, config, devices(), wish)
    if fit.warning:
        logger.warning("%s in %s: %s", where.name, fit.precision, fit.warning)
    return fit, fit.precision


def _takes_sums(fit: Fit) -> bool:
    """Tell whether an adapter can be added into the weights where they are."""
    return fit.precision not in ("int8", "nf4") and fit.placement != "offload"


def options_of(fit: Fit) -> dict[str, Any]:
    """Give what `from_pretrained` takes for a precision and a place. Raises PackageMissing."""
    import torch

    dtypes = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
    options: dict[str, Any] = {"dtype": dtypes[fit.rest]}
    if fit.precision in ("int8", "nf4"):
        compute = torch.float32 if fit.emulates else dtypes[fit.rest]
        options["quantization_config"] = quantization_config(fit.precision, compute=compute)
    if fit.placement != "cpu":
        options["device_map"] = "auto" if fit.device is None else {"": fit.device}
    return options


def read_tokenizer(where: Located) -> "PreTrainedTokenizerBase":
    """Load the tokenizer of a model. Raises InferenceError."""
    from transformers import AutoTokenizer

    with explaining(where):
        return AutoTokenizer.from_pretrained(
            where.folder,
            local_files_only=where.local,
            revision=where.revision,
            trust_remote_code=False,
        )


def read_config(where: Located) -> "PretrainedConfig":
    """Read the configuration of a model. Raises InferenceError."""
    from transformers import AutoConfig

    with explaining(where):
        config: PretrainedConfig = AutoConfig.from_pretrained(
            where.folder,
            local_files_only=where.local,
            revision=where.revision,
            trust_remote_code=False,
        )
    return config


def read_weights(where: Located, **options: Any) -> "PreTrainedModel":
    """Load the model itself; `options` such as `dtype` go to `from_pretrained`.

    Without a `dtype` it is float32 on a CPU and the model's own on a GPU. Raises InferenceError,
    PackageMissing and OutOfMemory among them.
    """
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    on_gpu = torch.cuda.is_available()
    chosen: dict[str, Any] = {"dtype": "auto" if on_gpu else torch.float32}
    if on_gpu:
        chosen["device_map"] = "cuda"
    chosen |= options
    if not _PLACED.isdisjoint(chosen) and find_spec("accelerate") is None:
        raise PackageMissing(
            f"accelerate is needed to load {where.name} and is not installed: {install('worker')}"
        )
    with explaining(where):
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            where.folder,
            local_files_only=where.local,
            revision=where.revision,
            trust_remote_code=False,
            output_loading_info=True,
            **chosen,
        )
        model: PreTrainedModel = loaded[0]
        check_complete(where, loaded[1]["missing_keys"])
    return model


def untuned_form(where: Located, tokenizer: "PreTrainedTokenizerBase") -> ChatForm:
    """Give the form of a model that nobody tuned, or the one in its own folder."""
    folders = [Path(where.folder)] if where.local else []
    return find_form(folders, default=untuned_form_name(where.name, tokenizer))


def untuned_form_name(model_id: str, tokenizer: "PreTrainedTokenizerBase") -> str:
    """Name the form of ours that a model gets: by the catalogue, or by whether it has a template."""
    if entry := entry_of(model_id):
        return entry.form
    return "prompted" if tokenizer.chat_template else "transcript"


def context_of(config: "PretrainedConfig", wanted: int | None = None) -> int:
    """Give the tokens a prompt with its answer may have: those wanted, or those in wide use."""
    possible: int | None = getattr(config.get_text_config(), "max_position_embeddings", None)
    limit = wanted or MAX_PROMPT_TOKENS
    return min(limit, possible) if possible else limit
