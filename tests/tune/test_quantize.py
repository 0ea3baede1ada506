import importlib.util

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from inference.errors import TuneRefused
from inference.tune.batches import batch
from inference.tune.examples import LossWeights, conversation_example
from inference.tune.losses import weighted_loss
from inference.tune.padding import pad_id
from inference.tune.quantize import made_ready, quantization_config
from inference.wire.turns import Burst, Line
from tests.tune.families import family

# peft 0.21 asks transformers 5.23 in a way that transformers 6 will drop.
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")

CHAT = [
    Burst((Line("Ana", "shall we meet at 10?"),)),
    Burst((Line("Ana", "assistant, capital of Peru?"),), "Lima, of course."),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a tiny Qwen."""
    made = family("Qwen2.5-Instruct")
    path = tmp_path_factory.mktemp("base")
    made.model().save_pretrained(path)
    return path


def quantised(folder, kind):
    config = quantization_config(kind, compute=torch.float32)
    return AutoModelForCausalLM.from_pretrained(
        folder, quantization_config=config, dtype=torch.float32
    )


def lora(model):
    torch.manual_seed(0)
    config = LoraConfig(r=4, lora_alpha=8, lora_dropout=0.1, target_modules="all-linear")
    return get_peft_model(model, config)


def losses_of(model, num_steps, *, autocast=False):
    made = family("Qwen2.5-Instruct")
    example = conversation_example(made.renderer, made.form, CHAT, weights=LossWeights())
    chats = batch([example, example], pad_id=pad_id(made.tokenizer))
    learning = [one for one in model.parameters() if one.requires_grad]
    optimizer = torch.optim.AdamW(learning, lr=0.01)
    model.train()
    for _ in range(num_steps):
        # Once a step: autocast keeps its bf16 copies of the weights until it is left.
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            loss = weighted_loss(model, chats, total_weight=float(chats.weights.sum()))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        yield loss.item()


@pytest.mark.parametrize("kind", ["nf4", "int8"])
@pytest.mark.parametrize("gradient_checkpointing", [True, False])
def test_a_lora_learns_on_a_quantised_base_on_a_cpu(folder, kind, gradient_checkpointing):
    model = quantised(folder, kind)
    layer = model.model.layers[0].mlp.up_proj
    assert type(layer).__module__.startswith("bitsandbytes")

    made_ready(model, gradient_checkpointing=gradient_checkpointing)
    losses = list(losses_of(lora(model), 8))

    assert losses[-1] < 0.9 * losses[0]
    assert not [name for name, one in model.named_parameters() if one.grad is not None]


def test_nf4_is_doubly_quantised_and_the_head_stays_as_it_is(folder):
    model = quantised(folder, "nf4")

    weight = model.model.layers[0].mlp.up_proj.weight
    assert (weight.quant_type, weight.quant_state.nested) == ("nf4", True)
    assert type(model.lm_head) is torch.nn.Linear


def test_recomputing_a_layer_changes_no_gradient():
    made = family("Qwen2.5-Instruct")
    example = conversation_example(made.renderer, made.form, CHAT, weights=LossWeights())
    chats = batch([example], pad_id=0)

    def gradients(gradient_checkpointing):
        base = made_ready(made.model(), gradient_checkpointing=gradient_checkpointing)
        torch.manual_seed(0)
        config = LoraConfig(
            r=4, lora_dropout=0.0, target_modules="all-linear", init_lora_weights=False
        )
        model = get_peft_model(base, config).train()
        weighted_loss(model, chats, total_weight=1.0).backward()
        return {key: p.grad for key, p in model.named_parameters() if p.requires_grad}

    kept, recomputed = gradients(False), gradients(True)

    assert any(gradient.abs().max() > 1e-4 for gradient in kept.values())
    for key, gradient in kept.items():
        torch.testing.assert_close(gradient, recomputed[key])


def test_norms_are_kept_in_fp32_and_nothing_of_the_base_learns():
    model = family("Qwen2.5-Instruct").model().to(torch.bfloat16)

    made_ready(model, gradient_checkpointing=False)

    assert model.model.norm.weight.dtype == torch.float32
    assert model.model.layers[1].input_layernorm.weight.dtype == torch.float32
    assert model.lm_head.weight.dtype == torch.bfloat16
    assert not [one for one in model.parameters() if one.requires_grad]


def test_a_base_in_bf16_learns_under_autocast():
    model = family("Qwen2.5-Instruct").model().to(torch.bfloat16)
    made_ready(model, gradient_checkpointing=True)

    losses = list(losses_of(lora(model), 8, autocast=True))

    assert losses[-1] < 0.9 * losses[0]


def test_without_bitsandbytes_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr("inference.tune.quantize.find_spec", lambda name: None)

    with pytest.raises(TuneRefused, match=r"pip install '\.\[tune\]' in your copy of Earshot"):
        quantization_config("nf4", compute=torch.float32)


def test_weights_as_they_are_need_nothing(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    assert quantization_config("none", compute=torch.float32) is None


def test_what_layers_hand_on_is_fp32_where_the_weights_are_fp16():
    model = family("Qwen2.5-Instruct").model().to(torch.float16)
    handed_on = []
    for layer in model.model.layers:
        layer.register_forward_hook(lambda _, __, out: handed_on.append(out))

    made_ready(model, gradient_checkpointing=False)
    with torch.autocast("cpu", torch.float16):
        model(torch.tensor([[1, 2, 3]]))

    assert [out.dtype for out in handed_on] == [torch.float32] * len(model.model.layers)
