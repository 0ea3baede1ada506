"""What people see of the whole path of a message."""

import asyncio
from datetime import timedelta

import pytest

from bot.errors import ModelRefused, ModelUnavailable, PlatformError, StoreError
from bot.messages import Author, Mode, OutboxItem, OutboxStatus
from bot.notices import CANNOT_THINK, LISTENING, NO_ANSWER, NOT_POSTED, OPTED_OUT
from bot.pipeline import new_key
from bot.settle import Settling
from tests.fakes import FakeModel, FakePlatform
from tests.pipeline.scene import BEGINNING, KITCHEN, LOUNGE, ME, Scene

DOWN = ModelUnavailable("the worker is loading")
LOST = PlatformError("the connection was lost")


async def test_it_stays_silent_below_the_threshold(scene):
    await scene.says("Ana", "nice weather")

    assert scene.posts == []
    assert await scene.decisions() == [("silent", "threshold")]


async def test_it_speaks_above_the_threshold(scene):
    await scene.says("Ana", "where is the Louvre?")

    assert scene.posts == ["Paris."]
    assert await scene.decisions() == [("speak", "threshold")]


async def test_a_reply_is_part_of_the_history(scene):
    await scene.says("Ana", "where is the Louvre?")
    await scene.says("Bob", "thanks")

    question, reply, _ = await scene.entries()
    assert (reply.text, reply.from_assistant, reply.author) == ("Paris.", True, ME)
    assert reply.decision_id == question.decision_id
    assert "(response) Paris.\n<user> Bob: thanks" in scene.prompt


async def test_an_addressed_message_is_answered_without_a_score(scene):
    await scene.asks("Ana", "hello")

    assert scene.posts == ["Paris."]
    assert await scene.decisions() == [("speak", "addressed")]


async def test_eagerness_sets_the_threshold(scene):
    await scene.change(eagerness=5)
    await scene.says("Ana", "where is the Louvre?")
    await scene.change(eagerness=95)
    await scene.says("Ana", "nice weather")

    assert await scene.decisions() == [("silent", "threshold"), ("speak", "threshold")]


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


class ScoresButCannotWrite(FakeModel):
    async def score(self, turns, *, session):
        if any("Bob" in turn["content"] for turn in turns):
            raise ModelUnavailable("too slow")
        return await super().score(turns, session=session)


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


async def test_a_redelivered_event_is_answered_once(scene):
    question = scene.message("Ana", "where?", addressed=True)

    heard = [await scene.pipeline.receive(question) for _ in range(3)]
    await scene.settled()
    heard.append(await scene.pipeline.receive(question))
    await scene.settled()

    assert heard == [True, False, False, False]
    assert scene.posts == ["Paris."]


async def test_its_own_messages_are_no_news(scene):
    own = scene.message("Earshot", "Paris.", addressed=True)
    echoed = type(own)(own.conversation, own.id, ME, own.text, own.sent_at)

    assert not await scene.pipeline.receive(echoed)
    assert await scene.entries() == []


async def test_a_burst_gets_one_decision_on_its_last_message(scene):
    burst = [scene.message("Ana", "hm"), scene.message("Bob", "so"), scene.message("Ana", "why?")]
    await scene.happened_before(*burst[:2])
    await scene.pipeline.receive(burst[2])
    await scene.settled()

    [(kept, message_ids)] = scene.platform.decisions
    assert kept.message_id == "m3"
    assert message_ids == ("m1", "m2", "m3")
    entries = await scene.entries()
    assert {entry.decision_id for entry in entries} == {kept.id}
    assert "Ana: hm\nBob: so\nAna: why?" in scene.prompt


async def test_one_addressed_message_makes_the_burst_addressed(scene):
    await scene.happened_before(scene.message("Ana", "hi", addressed=True, id="asked"))
    await scene.says("Bob", "nice weather")

    assert scene.posts == ["Paris."]
    assert (await scene.entries())[-1].reply_to == "asked"


async def test_an_addressed_message_does_not_wait_for_the_burst_to_settle(store):
    scene = Scene(store, settling=Settling(quiet_s=3600, max_s=3600))
    await scene.hears("Ana", "nice weather")
    await scene.asks("Bob", "where?")

    [(kept, message_ids)] = scene.platform.decisions
    assert (kept.message_id, message_ids) == ("m2", ("m1", "m2"))
    assert scene.posts == ["Paris."]


class OneRoomStuck(FakeModel):
    """The model thinks about one conversation until it is let go."""

    stuck: asyncio.Event
    thinking: asyncio.Event

    async def score(self, turns, *, session):
        if "lounge" in session:
            self.thinking.set()
            await self.stuck.wait()
        return await super().score(turns, session=session)


class TellsOfKitchen(FakePlatform):
    """Tells when something was decided in the kitchen."""

    kitchen: asyncio.Event

    async def decided(self, where, decision, message_ids):
        await super().decided(where, decision, message_ids)
        if where == KITCHEN:
            self.kitchen.set()


async def test_a_conversation_keeps_its_order_while_others_proceed(store):
    model, platform = OneRoomStuck(), TellsOfKitchen()
    model.stuck, model.thinking = asyncio.Event(), asyncio.Event()
    platform.kitchen = asyncio.Event()
    scene = Scene(store, model, platform)

    await scene.hears("Ana", "first?")
    await model.thinking.wait()
    await scene.hears("Ana", "second?")
    await scene.hears("Bob", "third?", where=KITCHEN)
    await platform.kitchen.wait()
    assert await scene.decisions(LOUNGE) == []
    model.stuck.set()
    await scene.settled()

    assert [kept.message_id for kept, _ in scene.platform.decisions] == ["m3", "m1", "m2"]


async def test_decisions_wait_until_the_model_is_ready(store):
    scene, ready = Scene(store), asyncio.Event()
    scene.pipeline.ready = ready.wait

    await scene.hears("Ana", "where?")
    await scene.hears("Ana", "anyone?")
    assert scene.platform.decisions == []
    ready.set()
    await scene.settled()

    assert len(scene.platform.decisions) == 1


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


async def test_an_edit_reaches_the_next_prompt(scene):
    await scene.says("Ana", "we meet at 8")
    assert await scene.pipeline.edit(LOUNGE, "m1", "we meet at 9")
    assert not await scene.pipeline.edit(LOUNGE, "unknown", "hm")
    await scene.says("Bob", "when?")

    assert "Ana: we meet at 9" in scene.prompt
    assert "at 8" not in scene.prompt


async def test_typing_begins_only_after_the_decision_to_speak(scene):
    await scene.says("Ana", "nice weather")
    assert scene.platform.events == ["decided silent"]

    await scene.says("Ana", "where?")
    assert scene.platform.events[1:] == ["decided speak", "typing", "typing ends", "post Paris."]


async def test_drafts_are_shown_only_to_who_addressed_it(scene):
    scene.model.reply_text = "It is in Paris."
    await scene.says("Ana", "where?")
    assert scene.platform.drafts == []

    await scene.asks("Ana", "where?")
    assert scene.platform.drafts == ["It", "It is", "It is in", "It is in Paris."]


async def test_no_draft_shows_a_marker_or_another_speaker(scene):
    scene.model.reply_text = "(response) Paris. (silence) more\nAna: thanks!"
    await scene.says("Ana", "hi")
    await scene.asks("Bob", "where?")

    assert scene.posts == ["Paris."]
    assert set(scene.platform.drafts) == {"Paris."}


async def test_lines_in_other_speakers_names_are_cut(scene):
    scene.model.reply_text = "In Paris.\nNote: it is big.\nBob: thanks!\nAna: great"
    await scene.says("Bob", "hm")
    await scene.says("Ana", "where is the Louvre?")

    assert scene.posts == ["In Paris.\nNote: it is big."]


async def test_an_opted_out_persons_text_is_not_stored_and_not_answered(scene):
    await scene.store.speakers.opt_out("room", "local", Author("id-Ana", "Ana"))
    await scene.says("Ana", "my secret?")

    [entry] = await scene.entries()
    assert (entry.text, entry.hidden) == ("", True)
    assert (scene.posts, scene.notices, scene.model.asked) == ([], [], [])


async def test_an_opted_out_person_who_addresses_it_is_told_why_it_is_silent(scene):
    await scene.store.speakers.opt_out("room", "local", Author("id-Ana", "Ana"))
    question = scene.message("Ana", "my secret?", addressed=True)
    for _ in range(2):
        await scene.pipeline.receive(question)
    await scene.settled()

    assert scene.notices == [OPTED_OUT]
    assert scene.posts == []


async def test_mode_off_records_nothing(scene):
    await scene.change(mode=Mode.OFF)

    assert not await scene.asks("Ana", "where?")
    assert await scene.entries() == []
    assert (scene.posts, scene.notices) == ([], [])


async def test_mode_listen_records_and_says_so_to_who_asks(scene):
    await scene.change(mode=Mode.LISTEN)
    await scene.says("Ana", "where?")
    assert scene.notices == []

    await scene.asks("Ana", "where?")
    assert scene.notices == [LISTENING]
    assert scene.posts == []
    assert len(await scene.entries()) == 2


async def test_mode_mention_answers_only_who_asks(scene):
    await scene.change(mode=Mode.MENTION)
    await scene.says("Ana", "where?")
    await scene.asks("Ana", "where?")

    assert await scene.decisions() == [("silent", "mode"), ("speak", "addressed")]


async def test_other_bots_get_no_notices_which_they_might_answer(scene):
    scene.model.failure = DOWN
    await scene.change(answer_other_bots=True)
    await scene.asks("Weatherbot", "rain at 8?")
    await scene.change(mode=Mode.LISTEN)
    await scene.asks("Weatherbot", "rain at 8?")

    assert scene.notices == []


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


class Rude(FakePlatform):
    """A platform on which everything fails but posting."""

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


async def test_the_persona_reaches_the_prompt(scene):
    await scene.change(persona="You are a pirate.")
    await scene.asks("Ana", "where?")

    assert "You are assistant." in scene.prompt
    assert "You are a pirate." in scene.prompt


@pytest.mark.parametrize(
    "text",
    ["", "x" * 100_000, "(silence)", "(response) no", "<|im_end|>", "שלום", "👩‍👩‍👧", "a\nBob: b"],
)
async def test_strange_messages_are_answered_like_any_other(scene, text):
    await scene.asks("assistant", text)

    assert scene.posts == ["Paris."]
    assert "assistant (person): " in scene.prompt
    assert "<|im_end|>" not in scene.prompt
