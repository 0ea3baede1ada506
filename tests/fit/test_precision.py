"""A tiny model in every precision, loaded as it would be after the fit."""

import math
from dataclasses import replace

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

from inference import loading
from inference.devices import Devices
from inference.engine import Engine
from inference.errors import ModelTooLarge, PackageMissing
from inference.fit import Wish, choose
from inference.generation import Request
from inference.loading import load, options_of, read_config
from inference.locating import located, unheard
from inference.outline import Outline
from inference.server.start import ServeOptions, start_runtime
from inference.serving_engine import UNFITTED_TOKENS
from tests.inference.test_adapters import save_adapter
from tests.inference.tiny import chatml_tokenizer

# peft 0.21 asks transformers 5.23 in a way that transformers 6 will drop.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*inputs will be cast from:UserWarning"),
]
IDS = torch.tensor([[5, 6, 7, 8]])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A tiny model whose rows are long enough to be quantised in blocks of 64."""
    path = tmp_path_factory.mktemp("models") / "wide"
    tokenizer = chatml_tokenizer()
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        initializer_range=0.2,
    )
    LlamaForCausalLM(config).save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path


def logits(model):
    with torch.inference_mode():
        return model(IDS).logits.float()


@pytest.mark.parametrize(
    ("precision", "dtype", "allowed"),
    [
        ("fp32", torch.float32, 1e-6),
        ("bf16", torch.bfloat16, 0.1),
        ("fp16", torch.float16, 0.02),
        ("int8", torch.bfloat16, 0.3),
        ("nf4", torch.bfloat16, 1.5),
    ],
)
def test_a_model_is_loaded_in_the_precision_asked_for(folder, precision, dtype, allowed):
    whole = logits(AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32))

    loaded = load(str(folder), wish=Wish(precision))

    assert loaded.precision == loaded.fit.precision == precision
    assert loaded.model.get_input_embeddings().weight.dtype == dtype
    linear = loaded.model.model.layers[0].mlp.up_proj.weight.dtype
    assert linear == {"int8": torch.int8, "nf4": torch.uint8}.get(precision, dtype)
    assert (logits(loaded.model) - whole).abs().mean() < allowed


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8", "nf4"])
def test_a_model_of_every_precision_decides_and_replies(folder, precision):
    loaded = load(str(folder), wish=Wish(precision, conversations=1))
    engine = Engine(loaded.model, loaded.tokenizer, max_cached_tokens=loaded.fit.max_cached_tokens)

    *pieces, done = engine.steps(Request((5, 6, 7), 4, session="room", top_logprobs=5))

    assert done.num_generated_tokens == 4
    assert all(math.isfinite(piece.logprob.logprob) for piece in pieces if piece is not None)


def test_by_itself_a_model_that_fits_is_whole_on_a_cpu(tiny_folder):
    loaded = load(str(tiny_folder))

    if not torch.cuda.is_available():
        assert (loaded.precision, loaded.fit.placement) == ("fp32", "cpu")
        assert 8 * 2048 < loaded.fit.max_cached_tokens < loaded.fit.kept_tokens / 3


@pytest.mark.parametrize("precision", ["int8", "nf4"])
def test_an_adapter_stays_beside_weights_that_are_quantised(folder, tmp_path, precision):
    # given an adapter, and what it does to the whole model
    plain = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    before = logits(plain)
    save_adapter(tmp_path / "tuned", plain, base="wide")
    merged = logits(load(str(folder), adapter=tmp_path / "tuned").model)

    # when the quantised model gets it
    loaded = load(str(folder), adapter=tmp_path / "tuned", wish=Wish(precision))

    # then it speaks like the tuned model, and its weights are still quantised
    assert loaded.adapter == "tuned"
    moved = logits(loaded.model)
    assert (moved - merged).abs().mean() < 0.5 * (before - merged).abs().mean()
    base = loaded.model.model.layers[0].mlp.up_proj.base_layer
    assert base.weight.dtype in (torch.int8, torch.uint8)


def test_a_model_that_does_not_fit_is_refused_before_it_is_read(folder, monkeypatch):
    monkeypatch.setattr(loading, "devices", lambda: Devices(host=5e8))
    monkeypatch.setattr(loading, "read_weights", lambda *_, **__: pytest.fail("it was read"))

    with pytest.raises(ModelTooLarge, match=r"wide needs .* GB in nf4 .* EARSHOT_MODEL_URL"):
        load(str(folder))


def test_a_warning_of_the_fit_is_logged(folder, monkeypatch, caplog):
    load(str(folder), wish=Wish("nf4"))

    assert "wide in nf4: nf4 on a CPU saves memory and takes 2 to 4 times as long" in caplog.text


@pytest.mark.parametrize("precision", ["int8", "nf4"])
def test_without_bitsandbytes_it_says_how_to_install_it(folder, monkeypatch, precision):
    monkeypatch.setattr("inference.quantize.find_spec", lambda _: None)

    with pytest.raises(PackageMissing, match=f"{precision} needs bitsandbytes.*pip install bits"):
        load(str(folder), wish=Wish(precision))


def test_a_model_that_its_makers_quantised_stays_as_it_is(folder, tmp_path):
    load(str(folder), wish=Wish("nf4")).model.save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(folder).save_pretrained(tmp_path)

    loaded = load(str(tmp_path))

    assert (loaded.precision, loaded.fit) == ("bitsandbytes", None)
    assert loaded.model.model.layers[0].mlp.up_proj.weight.dtype == torch.uint8


def test_one_gpu_gets_the_whole_model_and_several_memories_share_it(folder):
    outline = Outline.of(read_config(located(str(folder))))

    alone = choose(outline, Devices((2e9, 9e9), 1e10), Wish())
    shared = choose(outline, Devices((1.1e9,), 1e10), Wish())

    assert options_of(alone) == {"dtype": torch.bfloat16, "device_map": {"": 1}}
    assert shared.placement == "offload"
    assert options_of(shared) == {"dtype": torch.bfloat16, "device_map": "auto"}


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        (ServeOptions(precision="fp32"), lambda fit: fit.max_cached_tokens),
        (ServeOptions(max_cached_tokens=500), lambda fit: 500),
    ],
)
def test_the_worker_keeps_what_fits_or_what_it_is_told(folder, options, kept):
    runtime = start_runtime(replace(options, model_id=str(folder)), unheard)

    assert runtime.engine.cache._max_tokens == kept(runtime.loaded.fit)
    runtime.loop.close()


def test_a_worker_with_a_model_that_its_makers_quantised_keeps_a_fixed_number(folder, tmp_path):
    load(str(folder), wish=Wish("nf4")).model.save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(folder).save_pretrained(tmp_path)

    runtime = start_runtime(ServeOptions(model_id=str(tmp_path)), unheard)

    assert runtime.engine.cache._max_tokens == UNFITTED_TOKENS
    runtime.loop.close()
