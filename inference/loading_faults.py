"""Why a model did not load, in one sentence that says what to do.

The libraries below tell one cause in many ways, often wrapped twice; here each cause has one place.
"""

import errno
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from inference.errors import (
    DiskFull,
    HubRefused,
    HubUnavailable,
    InferenceError,
    ModelBroken,
    ModelMissing,
    PackageMissing,
)
from inference.out_of_memory import out_of_memory

if TYPE_CHECKING:
    from inference.locating import Located

SUITABLE = "Llama, Mistral, Qwen2, Gemma or Falcon"  # families that all of Earshot works with
_OTHER_KIND = re.compile(r"Unrecognized configuration class <class '[\w.]*\.(\w+?)(?:Config)?'>")
_UNKNOWN_KIND = re.compile(r".*model type `([\w.-]+)`", re.DOTALL)
# Packages that the libraries' messages ask for.
_PACKAGES = (
    "bitsandbytes",
    "sentencepiece",
    "tiktoken",
    "protobuf",
    "gptqmodel",
    "compressed-tensors",
    "accelerate",
    "gguf",
)
_BROKEN_OFF = ("peer closed connection", "Consistency check failed", "IncompleteRead")
_AWAY = ("offline", "couldn't connect", "connection")
_NO_TOKENIZER = "instantiate the backend tokenizer"
_PIECES = ("tokenizer.model", "spiece.model")  # what sentencepiece reads
_NO_CONFIG = "Should have a `model_type` key"
_CUT_SHORT = ("incompletemetadata", "headertoo", "incomplete metadata", "header too", "eof")


@contextmanager
def explaining(where: "Located") -> Iterator[None]:
    """Turn whatever the libraries raise while a model is read into an error of ours."""
    try:
        yield
    except InferenceError:
        raise
    except Exception as error:  # each file format has errors of its own
        raise explained(where, error) from error


def explained(where: "Located", error: Exception) -> InferenceError:
    """Give the error to raise for one of the libraries'."""
    told: InferenceError | None = (
        out_of_memory(error, f"{where.name} was loaded")
        or _of_the_machine(where, error)
        or _of_packages(where, error)
        or (None if where.local else _of_the_hub(where, error))
    )
    return told or not_a_model(where.asked, error)


def check_complete(where: "Located", missing: Collection[str]) -> None:
    """Refuse a model some of whose weights are not in its files: it would get random ones.

    Raises ModelBroken.
    """
    if missing:
        raise ModelBroken(
            f"the files of {where.asked} lack {len(missing)} of the model's weights, such as "
            f"{min(missing)}: they were not downloaded wholly, or config.json is another model's; get "
            "the model anew"
        )


def not_a_model(called: str, error: Exception) -> ModelBroken:
    """Tell files that are not those of a model that we serve. `called` is a folder or an id."""
    text = str(error)
    if unknown := _OTHER_KIND.match(text):
        return other_kind(called, unknown[1])
    if "trust_remote_code" in text or "custom code" in text:
        return ModelBroken(
            f"{called} brings Python code of its own, which Earshot never runs: take a model that "
            f"transformers knows by itself, of a family such as {SUITABLE}"
        )
    if unknown := _UNKNOWN_KIND.match(text):
        return ModelBroken(
            f"the installed transformers does not know the architecture {unknown[1]!r} of {called}: "
            f"pip install --upgrade transformers, or take a model of a family such as {SUITABLE}"
        )
    if _NO_CONFIG in text and "/" in called and not Path(called).is_dir():
        return ModelBroken(
            f"{called} has no config.json that names its architecture: if it holds GGUF files, name "
            f"one of them as {called}:FILE.gguf, otherwise take another model"
        )
    if any(word in text.casefold() for word in _CUT_SHORT):
        return ModelBroken(
            f"a file of the model {called} is cut short, so it was not downloaded to its end "
            f"({first_line(error)}): delete that file and get it anew"
        )
    return ModelBroken(
        f"cannot load the model {called} ({first_line(error)}); "
        "it needs config.json, tokenizer.json and the weights, as save_pretrained writes them"
    )


def other_kind(called: str, kind: str) -> ModelBroken:
    """Tell a model that does something else than to continue a text."""
    return ModelBroken(
        f"{called} is a {kind} model, and that is none that continues a text; take a chat "
        f"model of a family such as {SUITABLE}"
    )


def _of_the_machine(where: "Located", error: Exception) -> InferenceError | None:
    for one in _causes(error):
        if isinstance(one, OSError) and one.errno == errno.ENOSPC:
            return DiskFull(
                f"the disk is full: {where.name} does not fit into {one.filename or 'the cache'}; "
                "free some space, or set HF_HOME to a folder on another disk"
            )
        if isinstance(one, PermissionError):
            return InferenceError(
                f"{one.filename or 'the cache folder'} cannot be read or written, so {where.name} "
                "was not loaded: correct its rights, or set HF_HOME to another folder"
            )
    return None


def _of_packages(where: "Located", error: Exception) -> PackageMissing | None:
    text = str(error).casefold()
    named = [one for one in _PACKAGES if one in text and not _is_installed(one)]
    if not isinstance(error, ImportError) and not (named and "install" in text):
        return None
    if _NO_TOKENIZER in text and not _has_pieces(where):
        return None  # whatever is installed: there is nothing that it could read
    missing = named[0] if named else getattr(error, "name", None)
    remedy = f": pip install {missing}" if missing else ""
    return PackageMissing(
        f"a package that {where.name} needs is missing or does not work here "
        f"({first_line(error)}){remedy}"
    )


def _has_pieces(where: "Located") -> bool:
    """Tell whether there may be a tokenizer that only sentencepiece can read."""
    if where.local:
        return any(Path(where.folder).glob("*.model"))
    from huggingface_hub import HfApi, constants

    exists = HfApi(endpoint=constants.ENDPOINT).file_exists
    try:
        return any(exists(where.folder, name, revision=where.revision) for name in _PIECES)
    except Exception:  # noqa: BLE001 - whatever keeps the hub from saying it, it is not known
        return False


def _is_installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


def _of_the_hub(where: "Located", error: Exception) -> InferenceError | None:
    """Tell what the hub said of the model, None if the fault is in what it sent."""
    from huggingface_hub import errors

    told = {type(one): one for one in _causes(error)}
    kinds = tuple(told)
    if errors.GatedRepoError in kinds:
        return HubRefused(
            f"{where.name} is given only to those who accept its licence: open "
            f"{_page(where)} in a browser, accept it, then log in here with `hf auth login`"
        )
    if errors.RevisionNotFoundError in kinds:
        return ModelMissing(
            f"{where.name} has no revision {where.revision!r}: {_page(where)} lists those it has; "
            "leave out what stands behind the @ to take the newest"
        )
    if errors.RepositoryNotFoundError in kinds:
        return ModelMissing(
            f"the model hub has no model {where.name}, or it is a private one: check the spelling, "
            "and log in with `hf auth login` if it is yours"
        )
    if any(issubclass(kind, errors.HFValidationError) for kind in kinds):
        return ModelMissing(
            f"there is no model {where.name!r}: name a folder, or an id such as "
            "Qwen/Qwen2.5-7B-Instruct"
        )
    return _of_the_connection(where, list(told.values()))


def _of_the_connection(where: "Located", causes: list[BaseException]) -> InferenceError | None:
    from huggingface_hub import constants, errors

    for one in causes:
        status = getattr(getattr(one, "response", None), "status_code", None)
        if status in (401, 403):
            return HubRefused(
                f"the model hub does not give {where.name} to this login (HTTP {status}): accept its "
                f"licence on {_page(where)} and log in with `hf auth login`"
            )
        if status is not None and (status >= 500 or status == 429):
            return HubUnavailable(
                f"the model hub answers with HTTP {status}, so {where.name} was not loaded; "
                "try again later, or name a local folder"
            )
    if any(word in str(one) for one in causes for word in _BROKEN_OFF):
        return HubUnavailable(
            f"the download of {where.name} broke off; start again, and what has come is kept"
        )
    missing = [one for one in causes if isinstance(one, errors.EntryNotFoundError)]
    words = " ".join(str(one) for one in causes).casefold()
    if (
        any(isinstance(one, errors.LocalEntryNotFoundError) for one in missing)
        or any(word in words for word in _AWAY)
        or (_NO_TOKENIZER in words and constants.is_offline_mode())
    ):
        return HubUnavailable(
            f"{where.name} is not wholly on this machine and the model hub cannot be reached; check "
            "the network, or name a local folder"
        )
    if missing:
        return ModelBroken(
            f"{where.name} lacks a file on the model hub ({first_line(missing[0])}); take another "
            "model, or another revision"
        )
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        yield one
        seen.add(id(one))
        one = one.__cause__ or one.__context__


def _page(where: "Located") -> str:
    from huggingface_hub import constants

    return f"{constants.ENDPOINT}/{where.folder}"


def first_line(error: BaseException) -> str:
    """Give the first line of an error's text, its kind if it has none."""
    return str(error).strip().split("\n", 1)[0].rstrip(" :") or type(error).__name__
