"""What other bots are answered, alone and where people speak beside them."""

import pytest

from bot.messages import Mode
from tests.pipeline.scene import LOUNGE


async def in_one_burst(scene, *messages):
    await scene.happened_before(*messages)
    scene.pipeline.conversations.wake(LOUNGE, addressed=True)
    await scene.settled()


@pytest.mark.parametrize("first", ["Ana", "Weatherbot"])
async def test_a_person_who_speaks_beside_a_bot_gets_that_bot_no_answer(scene, first):
    words = scene.message("Ana", "nice weather today")
    call = scene.message("Weatherbot", "@Earshot rain at 8?", addressed=True)
    await scene.change(mode=Mode.MENTION)

    await in_one_burst(scene, *([words, call] if first == "Ana" else [call, words]))

    assert (scene.posts, scene.notices) == ([], [])
    assert await scene.decisions() == [("silent", "mode")]


async def test_a_bot_that_calls_beside_a_person_leaves_the_decision_to_the_score(scene):
    call = scene.message("Weatherbot", "@Earshot rain at 8", addressed=True)

    await in_one_burst(scene, scene.message("Ana", "nice weather today"), call)

    assert await scene.decisions() == [("silent", "threshold")]


async def test_a_person_who_calls_beside_a_bot_is_answered(scene):
    call = scene.message("Weatherbot", "@Earshot rain at 8", addressed=True)
    await scene.change(mode=Mode.MENTION)

    await in_one_burst(scene, scene.message("Ana", "@Earshot well?", addressed=True), call)

    assert await scene.decisions() == [("speak", "addressed")]
    question, *_, reply = await scene.entries()
    assert reply.reply_to == question.id


async def test_the_loop_budget_holds_beside_a_person_too(scene):
    await scene.change(mode=Mode.MENTION, answer_other_bots=True, bot_loop_budget=1)
    await scene.asks("Weatherbot", "@Earshot rain at 8")
    call = scene.message("Weatherbot", "@Earshot rain at 9", addressed=True)

    await in_one_burst(scene, scene.message("Ana", "nice weather today"), call)

    assert await scene.decisions() == [("speak", "addressed"), ("silent", "mode")]
