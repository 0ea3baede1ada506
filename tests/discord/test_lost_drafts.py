"""A draft that Discord took without telling its id: no half of a reply stands for ever."""

from dataclasses import replace

import pytest

from bot.messages import Action, Author, Decision, Message, Rule
from bot.platforms.discord import nonces
from tests.discord.speaking import KEY, edits, minutes
from tests.discord_server import Permission
from tests.fakes import PausingModel
from tests.naps import Rests

MIA = Author("2", "Mia")
SPEAK = Decision(Action.SPEAK, Rule.ADDRESSED, "it was asked")
POST = "POST */messages"
BEGUN = "Turin is quite far away"  # words worth a look
WHOLE = f"{BEGUN}: about 250 km."
LONG = "\n\n".join(" ".join([f"word{number}"] * 200) for number in range(3))  # three messages


@pytest.fixture(params=["refers to nothing", "question deleted", "refers to the question"])
async def asked(request, server, earshot, draft):
    """A reply that is being written; its messages may refer to nothing, whatever is set."""
    if request.param == "refers to nothing":
        await earshot.store.channels.change(earshot.where, reply_as_reference=False)
    elif request.param == "question deleted":
        await server.founder.deletes(server.general.messages[draft.reply_to])
    return draft


async def shown(earshot, draft, text):
    """Let a text be shown, or be tried; gives how often something was shown."""
    before = len(earshot.pace.asked)
    await earshot.platform.draft(draft, text)
    earshot.pace.go()
    await earshot.pace.asked_for(before + 1)


async def lost(server, earshot, draft, text=BEGUN):
    """Let Discord take what is shown next, and its answer get lost."""
    server.faults.reset(on=POST, after=True)
    await shown(earshot, draft, text)


async def left(earshot):
    """Give the process after this one, and the draft that it finds."""
    successor = await earshot.restarted()
    (found,) = await earshot.store.outbox.drafts("discord")
    return successor.platform, found


async def decided(earshot, asked):
    """Keep a decision on a message, and give its id."""
    now = earshot.server.clock.now()
    await earshot.store.messages.record(Message(earshot.where, asked, MIA, "and by bike?", now))
    (entry,) = await earshot.store.messages.recent(earshot.where, limit=1)
    how = {"model": "fake", "adapter": None, "latency_ms": 1.0, "at": now}
    return (await earshot.store.decisions.keep(earshot.where, [entry.row], SPEAK, **how)).id


async def test_a_draft_whose_answer_was_lost_is_taken_away(server, earshot, asked):
    await lost(server, earshot, asked)

    await earshot.platform.withdraw(asked)

    assert earshot.texts == []


async def test_a_draft_that_was_never_taken_is_not_posted_to_be_taken_away(server, earshot, asked):
    server.faults.reset(on=POST)
    await shown(earshot, asked, BEGUN)

    await earshot.platform.withdraw(asked)

    assert len(server.asked("POST", "/messages")) == 1
    assert earshot.texts == []


async def test_a_later_part_whose_answer_was_lost_is_taken_away(server, earshot, draft):
    await shown(earshot, draft, LONG[:500])
    await lost(server, earshot, draft, LONG[:2500])
    assert len(earshot.texts) == 2

    await earshot.platform.withdraw(draft)

    assert earshot.texts == []


async def test_a_later_part_that_the_whole_reply_does_not_need_is_taken_away(
    server, earshot, draft
):
    code = "x = 12345\n" * 300
    await shown(earshot, draft, "So:\n```py\nx = 12345\n")
    await lost(server, earshot, draft, f"So:\n```py\n{code}")
    assert len(earshot.texts) == 2

    await earshot.platform.post(await earshot.written(draft, f"So:\n```py\n{code}```"))

    assert earshot.texts == ["So:"]


async def test_a_reply_stands_though_a_lost_draft_of_it_may_not_be_taken_away(
    server, earshot, draft
):
    code = "x = 12345\n" * 300
    await shown(earshot, draft, "So:\n```py\nx = 12345\n")
    await lost(server, earshot, draft, f"So:\n```py\n{code}")
    server.faults.respond(403, {"code": 50013, "message": "no"}, on="DELETE *", times=99)

    posted = await earshot.platform.post(await earshot.written(draft, f"So:\n```py\n{code}```"))

    assert posted == server.posts(server.general)[0].id
    assert earshot.texts[0] == "So:"


async def test_where_nobody_may_look_a_lost_draft_is_known_by_its_nonce(server, earshot, draft):
    server.change_permissions(server.general, deny=Permission.READ_MESSAGE_HISTORY)
    await server.until(lambda: "guild_channel_update" in earshot.client.events)
    await earshot.store.channels.change(earshot.where, reply_as_reference=False)
    await lost(server, earshot, draft)

    await earshot.platform.withdraw(draft)

    assert earshot.texts == []


async def test_nothing_is_posted_to_be_taken_away_once_its_nonce_is_forgotten(
    server, earshot, draft, monkeypatch
):
    server.change_permissions(server.general, deny=Permission.READ_MESSAGE_HISTORY)
    await server.until(lambda: "guild_channel_update" in earshot.client.events)
    await earshot.store.channels.change(earshot.where, reply_as_reference=False)
    await lost(server, earshot, draft)
    num_posts = len(server.asked("POST", "/messages"))
    monkeypatch.setattr(nonces, "NONCE_S", 0.0)

    await earshot.platform.withdraw(draft)

    assert len(server.asked("POST", "/messages")) == num_posts


async def test_what_is_posted_to_be_taken_away_makes_no_sound(server, earshot, draft):
    server.change_permissions(server.general, deny=Permission.READ_MESSAGE_HISTORY)
    await server.until(lambda: "guild_channel_update" in earshot.client.events)
    await earshot.store.channels.change(earshot.where, reply_as_reference=False)
    server.faults.reset(on=POST)
    await shown(earshot, draft, BEGUN)

    await earshot.platform.withdraw(draft)

    assert earshot.texts == []
    assert server.asked("POST", "/messages")[-1].body["flags"] == 4 | 1 << 12


async def test_other_words_of_ours_stay_when_a_lost_draft_is_taken_away(
    server, client, earshot, draft
):
    await earshot.store.channels.change(earshot.where, reply_as_reference=False)
    await lost(server, earshot, draft)
    await client.room.send("Good morning.")

    await earshot.platform.withdraw(draft)

    assert earshot.texts == ["Good morning."]


async def test_a_lost_draft_of_an_earlier_process_is_taken_away(server, earshot, asked):
    await lost(server, earshot, asked)
    server.clock.advance(minutes(1))

    platform, found = await left(earshot)
    await platform.withdraw(found)

    assert earshot.texts == []


async def test_a_later_part_that_an_earlier_process_lost_is_taken_away(server, earshot, draft):
    await shown(earshot, draft, LONG[:1300])
    await lost(server, earshot, draft, LONG[:2500])
    assert len(earshot.texts) == 2
    server.clock.advance(minutes(1))

    platform, found = await left(earshot)
    await platform.withdraw(found)

    assert earshot.texts == []


async def test_what_else_an_earlier_process_said_below_a_short_draft_stays(
    server, client, earshot, draft
):
    await earshot.store.channels.change(earshot.where, reply_as_reference=False)
    await shown(earshot, draft, BEGUN)
    await client.room.send("Good morning.")
    server.clock.advance(minutes(1))

    platform, found = await left(earshot)
    await platform.withdraw(found)

    assert earshot.texts == ["Good morning."]


async def test_what_begins_with_the_same_one_word_stays(server, client, earshot, draft):
    await earshot.store.channels.change(earshot.where, reply_as_reference=False)
    await lost(server, earshot, draft, "It is quite far away, I fear")
    await client.room.send("It")
    server.clock.advance(minutes(1))

    platform, found = await left(earshot)
    await platform.withdraw(found)

    assert earshot.texts == ["It"]


async def test_what_answers_another_question_stays_however_it_begins(
    server, client, earshot, draft
):
    await earshot.store.channels.change(earshot.where, reply_as_reference=False)
    await lost(server, earshot, draft)
    _, other = await earshot.asked("and by bike?")
    await (await client.room.fetch_message(int(other))).reply(WHOLE)
    server.clock.advance(minutes(1))

    platform, found = await left(earshot)
    await platform.withdraw(found)

    assert earshot.texts == [WHOLE]


async def test_a_reply_that_is_known_stays_though_it_begins_alike(server, earshot, draft):
    await earshot.store.channels.change(earshot.where, reply_as_reference=False)
    await lost(server, earshot, draft)
    _, other = await earshot.asked("and by bike?")
    known = replace(earshot.begun(earshot.where, other), key=KEY[::-1])
    kept = await decided(earshot, other)
    await earshot.platform.post(await earshot.written(replace(known, decision_id=kept), WHOLE))
    server.clock.advance(minutes(1))

    platform, found = await left(earshot)
    await platform.withdraw(found)

    assert earshot.texts == [WHOLE]


async def test_a_lost_draft_is_finished_after_a_restart(server, earshot, asked):
    await lost(server, earshot, asked)
    server.clock.advance(minutes(1))  # as long as the reply is written
    item = await earshot.written(asked, WHOLE)
    server.clock.advance(minutes(10))

    await (await earshot.restarted()).platform.post(item)

    assert earshot.texts == [WHOLE]
    assert edits(server) == [WHOLE]


async def test_a_lost_answer_to_a_command_is_taken_away_after_a_restart(chat, server):
    chat.model = PausingModel(reply_text=f"{BEGUN}|: about 250 km.")
    server.faults.reset(on="PATCH */messages/@original", after=True)
    async with chat.running():
        await server.member("Mia").slash("assistant ask", wait=False, question="how far?")
        await chat.model.is_writing.wait()
        await server.until(lambda: any(BEGUN in post for post in chat.posts()))
    chat.model.may_go_on.set()

    async with chat.running():
        await server.until(lambda: WHOLE in chat.posts())

    assert chat.posts() == [WHOLE]


async def test_a_place_where_an_earlier_process_was_thinking_is_not_taken_for_its_reply(
    chat, server
):
    chat.naps = Rests()
    chat.model.reply_text = WHOLE
    server.faults.reset(on="PATCH */messages/@original", times=99)
    async with chat.running():
        await chat.set(stream_replies=False)
        given = await server.member("Mia").slash("assistant ask", wait=False, question="how far?")
        await chat.until(lambda: chat.store.outbox.pending("discord"))
    server.faults.clear()

    async with chat.running():
        await server.until(lambda: chat.posts() == [WHOLE])

    assert given.original.loading
