"""How a reply is written: what the model is asked, what is shown, when enough is said."""

import pytest

from bot.errors import ModelBusy, ModelUnavailable
from bot.patience import Patience
from bot.writer import Writer
from inference.wire.chat_form import ChatForm
from tests.fakes import FakeModel
from tests.pipeline.scene import LOUNGE, ME, Scene


class Streams(FakeModel):
    """Replies with these pieces, and notes how many were taken and that the stream was closed."""

    pieces = ()
    num_taken = 0
    was_closed = False

    async def reply(self, turns, *, session):
        self.asked.append(list(turns))
        try:
            for piece in self.pieces:
                self.num_taken += 1
                yield piece
        finally:
            self.was_closed = True


def streaming(store, *pieces):
    scene = Scene(store, Streams())
    scene.model.pieces = pieces
    return scene


async def test_a_stream_is_closed_as_soon_as_nothing_more_is_wanted(store):
    scene = streaming(store, "Par", "is.", "\n", "An", "a:", " thanks", " more", " more")
    await scene.asks("Ana", "where?")

    assert scene.posts == ["Paris."]
    assert scene.model.num_taken == 5
    assert scene.model.was_closed


async def test_drafts_grow_and_hold_back_what_may_be_cut(store):
    scene = streaming(
        store, "(resp", "onse)", " Par", "is.", " (sil", "ly)", " *", "*", "Yes*", "*"
    )
    await scene.asks("Ana", "where?")

    assert scene.platform.drafts == ["Par", "Paris.", "Paris. (silly)", "Paris. (silly) **Yes"]
    assert scene.posts == ["Paris. (silly) **Yes**"]


async def test_a_tail_that_was_held_back_is_posted_in_the_end(store):
    scene = streaming(store, "Ask\n", "Ana")
    await scene.asks("Ana", "who knows?")

    assert scene.platform.drafts == ["Ask"]
    assert scene.posts == ["Ask\nAna"]


@pytest.mark.parametrize("name", ["Bob", "Bob (2)", "assistant (person)"])
async def test_speakers_are_cut_by_the_names_they_have_in_the_prompt(store, name):
    scene = streaming(store, "Yes.", f"\n{name}: no")
    for author in ("Bob", "BOB", "assistant"):
        await scene.says(author, "hm")
    await scene.asks("Ana", "where?")

    assert scene.posts == ["Yes."]


async def test_a_prompted_model_replies_to_a_plain_chat(store):
    form = ChatForm(decide_prompt="(silence) or (response)?", reply_prompt="You are {name}.")
    scene = Scene(store, FakeModel(form=form))
    await scene.says("Ana", "nice weather")
    await scene.asks("Ana", "where?")

    assert scene.model.asked[-1] == [
        {"role": "system", "content": "You are assistant."},
        {"role": "user", "content": "Ana: nice weather\nAna: where?"},
    ]


async def test_a_tuned_model_replies_to_the_turns_it_decided_on(scene):
    await scene.says("Ana", "where?")

    decided, replied = scene.model.asked
    assert replied == [*decided[:-1], {"role": "assistant", "content": "(response)"}]


class ComesBack(FakeModel):
    """Has no card the first time it is asked."""

    was_asked = False

    async def card(self):
        if not self.was_asked:
            self.was_asked = True
            raise ModelUnavailable("loading")
        return await super().card()


async def test_a_model_that_is_back_by_the_time_of_the_reply_is_used(store):
    scene = Scene(store, ComesBack())
    await scene.asks("Ana", "where?")

    assert scene.posts == ["Paris."]
    assert (await scene.store.decisions.last(LOUNGE, 1))[0].model == ""


class Busy(FakeModel):
    """Takes no request as long as there is something in `busy_s`: what it says when to come back."""

    def __init__(self, *busy_s):
        super().__init__()
        self.busy_s = list(busy_s)

    async def reply(self, turns, *, session):
        if self.busy_s:
            raise ModelBusy("the queue is full", retry_after_s=self.busy_s.pop(0))
        yield "Paris."


def busy(store, *busy_s):
    scene, slept = Scene(store, Busy(*busy_s)), []

    async def sleep(wait_s):
        slept.append(wait_s)

    scene.pipeline.acting.writer = Writer(scene.model, ME, sleep=sleep)
    return scene, slept


async def test_an_addressed_message_waits_for_a_busy_model_as_long_as_it_says(store):
    scene, slept = busy(store, 7.0, None, None)

    await scene.asks("Ana", "where?")

    assert scene.posts == ["Paris."]
    assert slept == [7.0, 1.0, 2.0]
    assert await scene.decisions() == [("speak", "addressed")]


async def test_an_addressed_message_does_not_wait_for_ever(store):
    scene, slept = busy(store, 20.0, 20.0)

    await scene.asks("Ana", "where?")

    assert slept == [20.0]
    assert len(scene.notices) == 1
    assert await scene.decisions() == [("failed", "model failed")]


async def test_an_ambient_message_waits_for_no_busy_model_and_is_counted_as_failed(store):
    scene, slept = busy(store, 0.0)

    await scene.says("Ana", "where?")

    assert slept == []
    assert (scene.posts, scene.notices) == ([], [])
    assert await scene.decisions() == [("failed", "model failed")]


def test_a_model_that_always_wants_the_next_request_at_once_is_given_up():
    patience = Patience()

    waits = [patience.next_wait_s(0.0) for _ in range(400)]

    assert waits[0] > 0
    assert waits[-1] is None
    assert sum(wait or 0 for wait in waits) <= 30
