"""What is found out about a server from its answers to a small chat."""

import pytest

from inference.wire.answers import Completion, ModelList
from inference.wire.asking import Way, fitted
from inference.wire.chat_form import ChatForm
from inference.wire.probing import probe
from inference.wire.refusals import WayRefused

FORM = ChatForm(decide_prompt="Answer (silence) or (response).")


def answer(text, *, num_tokens=None, logprob=None, count=1):
    token = {"token": text, "logprob": logprob, "top_logprobs": [{"token": "x", "logprob": -3.0}]}
    logprobs = {"content": [token]} if logprob is not None else None
    usage = {"prompt_tokens": num_tokens} if num_tokens is not None else None
    choice = {"message": {"content": text}, "logprobs": logprobs}
    return Completion.model_validate({"choices": [choice] * count, "usage": usage})


async def found(plain, continued):
    async def ask(way, turns):
        return continued if way.continued else plain

    return await probe(ask, FORM)


@pytest.mark.parametrize(
    ("num_more", "continues"),
    [(0, "yes"), (1, "yes"), (4, "ignored"), (9, "ignored")],
)
async def test_token_counts_tell_whether_an_answer_was_continued(num_more, continues):
    """Whatever it says: a closed "(" may be followed by a marker without its "("."""
    abilities = await found(
        answer("(", num_tokens=50, logprob=-0.1),
        answer("sil", num_tokens=50 + num_more, logprob=-0.1),
    )

    assert abilities.continues == continues
    assert abilities.way.continued == (continues == "yes")


@pytest.mark.parametrize("num_tokens", [None, 2, 52])  # uncounted, only the new ones, in between
@pytest.mark.parametrize(
    ("said", "continues"), [("sil", "yes"), ("(", "ignored"), ("so", "ignored")]
)
async def test_where_counts_do_not_tell_the_words_do(num_tokens, said, continues):
    abilities = await found(
        answer("(", num_tokens=50, logprob=-0.1),
        answer(said, num_tokens=num_tokens, logprob=-0.1),
    )

    assert abilities.continues == continues


async def test_a_form_whose_markers_share_nothing_needs_no_continuing():
    async def ask(way, turns):
        assert not way.continued
        return answer("(silence)", logprob=-0.1)

    form = ChatForm.from_dict({"decision": {"prefix": "", "silence": "(s", "response": "(r"}})

    assert (await probe(ask, form)).continues == "unneeded"


@pytest.mark.parametrize(("count", "num_levels"), [(8, 8), (1, 1)])
async def test_without_probabilities_answers_are_counted_where_the_server_draws_several(
    count, num_levels
):
    async def ask(way, turns):
        return answer("(silence)", count=count if way.num_answers > 1 else 1)

    abilities = await probe(ask, FORM)

    assert abilities.num_levels == num_levels
    assert abilities.num_logprobs == 0


async def test_a_server_that_refuses_several_answers_is_asked_for_one():
    async def ask(way, turns):
        if way.num_answers > 1:
            raise WayRefused
        return answer("(response)")

    assert (await probe(ask, FORM)).num_levels == 1


@pytest.mark.parametrize(
    ("said", "follows"),
    [("(silence)", True), ("(Response) hi", True), ("(", True), ("<think>", False), ("", False)],
)
async def test_a_model_that_thinks_first_or_does_not_listen_is_found_out(said, follows):
    assert (await found(answer(said), answer(said))).follows == follows


async def test_an_answer_may_have_no_alternatives():
    bare = {"choices": [{"message": {"content": "a"}, "logprobs": {"content": []}}]}
    empty = Completion.model_validate(bare)

    assert empty.num_logprobs == 0
    assert [choices[0].text for choices in empty.answers()] == ["a"]


@pytest.mark.parametrize(
    ("listed", "context"),
    [
        ({"max_model_len": 100}, 100),
        ({"context_window": 200}, 200),
        ({"max_context_length": 300}, 300),
        ({"context_length": 0}, None),
        ({"meta": {"n_ctx": 400, "n_ctx_train": 8192}}, 400),
        ({"meta": None}, None),
        ({"meta": "llama"}, None),
        ({}, None),
    ],
)
def test_a_models_context_has_many_names(listed, context):
    models = ModelList.model_validate({"data": [{"id": "m", **listed}]})

    assert models.data[0].context == context


def test_a_request_is_fitted_to_what_the_server_takes():
    way = Way(limit="max_completion_tokens", without=frozenset({"user", "min_tokens"}))
    fields = {"max_tokens": 4, "user": "a", "extra_body": {"min_tokens": 1}, "temperature": 0}

    assert fitted(fields, way=way) == {"temperature": 0, "max_completion_tokens": 4}
