"""What a process that was stopped left behind, seen by one that lives."""

import asyncio

from bot.acting import new_key
from bot.errors import PlatformUnavailable, StoreError
from bot.messages import OutboxItem, OutboxStatus
from tests.pipeline.scene import KITCHEN, LOUNGE


async def fails(*_):
    raise StoreError("no space")


async def left_half_answered(scene, where=LOUNGE):
    """Decide to speak as a bot that is killed right then; give the draft that it showed."""
    question = scene.message("Ana", "where?", addressed=True, where=where)
    await scene.happened_before(question)
    considered = await scene.pipeline.judge.consider(where)
    item = OutboxItem(
        new_key(), where, considered.kept.id, question.id, "", OutboxStatus.PENDING, scene.now
    )
    await scene.store.outbox.begin(item)
    return item


async def wake_all(scene):
    """Do what the adapters do every now and then; give where something waited."""
    found = await scene.pipeline.waiting()
    for where in found:
        scene.pipeline.conversations.wake(where, addressed=False)
    await scene.settled()
    return found


async def test_what_was_left_while_the_bot_ran_is_taken_up(scene):
    draft = await left_half_answered(scene)

    assert await wake_all(scene) == [LOUNGE]

    assert scene.platform.withdrawn == [draft.key]
    assert scene.posts == ["Paris."]
    assert await wake_all(scene) == []


async def test_after_that_the_conversation_goes_on_as_ever(scene):
    await left_half_answered(scene)
    await wake_all(scene)

    await scene.asks("Bob", "and who?")

    assert scene.posts == ["Paris.", "Paris."]
    assert await scene.decisions() == [("speak", "addressed"), ("speak", "addressed")]


async def test_what_was_left_too_long_ago_stays_silent(scene):
    draft = await left_half_answered(scene)
    await scene.store.outbox.drop(draft.key)
    scene.pipeline.max_age_s = scene.pipeline.leftovers.max_age_s = -1.0

    assert await wake_all(scene) == []


async def test_what_others_own_is_not_theirs_to_take_up(scene):
    scene.pipeline.leftovers.owns = lambda where: where == KITCHEN
    await left_half_answered(scene)
    await left_half_answered(scene, KITCHEN)

    assert await wake_all(scene) == [KITCHEN]


async def test_a_reply_that_is_being_written_is_no_leftover(scene):
    found = []

    async def look():
        found.append(await scene.pipeline.waiting())

    scene.model.before_reply = look
    await scene.asks("Ana", "where?")

    assert found == [[]]
    assert scene.posts == ["Paris."]


async def test_what_whoever_asked_was_told_about_is_not_answered_late(scene, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(scene.store.outbox, "add", fails)
        await scene.asks("Ana", "where?")
    assert len(scene.notices) == 1

    assert await wake_all(scene) == []

    assert (scene.posts, len(scene.notices)) == ([], 1)


async def test_a_decision_that_could_not_be_taken_back_is_not_made_anew(scene, monkeypatch):
    scene.model.reply_text = ""
    with monkeypatch.context() as patch:
        patch.setattr(scene.store.decisions, "revise", fails)
        await scene.asks("Ana", "where?")

    assert await wake_all(scene) == []

    assert len(scene.notices) == 1


async def test_a_draft_that_cannot_be_removed_now_is_left_to_the_next_try(scene):
    scene.platform.cannot_withdraw = PlatformUnavailable("the platform is down")
    draft = await left_half_answered(scene)
    await wake_all(scene)

    assert await scene.pipeline.waiting() == []

    scene.platform.cannot_withdraw = None
    await scene.pipeline.delivery.try_again()
    assert scene.platform.withdrawn == [draft.key]


async def test_a_draft_that_is_removed_twice_at_once_is_gone(scene, monkeypatch):
    draft = await left_half_answered(scene)
    both, delivery = asyncio.Barrier(2), scene.pipeline.delivery
    monkeypatch.setattr(scene.platform, "withdraw", lambda item: both.wait())

    await asyncio.gather(delivery.take_back(draft), delivery.take_back(draft))

    assert not delivery.is_standing(draft)
