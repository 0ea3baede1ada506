"""What becomes of a reply where somebody hushes the assistant before it is posted."""

from datetime import timedelta

import pytest

from bot.errors import PlatformUnavailable
from bot.messages import ASKED, Author, Mode
from bot.notices import LISTENING
from tests.pipeline.scene import BEGINNING, LOUNGE

HUSHES = {
    "mention": {"mode": Mode.MENTION},
    "eagerness 0": {"eagerness": 0},
    "quiet": {"quiet_until": BEGINNING + timedelta(hours=2)},
}


def meanwhile(scene, happening):
    """Let something happen once, while the reply is being written."""

    async def once():
        scene.model.before_reply = None
        await happening()

    scene.model.before_reply = once


async def left_waiting(scene, text, *, addressed=True):
    """Let a reply be written that the platform does not take yet."""
    scene.platform.failure = PlatformUnavailable("no connection")
    await scene.says("Ana", text, addressed=addressed)
    scene.platform.failure = None


@pytest.mark.parametrize("addressed", [True, False])
async def test_a_reply_is_withdrawn_silently_where_it_was_switched_off_meanwhile(scene, addressed):
    meanwhile(scene, lambda: scene.change(mode=Mode.OFF))
    await scene.says("Ana", "where?", addressed=addressed)

    assert (scene.posts, scene.notices) == ([], [])
    assert await scene.decisions() == [("silent", "mode")]
    assert len(scene.platform.withdrawn) == 1


async def test_who_asked_is_told_where_it_was_told_to_listen_meanwhile(scene):
    meanwhile(scene, lambda: scene.change(mode=Mode.LISTEN))
    await scene.asks("Ana", "where?")

    assert (scene.posts, scene.notices) == ([], [LISTENING])


async def test_what_waited_when_it_was_switched_off_gets_not_even_a_notice(scene):
    await scene.happened_before(scene.message("Ana", "where?", addressed=True))
    await scene.change(mode=Mode.OFF)
    await scene.pipeline.resume()
    await scene.settled()

    assert (scene.posts, scene.notices) == ([], [])
    assert await scene.decisions() == [("silent", "mode")]


async def test_who_asked_by_a_command_is_told_also_where_it_was_switched_off(scene):
    meanwhile(scene, lambda: scene.change(mode=Mode.OFF))
    await scene.asks("Ana", "where?", id=f"{ASKED}1")

    assert (scene.posts, scene.notices) == ([], [LISTENING])


@pytest.mark.parametrize("hush", HUSHES)
async def test_an_ambient_reply_is_withdrawn_where_it_was_hushed_meanwhile(scene, hush):
    meanwhile(scene, lambda: scene.change(**HUSHES[hush]))
    await scene.says("Ana", "where?")

    assert (scene.posts, scene.notices) == ([], [])
    [(action, _)] = await scene.decisions()
    assert action == "silent"


@pytest.mark.parametrize("hush", HUSHES)
async def test_who_asked_is_answered_also_where_it_was_hushed_meanwhile(scene, hush):
    meanwhile(scene, lambda: scene.change(**HUSHES[hush]))
    await scene.asks("Ana", "where?")

    assert scene.posts == ["Paris."]


@pytest.mark.parametrize("mode", [Mode.OFF, Mode.LISTEN])
async def test_a_reply_that_waits_is_withdrawn_where_nothing_is_answered_any_more(scene, mode):
    await left_waiting(scene, "where?")
    await scene.change(mode=mode)
    await scene.pipeline.delivery.try_again()

    assert (scene.posts, await scene.store.outbox.pending("room")) == ([], [])
    assert len(scene.platform.withdrawn) == 1


@pytest.mark.parametrize("hush", HUSHES)
async def test_of_what_waits_only_ambient_replies_are_withdrawn_by_a_hush(scene, hush):
    await left_waiting(scene, "where?", addressed=False)
    await left_waiting(scene, "and when?")
    await scene.change(**HUSHES[hush])
    await scene.pipeline.delivery.try_again()

    [reply] = [entry for entry in await scene.entries() if entry.from_assistant]
    assert reply.reply_to == "m2"
    assert await scene.store.outbox.pending("room") == []


@pytest.mark.parametrize("is_restarted", [True, False])
async def test_a_reply_that_waits_is_withdrawn_once_its_question_is_deleted(scene, is_restarted):
    await left_waiting(scene, "where?")
    await scene.pipeline.delete(LOUNGE, "m1")
    await scene.settled()
    if is_restarted:
        scene.restart()
    await scene.pipeline.resume()

    assert (scene.posts, await scene.store.outbox.pending("room")) == ([], [])


async def test_a_reply_that_waits_is_withdrawn_once_its_asker_opted_out(scene):
    await left_waiting(scene, "where?")
    await scene.store.speakers.opt_out("room", "local", Author("id-Ana", "Ana"))
    await scene.says("Bob", "nice weather")

    assert (scene.posts, await scene.store.outbox.pending("room")) == ([], [])


async def test_a_reply_that_waits_is_posted_while_one_of_its_questions_stands(scene):
    await scene.happened_before(scene.message("Ana", "where?", addressed=True))
    await left_waiting(scene, "and when?")
    await scene.pipeline.delete(LOUNGE, "m2")
    await scene.pipeline.delivery.try_again()

    assert scene.posts == ["Paris."]
