"""Whose audit log is read when messages are deleted: that of a server that lost a reply, for a while."""

from datetime import timedelta

from bot.messages import FeedbackKind
from bot.platforms.discord import removals
from tests.discord.test_scene_feedback import LONG_AGO, kinds, known
from tests.discord_server.acts import MESSAGE_DELETE
from tests.waiting import seen

QUESTION = "the capital of France?"


def looks(server, guild):
    return server.asked("GET", f"/guilds/{guild.id}/audit-logs")


async def test_a_reply_that_is_gone_asks_no_other_servers_audit_log(talk, server):
    other = server.add_guild("Elsewhere")
    lobby = server.add_channel("lobby", guild=other)
    zoe = server.member("Zoe", guild=other)
    words = await talk.says(zoe, "well", where=lobby)
    await talk.says(server.member("Mia"), QUESTION)

    server.acts.delete(talk.messages()[-1])  # by nobody that the log tells of
    await server.until(lambda: looks(server, server.guild))
    await zoe.deletes(words)
    await talk.forgotten(words)
    await talk.says(zoe, "well", where=lobby)

    assert looks(server, other) == []


async def test_an_audit_log_that_does_not_answer_keeps_nothing_waiting(talk, server, monkeypatch):
    monkeypatch.setattr(removals, "TIMEOUT_S", 0.05)
    gate = server.faults.hold(on="GET */audit-logs")
    await talk.says(server.member("Mia"), QUESTION)

    await server.founder.deletes(talk.messages()[-1])
    await gate.reached.wait()
    await seen(lambda: not looking(talk))

    gate.open()


def looking(talk):
    """Give the events that wait for the audit log."""
    return [task for task in talk.bot.parts.handling._tasks if "delete" in repr(task)]


async def greeting(talk, server):
    """Give the message with which the bot said hello."""
    await server.until(lambda: len(server.posts(server.general)) > len(talk.posts()))
    return next(each for each in server.posts(server.general) if each not in talk.messages())


async def test_its_own_removal_after_a_moderators_of_something_else_is_no_feedback(talk, server):
    await server.founder.deletes(await greeting(talk, server))
    mia = server.member("Mia")
    asked = await talk.says(mia, QUESTION)
    gate = server.faults.hold(on="DELETE *", after=True)

    await mia.deletes(asked)
    await server.until(lambda: talk.posts() == [])
    words = await mia.says(server.general, "well")
    await talk.until(lambda: talk.store.messages.find(talk.place(), words.id))
    gate.open()
    await talk.settled()

    assert await kinds(talk) == []
    assert looks(server, server.guild) == []


async def test_its_own_removal_takes_no_moderators_place(talk, server):
    mia = server.member("Mia")
    first = await talk.says(mia, QUESTION)
    await talk.says(mia, "the capital of Italy?")
    await mia.deletes(first)
    await server.until(lambda: len(talk.posts()) == 1)
    (second,) = talk.messages()

    await server.founder.deletes(second)
    await known(talk, FeedbackKind.REMOVED)

    (removed,) = await talk.store.feedback.received(talk.place(), since=LONG_AGO)
    behind = await talk.store.outbox.decision_behind(talk.place(), second.id)
    assert removed.decision_id == behind


async def test_what_was_deleted_before_anybody_listened_is_not_taken_for_a_deed_of_now(
    talk, server
):
    server.guild.audit_log.append({
        "id": server.ids.at(server.clock.now() - timedelta(hours=1)),
        "user_id": server.founder.id,
        "target_id": server.bot.id,
        "action_type": MESSAGE_DELETE,
        "options": {"channel_id": server.general.id, "count": "3"},
    })  # fmt: skip
    await talk.says(server.member("Mia"), QUESTION)

    server.acts.delete(talk.messages()[-1])  # by nobody that the log tells of
    await server.until(lambda: looks(server, server.guild))
    await talk.says(server.member("Mia"), "well")

    assert await kinds(talk) == []


async def test_what_a_bot_deletes_is_no_feedback(talk, server):
    janitor = server.member("Janitor", bot=True)
    await talk.says(server.member("Mia"), QUESTION)
    await janitor.deletes(talk.messages()[-1])
    await server.until(lambda: looks(server, server.guild))

    await talk.says(server.member("Mia"), "the capital of Italy?")
    await server.founder.deletes(talk.messages()[-1])

    await known(talk, FeedbackKind.REMOVED)


async def test_what_is_deleted_in_bulk_is_no_feedback(talk, server):
    words = await talk.says(server.member("Mia"), QUESTION)

    server.acts.delete_many(server.general, [words, *talk.messages()])
    await talk.forgotten(words)
    await talk.says(server.member("Mia"), "well")

    assert await kinds(talk) == []
    assert looks(server, server.guild) == []
