import random

import pytest
import torch

from inference.engine import Engine
from inference.errors import EngineStopped
from inference.generation import Done, Piece, Request
from inference.packed import Row
from inference.sampling import SamplingOptions
from tests.inference.families import FAMILIES
from tests.inference.tiny import chatml_tokenizer, tiny_llama

MAX_DIFF = 1e-4  # of a logit in float32, as promised in issue and documents
GREEDY = SamplingOptions(temperature=0)


def full_logits(model, ids):
    """What the model says without any cache."""
    with torch.inference_mode():
        return model(input_ids=torch.tensor([ids]), logits_to_keep=1, use_cache=False).logits[0, -1]


def kept_logits(engine, session, ids):
    kept = engine.cache.take(session, ids)
    new = ids[len(kept.ids) :]
    logits = engine.runner.run([Row(kept.kv, new)])[0]
    kept.ids.extend(new)
    engine.cache.give_back(kept)
    return logits


def generated(engine, **wanted):
    """All pieces of a generation, and its end."""
    steps = [step for step in engine.steps(Request(**wanted)) if step is not None]
    assert isinstance(steps[-1], Done)
    return steps[:-1], steps[-1]


def text_of(pieces):
    return "".join(piece.text for piece in pieces)


def assert_equal_to_full(engine, model, histories, session="s"):
    for ids in histories:
        difference = (kept_logits(engine, session, ids) - full_logits(model, ids)).abs().max()
        assert difference < MAX_DIFF, f"{difference} at {len(ids)} tokens"


def edited_histories(num_tokens, vocab_size, seed=0):
    """A history that grows, is edited in the middle, loses its end, is trimmed, and is repeated."""
    draw = random.Random(seed)
    ids = [draw.randrange(3, vocab_size) for _ in range(num_tokens)]
    third = num_tokens // 3
    edited = [*ids[: 2 * third], 5, 6, *ids[2 * third + 1 :]]
    return [
        ids[:third],
        ids[: third + 24],
        ids,
        edited,
        edited[:-30],
        [*edited[:10], *edited[third:]],
        [*edited[:10], *edited[third:]],
    ]


@pytest.mark.parametrize("model", FAMILIES.values(), ids=FAMILIES)
def test_running_only_what_is_new_gives_the_logits_of_running_everything(model):
    engine = Engine(model, chatml_tokenizer(), max_cached_tokens=8192)

    assert_equal_to_full(engine, model, edited_histories(300, 500))


def test_the_default_model_gives_the_same_logits_with_a_kept_prefix(default_model):
    engine = Engine(default_model.model, default_model.tokenizer, max_cached_tokens=8192)

    assert_equal_to_full(engine, default_model.model, edited_histories(240, 49000))


def test_a_long_prompt_is_run_in_chunks_and_equals_one_run(tiny_engine):
    ids = tuple(
        random.Random(3).randrange(3, 300) for _ in range(2 * tiny_engine.limits.chunk_tokens + 40)
    )

    steps = list(tiny_engine.steps(Request(ids, max_tokens=1, top_logprobs=5)))

    assert steps[:2] == [None, None]
    expected = full_logits(tiny_engine.model, list(ids)).log_softmax(-1)
    for token_id, logprob in steps[2].logprob.top:
        assert abs(logprob - float(expected[token_id])) < MAX_DIFF


def test_a_decision_runs_only_what_is_new(tiny_engine):
    history = tuple(range(10, 110))
    generated(tiny_engine, prompt_ids=history, max_tokens=1, session="s")
    num_run = tiny_engine.num_run_tokens

    _, done = generated(tiny_engine, prompt_ids=(*history, 5, 6, 7), max_tokens=1, session="s")

    assert done.num_cached_tokens == 100
    assert tiny_engine.num_run_tokens - num_run == 3
    assert tiny_engine.num_reused_tokens == 100


def test_the_same_prompt_again_runs_its_last_token_for_the_logits(tiny_engine):
    prompt = tuple(range(10, 40))
    first, _ = generated(tiny_engine, prompt_ids=prompt, max_tokens=4, session="s", sampling=GREEDY)

    again, done = generated(
        tiny_engine, prompt_ids=prompt, max_tokens=4, session="s", sampling=GREEDY
    )

    assert done.num_cached_tokens == 29
    assert again == first


def test_an_answer_is_part_of_the_kept_prefix(tiny_engine):
    wanted = {
        "max_tokens": 5,
        "session": "s",
        "sampling": GREEDY,
        "min_tokens": 5,
        "top_logprobs": 0,
    }
    pieces, _ = generated(tiny_engine, prompt_ids=(5, 6, 7), **wanted)
    answer = [piece.logprob.token_id for piece in pieces]

    _, done = generated(tiny_engine, prompt_ids=(5, 6, 7, *answer, 8), **wanted)

    assert done.num_cached_tokens == 3 + 4  # the last drawn token has not been run


def test_a_closed_generation_keeps_what_was_run(tiny_engine):
    steps = tiny_engine.steps(Request((5, 6, 7), max_tokens=50, session="s", min_tokens=50))
    next(steps), next(steps)

    steps.close()

    assert tiny_engine.num_running == 0
    _, done = generated(tiny_engine, prompt_ids=(5, 6, 7, 8), max_tokens=1, session="s")
    assert done.num_cached_tokens == 3


def test_a_failed_step_leaves_the_kept_prefix_as_it_was(tiny_engine):
    generated(tiny_engine, prompt_ids=(5, 6, 7), max_tokens=1, session="s")
    fail = tiny_engine.model.model.layers[1].register_forward_pre_hook(lambda *_: 1 / 0)

    with pytest.raises(EngineStopped):
        generated(tiny_engine, prompt_ids=(5, 6, 7, 8), max_tokens=1, session="s")

    fail.remove()
    _, done = generated(tiny_engine, prompt_ids=(5, 6, 7, 8), max_tokens=1, session="s")
    assert done.num_cached_tokens == 3
    assert_equal_to_full(tiny_engine, tiny_engine.model, [[5, 6, 7, 8, 9]])


def test_greedy_answers_equal_those_of_transformers(tiny_engine):
    prompt = tuple(range(20, 60))
    pieces, _ = generated(
        tiny_engine,
        prompt_ids=prompt,
        max_tokens=12,
        sampling=GREEDY,
        min_tokens=12,
        top_logprobs=0,
    )

    theirs = tiny_engine.model.generate(
        torch.tensor([prompt]),
        attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
        max_new_tokens=12,
        min_new_tokens=12,
        do_sample=False,
        pad_token_id=0,
        eos_token_id=sorted(tiny_engine.end_ids),
    )

    assert [piece.logprob.token_id for piece in pieces] == theirs[0, len(prompt) :].tolist()


def test_a_seed_makes_an_answer_repeatable_and_none_makes_it_vary(tiny_engine):
    wanted = {"prompt_ids": (5, 6, 7), "max_tokens": 20, "min_tokens": 20}

    seeded = {text_of(generated(tiny_engine, seed=11, **wanted)[0]) for _ in range(3)}
    free = {text_of(generated(tiny_engine, **wanted)[0]) for _ in range(3)}

    assert len(seeded) == 1
    assert len(free) > 1


def test_an_answer_ends_at_an_end_token_but_not_before_min_tokens():
    # given a model that wants to end at once
    tokenizer = chatml_tokenizer()
    model = tiny_llama(len(tokenizer), eos_token_id=tokenizer.eos_token_id)
    model.lm_head.bias = torch.nn.Parameter(torch.zeros(len(tokenizer)))
    model.lm_head.bias.data[tokenizer.eos_token_id] = 1000.0
    engine = Engine(model, tokenizer, max_cached_tokens=512)

    at_once, done_at_once = generated(engine, prompt_ids=(5,), max_tokens=9, sampling=GREEDY)
    later, done_later = generated(
        engine, prompt_ids=(5,), max_tokens=9, min_tokens=3, sampling=GREEDY
    )

    assert (text_of(at_once), done_at_once.finish_reason) == ("", "stop")
    assert (len(later), done_later.finish_reason) == (4, "stop")
    assert text_of(later)


def test_an_answer_ends_at_its_length(tiny_engine):
    pieces, done = generated(tiny_engine, prompt_ids=(5, 6), max_tokens=7, min_tokens=7)

    assert (len(pieces), done.finish_reason, done.num_generated_tokens) == (7, "length", 7)


def test_a_stop_string_is_cut_off_even_across_tokens(tiny_engine):
    wanted = {"prompt_ids": (20, 21), "max_tokens": 30, "sampling": GREEDY}
    whole = text_of(generated(tiny_engine, **wanted)[0])
    stop = whole[9:13]

    pieces, done = generated(tiny_engine, stop=(stop,), **wanted)

    assert text_of(pieces) == whole[: whole.index(stop)]
    assert done.finish_reason == "stop"


def test_a_stop_string_among_the_first_min_tokens_does_not_end_the_answer(tiny_engine):
    wanted = {"prompt_ids": (20, 21), "max_tokens": 8, "sampling": GREEDY}
    first = generated(tiny_engine, **wanted)[0][0].text

    at_once, _ = generated(tiny_engine, stop=(first,), **wanted)
    later, done = generated(tiny_engine, stop=(first,), min_tokens=1, **wanted)

    assert text_of(at_once) == ""
    assert text_of(later).startswith(first)
    assert done.num_generated_tokens > 1


def test_without_a_session_nothing_is_kept(tiny_engine):
    generated(tiny_engine, prompt_ids=(5, 6), max_tokens=2)

    assert tiny_engine.cache.num_tokens == 0


def test_logprobs_are_those_of_the_model_before_sampling(tiny_engine):
    options = SamplingOptions(temperature=0.1, top_k=2, repetition_penalty=1.5)
    pieces, _ = generated(
        tiny_engine,
        prompt_ids=(5, 6),
        max_tokens=1,
        min_tokens=1,
        sampling=options,
        top_logprobs=20,
    )

    expected = full_logits(tiny_engine.model, [5, 6]).log_softmax(-1)
    shown = pieces[0].logprob
    assert len(shown.top) == 20
    assert abs(shown.logprob - float(expected[shown.token_id])) < MAX_DIFF
    assert shown.top[0][0] == int(expected.argmax())


def test_every_way_a_turn_can_end_is_known():
    tokenizer = chatml_tokenizer()
    model = tiny_llama(len(tokenizer))
    model.generation_config.eos_token_id = [7, 8]
    tokenizer.eos_token = "<|endoftext|>"

    ends = Engine(model, tokenizer, max_cached_tokens=512).end_ids

    turn_end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert ends == {7, 8, tokenizer.convert_tokens_to_ids("<|endoftext|>"), turn_end}


def test_pieces_without_logprobs_carry_none(tiny_engine):
    pieces, _ = generated(tiny_engine, prompt_ids=(5,), max_tokens=1, min_tokens=1)

    assert all(isinstance(piece, Piece) and piece.logprob is None for piece in pieces)
