"""Who is told what their question comes to where it gets no answer, and how often."""

from datetime import timedelta

import pytest

from bot.messages import ASKED, Author, Mode
from bot.notices import AGAIN_AFTER, LISTENING, OPTED_OUT
from tests.pipeline.scene import KITCHEN


async def opted_out(scene):
    await scene.store.speakers.opt_out("room", "local", Author("id-Ana", "Ana"))


async def listening(scene):
    await scene.change(mode=Mode.LISTEN)


@pytest.mark.parametrize(("begin", "notice"), [(opted_out, OPTED_OUT), (listening, LISTENING)])
async def test_why_it_does_not_answer_is_told_once_in_a_while(scene, begin, notice):
    await begin(scene)
    for _ in range(3):
        await scene.asks("Ana", "where?")
    assert scene.notices == [notice]

    scene.now += AGAIN_AFTER
    await scene.asks("Ana", "where?")

    assert scene.notices == [notice, notice]


async def test_each_person_is_told_in_each_conversation(scene):
    await listening(scene)
    await scene.change(KITCHEN, mode=Mode.LISTEN)

    for name, where in [("Ana", None), ("Bob", None), ("Ana", KITCHEN)] * 2:
        await scene.asks(name, "where?", **({"where": where} if where else {}))

    assert scene.notices == [LISTENING] * 3


async def test_each_who_asked_in_a_burst_is_told(scene):
    await listening(scene)
    asked = [scene.message(name, "where?", addressed=True) for name in ("Ana", "Bob", "Ana")]
    await scene.happened_before(*asked)
    await scene.pipeline.resume()
    await scene.settled()

    assert scene.notices == [LISTENING] * 2


async def test_who_asks_by_a_command_is_told_each_time(scene):
    await listening(scene)
    for number in range(2):
        await scene.asks("Ana", "where?", id=f"{ASKED}{number}")

    assert scene.notices == [LISTENING] * 2


async def test_that_it_cannot_think_is_told_each_time(scene):
    scene.model.reply_text = ""
    for _ in range(2):
        await scene.asks("Ana", "where?")

    assert len(scene.notices) == 2


async def test_what_was_told_long_ago_is_not_remembered(scene):
    await listening(scene)
    await scene.asks("Ana", "where?")
    scene.now += AGAIN_AFTER + timedelta(seconds=1)
    await scene.asks("Bob", "where?")

    assert len(scene.pipeline.told) == 1
