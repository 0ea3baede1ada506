"""Memory that runs out is told as that, whatever it was asked for and whoever tells it first."""

from collections.abc import Iterator
from contextlib import contextmanager

from inference.errors import OutOfMemory

# torch has a class of its own for a GPU, and for a CPU a RuntimeError with these words.
_CPU_WORDS = "can't allocate memory"
LESS = "take a smaller model, or end what else uses the memory"


@contextmanager
def telling_memory(when: str, *, remedy: str = LESS) -> Iterator[None]:
    """Raise OutOfMemory for memory that runs out within; `when` is put after "while"."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if told := out_of_memory(error, when, remedy=remedy):
            raise told from error
        raise


def out_of_memory(error: BaseException, when: str, *, remedy: str = LESS) -> OutOfMemory | None:
    """Give the error to raise for memory that ran out, None for any other error."""
    import torch

    if isinstance(error, torch.OutOfMemoryError):
        return OutOfMemory(
            f"the memory of the GPU ran out while {when}: {remedy}, "
            "or set CUDA_VISIBLE_DEVICES= to use the CPU"
        )
    if isinstance(error, MemoryError) or _CPU_WORDS in str(error):
        return OutOfMemory(f"the memory ran out while {when}: {remedy}")
    return None
