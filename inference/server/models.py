"""What a worker serves, by name: the model, and the adapters beside it, which may come and go."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from inference.chat_forms import after_silence, find_form, fitted
from inference.errors import AdapterBroken
from inference.loading import LoadedModel

NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"  # of an adapter
MAX_NAME_CHARS = 80


@dataclass(frozen=True, slots=True)
class Served:
    """A name that requests can ask for. `adapter` is one of the engine's, None for none.

    `likely_ids` follow a decision's prompt when the answer is silence.
    """

    id: str
    loaded: LoadedModel
    adapter: str | None = None
    likely_ids: tuple[int, ...] = ()


class ServedModels:
    """The names of a worker. The first is what a client gets that asks for none in particular.

    `aliases` are further names of the model as it was loaded, such as that of an adapter merged
    into it. Whoever loads or unloads an adapter while the worker runs holds `changing` meanwhile.
    """

    def __init__(self, loaded: LoadedModel, *, aliases: Sequence[str] = ()) -> None:
        self.changing = asyncio.Lock()
        self._loaded = loaded
        likely_ids = _likely_ids(loaded)
        names = dict.fromkeys((loaded.id, *aliases))
        self._plain = [Served(name, loaded, likely_ids=likely_ids) for name in names]
        self._adapted: dict[str, Served] = {}

    def __iter__(self) -> Iterator[Served]:
        """Give adapters first: whoever loads one wants to talk to it."""
        yield from self._adapted.values()
        yield from self._plain

    @property
    def names(self) -> list[str]:
        """All names, the first in use first."""
        return [served.id for served in self]

    def find(self, name: str) -> Served | None:
        """Give what a name stands for, None for an unknown one."""
        return next((served for served in self if served.id == name), None)

    def adapted(self, name: str, folder: Path) -> Served:
        """Fit the chat form in an adapter's folder to the model, without serving it yet.

        It reads and renders. Raises ModelBroken if it is no form, AdapterBroken if it is unreadable.
        """
        try:
            form = find_form([folder], default=self._loaded.form)
        except OSError as error:
            raise AdapterBroken(f"cannot read the chat form in {folder}: {error}") from error
        fit = fitted(form, self._loaded.tokenizer)
        adapted = replace(
            self._loaded,
            adapter=name,
            form=fit.form,
            renderer=fit.renderer,
            decision_ids=fit.decision_ids,
        )
        return Served(name, adapted, name, _likely_ids(adapted))

    def publish(self, served: Served) -> None:
        """Let requests ask for an adapter that the engine has."""
        self._adapted[served.id] = served

    def remove(self, name: str) -> None:
        """Forget an adapter. Raises KeyError."""
        del self._adapted[name]

    def is_adapter(self, name: str) -> bool:
        """Tell whether a name is that of an adapter that can be removed."""
        return name in self._adapted


def _likely_ids(loaded: LoadedModel) -> tuple[int, ...]:
    decision = loaded.form.decision
    return () if decision is None else after_silence(loaded.renderer, decision.prefix)
