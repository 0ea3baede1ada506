import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import LlamaForCausalLM

from inference.convert import find_gguf
from inference.errors import AdapterBroken, ModelBroken, ModelMissing, TuneRefused
from inference.loading import load
from inference.tune.publishing import merging
from inference.tune.publishing.folder import FolderAct
from inference.tune.publishing.parcel import Source
from tests.inference.tiny import CHATML, chatml_tokenizer, tiny_llama
from tests.publish.conftest import FORM, save_base

CHATS = [
    [{"role": "user", "content": "Alice: hello, shall we meet?"}],
    [
        {"role": "user", "content": "Bob: assistant, what is the capital of France?"},
        {"role": "assistant", "content": "(response) Paris."},
        {"role": "user", "content": "Chiara: thanks\nBob: don't be late!"},
    ],
]


def unheard(detail, progress=None):
    pass


def p_speak(loaded):
    """Give what the model decides on each chat."""
    scores = []
    for chat in CHATS:
        opened = [*chat, {"role": "assistant", "content": "("}]
        ids = loaded.renderer.render(opened, continue_final_message=True)
        with torch.inference_mode():
            logits = loaded.model(torch.tensor([ids])).logits[0, -1].float()
        scores.append(logits[list(loaded.decision_ids)].softmax(-1)[1].item())
    return scores


def test_the_merged_folder_decides_as_base_and_adapter_do(base, adapter, tmp_path):
    FolderAct(Source(adapter), tmp_path / "merged").carry_out(unheard)

    alone, tuned = load(str(base)), load(str(base), adapter=adapter)
    merged = load(str(tmp_path / "merged"))
    assert p_speak(merged) == pytest.approx(p_speak(tuned), abs=1e-5)
    assert p_speak(merged) != pytest.approx(p_speak(alone), abs=1e-2)
    assert (merged.form, merged.adapter) == (tuned.form, None)
    assert merged.form.calibration == FORM.calibration


@pytest.mark.parametrize(("weights", "dtype"), [("f16", torch.float16), ("bf16", torch.bfloat16)])
def test_the_weights_are_of_the_type_asked_for(adapter, tmp_path, weights, dtype):
    FolderAct(Source(adapter), tmp_path / "merged", weights=weights).carry_out(unheard)

    tensors = load_file(tmp_path / "merged" / "model.safetensors")
    assert {tensor.dtype for tensor in tensors.values()} == {dtype}


def test_a_folder_keeps_the_type_of_its_base(adapter, tmp_path, base):
    model = tiny_llama(len(chatml_tokenizer())).to(torch.bfloat16)
    half = save_base(tmp_path / "half", model, chatml_tokenizer())

    FolderAct(Source(adapter, str(half)), tmp_path / "merged").carry_out(unheard)

    tensors = load_file(tmp_path / "merged" / "model.safetensors")
    assert {tensor.dtype for tensor in tensors.values()} == {torch.bfloat16}


def test_who_may_read_the_folder_may_read_the_weights(adapter, tmp_path):
    FolderAct(Source(adapter), tmp_path / "merged").carry_out(unheard)

    modes = {path.stat().st_mode for path in (tmp_path / "merged").iterdir()}
    assert len(modes) == 1


def test_the_card_of_the_adapter_is_kept_but_not_as_the_model_s_own(adapter, tmp_path):
    parcel = FolderAct(Source(adapter), tmp_path / "merged").carry_out(unheard)

    assert (tmp_path / "merged" / "ADAPTER.md").read_text() == (adapter / "README.md").read_text()
    names = {item.name for item in parcel.items}
    assert {"model.safetensors", "tokenizer.json", "earshot.json", "chat_template.jinja"} <= names
    assert "README.md" not in names


def test_a_template_of_the_chat_form_becomes_the_tokenizer_s(adapter, tmp_path):
    form = {**FORM.to_dict(), "chat_template": "{# ours #}" + CHATML}
    (adapter / "earshot.json").write_text(json.dumps(form))
    (adapter / "README.md").unlink()

    FolderAct(Source(adapter), tmp_path / "merged").carry_out(unheard)

    template = (tmp_path / "merged" / "chat_template.jinja").read_text()
    assert template == "{# ours #}" + CHATML


def test_the_plan_tells_the_size_and_writes_nothing(adapter, tmp_path, base):
    parcel = FolderAct(Source(adapter), tmp_path / "merged").plan()

    weights = {item.name: item.num_bytes for item in parcel.items}["model.safetensors"]
    assert weights == pytest.approx((base / "model.safetensors").stat().st_size, rel=0.05)
    assert "float32" in parcel.note
    assert not (tmp_path / "merged").exists()


def test_q8_0_is_for_gguf_files(adapter, tmp_path):
    with pytest.raises(TuneRefused, match="f32, f16 or bf16"):
        FolderAct(Source(adapter), tmp_path / "merged", weights="q8_0").plan()


def test_an_adapter_of_another_base_is_refused_before_anything_is_loaded(adapter, tmp_path):
    other = save_base(tmp_path / "other", tiny_llama(320), chatml_tokenizer())
    (other / "config.json").write_text(
        json.dumps(json.loads((other / "config.json").read_text()) | {"hidden_size": 64})
    )

    with pytest.raises(AdapterBroken, match="does not fit this model"):
        FolderAct(Source(adapter, str(other)), tmp_path / "merged").plan()


@pytest.mark.parametrize(
    ("named", "kind", "words"),
    [
        ("", TuneRefused, "does not name its base"),
        ("tiny", TuneRefused, "say with --base where"),
        ("/no/such/folder", ModelMissing, "no model folder"),
    ],
)
def test_a_base_that_is_not_there_is_told(adapter, tmp_path, named, kind, words):
    config = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "adapter_config.json").write_text(
        json.dumps(config | {"base_model_name_or_path": named})
    )

    with pytest.raises(kind, match=words):
        FolderAct(Source(adapter), tmp_path / "merged").plan()


def test_a_base_with_more_layers_than_the_adapter_knows_is_refused(adapter, tmp_path):
    tokenizer = chatml_tokenizer()
    config = tiny_llama(len(tokenizer)).config
    config.num_hidden_layers = 3
    deep = save_base(tmp_path / "deep", LlamaForCausalLM(config), tokenizer)

    with pytest.raises(AdapterBroken, match="nothing for 7 layers"):
        FolderAct(Source(adapter, str(deep)), tmp_path / "merged").plan()


def test_a_base_with_a_damaged_configuration_is_told(adapter, tmp_path):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text("{}")

    with pytest.raises(ModelBroken, match=r"config\.json"):
        FolderAct(Source(adapter, str(tmp_path / "broken")), tmp_path / "merged").plan()


def test_with_little_memory_the_base_s_own_precision_is_used(adapter, tmp_path, monkeypatch):
    model = tiny_llama(len(chatml_tokenizer())).to(torch.bfloat16)
    half = save_base(tmp_path / "half", model, chatml_tokenizer())
    outline = merging.outlined(Source(adapter, str(half)))
    memory(monkeypatch, outline.num_parameters * 3)

    merged = merging.merge(Source(adapter, str(half)), outline, unheard)

    assert merged.model.dtype == torch.bfloat16


def test_too_little_memory_is_told_with_what_works(adapter, tmp_path, monkeypatch):
    memory(monkeypatch, 1000)

    with pytest.raises(TuneRefused, match=r"GB of memory.*--to"):
        FolderAct(Source(adapter), tmp_path / "merged").carry_out(unheard)


def memory(monkeypatch, free):
    """Let the machine have `free` bytes."""
    available = type("Memory", (), {"available": free})
    monkeypatch.setattr(merging.psutil, "virtual_memory", lambda: available)


def test_the_default_model_is_counted_right_and_known_by_its_public_name(tmp_path):
    try:
        find_gguf()
    except ModelMissing as missing:
        pytest.skip(str(missing))
    layers = [f"base_model.model.model.layers.{number}.self_attn.q_proj" for number in range(30)]
    tensors = {f"{layer}.lora_A.weight": torch.zeros(4, 576) for layer in layers}
    tensors |= {f"{layer}.lora_B.weight": torch.zeros(576, 4) for layer in layers}
    save_file(tensors, tmp_path / "adapter_model.safetensors")
    config = {"peft_type": "LORA", "base_model_name_or_path": "HuggingFaceTB/SmolLM2-135M-Instruct"}
    (tmp_path / "adapter_config.json").write_text(json.dumps(config))

    outline = merging.outlined(Source(tmp_path))

    assert (outline.where.name, outline.num_parameters) == ("SmolLM2-135M-Instruct", 134_515_008)
