"""A file of sums to learn, where the adapter goes, and a disk that takes no more."""

import resource
import signal
from contextlib import contextmanager

import pytest

from tests.tune.training import conversation


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "sums.jsonl"
    path.write_text("\n".join(conversation(number) for number in range(40)), encoding="utf-8")
    return path


@pytest.fixture
def out(tmp_path):
    return tmp_path / "adapter"


@pytest.fixture
def file_size_limit():
    """A limit on the size of files, for a disk that takes no more; bytes."""

    @contextmanager
    def limited(num_bytes):
        before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, most))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))
            signal.signal(signal.SIGXFSZ, handler)

    return limited
