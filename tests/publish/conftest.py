"""A tiny base with an adapter that changes what it decides, and a model hub on loopback."""

import json

import pytest
from huggingface_hub import constants

from inference.tune.lora import LoraOptions, save_adapter, with_lora
from inference.wire.chat_form import Calibration, CalibrationStep, ChatForm
from tests.inference.tiny import chatml_tokenizer, tiny_llama
from tests.publish.hub_server import HubServer

FORM = ChatForm(
    decide_prompt="You are {name}. {persona}",
    calibration=Calibration((CalibrationStep(0, 1.0, 0.0), CalibrationStep(50, 0.4, 0.1))),
)


def save_base(folder, model, tokenizer):
    """Write a model as a person would have one."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def save_random_adapter(folder, model, *, base):
    """Write an adapter as training does, its weights drawn at random; `model` is spent."""
    folder.mkdir(parents=True)
    adapted = with_lora(model, LoraOptions(rank=4, alpha=8, dropout=0.0))
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:
            parameter.data.normal_(std=0.3)
    save_adapter(adapted, folder, base=base)
    (folder / "earshot.json").write_text(json.dumps(FORM.to_dict()))
    (folder / "README.md").write_text("---\nlibrary_name: peft\n---\n\n# Mine\n")
    (folder / "metrics.json").write_text("{}")
    (folder / "unfinished.pt").write_bytes(b"the state of a run")
    return folder


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    """A folder with a tiny ChatML model."""
    tokenizer = chatml_tokenizer()
    model = tiny_llama(len(tokenizer), eos_token_id=tokenizer.eos_token_id)
    return save_base(tmp_path_factory.mktemp("bases") / "tiny", model, tokenizer)


@pytest.fixture
def adapter(base, tmp_path):
    """An adapter of the tiny model, as `earshot train` leaves it."""
    return save_random_adapter(
        tmp_path / "mine", tiny_llama(len(chatml_tokenizer())), base=str(base)
    )


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A model hub on loopback, which the real client talks to, with a login."""
    with HubServer() as server:
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # its storage is no plain HTTP
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
        monkeypatch.setenv("HF_TOKEN", "hf_right")
        yield server
