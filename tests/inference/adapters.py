"""Adapters of the tiny model, saved in folders, and an engine that has them by name."""

import json
import shutil

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file

from inference.adapters import CONFIG_NAME, WEIGHTS_NAME
from inference.engine import Engine
from inference.generation import Request
from inference.wire.chat_form import FILE_NAME
from tests.inference.test_packed import GREEDY
from tests.inference.tiny import chatml_tokenizer, tiny_llama

NAMES = (None, "poet", "clerk")


def save_adapter(folder, *, seed, save_embedding_layers=False, **options):
    """Random LoRA weights that change what the tiny model says."""
    model = tiny_llama(len(chatml_tokenizer()))
    torch.manual_seed(seed)
    usual = {"r": 4, "target_modules": "all-linear", "init_lora_weights": False}
    config = LoraConfig(**usual | options, task_type="CAUSAL_LM")
    tuned = get_peft_model(model, config)
    tuned.peft_config["default"].base_model_name_or_path = "tiny"
    tuned.save_pretrained(folder, save_embedding_layers=save_embedding_layers)
    (folder / FILE_NAME).write_text(json.dumps({"assistant_name": folder.name}))
    return folder


def make_engine(folders, names=("poet", "clerk")):
    tokenizer = chatml_tokenizer()
    engine = Engine(tiny_llama(len(tokenizer)), tokenizer, max_cached_tokens=10_000)
    for name in names:
        engine.adapters.add(name, folders[name])
    return engine


def wanted(*names, session="s", extra=()):
    return [
        Request((5, 6, 7, 8, *extra), 1, f"{session}{at}", GREEDY, top_logprobs=5, adapter=name)
        for at, name in enumerate(names)
    ]


def changed(folder, to, *, config=None, weights=None):
    """A copy of an adapter's folder, with some of its files changed."""
    shutil.copytree(folder, to)
    if config is not None:
        path = to / CONFIG_NAME
        path.write_text(json.dumps(json.loads(path.read_text()) | config))
    if weights is not None:
        save_file(weights(load_file(to / WEIGHTS_NAME)), to / WEIGHTS_NAME)
    return to
