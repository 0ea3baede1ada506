"""What probably comes next is run when there is nothing else to do."""

from inference.chat_forms import after_silence
from inference.engine import Engine
from inference.generation import Request
from inference.server.worker import Worker
from inference.wire.chat_form import SILENCE
from tests.inference.serving import CHAT, CONTINUED, OPENED, Served, runtime_of
from tests.inference.test_packed import GREEDY, answers, assert_close
from tests.inference.tiny import chatml_tokenizer, tiny_llama

ASKED = (5, 6, 7, 8)


def make_engine(max_cached_tokens=10_000):
    return Engine(tiny_llama(390), chatml_tokenizer(), max_cached_tokens=max_cached_tokens)


def decision(ids, *, session="s", likely_ids=(9, 10, 11)):
    return Request(ids, 1, session, GREEDY, top_logprobs=5, likely_ids=likely_ids)


def test_the_next_prompt_finds_what_was_run_ahead():
    engine = make_engine()
    answers(engine, [decision(ASKED)], together=True)

    assert engine.look_ahead()
    engine.step()
    num_run = engine.num_run_tokens
    told = answers(engine, [decision((*ASKED, 9, 10, 11, 12))], together=True)

    assert engine.num_run_tokens - num_run == 1
    assert_close(told, answers(make_engine(), [decision((*ASKED, 9, 10, 11, 12))], together=True))


def test_what_did_not_follow_after_all_is_cut_off():
    engine = make_engine()
    answers(engine, [decision(ASKED)], together=True)
    engine.look_ahead()
    engine.step()

    told = answers(engine, [decision((*ASKED, 20, 21))], together=True)

    assert_close(told, answers(make_engine(), [decision((*ASKED, 20, 21))], together=True))


def test_each_prompt_is_gone_on_from_once_and_only_if_it_is_kept():
    engine = make_engine()
    answers(engine, [decision(ASKED), decision(ASKED, session=None)], together=True)

    assert engine.look_ahead()
    engine.step()
    assert not engine.look_ahead()


def test_a_conversation_dropped_meanwhile_is_not_run_anew():
    engine = make_engine(max_cached_tokens=256)
    long = tuple(range(3, 90))
    answers(engine, [decision(long), decision(long, session="t")], together=False)
    engine.cache.empty()

    assert not engine.look_ahead()


def test_the_tokens_after_a_silence_are_those_of_the_template(tiny_model, default_model):
    for loaded in (tiny_model, default_model):
        likely = after_silence(loaded.renderer, loaded.form.decision.prefix)

        opened = loaded.renderer.render(OPENED, continue_final_message=True)
        silent = {"role": "assistant", "content": SILENCE}
        said = {"role": "user", "content": "Zoe: was there something?"}
        following = loaded.renderer.render([*CHAT, silent, said])
        assert likely
        assert following[: len(opened) + len(likely)] == [*opened, *likely]


def test_an_idle_worker_looks_ahead_after_a_decision(tiny_model):
    runtime = runtime_of(tiny_model)
    with Served(Worker(lambda _: runtime)) as served:
        served.wait_until("ready")
        wanted = {"messages": OPENED, "max_tokens": 1, "user": "ahead", **CONTINUED}
        num_prompt = served.post(**wanted).json()["usage"]["prompt_tokens"]
        likely = runtime.models.find("tiny").likely_ids

        served.wait_for(lambda: runtime.engine.num_run_tokens == num_prompt + len(likely))

        silent = {"role": "assistant", "content": SILENCE}
        said = {"role": "user", "content": "Zoe: was there something?"}
        grown = [*CHAT, silent, said, OPENED[-1]]
        usage = served.post(**{**wanted, "messages": grown}).json()["usage"]
        assert usage["prompt_tokens_details"]["cached_tokens"] == num_prompt + len(likely)
