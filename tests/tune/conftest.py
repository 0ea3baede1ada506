"""Threads that wait without spinning, and no model hub: as in tests/inference."""

import os

# The tests share the machine; see inference/__main__.py. Must be set before torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # noqa: TID251
os.environ["HF_HUB_OFFLINE"] = "1"  # noqa: TID251 - no test asks a model hub

from pathlib import Path

import pytest

from tests.inference.tiny import save_tiny_model


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny ChatML model."""
    return save_tiny_model(tmp_path_factory.mktemp("models") / "tiny")
