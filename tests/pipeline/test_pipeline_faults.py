"""What people see of a message while the model, the platform or the history fails."""

import pytest

from bot.acting import new_key
from bot.errors import ModelRefused, ModelUnavailable, PlatformError, StoreError
from bot.messages import OutboxItem, OutboxStatus
from bot.notices import CANNOT_THINK, NO_ANSWER, NOT_POSTED
from tests.fakes import FakeModel, FakePlatform
from tests.pipeline.scene import KITCHEN, LOUNGE, Scene

DOWN = ModelUnavailable("the worker is loading")
LOST = PlatformError("the connection was lost")


async def test_an_ambient_failure_posts_nothing_and_is_kept_as_failed(scene):
    scene.model.failure = DOWN
    await scene.says("Ana", "where is the Louvre?")

    assert (scene.posts, scene.notices) == ([], [])
    assert await scene.decisions() == [("failed", "model failed")]


async def test_an_addressed_message_gets_a_notice_when_the_model_fails(scene):
    scene.model.failure = DOWN
    await scene.asks("Ana", "where is the Louvre?")

    assert (scene.posts, scene.notices) == ([], [CANNOT_THINK])
    assert await scene.decisions() == [("failed", "model failed")]


async def test_it_answers_again_once_the_model_is_back(scene):
    scene.model.failure = DOWN
    await scene.asks("Ana", "where is the Louvre?")
    scene.model.failure = None
    await scene.asks("Ana", "where is the Louvre?")

    assert scene.posts == ["Paris."]


class FailsMidway(FakeModel):
    async def reply(self, turns, *, session):
        yield "Par"
        raise ModelUnavailable("the worker died")


@pytest.mark.parametrize(("addressed", "notices"), [(True, [CANNOT_THINK]), (False, [])])
async def test_a_model_that_dies_midway_leaves_no_half_reply(store, addressed, notices):
    scene = Scene(store, FailsMidway())
    await scene.says("Ana", "where is the Louvre?", addressed=addressed)

    assert (scene.posts, scene.notices) == ([], notices)
    assert await scene.decisions() == [("failed", "model failed")]
    assert len(scene.platform.withdrawn) == 1


@pytest.mark.parametrize("text", ["", "  ", "(silence)", "[Silence]", "Ana: I know!"])
async def test_an_addressed_message_gets_a_notice_when_the_reply_is_empty(scene, text):
    scene.model.reply_text = text
    await scene.asks("Ana", "where is the Louvre?")

    assert (scene.posts, scene.notices) == ([], [NO_ANSWER])
    assert await scene.decisions() == [("failed", "empty reply")]


async def test_an_empty_ambient_reply_is_silence(scene):
    scene.model.reply_text = "(silence)"
    await scene.says("Ana", "where is the Louvre?")

    assert (scene.posts, scene.notices) == ([], [])
    assert await scene.decisions() == [("silent", "empty reply")]


async def write_down(scene, text, *, at, key=None):
    item = OutboxItem(key or new_key(), LOUNGE, None, None, text, OutboxStatus.PENDING, at)
    return await scene.store.outbox.add(item)


class Rude(FakePlatform):
    """A platform on which everything fails but posting."""

    async def place(self, where, reply_to):
        raise LOST

    def typing(self, where):
        raise LOST

    async def draft(self, item, text):
        raise LOST

    async def withdraw(self, item):
        raise LOST

    async def notice(self, where, text, *, reply_to):
        raise LOST

    async def decided(self, where, decision, message_ids):
        raise LOST


async def test_a_platform_that_can_only_post_gets_its_replies(store):
    scene = Scene(store, platform=Rude())
    await scene.asks("Ana", "where?")
    await scene.says("Ana", "where?")

    assert scene.posts == ["Paris.", "Paris."]


@pytest.mark.parametrize("failure", [DOWN, ModelRefused("nonsense")])
async def test_a_platform_that_takes_no_notice_does_not_stop_the_conversation(store, failure):
    scene = Scene(store, platform=Rude())
    scene.model.failure = failure
    await scene.asks("Ana", "where?")
    scene.model.failure = None
    scene.model.reply_text = ""
    await scene.asks("Ana", "where?")
    scene.model.reply_text = "Paris."
    await scene.asks("Ana", "where?")

    assert scene.posts == ["Paris."]
    assert [action for action, _ in await scene.decisions()] == ["failed", "failed", "speak"]


class BreaksTyping(FakePlatform):
    def typing(self, where):
        return self

    async def __aenter__(self):
        return None

    async def __aexit__(self, *exc_info):
        raise LOST


async def test_a_reply_survives_typing_that_cannot_be_ended(store):
    scene = Scene(store, platform=BreaksTyping())
    await scene.asks("Ana", "where?")

    assert scene.posts == ["Paris."]


@pytest.mark.parametrize(("addressed", "notices"), [(True, [NOT_POSTED]), (False, [])])
async def test_a_reply_that_cannot_be_posted_is_kept_as_failed(scene, addressed, notices):
    scene.platform.failure = LOST
    await scene.says("Ana", "where?", addressed=addressed)

    assert scene.notices == notices
    assert await scene.store.outbox.pending("room") == []
    assert [entry.text for entry in await scene.entries()] == ["where?"]
    scene.platform.failure = None
    await scene.asks("Ana", "and now?")
    assert scene.posts == ["Paris."]


async def test_a_posted_reply_is_kept_as_posted(scene):
    await scene.asks("Ana", "where?")
    [key] = scene.platform.posted_keys

    again = await write_down(scene, "other", at=scene.now, key=key)

    assert again.status is OutboxStatus.POSTED
    assert len(key) <= 25


async def test_a_store_that_fails_in_one_conversation_does_not_stop_another(scene, monkeypatch):
    in_window = scene.store.messages.in_window

    async def failing(where, *, limit):
        if where == LOUNGE:
            raise StoreError("the disk is full")
        return await in_window(where, limit=limit)

    monkeypatch.setattr(scene.store.messages, "in_window", failing)
    await scene.says("Ana", "where?")
    await scene.says("Ana", "where?", where=KITCHEN)
    assert scene.posts == ["Paris."]

    monkeypatch.undo()
    await scene.says("Ana", "anyone?")
    assert len(scene.posts) == 2


@pytest.mark.parametrize(("addressed", "notices"), [(True, [CANNOT_THINK]), (False, [])])
async def test_a_reply_that_cannot_be_written_down_is_not_posted(
    scene, monkeypatch, addressed, notices
):
    monkeypatch.setattr(scene.store.outbox, "add", full)
    await scene.says("Ana", "where?", addressed=addressed)

    assert (scene.posts, scene.notices) == ([], notices)


async def test_a_reply_that_was_posted_is_not_called_a_failure(scene, monkeypatch):
    monkeypatch.setattr(scene.store.outbox, "posted", full)
    await scene.asks("Ana", "where?")
    assert (scene.posts, scene.notices) == (["Paris."], [])

    monkeypatch.undo()
    scene.restart()
    await scene.pipeline.resume()
    assert scene.posts == ["Paris."]
    assert len(await scene.entries()) == 2


async def test_who_asked_is_told_also_if_the_failure_cannot_be_kept(store, monkeypatch):
    scene = Scene(store, FailsMidway())
    monkeypatch.setattr(store.decisions, "revise", full)
    await scene.asks("Ana", "where?")

    assert scene.notices == [CANNOT_THINK]


async def test_what_was_recorded_is_decided_on_whatever_fails_after_it(scene, monkeypatch):
    monkeypatch.setattr(scene.store.speakers, "is_opted_out", full)
    with pytest.raises(StoreError):
        await scene.asks("Ana", "where?")
    await scene.settled()

    assert scene.posts == ["Paris."]


async def full(*args, **kwargs):
    raise StoreError("the disk is full")


async def test_a_message_that_cannot_be_recorded_is_the_callers_to_tell(scene, monkeypatch):
    monkeypatch.setattr(scene.store.messages, "record", full)

    with pytest.raises(StoreError):
        await scene.says("Ana", "where?")
    assert scene.platform.decisions == []
