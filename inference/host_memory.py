"""Keep the host's memory that is free again from staying with this process.

It is for glibc, the C library of most Linux systems; with another, nothing is done. PyTorch takes a
CPU's tensors from it. What it gets back it keeps for later, in holes of a size that may never be
asked for again.
"""

import ctypes
from functools import cache

# Of glibc's malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3

# A conversation's memory for its next tokens is larger (12 MB of the default model's), what a pass
# over some hundred tokens needs for a moment is smaller, and would cost a call of the system.
APART_BYTES = 4 * 2**20
KEPT_BYTES = 64 * 2**20  # for such passes


def keep_large_apart() -> bool:
    """Let each large piece of memory go back to the system when it is freed; False if that cannot be.

    glibc raises the size from which it does so, up to 32 MB, with every such piece that is freed.
    Setting it keeps it.
    """
    library = _glibc()
    return library is not None and bool(
        library.mallopt(_M_MMAP_THRESHOLD, APART_BYTES)
        and library.mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES)
    )


def give_back_free_memory() -> bool:
    """Give the system what is free in this process; False if there was nothing."""
    library = _glibc()
    return library is not None and bool(library.malloc_trim(ctypes.c_size_t(0)))


@cache
def _glibc() -> ctypes.CDLL | None:
    library = ctypes.CDLL(None)
    return library if hasattr(library, "gnu_get_libc_version") else None
