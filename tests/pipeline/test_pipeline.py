"""What people see of the whole path of a message."""

import asyncio
from datetime import timedelta

import pytest

from bot.errors import ModelUnavailable
from bot.messages import Author, Mode
from bot.notices import LISTENING, OPTED_OUT, SAID_BEFORE
from bot.settle import Settling
from tests.fakes import FakeModel, FakePlatform
from tests.pipeline.scene import KITCHEN, LOUNGE, ME, Scene

DOWN = ModelUnavailable("the worker is loading")


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


async def test_a_question_from_before_one_was_forgotten_is_not_kept_and_its_asker_is_told(scene):
    question = scene.message("Ana", "my secret?", addressed=True)
    later = scene.now + timedelta(seconds=1)
    await scene.store.speakers.forget("room", "local", "id-Ana", at=later)

    await scene.pipeline.receive(question)
    await scene.settled()

    [entry] = await scene.entries()
    assert (entry.text, entry.hidden) == ("", True)
    assert (scene.notices, scene.posts) == ([SAID_BEFORE], [])


async def test_what_is_older_than_its_channel_keeps_things_is_recorded_by_no_way(scene):
    await scene.change(retention_days=2)
    old, kept = (scene.now - timedelta(days=days) for days in (3, 1))

    heard = await scene.hears("Ana", "old", sent_at=old)
    overheard = await scene.pipeline.overhear(scene.message("Ana", "old", sent_at=old))
    missed = [scene.message("Ana", text, sent_at=at) for text, at in (("old", old), ("new", kept))]
    num_new = await scene.pipeline.catch_up(LOUNGE, missed)

    assert (heard, overheard, num_new) == (False, False, 1)
    assert [entry.text for entry in await scene.entries()] == ["new"]


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
