import pytest

from inference.bench.chats import make_chats, with_message
from inference.bench.contest import Contest
from inference.bench.paged import PagedBatching
from inference.errors import InferenceError


@pytest.fixture
def paged(tiny_subject):
    one = PagedBatching(tiny_subject, max_tokens=600)
    yield one
    one.close()


def test_requests_are_answered_and_the_next_ones_too(paged, tiny_subject):
    chats = make_chats(tiny_subject, num_tokens=80, count=2)

    paged.remember(chats)
    paged.decide([with_message(tiny_subject, chat, 1) for chat in chats])
    paged.reply(chats, 5)


def test_a_request_that_cannot_be_run_is_told(paged, tiny_subject):
    [chat] = make_chats(tiny_subject, num_tokens=6000)

    with pytest.raises(InferenceError, match="transformers' batching"):
        paged.decide([chat])


def test_where_it_cannot_be_built_a_note_says_why(tiny_subject, tiny_bench, monkeypatch):
    def build(*_, **__):
        raise TypeError("unexpected keyword argument 'page_size'")

    monkeypatch.setattr("inference.bench.contest.PagedBatching", build)
    monkeypatch.setattr(build, "label", "transformers' batching", raising=False)

    with Contest(tiny_subject, tiny_bench) as contest, contest.ways(num_chats=1, max_tokens=64):
        pass

    assert contest.notes[-1] == (
        "transformers' batching was not measured: unexpected keyword argument 'page_size'"
    )
