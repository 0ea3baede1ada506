"""A file of sums to learn, and where the adapter goes."""

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
