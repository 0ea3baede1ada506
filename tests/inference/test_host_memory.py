"""What is freed goes back to the system, where its C library can be told so."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from inference import host_memory
from inference.host_memory import give_back_free_memory, keep_large_apart

MAPS = Path("/proc/self/maps")


@pytest.fixture
def glibc():
    if host_memory._glibc() is None or not MAPS.exists():
        pytest.skip("another C library than glibc")


def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


IN_A_PROCESS_OF_ITS_OWN = """
from pathlib import Path
import torch
from inference.host_memory import APART_BYTES, keep_large_apart

def is_mapped(address):
    lines = Path("/proc/self/maps").read_text().splitlines()
    spans = [[int(end, 16) for end in line.split()[0].split("-")] for line in lines]
    return any(begin <= address < end for begin, end in spans)

assert keep_large_apart()
for _ in range(3):
    piece = torch.ones(16 * APART_BYTES, dtype=torch.uint8)
    address = piece.data_ptr() + 8 * APART_BYTES
    assert is_mapped(address)
    del piece
    assert not is_mapped(address)
"""


def test_large_memory_goes_back_when_it_is_freed_however_often(glibc):
    # A process that has run tests has holes large enough for any piece.
    subprocess.run([sys.executable, "-c", IN_A_PROCESS_OF_ITS_OWN], check=True, timeout=120)


def test_the_holes_between_what_is_held_are_given_back(glibc):
    # given 80 MB in holes of 400 kB
    assert keep_large_apart()
    pieces = [torch.ones(100_000) for _ in range(400)]
    del pieces[::2]
    before = resident_bytes()

    assert give_back_free_memory()

    assert before - resident_bytes() > 60e6
    assert all(bool(piece.all()) for piece in pieces)


def test_with_another_c_library_nothing_is_done(monkeypatch):
    monkeypatch.setattr(host_memory, "_glibc", lambda: None)

    assert not keep_large_apart()
    assert not give_back_free_memory()
