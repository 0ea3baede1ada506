"""Find a model: the default one, a folder, a GGUF file, or an id of the model hub.

default model, folder, file.gguf     nothing is asked of the hub
org/name, org/name@revision          the hub's
org/name:file.gguf                   one GGUF file of the hub's
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from inference.convert import DEFAULT_MODEL, default_model_folder
from inference.errors import ModelBroken, ModelMissing
from inference.gguf_models import converted_folder
from inference.hub import download, stay_offline_if_unreachable

DEFAULT_ALIAS = "default"
_GGUF = ".gguf"


class Report(Protocol):
    """Hears what the loading is doing."""

    def __call__(self, detail: str, progress: float | None = None) -> None:
        """Take note: in words, and as a share from 0 to 1, None where it is not known."""


def unheard(detail: str, progress: float | None = None) -> None:
    """A report that nobody hears."""


@dataclass(frozen=True, slots=True)
class Located:
    """Where a model is: its public name, what transformers loads it by, whether that is a folder.

    `is_path` tells that a path was asked for, so that the name is only that of a folder. `revision`
    is a branch, tag or commit of the hub, None for the newest.
    """

    name: str
    folder: str
    local: bool
    is_path: bool
    revision: str | None = None

    @property
    def public_name(self) -> str | None:
        """The name that others know it by, None where only its folder is known."""
        return None if self.is_path else self.name

    @property
    def asked(self) -> str:
        """What to call it in an error: the folder, or the id on the hub."""
        return self.folder if self.local else self.name


@dataclass(frozen=True, slots=True)
class Reference:
    """What a model's name says, before anything is looked for. Just one of the first three is set."""

    default: bool = False
    path: str | None = None
    repo: str | None = None
    revision: str | None = None
    gguf: str | None = None

    @classmethod
    def parsed(cls, model_id: str | None) -> "Reference":
        """Take a name apart. A hub id has at most one slash and is no file or folder here."""
        if not model_id or model_id in (DEFAULT_ALIAS, DEFAULT_MODEL):
            return cls(default=True)
        repo, colon, gguf = model_id.partition(":")
        if colon and gguf.casefold().endswith(_GGUF) and not _is_path(repo):
            repo, _, revision = repo.partition("@")
            return cls(repo=repo, revision=revision or None, gguf=gguf)
        if _is_path(model_id) or model_id.casefold().endswith(_GGUF):
            return cls(path=model_id)
        repo, _, revision = model_id.partition("@")
        return cls(repo=repo, revision=revision or None)


def located(model_id: str | None, report: Report = unheard) -> Located:
    """Find a model; the default one and GGUF files are converted first if need be.

    Raises ModelMissing, ModelBroken or another InferenceError.
    """
    asked = Reference.parsed(model_id)
    if asked.default:

        def converted(share: float) -> None:
            report(f"converting the default model: {share:.0%}", share)

        return Located(DEFAULT_MODEL, str(default_model_folder(converted)), True, False)
    if asked.path is not None:
        return _on_this_machine(asked.path, report)
    assert asked.repo is not None  # noqa: S101 - what is no path is a repository
    stay_offline_if_unreachable()
    where = Located(asked.repo, asked.repo, False, False, asked.revision)
    if asked.gguf is None:
        return where
    report(f"getting {asked.gguf} of {asked.repo}")
    return _from_gguf(download(where, asked.gguf), report)


def _on_this_machine(path: str, report: Report) -> Located:
    place = Path(path).expanduser().resolve()
    if place.suffix.casefold() == _GGUF and not place.is_dir():
        if not place.is_file():
            raise ModelMissing(f"there is no GGUF file {place}; check the path")
        return _from_gguf(place, report)
    if not place.is_dir():
        raise ModelMissing(f"there is no model folder {place}; check the path")
    if not (place / "config.json").is_file():
        raise ModelBroken(f"{place} is not a model folder: it has no config.json{_gguf_in(place)}")
    return Located(place.name, str(place), True, True)


def _from_gguf(file: Path, report: Report) -> Located:
    def converting(share: float) -> None:
        report(f"converting {file.name}: {share:.0%}", share)

    return Located(file.stem, str(converted_folder(file, converting)), True, True)


def _gguf_in(folder: Path) -> str:
    file = next(iter(sorted(folder.glob("*.gguf"))), None)
    return f"; to load its GGUF file, name {file}" if file else ""


def _is_path(model_id: str) -> bool:
    looks_like_path = model_id.startswith((".", "/", "~")) or model_id.count("/") > 1
    return looks_like_path or Path(model_id).is_dir()
