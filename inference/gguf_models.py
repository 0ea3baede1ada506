"""Any GGUF file as a model folder, converted once.

The weights become plain ones, in 16 bits where the file has no more: that is what transformers and
adapters work with. To run a GGUF file as it is, llama-server does that, by EARSHOT_MODEL_URL.
"""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inference.convert import FORMAT, Progress, convert, kept, models_folder
from inference.devices import free_host_memory
from inference.errors import DiskFull, ModelBroken, ModelTooLarge

if TYPE_CHECKING:
    import torch

# Of the converted weights: what is held beside them for a moment. Peak of RSS, SmolLM2-135M in fp16.
HEADROOM = 2.0


@dataclass(frozen=True, slots=True)
class GgufContents:
    """What a GGUF file holds: how many weights, and the type that keeps all they say."""

    num_parameters: int
    dtype: "torch.dtype"

    @property
    def num_bytes(self) -> int:
        """What the converted weights take."""
        return self.num_parameters * self.dtype.itemsize


def converted_folder(file: Path, progress: Progress, *, cache: Path | None = None) -> Path:
    """Give the folder of a converted GGUF file, converting it if need be.

    A file that changed is converted anew; `cache` is Earshot's cache folder, the user's own if None.
    Raises ModelBroken, ModelTooLarge or DiskFull.
    """
    stat = file.stat()
    mark = hashlib.sha256(f"{file.resolve()} {stat.st_size} {stat.st_mtime_ns}".encode())
    target = models_folder(cache) / f"{file.stem}-{mark.hexdigest()[:12]}-f{FORMAT}"

    def write(unfinished: Path) -> None:
        contents = contents_of(file)
        _check_room(file, contents, unfinished.parent)
        convert(file, unfinished, progress, dtype=contents.dtype)

    return kept(target, write)


def contents_of(file: Path) -> GgufContents:
    """Read what a GGUF file holds, not the weights. Raises ModelBroken."""
    import torch
    from gguf import GGMLQuantizationType, GGUFReader

    try:
        tensors = GGUFReader(file).tensors
    except (ValueError, IndexError, KeyError, OSError) as error:
        raise ModelBroken(
            f"{file} is no GGUF file, or one that was not downloaded to its end ({error}): get it anew"
        ) from error
    types = {tensor.tensor_type for tensor in tensors if len(tensor.shape) > 1}
    dtype = torch.float16
    if types == {GGMLQuantizationType.F32}:
        dtype = torch.float32
    elif types <= {GGMLQuantizationType.F32, GGMLQuantizationType.BF16}:
        dtype = torch.bfloat16
    return GgufContents(sum(int(tensor.n_elements) for tensor in tensors), dtype)


def _check_room(file: Path, contents: GgufContents, folder: Path) -> None:
    """Refuse a file whose conversion would end for lack of memory or disk, before it begins."""
    needed, free = HEADROOM * contents.num_bytes, free_host_memory()
    if needed > free:
        raise ModelTooLarge(
            f"{file.name} takes about {needed / 1e9:.1f} GB of memory to convert, and "
            f"{free / 1e9:.1f} GB is free: serve it with llama-server and set EARSHOT_MODEL_URL"
        )
    left = shutil.disk_usage(folder).free
    if contents.num_bytes > left:
        raise DiskFull(
            f"the disk is full: {file.name} takes {contents.num_bytes / 1e9:.1f} GB when converted, "
            f"and {left / 1e9:.1f} GB is left in {folder.parent}; free some space, or set "
            "XDG_CACHE_HOME to a folder on another disk"
        )
