"""What a stop or an outage leaves behind: missed messages, half-written drafts, replies that wait."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.acting import new_key
from bot.errors import PlatformError, PlatformUnavailable, StoreError
from bot.messages import Mode, OutboxItem, OutboxStatus
from bot.notices import NOT_POSTED
from tests.pipeline.scene import KITCHEN, LOUNGE
from tests.waiting import WITHIN_S

OUTAGE = PlatformUnavailable("the platform is down")


async def test_what_was_missed_is_decided_on_once(scene):
    missed = [scene.message("Ana", "where is it?"), scene.message("Bob", "what is?")]
    num_new = await scene.pipeline.catch_up(LOUNGE, missed)
    await scene.settled()

    assert num_new == 2
    assert len(scene.platform.decisions) == 1
    assert scene.posts == ["Paris."]


async def test_what_was_missed_and_is_known_changes_nothing(scene):
    heard = scene.message("Ana", "where is it?")
    await scene.pipeline.receive(heard)
    await scene.settled()
    num_new = await scene.pipeline.catch_up(LOUNGE, [heard])
    await scene.settled()

    assert num_new == 0
    assert len(scene.platform.decisions) == 1


async def test_nothing_missed_is_recorded_where_the_mode_is_off(scene):
    await scene.change(mode=Mode.OFF)
    await scene.pipeline.catch_up(LOUNGE, [scene.message("Ana", "where is it?")])

    assert await scene.entries() == []


async def test_an_old_question_is_not_answered_because_of_a_young_remark(scene):
    asked = scene.message("Ana", "where are you", addressed=True)
    scene.now += timedelta(hours=1)
    remark = scene.message("Bob", "nice weather")
    await scene.pipeline.catch_up(LOUNGE, [asked, remark])
    await scene.settled()

    assert scene.posts == []
    assert await scene.decisions() == [("silent", "threshold")]


async def test_a_young_question_among_old_remarks_is_answered(scene):
    remark = scene.message("Bob", "nice weather")
    scene.now += timedelta(hours=1)
    asked = scene.message("Ana", "where are you", addressed=True)
    await scene.pipeline.catch_up(LOUNGE, [remark, asked])
    await scene.settled()

    assert scene.posts == ["Paris."]


async def test_a_reply_that_cannot_be_posted_now_is_posted_later(scene):
    scene.platform.failure = OUTAGE
    await scene.asks("Ana", "where?")
    assert (scene.posts, scene.notices) == ([], [])

    scene.platform.failure = None
    await scene.pipeline.delivery.try_again()

    assert scene.posts == ["Paris."]
    assert [entry.text for entry in await scene.entries()] == ["where?", "Paris."]


async def test_a_reply_that_could_not_be_posted_in_time_is_withdrawn(scene):
    scene.platform.failure = OUTAGE
    await scene.asks("Ana", "where?")

    scene.platform.failure = None
    scene.now += timedelta(minutes=10)
    await scene.pipeline.delivery.try_again()

    assert scene.posts == []
    assert await scene.store.outbox.pending("room") == []


async def test_a_draft_that_a_stop_left_is_removed_and_the_reply_written_anew(scene):
    await scene.happened_before(scene.message("Ana", "where?", addressed=True))
    considered = await scene.pipeline.judge.consider(LOUNGE)
    draft = OutboxItem(
        new_key(), LOUNGE, considered.kept.id, "m1", "", OutboxStatus.PENDING, scene.now
    )
    await scene.store.outbox.begin(draft)  # and then the bot was killed

    scene.restart()
    await scene.pipeline.resume()
    await scene.settled()

    assert scene.platform.withdrawn == [draft.key]
    assert scene.posts == ["Paris."]


async def test_what_other_processes_own_is_left_to_them(scene):
    await scene.happened_before(
        scene.message("Ana", "where?", addressed=True),
        scene.message("Ana", "who?", addressed=True, where=KITCHEN),
    )
    scene.restart()
    pipeline = replace(scene.pipeline, owns=lambda where: where == KITCHEN)
    await pipeline.resume()
    await pipeline.conversations.drain()

    assert scene.posts == ["Paris."]
    assert [each.conversation for each in await scene.store.outbox.pending("room")] == []
    assert await scene.store.messages.waiting("room") == [LOUNGE]


async def test_a_reply_goes_with_its_question(scene):
    await scene.asks("Ana", "where?")
    reply = (await scene.entries())[-1]
    await scene.pipeline.delete(LOUNGE, "m1")
    await scene.settled()

    assert scene.platform.removed == [reply.id]
    assert [entry.text for entry in await scene.entries() if not entry.deleted] == []


async def test_a_reply_stays_while_another_question_it_answers_stands(scene):
    await scene.happened_before(
        scene.message("Ana", "where?", addressed=True),
        scene.message("Bob", "yes, where?", addressed=True),
    )
    await scene.pipeline.resume()
    await scene.settled()
    await scene.pipeline.delete(LOUNGE, "m1")
    await scene.settled()

    assert scene.posts == ["Paris."]
    assert scene.platform.removed == []


@pytest.mark.parametrize(
    "settings", [{"mode": Mode.MENTION}, {"mode": Mode.LISTEN}, {"eagerness": 0}]
)
async def test_what_it_is_silent_about_is_scored_for_the_preview(scene, settings):
    await scene.change(**settings)
    await scene.says("Ana", "where is the Louvre?")

    kept = (await scene.store.decisions.last(LOUNGE, 1))[0]
    assert (scene.posts, kept.decision.p_speak) == ([], 0.9)


async def test_without_previews_a_silent_channel_costs_no_request(scene):
    scene.pipeline.judge = replace(scene.pipeline.judge, previews=False)
    await scene.change(mode=Mode.MENTION)
    await scene.says("Ana", "where is the Louvre?")

    assert scene.model.asked == []


async def test_a_draft_that_cannot_be_removed_yet_is_removed_later_and_the_question_answered(scene):
    await scene.happened_before(scene.message("Ana", "where?", addressed=True))
    considered = await scene.pipeline.judge.consider(LOUNGE)
    draft = OutboxItem(
        new_key(), LOUNGE, considered.kept.id, "m1", "", OutboxStatus.PENDING, scene.now
    )
    await scene.store.outbox.begin(draft)

    scene.platform.cannot_withdraw = OUTAGE
    scene.restart()
    await scene.pipeline.resume()
    await scene.settled()
    assert (scene.posts, scene.platform.withdrawn) == (["Paris."], [])

    scene.platform.cannot_withdraw = None
    await scene.pipeline.delivery.try_again()

    assert scene.platform.withdrawn == [draft.key]
    assert await scene.store.outbox.drafts("room") == []


async def test_a_reply_posted_late_goes_with_its_question_deleted_meanwhile(scene, monkeypatch):
    scene.platform.failure = OUTAGE
    await scene.asks("Ana", "where?")
    post = scene.platform.post

    async def while_it_is_deleted(item, *, is_new):
        await scene.pipeline.delete(LOUNGE, "m1")
        return await post(item, is_new=is_new)

    monkeypatch.setattr(scene.platform, "post", while_it_is_deleted)
    scene.platform.failure = None
    await scene.pipeline.delivery.try_again()

    assert len(scene.platform.removed) == 1
    assert [entry.text for entry in await scene.entries() if not entry.deleted] == []


async def test_a_reply_that_cannot_be_deleted_now_is_deleted_later(scene):
    await scene.asks("Ana", "where?")
    scene.platform.failure = OUTAGE
    await scene.pipeline.delete(LOUNGE, "m1")
    await scene.settled()
    assert scene.platform.removed == []

    scene.platform.failure = None
    await scene.pipeline.delivery.try_again()

    assert len(scene.platform.removed) == 1


async def test_a_history_that_fails_behind_a_posted_reply_takes_nothing_back(scene, monkeypatch):
    async def fails(*_):
        raise StoreError("locked")

    monkeypatch.setattr(scene.store.messages, "bereft", fails)
    await scene.asks("Ana", "where?")

    assert (scene.posts, scene.platform.withdrawn, scene.notices) == (["Paris."], [], [])


async def test_a_history_that_fails_for_a_moment_keeps_no_reply_without_its_question(
    scene, monkeypatch
):
    await scene.asks("Ana", "where?")
    whole = scene.store.messages.bereft

    async def fails_once(*given):
        monkeypatch.setattr(scene.store.messages, "bereft", whole)
        raise StoreError("locked")

    monkeypatch.setattr(scene.store.messages, "bereft", fails_once)
    await scene.pipeline.delete(LOUNGE, "m1")
    await scene.settled()
    await scene.pipeline.delivery.try_again()

    assert len(scene.platform.removed) == 1


async def test_a_stop_right_after_a_deletion_keeps_no_reply_without_its_question(scene):
    await scene.asks("Ana", "where?")
    await scene.store.messages.delete(LOUNGE, "m1", at=scene.now)

    scene.restart()
    await scene.pipeline.resume()
    await scene.settled()

    assert len(scene.platform.removed) == 1


async def test_a_platform_that_does_not_answer_holds_up_no_deletion(scene):
    await scene.asks("Ana", "where?")
    never = asyncio.Event()

    async def hangs(*_):
        await never.wait()

    scene.platform.remove = hangs
    async with asyncio.timeout(WITHIN_S):
        await scene.pipeline.delete(LOUNGE, "m1")
        await scene.hears("Bob", "nice weather")
        await scene.pipeline.conversations.settled(LOUNGE)
    never.set()


async def test_a_refused_reply_that_had_to_wait_is_told_to_who_asked(scene):
    scene.platform.failure = OUTAGE
    await scene.asks("Ana", "where?")
    scene.platform.failure = PlatformError("no permission")
    await scene.pipeline.delivery.try_again()

    assert scene.notices == [NOT_POSTED]
    assert len(scene.platform.withdrawn) == 1


async def test_a_question_about_a_message_shows_it_as_long_as_it_stands(scene):
    await scene.says("Bob", "my number is 555", id="m1")
    await scene.asks("Ana", "whose is that?", id="ask-9", reply_to="m1")
    assert 'Ana: whose is that? ⏎ "my number is 555"' in scene.prompt

    await scene.store.speakers.forget("room", "local", "id-Bob", at=scene.now)
    await scene.asks("Ana", "and now?")

    assert "Ana: whose is that?" in scene.prompt
    assert "555" not in scene.prompt
