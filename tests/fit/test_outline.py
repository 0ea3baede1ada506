"""What is told of a model before it is loaded, against the model itself."""

import pytest
import torch
from transformers import FalconConfig, GPT2Config, GPTNeoXConfig, LlamaConfig, Qwen2Config

from inference.catalogue import catalogue, config_of
from inference.kv import SequenceKV
from inference.outline import Outline
from tests.tune.families import tiny_model

KNOWN_BILLIONS = {
    "SmolLM2-135M-Instruct": 0.135,
    "Qwen2.5-0.5B-Instruct": 0.494,
    "Qwen2.5-7B-Instruct": 7.616,
    "Meta-Llama-3-8B-Instruct": 8.030,
    "Mistral-7B-Instruct-v0.3": 7.248,
    "Mistral-7B-Instruct-v0.2": 7.242,
    "Mistral-7B-Instruct-v0.1": 7.242,
    "openchat-3.5-0106": 7.242,
    "zephyr-7b-beta": 7.242,
    "Llama-2-7b-chat-hf": 6.738,
    "falcon-7b-instruct": 6.922,  # with the head tied to the embeddings, as transformers has it
}


@pytest.mark.parametrize("entry", catalogue(), ids=lambda entry: entry.name)
def test_a_model_of_the_catalogue_has_the_parameters_that_its_makers_count(entry):
    outline = Outline.of(config_of(entry))

    assert outline.num_parameters / 1e9 == pytest.approx(KNOWN_BILLIONS[entry.name], abs=0.001)


@pytest.mark.parametrize("architecture", ["llama", "mistral", "qwen2", "falcon", "gemma"])
def test_a_token_takes_as_much_as_is_told(architecture):
    model = tiny_model(architecture, 300).eval()
    kept = SequenceKV(model.config)

    with torch.inference_mode():
        model(torch.arange(1, 9).reshape(1, -1), past_key_values=kept.cache, use_cache=True)

    taken = sum(layer.keys.numel() + layer.values.numel() for layer in kept.cache.layers)
    assert taken == 8 * Outline.of(model.config).kv_width


@pytest.mark.parametrize(
    ("config", "width"),
    [
        (GPT2Config(n_layer=2, n_embd=32, n_head=4), 2 * 2 * 32),
        (GPTNeoXConfig(num_hidden_layers=2, hidden_size=32, num_attention_heads=4), 2 * 2 * 32),
        (LlamaConfig(num_hidden_layers=2, head_dim=16, num_attention_heads=4), 2 * 2 * 64),
        (
            Qwen2Config(
                num_hidden_layers=2, hidden_size=64, num_attention_heads=4, num_key_value_heads=2
            ),
            2 * 2 * 32,
        ),
        (
            FalconConfig(
                num_hidden_layers=2,
                hidden_size=64,
                num_attention_heads=4,
                num_kv_heads=2,
                new_decoder_architecture=True,
            ),
            2 * 2 * 32,
        ),
    ],
)
def test_keys_and_values_are_counted_in_every_way_that_configurations_name_them(config, width):
    assert Outline.of(config).kv_width == width


def test_a_model_without_linear_layers_has_only_others():
    outline = Outline.of(GPT2Config(n_layer=2, n_embd=32, n_head=4, vocab_size=100))

    assert (outline.linear, outline.largest) == (0, 0)
    assert outline.weight_bytes("nf4", rest="bf16") == 2 * outline.num_parameters
