"""Several conversations in one forward pass give each what it would have got alone."""

import random

import pytest
import torch
from transformers import (
    FalconConfig,
    FalconForCausalLM,
    Gemma2Config,
    Gemma2ForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
)

from inference.engine import Engine
from inference.generation import Request
from inference.kv import SequenceKV
from inference.packed import Row
from inference.runner import OneByOne, Packed, runner_for
from inference.sampling import SamplingOptions
from tests.inference.families import FAMILIES, tiny_mistral, tiny_qwen3
from tests.inference.tiny import chatml_tokenizer, tiny_llama

MAX_DIFF = 1e-4
GREEDY = SamplingOptions(temperature=0)


def requests(count, *, seed=0, max_tokens=1, longest=300):
    draw = random.Random(seed)
    return [
        Request(
            tuple(draw.randrange(3, 380) for _ in range(draw.randrange(2, longest))),
            max_tokens=max_tokens,
            min_tokens=max_tokens,
            session=f"s{number}",
            sampling=GREEDY,
            top_logprobs=5,
            always_ids=(7, 11),
        )
        for number in range(count)
    ]


def answers(engine, wanted, *, together):
    """The logprobs of every token that each request draws."""
    heard = [[] for _ in wanted]
    for request, pieces in zip(wanted, heard, strict=True):
        engine.add(request, on_step=pieces.append, on_end=lambda _: None)
        while not together and engine.step():
            pass
    while engine.step():
        pass
    return [[piece.logprob for piece in pieces[:-1]] for pieces in heard]


def assert_close(some, others):
    for one, other in zip(some, others, strict=True):
        assert [token.token_id for token in one] == [token.token_id for token in other]
        for left, right in zip(one, other, strict=True):
            told, same = dict(left.top), dict(right.top)
            assert all(abs(told[key] - same[key]) < MAX_DIFF for key in {7, 11} & told.keys())
            assert abs(left.logprob - right.logprob) < MAX_DIFF


@pytest.mark.parametrize("model", FAMILIES.values(), ids=FAMILIES)
def test_a_batch_gives_what_one_by_one_gives(model):
    alone = Engine(model, chatml_tokenizer(), max_cached_tokens=10_000)
    batched = Engine(model, chatml_tokenizer(), max_cached_tokens=10_000)

    expected = answers(alone, requests(7, max_tokens=4), together=False)
    together = answers(batched, requests(7, max_tokens=4), together=True)

    assert isinstance(batched.runner, Packed)
    assert batched.num_steps < alone.num_steps / 2
    assert_close(expected, together)


def test_the_default_model_batched_gives_what_it_gives_alone(default_model):
    alone = Engine(default_model.model, default_model.tokenizer, max_cached_tokens=10_000)
    batched = Engine(default_model.model, default_model.tokenizer, max_cached_tokens=10_000)
    wanted = requests(5, longest=150)

    assert_close(answers(alone, wanted, together=False), answers(batched, wanted, together=True))


def test_a_conversation_goes_on_from_what_a_batch_kept():
    engine = Engine(tiny_llama(390), chatml_tokenizer(), max_cached_tokens=10_000)
    first = requests(4, seed=1)
    answers(engine, first, together=True)
    num_run = engine.num_run_tokens
    longer = [
        Request((*request.prompt_ids, 9, 8, 7), 1, request.session, GREEDY, top_logprobs=5)
        for request in first
    ]

    grown = answers(engine, longer, together=True)

    assert engine.num_run_tokens - num_run == 4 * 3
    fresh = Engine(tiny_llama(390), chatml_tokenizer(), max_cached_tokens=10_000)
    assert_close(answers(fresh, longer, together=False), grown)


def test_a_forward_without_a_pack_attends_as_before():
    model, same = tiny_llama(390), tiny_llama(390)
    runner_for(model)
    ids = torch.randint(3, 380, (2, 40))
    padding = torch.ones(2, 40, dtype=torch.long)
    padding[1, :9] = 0

    with torch.inference_mode():
        ours = model(ids, attention_mask=padding).logits
        theirs = same(ids, attention_mask=padding).logits

    assert (ours - theirs)[:, 9:].abs().max() < MAX_DIFF


def falcon():
    torch.manual_seed(4)
    config = FalconConfig(
        vocab_size=390,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        new_decoder_architecture=False,
        multi_query=True,
        alibi=False,
    )
    return FalconForCausalLM(config).eval()


def gemma2():
    torch.manual_seed(5)
    config = Gemma2Config(
        vocab_size=390,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        attn_implementation="eager",
    )
    return Gemma2ForCausalLM(config).eval()


def gpt2():
    torch.manual_seed(6)
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=390, n_embd=32, n_layer=2, n_head=4, bos_token_id=None, eos_token_id=None
        )
    ).eval()


@pytest.mark.filterwarnings("ignore:.*attention implementation dynamically")
@pytest.mark.parametrize("make", [falcon, gemma2, gpt2])
def test_a_model_that_cannot_be_packed_is_served_one_by_one_in_the_same_way(make):
    engine = Engine(make(), chatml_tokenizer(), max_cached_tokens=10_000)
    fresh = Engine(make(), chatml_tokenizer(), max_cached_tokens=10_000)
    wanted = requests(3, max_tokens=3, longest=60)

    together = answers(engine, wanted, together=True)

    expected = [answers(fresh, [request], together=False)[0] for request in wanted]
    assert_close(expected, together)
    if isinstance(engine.runner, OneByOne):
        assert not engine.runner.is_batching


def test_packing_that_changes_what_a_model_says_is_not_trusted(monkeypatch, caplog):
    monkeypatch.setattr("inference.packed.Pack.mask", lambda *_, like, **__: like.new_zeros(1, 1))

    runner = runner_for(tiny_llama(390))

    assert isinstance(runner, OneByOne)
    assert "one conversation at a time" in caplog.text


def test_packing_that_fails_is_not_trusted(monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("no such kernel")

    monkeypatch.setattr("inference.runner.run_packed", fail)

    assert isinstance(runner_for(tiny_mistral(sliding_window=None)), OneByOne)


def test_a_row_that_cannot_grow_in_place_is_refused():
    from transformers import DynamicCache

    model = tiny_qwen3()
    kv = SequenceKV(model.config)
    kv.cache = DynamicCache(config=model.config)
    runner = Packed(model)
    runner_for(model)

    with pytest.raises((TypeError, IndexError)):
        runner.run([Row(kv, [3, 4])])
