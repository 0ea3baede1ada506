"""What becomes of a reply while people write on, delete, edit and clear."""

import pytest

from bot.errors import ModelUnavailable
from bot.messages import Author
from tests.fakes import FakeModel
from tests.pipeline.scene import LOUNGE, Scene


class ScoresButCannotWrite(FakeModel):
    async def score(self, turns, *, session):
        if any("Bob" in turn["content"] for turn in turns):
            raise ModelUnavailable("too slow")
        return await super().score(turns, session=session)


def meanwhile(scene, happening):
    """Let something happen once, while the reply is being written."""

    async def once():
        scene.model.before_reply = None
        await happening()

    scene.model.before_reply = once


async def test_an_ambient_reply_is_withdrawn_when_its_moment_has_passed(scene):
    meanwhile(scene, lambda: scene.hears("Bob", "found it, thanks"))
    scene.model.p_speak = lambda text: 0.1 if "found it" in text else 0.9
    await scene.says("Ana", "where is the Louvre?")

    assert scene.posts == []
    assert await scene.decisions() == [("silent", "withdrawn"), ("silent", "threshold")]
    assert len(scene.platform.withdrawn) == 1
    assert "fell to 0.10" in (await scene.store.decisions.last(LOUNGE, 2))[1].decision.reason


async def test_an_ambient_reply_is_kept_when_people_still_want_it(scene):
    meanwhile(scene, lambda: scene.hears("Bob", "yes, where is it?"))
    await scene.says("Ana", "where is the Louvre?")

    assert scene.posts[0] == "Paris."
    assert await scene.decisions() == [("speak", "threshold"), ("speak", "threshold")]
    assert scene.model.asked[2][-2]["content"] == (
        "Ana: where is the Louvre?\nBob: yes, where is it?"
    )


async def test_an_addressed_reply_is_kept_whatever_people_wrote(scene):
    meanwhile(scene, lambda: scene.hears("Bob", "nevermind"))
    await scene.asks("Ana", "where is the Louvre?")

    assert scene.posts == ["Paris."]


async def test_a_late_message_gets_its_own_decision_after_the_reply(scene):
    meanwhile(scene, lambda: scene.hears("Bob", "nice weather"))
    await scene.asks("Ana", "where is the Louvre?")

    assert "(response) Paris.\n<user> Bob: nice weather" in scene.prompt


async def test_a_model_that_fails_to_look_again_posts_nothing(store):
    scene = Scene(store, ScoresButCannotWrite())
    meanwhile(scene, lambda: scene.hears("Bob", "found it"))
    await scene.says("Ana", "where is the Louvre?")

    assert (scene.posts, scene.notices) == ([], [])
    assert (await scene.decisions())[0] == ("failed", "model failed")


@pytest.mark.parametrize("addressed", [True, False])
async def test_a_reply_is_withdrawn_when_its_question_was_deleted(scene, addressed):
    meanwhile(scene, lambda: scene.pipeline.delete(LOUNGE, "m1"))
    await scene.says("Ana", "where is the Louvre?", addressed=addressed)

    assert (scene.posts, scene.notices) == ([], [])
    assert await scene.decisions() == [("silent", "withdrawn")]


async def test_a_reply_is_withdrawn_when_the_asker_opted_out(scene):
    ana = Author("id-Ana", "Ana")
    meanwhile(scene, lambda: scene.store.speakers.opt_out("room", "local", ana))
    await scene.asks("Ana", "where is the Louvre?")

    assert scene.posts == []


async def test_a_reply_is_withdrawn_when_only_chatter_is_left_of_the_burst(scene):
    await scene.happened_before(scene.message("Bob", "nice weather"))
    meanwhile(scene, lambda: scene.pipeline.delete(LOUNGE, "m2"))
    await scene.asks("Ana", "where is the Louvre?")

    assert scene.posts == []


async def test_a_reply_stands_when_part_of_an_ambient_burst_was_deleted(scene):
    await scene.happened_before(scene.message("Ana", "where is the Louvre?"))
    meanwhile(scene, lambda: scene.pipeline.delete(LOUNGE, "m2"))
    await scene.says("Ana", "oops?")

    assert scene.posts == ["Paris."]


async def test_a_reply_to_two_questions_answers_the_one_that_stands(scene):
    await scene.happened_before(scene.message("Ana", "where is the Louvre?", addressed=True))
    meanwhile(scene, lambda: scene.pipeline.delete(LOUNGE, "m2"))
    await scene.asks("Bob", "and what does it cost?")

    assert scene.posts == ["Paris."]
    (reply,) = [entry for entry in await scene.entries() if entry.from_assistant]
    assert reply.reply_to == "m1"


async def test_clearing_the_conversation_withdraws_the_reply_being_written(scene, caplog):
    meanwhile(scene, lambda: scene.store.messages.clear(LOUNGE))
    await scene.asks("Ana", "where is the Louvre?")

    assert scene.posts == []
    assert len(scene.platform.withdrawn) == 1
    assert await scene.entries() == []
    assert "cleared meanwhile" in caplog.text


async def test_a_message_deleted_before_its_decision_is_not_answered(scene):
    question = scene.message("Ana", "where?", addressed=True)
    await scene.happened_before(question)
    assert await scene.pipeline.delete(LOUNGE, question.id)
    await scene.pipeline.resume()
    await scene.settled()

    assert (scene.posts, await scene.decisions()) == ([], [])


async def test_for_replies_to_a_message_that_it_never_heard_nobody_looks(scene, monkeypatch):
    looked = []

    async def bereft(where, message_id):
        looked.append(message_id)
        return []

    monkeypatch.setattr(scene.store.messages, "bereft", bereft)
    await scene.says("Ana", "nice weather")
    assert not await scene.pipeline.delete(LOUNGE, "unknown")
    assert await scene.pipeline.delete(LOUNGE, "m1")
    assert not await scene.pipeline.delete(LOUNGE, "m1")  # whoever deleted it may have been killed
    await scene.settled()

    assert set(looked) == {"m1"}


async def test_an_edit_reaches_the_next_prompt(scene):
    await scene.says("Ana", "we meet at 8")
    assert await scene.pipeline.edit(LOUNGE, "m1", "we meet at 9")
    assert not await scene.pipeline.edit(LOUNGE, "unknown", "hm")
    await scene.says("Bob", "when?")

    assert "Ana: we meet at 9" in scene.prompt
    assert "at 8" not in scene.prompt
