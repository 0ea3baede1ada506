import json
import shutil

import pytest
import torch
from transformers import BertConfig, CLIPConfig, T5Config, ViTConfig

from inference.convert import DEFAULT_MODEL
from inference.errors import (
    HubUnavailable,
    ModelBroken,
    ModelMissing,
    OutOfMemory,
    PackageMissing,
)
from inference.loading import MAX_PROMPT_TOKENS, load, read_config, read_weights
from inference.locating import located
from inference.outline import without_weights
from inference.wire.chat_form import FILE_NAME
from tests.inference.tiny import save_tiny_model


@pytest.fixture
def folder(tiny_folder, tmp_path):
    """A copy of the tiny model's folder, to damage."""
    return shutil.copytree(tiny_folder, tmp_path / "model")


def test_a_folder_with_a_chat_template_is_prompted(tiny_model):
    assert tiny_model.id == "tiny"
    assert "(silence)" in tiny_model.form.decide_prompt
    assert tiny_model.form.system_role
    assert tiny_model.form.decision.prefix in ("(", "")
    assert tiny_model.max_prompt_tokens == 512


def test_a_model_without_a_chat_template_gets_a_transcript(tmp_path):
    loaded = load(str(save_tiny_model(tmp_path / "plain", chat_template=False)))

    ids = loaded.renderer.render(
        [{"role": "system", "content": "Hi."}, {"role": "user", "content": "Alice: hello\nBob: hi"}]
    )
    assert loaded.tokenizer.decode(ids) == "Hi.\n\nAlice: hello\nBob: hi\nassistant:"
    assert "\n" in loaded.form.stop


def test_earshot_json_beside_the_model_is_its_form(folder):
    (folder / FILE_NAME).write_text(json.dumps({"assistant_name": "ada", "score": "not_silence"}))

    form = load(str(folder)).form

    assert (form.assistant_name, form.score) == ("ada", "not_silence")
    assert form.decision is not None


@pytest.mark.parametrize("text", ["{", '{"colour": 1}', "5"])
def test_a_faulty_earshot_json_is_told(folder, text):
    (folder / FILE_NAME).write_text(text)

    with pytest.raises(ModelBroken, match="is not a chat form"):
        load(str(folder))


def test_the_context_is_that_of_the_model_or_less(tiny_folder):
    assert load(str(tiny_folder), max_prompt_tokens=10**6).max_prompt_tokens == 2048
    assert load(str(tiny_folder)).max_prompt_tokens == min(2048, MAX_PROMPT_TOKENS)


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ModelMissing, match="no model folder"):
        load(str(tmp_path / "nowhere"))


def test_a_folder_without_a_model_is_told(tmp_path):
    with pytest.raises(ModelBroken, match=r"no config\.json"):
        load(str(tmp_path))


@pytest.mark.parametrize("missing", ["model.safetensors", "tokenizer.json"])
def test_a_folder_that_lacks_a_file_is_told(folder, missing):
    (folder / missing).unlink()

    with pytest.raises(ModelBroken):
        load(str(folder))


@pytest.mark.parametrize("damaged", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_damaged_file_is_told(folder, damaged):
    whole = (folder / damaged).read_bytes()
    (folder / damaged).write_bytes(whole[: len(whole) // 2])

    with pytest.raises(ModelBroken):
        load(str(folder))


def test_weights_of_another_shape_are_told(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"hidden_size": 64}))

    with pytest.raises(ModelBroken):
        load(str(folder))


def test_an_unknown_id_without_a_hub_is_told():
    with pytest.raises(HubUnavailable, match="cannot be reached"):
        load("nobody/no-such-model")


def test_an_impossible_id_is_told():
    with pytest.raises(ModelMissing):
        load("not a model id!")


def test_what_is_loaded_is_reported(tiny_folder):
    heard = []

    load(str(tiny_folder), report=heard.append)

    assert heard == ["loading tiny in fp32"]


def test_the_default_model_is_loaded_in_float32_with_its_own_form(default_model):
    assert default_model.id == "SmolLM2-135M-Instruct"
    assert default_model.model.dtype == torch.float32
    assert default_model.form.decision.silence == "sil"
    assert default_model.form.decision.response == "response"
    assert default_model.form.decision.prefix == "("


def test_only_the_default_model_itself_brings_the_shipped_adapter(tiny_folder, tmp_path):
    namesake = shutil.copytree(tiny_folder, tmp_path / DEFAULT_MODEL)

    loaded = load(str(namesake))

    assert (loaded.id, loaded.adapter) == (DEFAULT_MODEL, None)


@pytest.mark.parametrize(
    ("config", "name"),
    [(T5Config(), "T5"), (CLIPConfig(), "CLIP"), (ViTConfig(), "ViT"), (BertConfig(), "Bert")],
)
def test_a_model_that_continues_no_text_is_told_as_one(folder, config, name):
    config.save_pretrained(folder)

    with pytest.raises(ModelBroken, match=f"{folder} is a {name} model.* such as Llama"):
        load(str(folder))
    with pytest.raises(ModelBroken, match=f"is a {name} model"):
        without_weights(read_config(located(str(folder))))


def test_a_model_that_needs_accelerate_says_so(folder, monkeypatch):
    monkeypatch.setattr("inference.loading.find_spec", lambda _: None)

    with pytest.raises(
        PackageMissing, match=r"accelerate.*pip install '\.\[worker\]' in your copy"
    ):
        read_weights(located(str(folder)), device_map="cpu")


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (ImportError("needs sentencepiece\nread on"), PackageMissing, r"\(needs sentencepiece\)"),
        (torch.OutOfMemoryError("CUDA out of memory"), OutOfMemory, "GPU.*CUDA_VISIBLE_DEVICES="),
        (RuntimeError("[..] DefaultCPUAllocator: can't allocate memory"), OutOfMemory, "smaller"),
        (MemoryError(), OutOfMemory, "smaller model"),
    ],
)
def test_what_is_no_fault_of_the_files_is_not_told_as_one(folder, monkeypatch, error, kind, words):
    def failing(*_, **__):
        raise error

    monkeypatch.setattr("transformers.AutoModelForCausalLM.from_pretrained", failing)

    with pytest.raises(kind, match=words):
        load(str(folder))


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("You need to have `tiktoken` installed", "pip install tiktoken"),
        ("Loading a GPTQ model requires gptqmodel: install it", "pip install gptqmodel"),
    ],
)
def test_a_package_that_a_model_needs_is_named_as_pip_knows_it(folder, monkeypatch, message, words):
    def failing(*_, **__):
        raise ValueError(message)

    monkeypatch.setattr("transformers.AutoTokenizer.from_pretrained", failing)

    with pytest.raises(PackageMissing, match=words):
        load(str(folder))


def test_a_tokenizer_that_only_another_package_reads_names_that_package(folder, monkeypatch):
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer.model").write_bytes(b"pieces")
    monkeypatch.setattr("inference.loading_faults._is_installed", lambda _: False)

    with pytest.raises(PackageMissing, match=r"pip install (sentencepiece|tiktoken)"):
        load(str(folder))


def test_an_architecture_that_transformers_does_not_know_says_to_upgrade_it(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "llama99"}))

    with pytest.raises(ModelBroken, match=r"the architecture 'llama99' .* --upgrade transformers"):
        load(str(folder))


def test_weights_that_are_cut_short_say_to_get_them_anew(folder):
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])

    with pytest.raises(ModelBroken, match=r"is cut short.*get it anew"):
        load(str(folder))


def test_weights_that_are_not_in_the_files_are_not_drawn_at_random(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 3}))

    with pytest.raises(
        ModelBroken, match=r"lack 9 of the model's weights, such as model\.layers\.2"
    ):
        load(str(folder))
