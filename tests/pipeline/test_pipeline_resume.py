"""What a pipeline takes up after a stop, and what is too old for it."""

import asyncio
from datetime import timedelta

from bot.acting import new_key
from bot.errors import PlatformUnavailable
from bot.messages import OutboxItem, OutboxStatus
from tests.pipeline.scene import BEGINNING, LOUNGE


def meanwhile(scene, happening):
    """Let something happen once, while the reply is being written."""

    async def once():
        scene.model.before_reply = None
        await happening()

    scene.model.before_reply = once


async def test_what_is_too_old_after_downtime_is_not_answered(scene):
    old = scene.message("Ana", "where?", addressed=True)
    await scene.happened_before(old)
    scene.now += timedelta(hours=2)
    await scene.pipeline.resume()
    await scene.settled()

    assert (scene.posts, scene.notices) == ([], [])
    assert await scene.decisions() == [("silent", "too old")]


async def test_downtime_is_decided_on_once_on_the_newest_state(scene):
    missed = [scene.message("Ana", f"line {n}?") for n in range(5)]
    await scene.happened_before(*missed)
    await scene.pipeline.resume()
    await scene.settled()

    assert len(scene.platform.decisions) == 1
    assert scene.posts == ["Paris."]


async def test_resume_posts_what_stood_in_the_outbox_once(scene):
    item = await write_down(scene, "Paris.", at=scene.now)
    await scene.platform.post(item)  # and then the bot was killed

    for _ in range(2):
        scene.restart()
        await scene.pipeline.resume()
        await scene.settled()

    assert scene.posts == ["Paris."]
    assert [entry.text for entry in await scene.entries()] == ["Paris."]
    assert await scene.store.outbox.pending("room") == []


async def test_resume_drops_a_reply_that_has_grown_old(scene):
    await write_down(scene, "Paris.", at=BEGINNING - timedelta(hours=1))
    await scene.pipeline.resume()

    assert scene.posts == []
    assert await scene.store.outbox.pending("room") == []


async def test_only_the_first_try_of_who_wrote_a_reply_is_called_so(scene):
    await write_down(scene, "It is at six.", at=scene.now)
    await scene.pipeline.resume()
    scene.platform.failure = PlatformUnavailable("no connection")
    await scene.asks("Ana", "where?")
    scene.platform.failure = None

    await scene.pipeline.delivery.try_again()

    assert scene.posts == ["It is at six.", "Paris."]
    assert scene.platform.tries == [False, True, False]


async def write_down(scene, text, *, at, key=None):
    item = OutboxItem(key or new_key(), LOUNGE, None, None, text, OutboxStatus.PENDING, at)
    return await scene.store.outbox.add(item)


async def test_resume_answers_what_was_decided_but_never_written(scene):
    stopped = asyncio.Event()

    async def stop():
        scene.model.before_reply = None
        stopped.set()
        await asyncio.Event().wait()

    scene.model.before_reply = stop
    await scene.hears("Ana", "where?", addressed=True)
    await stopped.wait()
    async with scene.pipeline.conversations:
        pass  # a stop while the reply is being written
    assert scene.posts == []

    scene.restart()
    await scene.pipeline.resume()
    await scene.settled()

    assert scene.posts == ["Paris."]
    assert await scene.decisions() == [("speak", "addressed")]


async def test_a_reply_that_a_stop_kept_back_comes_before_the_next_and_is_known_to_it(scene):
    question = scene.message("Ana", "when?", addressed=True)
    await scene.happened_before(question)
    considered = await scene.pipeline.judge.consider(LOUNGE)
    status, said = OutboxStatus.PENDING, "It is at six."
    await scene.store.outbox.add(
        OutboxItem(new_key(), LOUNGE, considered.kept.id, question.id, said, status, scene.now)
    )
    scene.restart()
    await scene.pipeline.tidy()
    assert scene.posts == []

    await scene.asks("Ana", "and where?")

    assert scene.posts == ["It is at six.", "Paris."]
    assert "It is at six." in scene.prompt


async def test_resume_leaves_what_was_answered_or_withdrawn_alone(scene):
    await scene.asks("Ana", "where?")
    meanwhile(scene, lambda: scene.pipeline.delete(LOUNGE, "m2"))
    await scene.asks("Ana", "where?")
    before = await scene.decisions()

    scene.restart()
    await scene.pipeline.resume()
    await scene.settled()

    assert await scene.decisions() == before
    assert scene.posts == ["Paris."]
