import copy
import shutil
from pathlib import Path
from weakref import ref

import pytest
import torch
from torch import nn
from transformers import GPT2Config, GPT2LMHeadModel

from inference import packed_linear as module
from inference.engine import Engine
from inference.generation import Piece, Request
from inference.loading import load
from inference.packed_linear import (
    PackedLinear,
    can_pack_weights,
    multiplies_bfloat16,
    pack_weights,
)
from inference.sampling import SamplingOptions
from tests.inference.families import FAMILIES
from tests.inference.test_named_adapters import save_adapter
from tests.inference.tiny import chatml_tokenizer, tiny_llama

MAX_DIFF = 1e-4
MAPS = Path("/proc/self/maps")
# peft 0.21 asks transformers 5.23 in a way that transformers 6 will drop.
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")


@pytest.fixture
def has_bfloat16():
    if not multiplies_bfloat16():
        pytest.skip("this processor does not multiply bfloat16")


@torch.inference_mode()
def logits_of(model, num_tokens):
    ids = torch.arange(num_tokens)[None] * 7 % 500
    return model(input_ids=ids).logits


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("num_tokens", [1, 33, 200])
def test_a_packed_model_says_what_the_plain_one_says(family, num_tokens):
    model = copy.deepcopy(FAMILIES[family])
    expected = logits_of(model, num_tokens)

    num_packed = pack_weights(model)

    assert num_packed == 2 * 7 + 1
    assert (logits_of(model, num_tokens) - expected).abs().max() < MAX_DIFF


def test_each_plain_layer_is_freed_before_the_next_is_packed(monkeypatch):
    model = tiny_llama(500)
    plain = [ref(layer) for layer in model.modules() if type(layer) is nn.Linear]
    num_alive = []

    def counting(layer):
        num_alive.append(sum(one() is not None for one in plain))
        return PackedLinear(layer)

    monkeypatch.setattr(module, "PackedLinear", counting)
    num_packed = pack_weights(model)

    assert num_alive == list(range(num_packed, 0, -1))


def test_a_packed_model_lets_go_of_the_file_of_its_weights(tiny_folder, tmp_path):
    if not MAPS.exists():
        pytest.skip("the system tells no mappings")
    folder = shutil.copytree(tiny_folder, tmp_path / "own")
    model = load(str(folder)).model
    assert str(folder) in MAPS.read_text()

    pack_weights(model)

    assert str(folder) not in MAPS.read_text()


@pytest.mark.parametrize("shape", [(1, 32), (5, 32), (2, 3, 32)])
@pytest.mark.parametrize("bias", [True, False])
def test_a_packed_layer_multiplies_any_number_of_tokens(shape, bias):
    plain = nn.Linear(32, 48, bias=bias)
    tokens = torch.randn(shape)

    with torch.inference_mode():
        product = PackedLinear(plain)(tokens)

        assert torch.allclose(product, plain(tokens), atol=1e-6)


def test_a_packed_layer_multiplies_what_does_not_lie_in_a_row():
    plain = nn.Linear(32, 48)
    tokens = torch.randn(32, 7).T

    with torch.inference_mode():
        assert torch.allclose(PackedLinear(plain)(tokens), plain(tokens), atol=1e-6)


def test_a_head_that_shares_the_embeddings_stays_plain():
    model = tiny_llama(500)
    model.config.tie_word_embeddings = True
    model.tie_weights()

    num_packed = pack_weights(model)

    assert num_packed == 2 * 7
    assert type(model.lm_head) is nn.Linear


def test_packing_twice_packs_nothing_more():
    model = tiny_llama(500)
    pack_weights(model)

    assert pack_weights(model) == 0


def test_other_families_and_precisions_stay_as_they_are():
    other = GPT2LMHeadModel(GPT2Config(vocab_size=50, n_embd=16, n_layer=1, n_head=2)).eval()
    half = tiny_llama(500).half()

    assert pack_weights(other) == pack_weights(half) == 0
    assert not any(isinstance(one, PackedLinear) for one in [*other.modules(), *half.modules()])


def test_bfloat16_is_packed_where_the_processor_multiplies_it():
    model = tiny_llama(500).bfloat16()

    assert can_pack_weights(model) == multiplies_bfloat16()


def test_adapters_by_name_go_on_a_packed_model(tmp_path):
    folder = save_adapter(tmp_path / "poet", seed=3)
    tokenizer = chatml_tokenizer()
    plain, packed = tiny_llama(len(tokenizer)), tiny_llama(len(tokenizer))
    pack_weights(packed)

    answers = []
    for model in (plain, packed):
        engine = Engine(model, tokenizer, max_cached_tokens=1000)
        engine.adapters.add("poet", folder)
        request = Request(
            prompt_ids=(5, 6, 7),
            max_tokens=3,
            adapter="poet",
            top_logprobs=1,
            sampling=SamplingOptions(temperature=0),
        )
        pieces = [one for one in engine.steps(request) if isinstance(one, Piece)]
        answers.append([one.logprob.logprob for one in pieces])

    assert answers[0] == pytest.approx(answers[1], abs=MAX_DIFF)
