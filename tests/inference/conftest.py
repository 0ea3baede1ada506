"""The default model and a tiny one, loaded once; threads that wait without spinning."""

import os
from pathlib import Path

# The tests share the machine; see inference/__main__.py. Must be set before torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # noqa: TID251
os.environ["HF_HUB_OFFLINE"] = "1"  # noqa: TID251 - no test asks a model hub

import pytest

from inference.convert import default_model_folder, find_gguf
from inference.engine import Engine
from inference.errors import ModelMissing
from inference.loading import LoadedModel, load
from tests.inference.tiny import chatml_tokenizer, save_tiny_model, tiny_llama


@pytest.fixture(scope="session")
def default_folder() -> Path:
    """The converted default model, in the user's own cache as in real life."""
    try:
        find_gguf()
    except ModelMissing as missing:
        pytest.skip(str(missing))
    return default_model_folder(lambda _: None)


@pytest.fixture(scope="session")
def default_model(default_folder: Path) -> LoadedModel:
    """The default model in float32."""
    assert default_folder.is_dir()
    return load(None)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny ChatML model."""
    return save_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def tiny_model(tiny_folder: Path) -> LoadedModel:
    """A tiny random ChatML model."""
    return load(str(tiny_folder), max_prompt_tokens=512)


@pytest.fixture
def tiny_engine() -> Engine:
    """An engine on a tiny random model, with an empty cache."""
    tokenizer = chatml_tokenizer()
    return Engine(tiny_llama(len(tokenizer)), tokenizer, max_cached_tokens=4096)
