"""Load a model with its tokenizer, its adapter and its chat form, or say plainly why not.

A model is the default one, a local folder, or an id of the model hub. Nothing is asked of the hub
for the default model and for folders.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from inference.adapters import check_adapter, merged_adapter
from inference.chat_forms import find_form, fitted, parting_ids
from inference.convert import DEFAULT_MODEL, default_model_folder
from inference.errors import HubUnavailable, ModelBroken, ModelMissing
from inference.render import Renderer
from inference.wire.chat_form import ChatForm

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

DEFAULT_ALIAS = "default"
MAX_PROMPT_TOKENS = 4096  # what a context may hold where the model allows more and nobody asks
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


def load(
    model_id: str | None,
    *,
    adapter: Path | None = None,
    max_prompt_tokens: int | None = None,
    report: Report = _unheard,
) -> LoadedModel:
    """Load a model in float32 on a CPU, in its own precision on a GPU.

    `model_id` is None or "default" for the default model. Raises InferenceError.
    """
    name, folder, local = _locate(model_id or DEFAULT_ALIAS, report)
    if adapter is not None:
        check_adapter(adapter)
    report(f"loading {name}")
    tokenizer, model = _read(name, folder, local=local)
    if adapter is not None:
        report(f"loading the adapter {adapter.name}")
        model = merged_adapter(model, adapter, base=None if _is_folder(model_id) else name)
    folders = [*([adapter] if adapter else []), *([Path(folder)] if local else [])]
    form, renderer = fitted(find_form(folders, default=_default_form(name, tokenizer)), tokenizer)
    parting = parting_ids(renderer)
    return LoadedModel(
        id=name,
        adapter=adapter.name if adapter else None,
        model=model,
        tokenizer=tokenizer,
        form=form,
        renderer=renderer,
        max_prompt_tokens=_context(model, max_prompt_tokens),
        decision_ids=parting[1:] if parting else (),
    )


def _locate(model_id: str, report: Report) -> tuple[str, str, bool]:
    """Give the model's name, where transformers finds it, and whether that is a local folder."""
    if model_id in (DEFAULT_ALIAS, DEFAULT_MODEL):

        def converted(share: float) -> None:
            report(f"converting the default model: {share:.0%}", share)

        return DEFAULT_MODEL, str(default_model_folder(converted)), True
    if not _is_folder(model_id):
        return model_id, model_id, False
    folder = Path(model_id).expanduser().resolve()
    if not folder.is_dir():
        raise ModelMissing(f"there is no model folder {folder}; check the path")
    if not (folder / "config.json").is_file():
        raise ModelBroken(f"{folder} is not a model folder: it has no config.json")
    return folder.name, str(folder), True


def _is_folder(model_id: str | None) -> bool:
    """Tell a path from a hub id, which has at most one slash and is no folder here."""
    if not model_id:
        return False
    looks_like_path = model_id.startswith((".", "/", "~")) or model_id.count("/") > 1
    return looks_like_path or Path(model_id).is_dir()


def _read(
    name: str, folder: str, *, local: bool
) -> tuple["PreTrainedTokenizerBase", "PreTrainedModel"]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    on_gpu = torch.cuda.is_available()
    options: dict[str, Any] = {"dtype": "auto" if on_gpu else torch.float32}
    if on_gpu:
        options["device_map"] = "cuda"
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=local)
        model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=local, **options)
    except OSError as error:
        raise _explained(name, folder, error, local=local) from error
    except Exception as error:  # each file format has errors of its own
        raise _broken(folder, error) from error
    return tokenizer, model


def _explained(name: str, folder: str, error: OSError, *, local: bool) -> Exception:
    if local:
        return _broken(folder, error)
    text = str(error)
    if "offline" in text or "connect" in text.lower() or "couldn't" in text.lower():
        return HubUnavailable(
            f"{name} is not on this machine and the model hub cannot be reached; check the network, "
            "or name a local folder"
        )
    return ModelMissing(f"there is no model {name!r} that can be loaded: {_first_line(error)}")


def _broken(folder: str, error: Exception) -> ModelBroken:
    return ModelBroken(
        f"cannot load the model {folder} ({_first_line(error)}); "
        "it needs config.json, tokenizer.json and the weights, as save_pretrained writes them"
    )


def _default_form(name: str, tokenizer: "PreTrainedTokenizerBase") -> str:
    if name == DEFAULT_MODEL:
        return "smollm2"
    return "prompted" if tokenizer.chat_template else "transcript"


def _context(model: "PreTrainedModel", wanted: int | None) -> int:
    config = model.config.get_text_config()
    possible: int | None = getattr(config, "max_position_embeddings", None)
    limit = wanted or MAX_PROMPT_TOKENS
    return min(limit, possible) if possible else limit


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0].rstrip(" :") or type(error).__name__
