import pytest
import torch

from inference.errors import OutOfMemory
from inference.out_of_memory import telling_memory


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (torch.OutOfMemoryError("CUDA"), "the memory of the GPU ran out while x: .*CUDA_VISIBLE"),
        (MemoryError(), "the memory ran out while x: take a smaller model"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you"), "the memory ran out"),
    ],
)
def test_memory_that_runs_out_is_told_with_what_takes_less(error, told):
    with pytest.raises(OutOfMemory, match=told), telling_memory("x"):
        raise error


def test_any_other_error_stays_what_it_is():
    with pytest.raises(RuntimeError, match="a shape is wrong"), telling_memory("x"):
        raise RuntimeError("a shape is wrong")
