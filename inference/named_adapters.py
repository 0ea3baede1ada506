"""Several LoRA adapters on one model, added and removed while it runs, mixed within a step.

Each row of a step names its adapter. peft can mix adapters among the members of a batch; a packed
step has one member, so each adapted layer is shown its tokens as the members. Weights stay apart:
an adapter that is served alone is faster merged, see `inference.adapters`.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

from inference.errors import AdapterBroken, AdapterGone
from inference.mixable import MixableAdapter, read_mixable
from inference.out_of_memory import telling_memory

if TYPE_CHECKING:
    from peft.tuners.lora import LoraLayer
    from torch.nn import Module
    from transformers import PreTrainedModel

    from inference.packed import Row

NO_KEY = "__base__"  # what peft calls the model without an adapter


class NamedAdapters:
    """The adapters of one model by name. A name that comes back is another version."""

    def __init__(self, model: "PreTrainedModel") -> None:
        self._model = model
        self._versions: dict[str, int] = {}
        self._num_added = 0
        self._hooked: set[Module] = set()
        self._keys: list[str] | None = None  # of each token in the step that is running

    @property
    def names(self) -> list[str]:
        """The names in the order in which they were added."""
        return list(self._versions)

    def version(self, name: str | None) -> int:
        """Give a number that no other adapter had before, 0 for no adapter. Raises AdapterGone."""
        if name is None:
            return 0
        if name not in self._versions:
            raise AdapterGone(f"there is no adapter {name!r}, or not any more")
        return self._versions[name]

    def add(self, name: str, folder: Path, *, base: str | None = None) -> None:
        """Read an adapter, and put it on; raises as both do."""
        self.put_on(name, self.read(folder, base=base))

    def read(self, folder: Path, *, base: str | None = None) -> MixableAdapter:
        """Read an adapter for the model with the public name `base`, None if it has none.

        It may run beside steps, on any thread, but not beside `put_on` and `remove`.
        Raises AdapterBroken if it cannot serve beside others.
        """
        return read_mixable(self._model, folder, base=base)

    def put_on(self, name: str, adapter: MixableAdapter) -> None:
        """Give the model an adapter that was read for it; one that fails leaves nothing behind.

        Raises AdapterBroken and OutOfMemory.
        """
        if name in self._versions:
            raise AdapterBroken(f"there is an adapter {name!r} already; remove it first")
        version = self._num_added = self._num_added + 1
        try:
            with telling_memory(f"the adapter {name} was loaded"):
                self._load(_key(version), adapter)
        except BaseException as error:
            self._take_off(_key(version))
            if isinstance(error, ValueError | RuntimeError | TypeError | OSError | KeyError):
                message = f"cannot load the adapter {adapter.folder}: {error}"
                raise AdapterBroken(message) from error
            raise
        self._versions[name] = version

    def remove(self, name: str) -> int:
        """Forget an adapter; give its version. Raises AdapterGone."""
        version = self.version(name)
        del self._versions[name]
        self._take_off(_key(version))
        return version

    @contextmanager
    def chosen(self, rows: "Sequence[Row]") -> Iterator[None]:
        """Run each row's tokens with its adapter within. Raises AdapterGone."""
        keys = [(_key(self.version(row.adapter)), len(row.ids)) for row in rows]
        self._keys = [key for key, count in keys for _ in range(count)]
        try:
            yield
        finally:
            self._keys = None

    def _load(self, key: str, adapter: MixableAdapter) -> None:
        """Put the adapter's layers into the model itself, which stays the one that is run."""
        from peft import inject_adapter_in_model, set_peft_model_state_dict
        from peft.tuners.tuners_utils import cast_adapter_dtype

        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Already found a `peft_config`", UserWarning)
            inject_adapter_in_model(adapter.config, self._model, key)
        cast_adapter_dtype(self._model, key)  # before its weights are in, or they would be rounded
        # peft's annotation of it is not the type.
        told: Any = set_peft_model_state_dict(self._model, dict(adapter.weights), key)
        missing = [name for name in told.missing_keys if f".{key}." in f"{name}."]
        unexpected = told.unexpected_keys
        if missing or unexpected:
            fault = f"lacks {missing[0]}" if missing else f"is not meant to adapt {unexpected[0]}"
            raise AdapterBroken(
                f"the adapter {adapter.folder} is damaged: by its settings it {fault}"
            )
        self._model.requires_grad_(False)
        self._model.train(False)
        self._deactivate()
        self._hook()

    def _take_off(self, key: str) -> None:
        """Take an adapter's weights out of all layers, and the layers themselves with the last."""
        self._deactivate()
        for layer in self._layers():
            layer.delete_adapter(key)
        # peft writes it into the model, but not before the first adapter is in all its layers.
        getattr(self._model, "peft_config", {}).pop(key, None)
        if not self._versions:
            self._restore()

    def _deactivate(self) -> None:
        """Leave no adapter active by itself: each step names its own."""
        for layer in self._layers():
            layer.set_adapter([])

    def _restore(self) -> None:
        """Give the model its own layers back, which are faster."""
        from peft.tuners.lora import LoraLayer

        for parent in list(self._model.modules()):
            for name, layer in list(parent.named_children()):
                if isinstance(layer, LoraLayer):
                    setattr(parent, name, layer.get_base_layer())
        self._hooked.clear()

    def _layers(self) -> "list[LoraLayer]":
        from peft.tuners.lora import LoraLayer

        return [module for module in self._model.modules() if isinstance(module, LoraLayer)]

    def _hook(self) -> None:
        """Show each adapted layer the tokens of a step as members of a batch, and their adapters."""
        from peft.tuners.lora import LoraLayer

        for layer in self._model.modules():
            if isinstance(layer, LoraLayer) and layer not in self._hooked:
                self._hooked.add(layer)
                layer.register_forward_pre_hook(self._unpacked, with_kwargs=True)
                layer.register_forward_hook(self._packed, with_kwargs=True)

    def _unpacked(
        self, _: "Module", args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if self._keys is None:
            return args, kwargs
        return (args[0][0], *args[1:]), {**kwargs, "adapter_names": self._keys}

    def _packed(
        self, _: "Module", args: tuple[Any, ...], kwargs: dict[str, Any], output: Tensor
    ) -> Tensor:
        return output if self._keys is None else output[None]


def _key(version: int) -> str:
    """Name an adapter for peft, which does not take all names that clients may give."""
    return f"adapter{version}" if version else NO_KEY
