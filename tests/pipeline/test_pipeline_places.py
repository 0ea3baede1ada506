"""Questions that are answered each in a place of its own, and those that share one."""

from dataclasses import replace

import pytest

from bot.errors import ModelUnavailable
from bot.notices import CANNOT_THINK
from tests.fakes import FakePlatform
from tests.pipeline.scene import LOUNGE, Scene


class Threaded(FakePlatform):
    """Answers each question in the thread below it."""

    async def place(self, where, reply_to):
        return where if where.thread else replace(where, thread=reply_to)


@pytest.fixture
def scene(store):
    return Scene(store, platform=Threaded())


async def answered(scene, where=LOUNGE):
    """Give what each reply answers."""
    return [entry.reply_to for entry in await scene.entries(where) if entry.from_assistant]


async def at_once(scene, *messages):
    await scene.happened_before(*messages)
    scene.pipeline.conversations.wake(messages[0].conversation, addressed=True)
    await scene.settled()


def questions(scene, **fields):
    said = [scene.message("Ana", "nice weather")]
    said.append(scene.message("Ana", "@Earshot where?", addressed=True, id="one", **fields))
    said.append(scene.message("Ana", "the Louvre, I mean"))
    said.append(scene.message("Bob", "@Earshot and when?", addressed=True, id="two", **fields))
    return said


async def test_each_who_asks_in_a_place_of_their_own_is_answered_there(scene):
    await at_once(scene, *questions(scene))

    assert await answered(scene) == ["one", "two"]
    assert await scene.decisions() == [("speak", "addressed")] * 2


async def test_what_was_said_up_to_the_next_question_belongs_to_the_first(scene):
    await at_once(scene, *questions(scene))

    first, second = ("\n".join(turn["content"] for turn in turns) for turns in scene.model.asked)
    assert "the Louvre, I mean" in first
    assert "and when?" not in first
    assert "(response) Paris.\nBob: @Earshot and when?" in second.replace("assistant", "@Earshot")


async def test_a_question_asked_while_another_is_answered_gets_its_own_answer_too(scene):
    async def two_more():
        scene.model.before_reply = None
        await scene.hears("Bob", "@Earshot and when?", addressed=True, id="two")
        await scene.hears("Cleo", "@Earshot and why?", addressed=True, id="three")

    scene.model.before_reply = two_more
    await scene.asks("Ana", "@Earshot where?", id="one")

    assert await answered(scene) == ["one", "two", "three"]


async def test_whoever_asks_hears_in_their_own_place_that_there_is_no_answer(scene):
    scene.model.failure = ModelUnavailable("the worker is loading")
    await at_once(scene, *questions(scene))

    assert scene.notices == [CANNOT_THINK] * 2


async def test_questions_in_one_place_are_answered_together(store):
    scene = Scene(store)
    await at_once(scene, *questions(scene))

    assert await answered(scene) == ["two"]


async def test_after_a_gap_there_is_one_answer(scene):
    await scene.pipeline.catch_up(LOUNGE, questions(scene))
    live = scene.message("Cleo", "@Earshot and why?", addressed=True, id="three")
    await at_once(scene, live)

    assert await answered(scene) == ["two", "three"]


async def test_what_was_missed_has_one_answer_though_another_question_waits_before_it(scene):
    await scene.happened_before(scene.message("Olga", "@Earshot who?", addressed=True, id="one"))
    missed = [
        scene.message("Ana", "@Earshot where?", addressed=True, id="two"),
        scene.message("Bob", "@Earshot and when?", addressed=True, id="three"),
    ]

    await scene.pipeline.catch_up(LOUNGE, missed)
    await scene.settled()

    assert await answered(scene) == ["one", "three"]
