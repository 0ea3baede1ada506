"""How much memory is free, on the GPUs and on the machine; a container's limit counts."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

_CGROUP = Path("/sys/fs/cgroup")  # as a container sees its own


@dataclass(frozen=True, slots=True)
class Devices:
    """Where a model may be: the free bytes of each GPU, () on a CPU, and those of the machine.

    `half` is the 16-bit type that the GPUs compute in; `cpu_has_bf16` whether the CPU multiplies it,
    and does not only emulate it.
    """

    gpus: tuple[float, ...] = ()
    host: float = math.inf
    half: Literal["bf16", "fp16"] = "bf16"
    cpu_has_bf16: bool = True


def devices() -> Devices:
    """Look at this machine. A GPU older than Ampere (a T4) has no bf16 and takes fp16."""
    import torch

    # Not where there is none: it raises.
    if not torch.cuda.is_available():
        has_bf16 = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
        return Devices(host=free_host_memory(), cpu_has_bf16=has_bf16)
    return Devices(
        gpus=tuple(
            float(torch.cuda.mem_get_info(at)[0]) for at in range(torch.cuda.device_count())
        ),
        host=free_host_memory(),
        half="bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16",
    )


def free_host_memory() -> float:
    """Give the bytes that programs may still take, of the machine or of its container."""
    return min(float(psutil.virtual_memory().available), _free_in_container())


def _free_in_container() -> float:
    """Give what a container's limit (cgroup v2) leaves, in bytes; without a limit it is infinite.

    Pages of files count as used there, and are given up when memory runs short.
    """
    try:
        limit = float((_CGROUP / "memory.max").read_text())
        used = float((_CGROUP / "memory.current").read_text())
        stat = (_CGROUP / "memory.stat").read_text()
    except (OSError, ValueError):  # no such files, or the limit is "max"
        return math.inf
    pages = dict(line.split() for line in stat.splitlines())
    return limit - used + float(pages.get("inactive_file", 0))
