"""Replies that a moderator deletes before they are whole: nobody wants them, so they are not said."""

import pytest

from bot.messages import FeedbackKind
from tests.discord.test_scene_feedback import LONG_AGO, known
from tests.fakes import PausingModel

BEGUN = "The capital of France is"


@pytest.fixture
def chat(chat):
    chat.model = PausingModel(reply_text=f"{BEGUN}| Paris, as everybody knows.")
    return chat


async def begun(talk, server):
    """Let Mia ask, and give her question and the words that stand there so far."""
    asked = await server.member("Mia").says(server.general, "which is it?", mentions=[server.bot])
    await server.until(lambda: talk.posts() == [BEGUN])
    (draft,) = talk.messages()
    await talk.until(lambda: talk.store.outbox.decision_behind(talk.place(), draft.id))
    return asked, draft


async def test_a_reply_that_is_deleted_while_it_is_written_is_not_said(talk, server):
    asked, draft = await begun(talk, server)
    await server.founder.deletes(draft)
    await known(talk, FeedbackKind.REMOVED)

    talk.model.may_go_on.set()
    await talk.heard(server.general, asked)

    assert talk.posts() == []
    assert await talk.history() == [("Mia", "@Earshot which is it?")]
    assert await talk.store.outbox.pending("discord") == []


async def test_what_is_deleted_while_it_is_written_is_not_edited_any_more(talk, server):
    asked, draft = await begun(talk, server)
    await server.founder.deletes(draft)
    await known(talk, FeedbackKind.REMOVED)

    talk.model.may_go_on.set()
    await talk.heard(server.general, asked)

    assert server.asked("PATCH", f"/messages/{draft.id}") == []


async def test_a_reply_that_is_deleted_between_its_last_words_and_the_history_is_not_kept(
    talk, server
):
    asked, draft = await begun(talk, server)
    gate = server.faults.hold(on="PATCH *", after=True)
    talk.model.may_go_on.set()
    await gate.reached.wait()

    await server.founder.deletes(draft)
    await known(talk, FeedbackKind.REMOVED)
    gate.open()
    await talk.heard(server.general, asked)

    assert await talk.history() == [("Mia", "@Earshot which is it?")]


async def test_a_draft_that_was_deleted_unheard_is_not_said_either(talk, server):
    asked, draft = await begun(talk, server)
    server.general.messages.pop(draft.id)

    talk.model.may_go_on.set()
    await talk.heard(server.general, asked)

    assert talk.posts() == []
    assert await talk.history() == [("Mia", "@Earshot which is it?")]
    assert await talk.store.feedback.received(talk.place(), since=LONG_AGO) == []


async def test_the_next_question_is_answered_as_ever(talk, server):
    _, draft = await begun(talk, server)
    await server.founder.deletes(draft)
    await known(talk, FeedbackKind.REMOVED)
    talk.model.may_go_on.set()

    await talk.asks(server.member("Mia"), "and now?")

    assert talk.posts() == [f"{BEGUN} Paris, as everybody knows."]
