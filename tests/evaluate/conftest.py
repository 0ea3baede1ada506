"""The default model and a tiny one, and files of conversations."""

import json

import pytest

from inference.loading import LoadedModel, load


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
