import pytest
import torch

from inference import packed_linear, serving_engine as module, speed
from inference.loading import load
from inference.packed_linear import PackedLinear, multiplies_bfloat16
from inference.runner import OneByOne, Packed
from inference.serving_engine import serving_engine
from tests.inference.families import FAMILIES
from tests.inference.test_packed import answers, assert_close, requests
from tests.inference.tiny import chatml_tokenizer


def loaded_anew(folder):
    """A model that the test may change."""
    return load(str(folder), max_prompt_tokens=512)


def linear(engine):
    return engine.model.model.layers[0].mlp.up_proj


def test_exact_it_says_what_the_model_says_that_was_loaded(tiny_folder, tiny_model):
    from inference.engine import Engine

    engine = serving_engine(loaded_anew(tiny_folder), exact=True)
    plain = Engine(tiny_model.model, tiny_model.tokenizer, max_cached_tokens=4096)
    wanted = requests(4, max_tokens=3)

    assert isinstance(linear(engine), PackedLinear)
    assert linear(engine).weight.dtype == torch.float32
    assert_close(answers(plain, wanted, together=True), answers(engine, wanted, together=True))


@pytest.mark.skipif(not multiplies_bfloat16(), reason="the processor multiplies no bfloat16")
def test_where_the_processor_has_it_weights_and_past_are_bfloat16(tiny_folder):
    engine = serving_engine(loaded_anew(tiny_folder))
    exact = serving_engine(loaded_anew(tiny_folder), exact=True)

    (told,) = answers(engine, requests(1, seed=2, longest=90), together=True)

    assert engine.runner.kv_dtype == torch.bfloat16
    assert linear(engine).weight.dtype == torch.bfloat16
    (expected,) = answers(exact, requests(1, seed=2, longest=90), together=True)
    assert abs(told[0].logprob - expected[0].logprob) < 0.5


def test_without_bfloat16_nothing_is_rounded(tiny_folder, monkeypatch):
    monkeypatch.setattr(speed, "multiplies_bfloat16", lambda: False)
    monkeypatch.setattr(packed_linear, "multiplies_bfloat16", lambda: False)

    engine = serving_engine(loaded_anew(tiny_folder))

    assert engine.runner.kv_dtype is None
    assert linear(engine).weight.dtype == torch.float32


@pytest.mark.parametrize("model", FAMILIES.values(), ids=FAMILIES)
def test_a_past_kept_in_bfloat16_changes_little(model):
    from inference.engine import Engine

    exact = Engine(model, chatml_tokenizer(), max_cached_tokens=10_000)
    rounded = Engine(model, chatml_tokenizer(), max_cached_tokens=10_000)
    rounded.runner = Packed(model, kv_dtype=torch.bfloat16)
    wanted = requests(5, seed=3, longest=200)

    expected = answers(exact, wanted, together=True)
    told = answers(rounded, wanted, together=True)

    for (one,), (other,) in zip(expected, told, strict=True):
        both = dict(one.top).keys() & dict(other.top).keys()
        assert {7, 11} <= both
        assert all(abs(dict(one.top)[key] - dict(other.top)[key]) < 0.5 for key in both)


def test_what_fits_decides_how_much_is_kept(tiny_folder, monkeypatch):
    loaded = loaded_anew(tiny_folder)
    monkeypatch.setattr(speed, "multiplies_bfloat16", lambda: False)
    monkeypatch.setattr(packed_linear, "multiplies_bfloat16", lambda: False)

    engine = serving_engine(loaded)
    fewer = serving_engine(loaded, max_cached_tokens=512, max_parked_tokens=77)

    assert engine.cache._max_tokens == loaded.fit.max_cached_tokens
    assert (fewer.cache._max_tokens, fewer.cache._max_parked_tokens) == (512, 77)
    assert not isinstance(engine.runner, OneByOne)


@pytest.mark.parametrize(("placement", "parks"), [("cpu", False), ("gpu", True)])
def test_conversations_are_parked_beside_a_gpu_only(tiny_folder, placement, parks):
    from dataclasses import replace

    loaded = loaded_anew(tiny_folder)
    elsewhere = replace(loaded, fit=replace(loaded.fit, placement=placement))

    assert (serving_engine(elsewhere).cache._max_parked_tokens > 0) == parks


def test_a_model_of_unknown_size_keeps_a_fixed_number_of_tokens(tiny_folder):
    from dataclasses import replace

    engine = serving_engine(replace(loaded_anew(tiny_folder), fit=None))

    assert engine.cache._max_tokens == module.UNFITTED_TOKENS
    assert engine.cache._max_parked_tokens == 0
