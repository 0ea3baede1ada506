"""What fails, fails for the request that made it fail, and leaves nothing behind."""

import pytest
import torch
from transformers import Lfm2Config, Lfm2ForCausalLM

from inference.attempts import attempt
from inference.engine import Engine
from inference.errors import (
    AdapterGone,
    BadRequest,
    EngineStopped,
    InferenceError,
    OutOfMemory,
)
from inference.generation import Request
from inference.kv import GROWTH
from inference.schedule import Limits
from tests.inference.test_packed import GREEDY, answers, assert_close
from tests.inference.tiny import chatml_tokenizer, tiny_llama

LONG = tuple(range(3, 120))


class Failing:
    """Fails with an error the first few times it is called."""

    def __init__(self, act, error, times=1):
        self._act, self._error, self._times = act, error, times
        self.num_calls = 0

    def __call__(self, *args, **options):
        self.num_calls += 1
        if self.num_calls <= self._times:
            raise self._error
        return self._act(*args, **options)


def make_engine(**options):
    return Engine(tiny_llama(390), chatml_tokenizer(), **{"max_cached_tokens": 10_000, **options})


def run(engine, *requests):
    """What each request ended with."""
    ends = []
    for request in requests:
        engine.add(request, on_step=lambda _: None, on_end=ends.append)
    while engine.step():
        pass
    return ends


def no_memory():
    return torch.OutOfMemoryError("no memory")


def test_memory_that_runs_out_when_a_prefix_is_taken_is_freed_and_it_goes_on():
    engine = make_engine()
    run(engine, Request(LONG, 1, session="kept"))
    engine.cache.take = Failing(engine.cache.take, no_memory())

    assert run(engine, Request((5, 6), 1, session="new")) == [None]
    assert engine.cache.num_conversations == 1


def test_memory_that_runs_out_when_a_token_is_drawn_is_freed_and_it_goes_on(monkeypatch):
    from inference import forward

    monkeypatch.setattr(forward, "read_out", Failing(forward.read_out, no_memory()))
    engine = make_engine()

    assert run(engine, Request(LONG, 3, min_tokens=3)) == [None]


def test_a_prefix_that_cannot_be_taken_ends_its_request_alone():
    engine = make_engine()
    engine.cache.take = Failing(engine.cache.take, no_memory(), times=2)

    ends = run(engine, Request((5, 6), 1, session="a"), Request((7, 8), 1, session="b"))

    assert sorted(type(end).__name__ for end in ends) == ["NoneType", "OutOfMemory"]


def test_the_second_try_finds_nothing_of_the_first_in_memory():
    alive = []

    class Held:
        def __del__(self):
            alive.remove(self.name)

    def act():
        if not alive and not done:
            held = Held()
            held.name = "activations"
            alive.append("activations")
            done.append(True)
            raise no_memory()
        return list(alive)

    done = []

    assert attempt(act, lambda: None) == []


def test_an_error_of_ours_is_not_tried_again():
    failing = Failing(lambda: 1, BadRequest("no"))

    assert isinstance(attempt(failing, lambda: None), BadRequest)
    assert failing.num_calls == 1


@pytest.mark.parametrize("options", [{}, {"sampling": GREEDY}], ids=["sampled", "greedy"])
def test_numbers_that_no_token_can_be_drawn_from_end_their_request_alone(options):
    engine = make_engine()
    run_rows = engine.runner.run

    def broken(rows):
        logits = run_rows(rows).clone()
        logits[0] = torch.nan
        return logits

    engine.runner.run = broken

    ends = run(engine, Request((3, 4), 1, top_logprobs=3, **options), Request((5, 6), 1))

    assert [type(end) for end in ends] == [EngineStopped, type(None)]


@pytest.mark.parametrize(
    ("request_", "error"),
    [(Request((5, 6), 1, adapter="gone"), AdapterGone), (Request((), 1), BadRequest)],
)
def test_what_cannot_be_run_is_refused_at_once_and_hurts_nobody(request_, error):
    engine = make_engine()
    ends = []
    engine.add(Request((5, 6), 1), on_step=lambda _: None, on_end=ends.append)

    with pytest.raises(error):
        engine.add(request_, on_step=lambda _: None, on_end=ends.append)

    while engine.step():
        pass
    assert ends == [None]


def decision(ids, likely_ids=(9, 10)):
    return Request(ids, 1, "s", GREEDY, top_logprobs=3, likely_ids=likely_ids)


def ahead(engine):
    while engine.look_ahead():
        engine.step()


def test_a_guess_of_long_ago_does_not_cut_what_was_run_since():
    engine = make_engine()
    run(engine, decision(LONG[:40]))
    run(engine, decision(LONG))

    ahead(engine)

    assert engine.cache.num_known((0, "s"), (*LONG, 9, 10, 11)) == len(LONG) + 2


def test_a_reply_written_after_a_decision_is_not_cut_by_a_guess_of_silence():
    engine = make_engine()
    run(engine, decision(LONG[:40]))
    run(engine, Request(LONG[:60], 1, "s"))

    assert not engine.look_ahead()
    assert engine.cache.num_known((0, "s"), LONG) == 60


def test_an_urgent_request_comes_before_those_that_wait():
    engine = make_engine(limits=Limits(max_rows=1, step_tokens=1))
    order = []
    for name in ("first", "second"):
        engine.add(
            Request((5, 6), 1),
            on_step=lambda _: None,
            on_end=lambda _, name=name: order.append(name),
        )

    engine.add(
        Request((7,), 1),
        on_step=lambda _: None,
        on_end=lambda _: order.append("urgent"),
        is_urgent=True,
    )
    while engine.step():
        pass

    assert order == ["urgent", "first", "second"]


def test_what_does_not_fit_the_memory_waits_its_turn():
    engine = make_engine(max_cached_tokens=2 * GROWTH)
    ends, most = [], 0
    for number in range(8):
        request = Request(LONG, 3, f"s{number}", min_tokens=3)
        engine.add(request, on_step=lambda _: None, on_end=ends.append)
    while engine.step():
        most = max(most, engine.cache.num_tokens)

    assert ends == [None] * 8
    assert most <= 5 * GROWTH


def test_more_answers_than_a_step_has_rows_are_all_written_at_the_same_pace():
    engine = make_engine(limits=Limits(max_rows=2))
    lengths = {}
    for number in range(5):
        engine.add(
            Request((5, 6, number + 7), 40, min_tokens=40),
            on_step=lambda _, number=number: lengths.update({number: lengths.get(number, 0) + 1}),
            on_end=lambda _: None,
        )

    for _ in range(60):
        engine.step()

    assert len(lengths) == 5
    assert max(lengths.values()) - min(lengths.values()) <= 6


def hybrid():
    """A model with layers that cannot go back."""
    torch.manual_seed(7)
    config = Lfm2Config(
        vocab_size=390,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        layer_types=["conv", "full_attention", "conv"],
    )
    return Lfm2ForCausalLM(config).eval()


def test_a_model_that_cannot_go_back_is_not_run_on_what_a_failed_pass_left():
    model = hybrid()
    engine = Engine(model, chatml_tokenizer(), max_cached_tokens=10_000)
    run(engine, decision(LONG[:30]))
    layer = model.model.layers[1]
    forward = layer.forward
    layer.forward = Failing(forward, no_memory())

    (end,) = run(engine, decision(LONG[:40]))
    layer.forward = forward

    assert isinstance(end, InferenceError)
    fresh = Engine(hybrid(), chatml_tokenizer(), max_cached_tokens=10_000)
    told = answers(engine, [decision(LONG[:50])], together=True)
    assert_close(told, answers(fresh, [decision(LONG[:50])], together=True))


def test_a_model_that_cannot_go_back_does_not_guess():
    engine = Engine(hybrid(), chatml_tokenizer(), max_cached_tokens=10_000)
    run(engine, decision(LONG[:30]))

    assert not engine.look_ahead()


def test_memory_that_stays_out_is_told_as_that():
    engine = make_engine()
    engine.runner.run = Failing(engine.runner.run, no_memory(), times=2)

    (end,) = run(engine, Request((5, 6), 1))

    assert isinstance(end, OutOfMemory)
