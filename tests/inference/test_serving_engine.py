import pytest
import torch

from inference import serving_engine as module
from inference.loading import load
from inference.packed_linear import PackedLinear
from inference.runner import OneByOne
from inference.serving_engine import serving_engine
from tests.inference.test_packed import answers, assert_close, requests


def loaded_anew(folder):
    """A model that the test may change."""
    return load(str(folder), max_prompt_tokens=512)


def linear(engine):
    return engine.model.model.layers[0].mlp.up_proj


def test_it_says_what_the_model_says_that_was_loaded(tiny_folder, tiny_model):
    from inference.engine import Engine

    engine = serving_engine(loaded_anew(tiny_folder))
    plain = Engine(tiny_model.model, tiny_model.tokenizer, max_cached_tokens=4096)
    wanted = requests(4, max_tokens=3)

    assert isinstance(linear(engine), PackedLinear)
    assert linear(engine).weight.dtype == torch.float32
    assert_close(answers(plain, wanted, together=True), answers(engine, wanted, together=True))


def test_what_fits_decides_how_much_is_kept(tiny_folder):
    loaded = loaded_anew(tiny_folder)

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
