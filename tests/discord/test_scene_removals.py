"""Whose audit log is read when messages are deleted: that of a server that lost a reply, for a while."""

from bot.platforms.discord import removals
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
