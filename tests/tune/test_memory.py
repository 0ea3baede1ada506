import re
from dataclasses import replace

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import (
    AutoModelForCausalLM,
    FalconConfig,
    GPT2Config,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    Qwen2Config,
)

from inference.errors import TuneRefused
from inference.outline import Outline
from inference.tune.memory import (
    Setting,
    check_fits,
    free_memory,
    lora_parameters,
    need,
    trainable,
)
from inference.tune.quantize import made_ready, quantization_config

# peft 0.21 asks transformers 5.23 in a way that transformers 6 will drop.
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")

GIB = 2**30
LLAMA2_7B = LlamaConfig()
QWEN25_7B = Qwen2Config(
    vocab_size=152064,
    hidden_size=3584,
    intermediate_size=18944,
    num_hidden_layers=28,
    num_attention_heads=28,
    num_key_value_heads=4,
)
QWEN25_05B = Qwen2Config(
    vocab_size=151936,
    hidden_size=896,
    intermediate_size=4864,
    num_hidden_layers=24,
    num_attention_heads=14,
    num_key_value_heads=2,
    tie_word_embeddings=True,
)
FALCON_7B = FalconConfig(
    vocab_size=65024, hidden_size=4544, num_attention_heads=71, multi_query=True, bias=False
)
SMALL = LlamaConfig(
    vocab_size=500,
    hidden_size=256,
    intermediate_size=704,
    num_hidden_layers=2,
    num_attention_heads=8,
    num_key_value_heads=4,
)
QLORA = Setting("nf4", "bf16", gradient_checkpointing=True)  # the recipe's


@pytest.mark.parametrize(
    ("config", "billions"),
    [(LLAMA2_7B, 6.738), (QWEN25_7B, 7.616), (QWEN25_05B, 0.494), (MistralConfig(), 7.242)],
)
def test_parameters_are_counted_and_tied_ones_once(config, billions):
    assert Outline.of(config).num_parameters / 1e9 == pytest.approx(billions, abs=0.001)


@pytest.mark.parametrize(
    ("config", "sizes"),
    [
        (LLAMA2_7B, (12.6, 6.5, 3.6)),
        (QWEN25_7B, (14.2, 8.1, 5.2)),
        (MistralConfig(), (13.5, 7.0, 3.8)),
    ],
)
def test_the_weights_of_known_models_take_what_is_known(config, sizes):
    outline = Outline.of(config)

    for kind, size in zip(("none", "int8", "nf4"), sizes, strict=True):
        unpacked = 0 if kind == "none" else 2 * outline.largest
        weights = need(outline, Setting(kind, "bf16")).weights - unpacked
        assert weights / GIB == pytest.approx(size, abs=0.06)


@pytest.mark.parametrize("config", [LLAMA2_7B, QWEN25_7B, MistralConfig(), FALCON_7B])
def test_a_qlora_of_a_7b_model_fits_16_gigabytes_at_the_recipes_settings(config):
    total = need(Outline.of(config), QLORA, device="cuda").total

    assert 9e9 < total < 16e9


@pytest.mark.parametrize("config", [LLAMA2_7B, QWEN25_7B])
def test_a_7b_model_as_it_is_does_not_fit_16_gigabytes(config):
    assert need(Outline.of(config), Setting("none", "bf16"), device="cuda").total > 30e9


def test_a_lora_on_all_linear_layers_is_counted_right():
    outline = Outline.of(SMALL)

    model = get_peft_model(LlamaForCausalLM(SMALL), LoraConfig(r=8, target_modules="all-linear"))

    counted = sum(one.numel() for one in model.parameters() if one.requires_grad)
    assert lora_parameters(outline, 8) == counted


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("small")
    LlamaForCausalLM(SMALL).save_pretrained(path)
    return path


def loaded(folder, quantize, dtype):
    config = quantization_config(quantize, compute=dtype)
    return AutoModelForCausalLM.from_pretrained(folder, quantization_config=config, dtype=dtype)


def bytes_of(model):
    tensors = {one.data_ptr(): one for one in (*model.parameters(), *model.buffers())}
    states = [getattr(one, "quant_state", None) for one in tensors.values()]
    scales = [s.absmax for s in states if s] + [s.state2.absmax for s in states if s]
    scales += [one.SCB for one in tensors.values() if getattr(one, "SCB", None) is not None]
    return sum(one.numel() * one.element_size() for one in (*tensors.values(), *scales))


@pytest.mark.parametrize(
    ("quantize", "precision"),
    [("none", "fp32"), ("none", "bf16"), ("int8", "bf16"), ("nf4", "bf16"), ("nf4", "fp32")],
)
def test_the_weights_take_what_the_estimate_says(folder, quantize, precision):
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
    outline = Outline.of(SMALL)

    measured = bytes_of(loaded(folder, quantize, dtype))

    unpacked = 0 if quantize == "none" else dtype.itemsize * outline.largest
    estimated = need(outline, Setting(quantize, precision)).weights - unpacked
    assert estimated == pytest.approx(measured, rel=0.02)


def saved_bytes(model, *, autocast):
    """Give what autograd keeps of a forward pass over 512 tokens, the parameters left out."""
    own = {one.untyped_storage().data_ptr() for one in (*model.parameters(), *model.buffers())}
    kept = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = (storage.nbytes(), tensor)  # held, so that none is reused
        return tensor

    with (
        torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor),
        torch.autocast("cpu", torch.bfloat16, enabled=autocast),
    ):
        model(input_ids=torch.zeros((2, 256), dtype=torch.long), logits_to_keep=1)
    return sum(size for size, _ in kept.values())


@pytest.mark.parametrize("dropout", [0.1, 0.0])
@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize(
    ("quantize", "precision"), [("none", "fp32"), ("none", "bf16"), ("nf4", "bf16")]
)
def test_the_activations_take_what_the_estimate_says(
    folder, quantize, precision, checkpointing, dropout
):
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
    base = made_ready(loaded(folder, quantize, dtype), gradient_checkpointing=checkpointing)
    lora = LoraConfig(r=8, lora_dropout=dropout, target_modules="all-linear")

    measured = saved_bytes(get_peft_model(base, lora).train(), autocast=precision == "bf16")

    setting = Setting(
        quantize,
        precision,
        dropout=dropout > 0,
        batch=2,
        max_tokens=256,
        gradient_checkpointing=checkpointing,
    )
    estimated = need(Outline.of(SMALL), setting).activations
    at_the_ends = 512 * 256 * (4 + 4 + 2)  # the last norm's, whatever is kept
    assert 0.9 * (measured - at_the_ends) < estimated < 2.1 * measured
    if not checkpointing:
        assert estimated < 1.15 * measured


def test_more_of_anything_takes_more():
    outline = Outline.of(QWEN25_05B)
    setting = Setting("none", "bf16", gradient_checkpointing=True)

    least = need(outline, setting).total

    for more in (
        {"rank": 128},
        {"batch": 8},
        {"max_tokens": 2048},
        {"precision": "fp32"},
        {"gradient_checkpointing": False},
        {"learns_everything": True, "batch": 1},
    ):
        less = replace(setting, batch=1) if more.get("batch") == 1 else setting
        assert need(outline, replace(setting, **more)).total > need(outline, less).total
    assert need(outline, replace(setting, quantize="nf4")).weights < need(outline, setting).weights
    assert least > 0


def test_a_base_without_linear_layers_is_told_with_what_works():
    with pytest.raises(TuneRefused, match=r"a gpt2 model cannot be trained .* such as Llama"):
        trainable(GPT2Config(n_layer=1))


def test_what_fits_is_let_through():
    outline = Outline.of(QWEN25_05B)

    assert check_fits(outline, QLORA, free=100e9) == need(outline, QLORA)


@pytest.mark.parametrize(
    ("setting", "free", "nearest"),
    [
        (Setting("none", "bf16"), 17e9, "--quantize nf4"),
        (QLORA, 12e9, "--batch 1 --accumulate 8"),
        (replace(QLORA, batch=1, accumulate=8), 9e9, "--max-tokens 512"),
        (Setting("nf4", "bf16"), 13e9, "--gradient-checkpointing"),
        (
            Setting("none", "bf16"),
            9e9,
            "--quantize nf4 --batch 1 --accumulate 8 --max-tokens 512",
        ),
    ],
)
def test_a_refusal_names_the_nearest_setting_that_fits(setting, free, nearest):
    outline = Outline.of(LLAMA2_7B)

    with pytest.raises(TuneRefused, match=re.escape(f": with {nearest} it is about ")) as refusal:
        check_fits(outline, setting, free=free, device="cuda")

    assert f"{free / 1e9:.1f} GB is free" in str(refusal.value)
    assert "adapter 3.2" in str(refusal.value)


def test_a_model_that_fits_in_no_way_is_told_so():
    with pytest.raises(TuneRefused, match="too little at any setting: take a smaller base"):
        check_fits(Outline.of(LLAMA2_7B), QLORA, free=4e9)


def test_the_free_memory_of_this_machine_is_told():
    free, device = free_memory()

    assert device in ("cpu", "cuda")
    assert 1e8 < free < 1e14


def test_the_free_memory_of_a_gpu_is_asked_of_it(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (15 * GIB, 16 * GIB))

    assert free_memory() == (15 * GIB, "cuda")


def test_the_free_memory_of_a_container_is_what_its_limit_leaves(monkeypatch, tmp_path):
    monkeypatch.setattr("inference.devices._CGROUP", tmp_path)
    (tmp_path / "memory.current").write_text("60000000\n")
    (tmp_path / "memory.stat").write_text("anon 40000000\ninactive_file 15000000\n")

    (tmp_path / "memory.max").write_text("100000000\n")
    assert free_memory() == (55e6, "cpu")

    (tmp_path / "memory.max").write_text("max\n")
    assert free_memory()[0] > 55e6
