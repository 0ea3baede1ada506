"""Load a model with its tokenizer, its adapter and its chat form, or say plainly why not.

A model is the default one, a local folder, or an id of the model hub. Nothing is asked of the hub
for the default model and for folders.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from inference.adapters import check_adapter, merged_adapter
from inference.chat_forms import find_form, fitted
from inference.convert import DEFAULT_MODEL, default_model_folder
from inference.errors import (
    HubUnavailable,
    InferenceError,
    ModelBroken,
    ModelMissing,
    PackageMissing,
)
from inference.out_of_memory import out_of_memory
from inference.render import Renderer
from inference.wire.chat_form import ChatForm

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

DEFAULT_ALIAS = "default"
SHIPPED_ADAPTER = "earshot-smollm2-135m"
NO_ADAPTER = Path("none")  # asked for by this word: the model as its makers left it
MAX_PROMPT_TOKENS = 4096  # what a context may hold where the model allows more and nobody asks
SUITABLE = "Llama, Mistral, Qwen2, Gemma or Falcon"  # families that all of Earshot works with
# What transformers does by way of accelerate, and refuses as a ValueError without it.
_PLACED = {"device_map", "quantization_config"}
_OTHER_KIND = re.compile(r"Unrecognized configuration class <class '[\w.]*\.(\w+?)(?:Config)?'>")
logger = logging.getLogger(__name__)


class Report(Protocol):
    """Hears what the loading is doing."""

    def __call__(self, detail: str, progress: float | None = None) -> None:
        """Take note: in words, and as a share from 0 to 1, None where it is not known."""


def _unheard(detail: str, progress: float | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model ready to run. `max_prompt_tokens` counts prompt and answer.

    `decision_ids` are the two tokens whose logprobs make a decision, () where there are none.
    """

    id: str
    adapter: str | None
    model: "PreTrainedModel"
    tokenizer: "PreTrainedTokenizerBase"
    form: ChatForm
    renderer: Renderer
    max_prompt_tokens: int
    decision_ids: tuple[int, ...] = ()


def shipped_adapter() -> Path:
    """Give the folder of our own adapter for the default model."""
    return Path(str(files("inference"))) / "shipped" / SHIPPED_ADAPTER


def _chosen(adapter: Path | None, where: "Located") -> Path | None:
    if adapter is None and where.public_name == DEFAULT_MODEL:
        return shipped_adapter()
    return None if adapter == NO_ADAPTER else adapter


@dataclass(frozen=True, slots=True)
class Located:
    """Where a model is: its public name, what transformers loads it by, whether that is a folder.

    `is_path` tells that a path was asked for, so that the name is only that of a folder.
    """

    name: str
    folder: str
    local: bool
    is_path: bool

    @property
    def public_name(self) -> str | None:
        """The name that others know it by, None where only its folder is known."""
        return None if self.is_path else self.name


def load(
    model_id: str | None,
    *,
    adapter: Path | None = None,
    max_prompt_tokens: int | None = None,
    report: Report = _unheard,
) -> LoadedModel:
    """Load a model in float32 on a CPU, in its own precision on a GPU.

    `model_id` is None or "default" for the default model, which comes with an adapter of ours;
    `adapter` NO_ADAPTER leaves that out. Raises InferenceError.
    """
    where = located(model_id, report)
    adapter = _chosen(adapter, where)
    if adapter is not None:
        check_adapter(adapter)
    report(f"loading {where.name}")
    tokenizer, model = read_tokenizer(where), read_weights(where)
    if adapter is not None:
        report(f"loading the adapter {adapter.name}")
        model = merged_adapter(model, adapter, base=where.public_name)
    plain = untuned_form(where, tokenizer)
    fit = fitted(find_form([adapter] if adapter else [], default=plain), tokenizer)
    return LoadedModel(
        id=where.name,
        adapter=adapter.name if adapter else None,
        model=model,
        tokenizer=tokenizer,
        form=fit.form,
        renderer=fit.renderer,
        max_prompt_tokens=context_of(model.config, max_prompt_tokens),
        decision_ids=fit.decision_ids,
    )


def located(model_id: str | None, report: Report = _unheard) -> Located:
    """Find a model; None or "default" is the default one, converted first if need be.

    Raises ModelMissing or ModelBroken.
    """
    if model_id in (None, "", DEFAULT_ALIAS, DEFAULT_MODEL):

        def converted(share: float) -> None:
            report(f"converting the default model: {share:.0%}", share)

        return Located(DEFAULT_MODEL, str(default_model_folder(converted)), True, False)
    if not _is_folder(model_id):
        return Located(model_id, model_id, False, False)
    folder = Path(model_id).expanduser().resolve()
    if not folder.is_dir():
        raise ModelMissing(f"there is no model folder {folder}; check the path")
    if not (folder / "config.json").is_file():
        raise ModelBroken(f"{folder} is not a model folder: it has no config.json")
    return Located(folder.name, str(folder), True, True)


def _is_folder(model_id: str) -> bool:
    """Tell a path from a hub id, which has at most one slash and is no folder here."""
    looks_like_path = model_id.startswith((".", "/", "~")) or model_id.count("/") > 1
    return looks_like_path or Path(model_id).is_dir()


def read_tokenizer(where: Located) -> "PreTrainedTokenizerBase":
    """Load the tokenizer of a model. Raises InferenceError."""
    from transformers import AutoTokenizer

    with _explaining(where):
        return AutoTokenizer.from_pretrained(where.folder, local_files_only=where.local)


def read_config(where: Located) -> "PretrainedConfig":
    """Read the configuration of a model. Raises InferenceError."""
    from transformers import AutoConfig

    with _explaining(where):
        config: PretrainedConfig = AutoConfig.from_pretrained(
            where.folder, local_files_only=where.local
        )
    return config


def without_weights(config: "PretrainedConfig") -> "PreTrainedModel":
    """Build a model that has layers and shapes but no weights, and takes no memory.

    Raises ModelBroken where the configuration is of no model that continues a text.
    """
    import torch
    from transformers import AutoModelForCausalLM

    try:
        with torch.device("meta"):
            model: PreTrainedModel = AutoModelForCausalLM.from_config(config)  # type: ignore[no-untyped-call]
    except Exception as error:  # each architecture has demands of its own on its sizes
        raise _broken(config.name_or_path or config.model_type, error) from error
    return model


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
            f"accelerate is needed to load {where.name} and is not installed: "
            "pip install 'earshot[worker]'"
        )
    with _explaining(where):
        return AutoModelForCausalLM.from_pretrained(
            where.folder, local_files_only=where.local, **chosen
        )


@contextmanager
def _explaining(where: Located) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # each file format has errors of its own
        raise _explained(where, error) from error


def _explained(where: Located, error: Exception) -> InferenceError:
    if told := out_of_memory(error, f"{where.name} was loaded"):
        return told
    if isinstance(error, ImportError):
        return PackageMissing(
            f"a package that {where.name} needs is missing or does not work here "
            f"({_first_line(error)})"
        )
    if isinstance(error, OSError) and not where.local:
        return _not_loaded(where.name, error)
    return _broken(where.folder, error)


def _not_loaded(name: str, error: OSError) -> InferenceError:
    """Tell a hub that cannot be reached from a model that it does not have."""
    text = str(error)
    if "offline" in text or "connect" in text.lower() or "couldn't" in text.lower():
        return HubUnavailable(
            f"{name} is not on this machine and the model hub cannot be reached; check the network, "
            "or name a local folder"
        )
    return ModelMissing(f"there is no model {name!r} that can be loaded: {_first_line(error)}")


def _broken(folder: str, error: Exception) -> ModelBroken:
    if unknown := _OTHER_KIND.match(str(error)):
        return ModelBroken(
            f"{folder} is a {unknown[1]} model, and that is none that continues a text; take a chat "
            f"model of a family such as {SUITABLE}"
        )
    return ModelBroken(
        f"cannot load the model {folder} ({_first_line(error)}); "
        "it needs config.json, tokenizer.json and the weights, as save_pretrained writes them"
    )


def untuned_form(where: Located, tokenizer: "PreTrainedTokenizerBase") -> ChatForm:
    """Give the form of a model that nobody tuned, or the one in its own folder."""
    default = "prompted" if tokenizer.chat_template else "transcript"
    if where.name == DEFAULT_MODEL:
        default = "smollm2"
    return find_form([Path(where.folder)] if where.local else [], default=default)


def context_of(config: "PretrainedConfig", wanted: int | None = None) -> int:
    """Give the tokens a prompt with its answer may have: those wanted, or those in wide use."""
    possible: int | None = getattr(config.get_text_config(), "max_position_embeddings", None)
    limit = wanted or MAX_PROMPT_TOKENS
    return min(limit, possible) if possible else limit


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0].rstrip(" :") or type(error).__name__
