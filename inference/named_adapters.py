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

from inference.adapters import check_adapter, check_fits
from inference.errors import AdapterBroken
from inference.out_of_memory import telling_memory

if TYPE_CHECKING:
    from peft import PeftModel
    from torch.nn import Module
    from transformers import PreTrainedModel

    from inference.packed import Row

NO_NAME = "__base__"  # what peft calls the model without an adapter


class NamedAdapters:
    """The adapters of one model by name. A name that comes back is another version."""

    def __init__(self, model: "PreTrainedModel") -> None:
        self._model = model
        self._tuned: PeftModel | None = None  # peft's view of the model, once it has adapters
        self._versions: dict[str, int] = {}
        self._num_added = 0
        self._hooked: set[Module] = set()
        self._names: list[str] | None = None  # of each token in the step that is running

    @property
    def names(self) -> list[str]:
        """The names in the order in which they were added."""
        return list(self._versions)

    def version(self, name: str | None) -> int:
        """Give a number that no other adapter had before, 0 for no adapter. Raises KeyError."""
        return 0 if name is None else self._versions[name]

    def add(self, name: str, folder: Path, *, base: str | None = None) -> None:
        """Load an adapter for the model with the public name `base`, None if it has none.

        Raises AdapterBroken if it cannot serve beside others, and OutOfMemory.
        """
        if name in self._versions:
            raise AdapterBroken(f"there is an adapter {name!r} already; remove it first")
        check_fits(self._model, folder, base=base)
        if check_adapter(folder).get("use_dora"):
            raise AdapterBroken(
                f"the adapter {folder} uses DoRA, which works only merged: serve it alone"
            )
        try:
            with telling_memory(f"the adapter {name} was loaded"), warnings.catch_warnings():
                # peft 0.21 asks transformers 5.23 in a way that transformers 6 will drop.
                warnings.filterwarnings("ignore", ".*is_gradient_checkpointing", FutureWarning)
                self._load(name, str(folder))
        except (ValueError, RuntimeError, TypeError, OSError, KeyError) as error:
            raise AdapterBroken(f"cannot load the adapter {folder}: {error}") from error
        self._model.requires_grad_(False)
        self._num_added += 1
        self._versions[name] = self._num_added
        self._hook()

    def remove(self, name: str) -> int:
        """Forget an adapter; give its version. Raises KeyError."""
        version = self._versions.pop(name)
        if self._tuned is not None:
            with warnings.catch_warnings():
                # Each step names its adapters, so it does not matter which one peft calls active.
                warnings.filterwarnings("ignore", "Adapter .* was active", UserWarning)
                self._tuned.delete_adapter(name)
        return version

    @contextmanager
    def chosen(self, rows: "Sequence[Row]") -> Iterator[None]:
        """Run each row's tokens with its adapter within."""
        self._names = [row.adapter or NO_NAME for row in rows for _ in row.ids]
        try:
            yield
        finally:
            self._names = None

    def _load(self, name: str, folder: str) -> None:
        """Put the adapter's layers into the model itself, which stays the one that is run."""
        from peft import PeftModel

        if self._tuned is None:
            self._tuned = PeftModel.from_pretrained(self._model, folder, adapter_name=name)
        else:
            self._tuned.load_adapter(folder, adapter_name=name)

    def _hook(self) -> None:
        """Show each adapted layer the tokens of a step as members of a batch, and their names."""
        from peft.tuners.lora import LoraLayer

        for module in self._model.modules():
            if isinstance(module, LoraLayer) and module not in self._hooked:
                self._hooked.add(module)
                module.register_forward_pre_hook(self._unpacked, with_kwargs=True)
                module.register_forward_hook(self._packed, with_kwargs=True)

    def _unpacked(
        self, _: "Module", args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if self._names is None:
            return args, kwargs
        return (args[0][0], *args[1:]), {**kwargs, "adapter_names": self._names}

    def _packed(
        self, _: "Module", args: tuple[Any, ...], kwargs: dict[str, Any], output: Tensor
    ) -> Tensor:
        return output if self._names is None else output[None]
