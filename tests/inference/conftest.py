"""The default model and a tiny one, loaded once."""

from pathlib import Path

import pytest

from inference.engine import Engine
from inference.loading import LoadedModel, load
from tests.inference.adapters import save_adapter
from tests.inference.tiny import chatml_tokenizer, tiny_llama


@pytest.fixture(scope="session")
def default_model(default_folder: Path) -> LoadedModel:
    """The default model in float32."""
    assert default_folder.is_dir()
    return load(None)


@pytest.fixture(scope="session")
def tiny_model(tiny_folder: Path) -> LoadedModel:
    """A tiny random ChatML model."""
    return load(str(tiny_folder), max_prompt_tokens=512)


@pytest.fixture
def tiny_engine() -> Engine:
    """An engine on a tiny random model, with an empty cache."""
    tokenizer = chatml_tokenizer()
    return Engine(tiny_llama(len(tokenizer)), tokenizer, max_cached_tokens=4096)


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of adapters of the tiny model, by name."""
    root = tmp_path_factory.mktemp("adapters")
    return {
        "poet": save_adapter(root / "poet", seed=3),
        "clerk": save_adapter(root / "clerk", seed=4),
        "dora": save_adapter(root / "dora", seed=5, use_dora=True),
    }
