import json
from dataclasses import replace

import pytest
import torch
from gguf import GGMLQuantizationType, GGUFReader, TokenType
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GemmaConfig,
    LlamaConfig,
    PreTrainedTokenizerFast,
)

from inference.errors import InferenceError, TuneRefused
from inference.loading import load
from inference.tune.publishing import gguf_file
from inference.tune.publishing.gguf_file import GgufAct
from inference.tune.publishing.gguf_vocabulary import vocabulary_of
from inference.tune.publishing.merging import outlined
from inference.tune.publishing.parcel import Source
from inference.wire.chat_form import ChatForm
from tests.inference.tiny import chatml_tokenizer, mistral_tokenizer
from tests.publish.conftest import save_base, save_random_adapter
from tests.publish.families import FAMILIES, llama3

TEXTS = [
    "Alice: hello, shall we meet at the river on Sunday?",
    "Bob: it's 5 o'clock in 2024;  don't be late!\nChiara: süß 🙂 ⏎ ok",
    "(silence) (response) Paris.",
]

LINEAR = {"rope_type": "linear", "factor": 2.0, "rope_theta": 10000.0}


def unheard(detail, progress=None):
    pass


@pytest.fixture(params=FAMILIES)
def family(request, tmp_path):
    """A family's name, its base and an adapter of it."""
    model, tokenizer = FAMILIES[request.param]()
    base = save_base(tmp_path / "base", model, tokenizer)
    return request.param, base, save_random_adapter(tmp_path / "mine", model, base=str(base))


def publish(base, adapter, target, weights="f32"):
    GgufAct(Source(adapter, str(base)), target, weights).carry_out(unheard)
    return GGUFReader(target)


def logits(model, num_tokens=100):
    ids = torch.arange(1, num_tokens).reshape(1, -1) * 3 % 200
    with torch.inference_mode():
        return model(ids).logits


def field(reader, name):
    return reader.fields[name].contents()


def test_the_file_says_what_base_and_adapter_say(family, tmp_path):
    _, base, adapter = family
    tuned = load(str(base), adapter=adapter)

    publish(base, adapter, tmp_path / "tuned.gguf")

    read = AutoModelForCausalLM.from_pretrained(tmp_path, gguf_file="tuned.gguf", dtype="float32")
    torch.testing.assert_close(logits(read), logits(tuned.model), atol=1e-4, rtol=1e-4)
    assert not torch.allclose(logits(read), logits(load(str(base)).model), atol=0.1)


@pytest.mark.parametrize(("weights", "allowed"), [("f16", 0.005), ("bf16", 0.03), ("q8_0", 0.1)])
def test_a_smaller_type_stays_close(tmp_path, base, adapter, weights, allowed):
    tuned = load(str(base), adapter=adapter)

    reader = publish(base, adapter, tmp_path / "tuned.gguf", weights)

    types = {tensor.name: tensor.tensor_type.name for tensor in reader.tensors}
    assert types["blk.0.attn_q.weight"] == types["token_embd.weight"] == weights.upper()
    assert types["blk.0.attn_norm.weight"] == "F32"
    read = AutoModelForCausalLM.from_pretrained(tmp_path, gguf_file="tuned.gguf", dtype="float32")
    assert (logits(read) - logits(tuned.model)).abs().mean() < allowed


def test_the_tokenizer_in_the_file_cuts_as_ours_does(family, tmp_path):
    name, base, adapter = family
    ours = AutoTokenizer.from_pretrained(base)

    publish(base, adapter, tmp_path / "tuned.gguf")

    read = AutoTokenizer.from_pretrained(tmp_path, gguf_file="tuned.gguf")
    if name == "smollm":  # transformers 5.23 knows no such way to cut words, and takes GPT-2's
        read.backend_tokenizer.pre_tokenizer = ours.backend_tokenizer.pre_tokenizer
    for text in TEXTS:
        expected = ours(text, add_special_tokens=False)["input_ids"]
        assert read(text, add_special_tokens=False)["input_ids"] == expected, (name, text)
    assert read.chat_template == ours.chat_template
    assert (read.eos_token, read.pad_token) == (ours.eos_token, ours.pad_token)


@pytest.mark.parametrize(
    ("name", "architecture", "model", "pre"),
    [
        ("smollm", "llama", "gpt2", "smollm"),
        ("llama3", "llama", "gpt2", "llama-bpe"),
        ("qwen2", "qwen2", "gpt2", "qwen2"),
        ("mistral", "llama", "llama", "default"),
    ],
)
def test_the_header_names_architecture_and_tokenizer_as_llama_cpp_does(
    tmp_path, name, architecture, model, pre
):
    spent, tokenizer = FAMILIES[name]()
    base = save_base(tmp_path / "base", spent, tokenizer)
    adapter = save_random_adapter(tmp_path / "mine", spent, base="org/base")

    reader = publish(base, adapter, tmp_path / "tuned.gguf")

    assert field(reader, "general.architecture") == architecture
    assert field(reader, "tokenizer.ggml.model") == model
    assert field(reader, "tokenizer.ggml.pre") == pre
    assert len(field(reader, "tokenizer.ggml.tokens")) == spent.config.vocab_size
    assert field(reader, f"{architecture}.block_count") == 2
    assert field(reader, f"{architecture}.attention.head_count_kv") == 2
    names = {tensor.name for tensor in reader.tensors}
    assert ("output.weight" in names) == (name != "smollm")
    assert ("blk.1.attn_k.bias" in names) == (name == "qwen2")


def test_rows_of_queries_and_keys_become_neighbours_as_llama_cpp_rotates_them(tmp_path):
    model, tokenizer = llama3()
    base = save_base(tmp_path / "base", model, tokenizer)
    rows = model.model.layers[0].self_attn.k_proj.weight.detach().clone()  # 2 heads of 8 rows
    adapter = save_random_adapter(tmp_path / "mine", model, base="org/base")
    for parameter in ("lora_A", "lora_B"):
        _zero(adapter, parameter)

    reader = publish(base, adapter, tmp_path / "tuned.gguf")

    written = next(one for one in reader.tensors if one.name == "blk.0.attn_k.weight")
    order = [0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15]
    assert torch.equal(torch.tensor(written.data), rows[order])


def _zero(adapter, part):
    from safetensors.torch import load_file, save_file

    path = adapter / "adapter_model.safetensors"
    tensors = load_file(path)
    save_file(
        {key: value * 0 if part in key else value for key, value in tensors.items()},
        path,
        metadata={"format": "pt"},
    )


def test_token_types_are_llama_cpp_s():
    vocabulary = vocabulary_of(chatml_tokenizer(), num_rows=503)

    types = dict(zip(vocabulary.tokens, vocabulary.types, strict=True))
    assert types["<|im_end|>"] == TokenType.CONTROL
    assert types["<think>"] == TokenType.USER_DEFINED
    assert types["a"] == TokenType.NORMAL
    assert types["[PAD502]"] == TokenType.UNUSED
    assert vocabulary.special == {"eos": 2, "pad": 0}
    assert (vocabulary.adds_bos, vocabulary.adds_eos) == (False, False)


@pytest.mark.parametrize("legacy", [False, True])
def test_a_sentencepiece_vocabulary_has_bytes_and_falling_scores(legacy):
    tokenizer = mistral_tokenizer(legacy=legacy)

    vocabulary = vocabulary_of(tokenizer, num_rows=len(tokenizer))

    types = dict(zip(vocabulary.tokens, vocabulary.types, strict=True))
    scores = dict(zip(vocabulary.tokens, vocabulary.scores, strict=True))
    assert types["<unk>"] == TokenType.UNKNOWN
    assert types["<s>"] == TokenType.CONTROL
    assert types["<0x0A>"] == TokenType.BYTE
    first, second = json.loads(tokenizer.backend_tokenizer.to_str())["model"]["merges"][:2]
    assert scores["".join(first)] > scores["".join(second)] > scores["<s>"]
    assert vocabulary.adds_space


def test_merges_written_as_one_text_are_read_too(monkeypatch):
    tokenizer = chatml_tokenizer()
    raw = json.loads(tokenizer.backend_tokenizer.to_str())
    raw["model"]["merges"] = [" ".join(pair) for pair in raw["model"]["merges"]]
    monkeypatch.setattr("inference.tune.publishing.gguf_vocabulary._raw", lambda _: raw)

    assert vocabulary_of(tokenizer, num_rows=600).merges[0] == raw["model"]["merges"][0]


def test_the_chat_form_stands_beside_the_file(base, adapter, tmp_path):
    parcel = GgufAct(Source(adapter), tmp_path / "tuned.gguf", "f16").carry_out(unheard)

    form = ChatForm.from_json((tmp_path / "tuned.earshot.json").read_text())
    assert form == load(str(base), adapter=adapter).form
    assert form.decision is not None
    assert [item.name for item in parcel.items] == ["tuned.gguf", "tuned.earshot.json"]


def test_the_plan_knows_the_size_and_writes_nothing(adapter, tmp_path):
    target = tmp_path / "tuned.gguf"

    planned = GgufAct(Source(adapter), target, "q8_0").plan()
    assert not target.exists()
    GgufAct(Source(adapter), target, "q8_0").carry_out(unheard)

    num_header_bytes = target.stat().st_size - planned.num_bytes
    assert 0 < num_header_bytes < 30_000


def test_a_base_of_the_hub_is_named_in_the_header_with_its_licence(adapter, tmp_path, monkeypatch):
    outline = outlined(Source(adapter))
    where = replace(outline.where, name="Qwen/Qwen2.5-0.5B-Instruct")
    monkeypatch.setattr(gguf_file, "outlined", lambda _: replace(outline, where=where))

    GgufAct(Source(adapter), tmp_path / "tuned.gguf").carry_out(unheard)

    reader = GGUFReader(tmp_path / "tuned.gguf")
    url = field(reader, "general.base_model.0.repo_url")
    assert url == "https://huggingface.co/Qwen/Qwen2.5-0.5B-Instruct"
    assert field(reader, "general.license") == "apache-2.0"


def test_a_tensor_that_llama_cpp_has_no_name_for_is_refused(adapter, tmp_path, monkeypatch):
    outline = outlined(Source(adapter))
    shapes = {**outline.shapes, "model.extra.weight": (4, 4)}
    monkeypatch.setattr(gguf_file, "outlined", lambda _: replace(outline, shapes=shapes))

    with pytest.raises(TuneRefused, match=r"no name for the tensor model\.extra"):
        GgufAct(Source(adapter), tmp_path / "tuned.gguf").carry_out(unheard)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (GemmaConfig(), "a gemma model .* only llama, mistral, qwen2"),
        (LlamaConfig(rope_parameters=LINEAR), "of type linear"),
    ],
)
def test_what_llama_cpp_would_compute_otherwise_is_refused(adapter, monkeypatch, config, words):
    outline = replace(outlined(Source(adapter)), config=config)
    monkeypatch.setattr(gguf_file, "outlined", lambda _: outline)

    with pytest.raises(TuneRefused, match=words):
        GgufAct(Source(adapter), adapter / "tuned.gguf").plan()


def test_a_tokenizer_without_a_name_in_llama_cpp_is_refused(adapter, tmp_path):
    tokenizer = chatml_tokenizer()
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()

    with pytest.raises(TuneRefused, match=r"no llama.cpp name for \(Whitespace\)"):
        vocabulary_of(tokenizer, num_rows=600)


def test_a_tokenizer_that_is_no_bpe_is_refused():
    words = Tokenizer(models.WordLevel({"a": 0}, unk_token="a"))

    with pytest.raises(TuneRefused, match="type WordLevel"):
        vocabulary_of(PreTrainedTokenizerFast(tokenizer_object=words), num_rows=1)


def test_a_tokenizer_larger_than_the_model_is_refused():
    with pytest.raises(TuneRefused, match="the model only 100"):
        vocabulary_of(chatml_tokenizer(), num_rows=100)


@pytest.mark.parametrize(("lost", "words"), [("bytes", "read back"), ("tensor", "tensors instead")])
def test_a_file_that_is_not_whole_does_not_get_its_name(
    adapter, tmp_path, monkeypatch, lost, words
):
    write = gguf_file._write

    def torn(merged, outline, path, **options):
        shapes = dict(outline.shapes)
        if lost == "tensor":
            del shapes["model.norm.weight"]
        write(merged, replace(outline, shapes=shapes), path, **options)
        if lost == "bytes":
            path.write_bytes(path.read_bytes()[:-5000])

    monkeypatch.setattr(gguf_file, "_write", torn)

    with pytest.raises(InferenceError, match=words):
        GgufAct(Source(adapter), tmp_path / "tuned.gguf").carry_out(unheard)

    assert list(tmp_path.glob("*.gguf")) == list(tmp_path.glob(".publishing-*")) == []


def test_a_row_that_makes_no_blocks_is_stored_in_16_bits():
    assert gguf_file._stored((8, 40), "q8_0") == GGMLQuantizationType.F16
    assert gguf_file._stored((8, 64), "q8_0") == GGMLQuantizationType.Q8_0
