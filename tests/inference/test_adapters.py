import json
import shutil

import pytest
import torch
from peft import LoraConfig, get_peft_model

from inference.adapters import check_adapter
from inference.errors import AdapterBroken, OutOfMemory
from inference.loading import load
from inference.wire.chat_form import FILE_NAME
from tests.inference.tiny import chatml_tokenizer, tiny_llama

# peft 0.21 asks transformers 5.23 in a way that transformers 6 will drop.
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")

IDS = torch.tensor([[5, 6, 7, 8]])


def save_adapter(folder, model, *, base="tiny"):
    """Train nothing: random LoRA weights are enough to change the logits."""
    torch.manual_seed(3)
    config = LoraConfig(
        r=4, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM"
    )
    tuned = get_peft_model(model, config)
    tuned.peft_config["default"].base_model_name_or_path = base
    tuned.save_pretrained(folder, save_embedding_layers=False)
    with torch.inference_mode():
        return tuned(IDS).logits


@pytest.fixture(scope="module")
def made(tmp_path_factory, tiny_folder):
    """An adapter for the tiny model, and what model and adapter say together."""
    folder = tmp_path_factory.mktemp("adapters") / "tuned"
    logits = save_adapter(folder, load(str(tiny_folder)).model)
    return folder, logits


@pytest.fixture
def adapter(made, tmp_path):
    """A copy of the adapter, to damage."""
    return shutil.copytree(made[0], tmp_path / "adapter")


def test_an_adapter_is_merged_into_the_model(tiny_folder, made):
    folder, logits = made

    loaded = load(str(tiny_folder), adapter=folder)

    with torch.inference_mode():
        assert torch.allclose(loaded.model(IDS).logits, logits, atol=1e-4)
    assert loaded.adapter == "tuned"


def test_the_adapters_form_comes_before_the_models(tiny_folder, adapter):
    (adapter / FILE_NAME).write_text(json.dumps({"assistant_name": "tuned one"}))

    assert load(str(tiny_folder), adapter=adapter).form.assistant_name == "tuned one"


def test_an_adapter_for_a_model_of_another_shape_is_refused(tiny_folder, tmp_path):
    from transformers import LlamaConfig, LlamaForCausalLM

    other = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=300,
            hidden_size=64,
            intermediate_size=64,
            num_hidden_layers=1,
            num_attention_heads=4,
            num_key_value_heads=4,
        )
    )
    save_adapter(tmp_path / "other", other, base="somebody/other")

    with pytest.raises(AdapterBroken, match="made for somebody/other"):
        load(str(tiny_folder), adapter=tmp_path / "other")


def test_an_adapter_for_a_deeper_model_is_refused(tiny_folder, tmp_path):
    from transformers import LlamaForCausalLM

    config = tiny_llama(len(chatml_tokenizer())).config
    config.num_hidden_layers = 3
    save_adapter(tmp_path / "deep", LlamaForCausalLM(config))

    with pytest.raises(AdapterBroken, match="no such layer"):
        load(str(tiny_folder), adapter=tmp_path / "deep")


def test_an_adapter_made_for_another_model_by_name_is_refused(default_folder, adapter):
    with pytest.raises(AdapterBroken, match="made for tiny, not for SmolLM2-135M-Instruct"):
        load(None, adapter=adapter)


def test_a_folder_that_is_not_there_is_told(tiny_folder, tmp_path):
    with pytest.raises(AdapterBroken, match="no adapter folder"):
        load(str(tiny_folder), adapter=tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["adapter_config.json", "adapter_model.safetensors"])
def test_a_folder_that_lacks_a_file_is_no_adapter(adapter, name):
    (adapter / name).unlink()

    with pytest.raises(AdapterBroken, match="not a LoRA adapter"):
        check_adapter(adapter)


@pytest.mark.parametrize("text", ["{", "[]", '{"peft_type": "IA3"}'])
def test_a_configuration_of_something_else_is_refused(adapter, text):
    (adapter / "adapter_config.json").write_text(text)

    with pytest.raises(AdapterBroken):
        check_adapter(adapter)


def test_damaged_weights_are_told(tiny_folder, adapter):
    weights = adapter / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])

    with pytest.raises(AdapterBroken, match="is damaged"):
        load(str(tiny_folder), adapter=adapter)


def test_a_configuration_peft_does_not_understand_is_told(tiny_folder, adapter):
    path = adapter / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"r": "many"}))

    with pytest.raises(AdapterBroken, match="cannot load the adapter"):
        load(str(tiny_folder), adapter=adapter)


def test_memory_that_runs_out_is_no_fault_of_the_adapter(tiny_folder, made, monkeypatch):
    def failing(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("peft.PeftModel.from_pretrained", failing)

    with pytest.raises(OutOfMemory, match="while the adapter tuned was put on"):
        load(str(tiny_folder), adapter=made[0])
