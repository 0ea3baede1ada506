"""The default model and a tiny one; threads that wait without spinning, no model hub."""

import json
import os
from pathlib import Path

# The tests share the machine; see inference/__main__.py. Must be set before torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # noqa: TID251
os.environ["HF_HUB_OFFLINE"] = "1"  # noqa: TID251 - no test asks a model hub

import pytest

from inference.convert import default_model_folder, find_gguf
from inference.errors import ModelMissing
from inference.loading import LoadedModel, load
from tests.inference.tiny import save_tiny_model


@pytest.fixture(scope="session")
def default_folder() -> Path:
    """The converted default model, in the user's own cache as in real life."""
    try:
        find_gguf()
    except ModelMissing as missing:
        pytest.skip(str(missing))
    return default_model_folder(lambda _: None)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory) -> Path:
    """A folder with a tiny ChatML model."""
    return save_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def tiny_model(tiny_folder) -> LoadedModel:
    """A tiny random ChatML model with a short context."""
    return load(str(tiny_folder), max_prompt_tokens=1024)


@pytest.fixture
def write(tmp_path):
    """Write conversations, given as lists of (name or None, text), to a file."""

    def written(*conversations, name="chats"):
        path = tmp_path / f"{name}.jsonl"
        lines = [
            json.dumps({"id": f"c{number}", "messages": [as_message(*one) for one in conversation]})
            for number, conversation in enumerate(conversations)
        ]
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    return written


def as_message(name, content):
    if name is None:
        return {"role": "assistant", "content": content}
    return {"role": "user", "name": name, "content": content}
