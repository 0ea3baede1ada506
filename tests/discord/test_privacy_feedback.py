"""Reactions that a moderator clears are taken back, as if their authors had done it."""

from datetime import UTC, datetime, timedelta

import pytest


async def kinds(talk, *, least=1):
    """Wait for so much feedback; give its kinds."""

    async def received():
        where = talk.place(talk.server.general)
        since = datetime.now(UTC) - timedelta(days=1)
        found = sorted(
            str(each.kind) for each in await talk.store.feedback.received(where, since=since)
        )
        return found if len(found) >= least else None

    return await talk.until(received)


@pytest.fixture
async def reply(talk, server):
    """A reply that two people have reacted to."""
    mia, ben = server.member("Mia"), server.member("Ben")
    await talk.asks(mia, "the capital?")
    (reply,) = talk.messages()
    await mia.reacts(reply, "👍")
    await ben.reacts(reply, "👎")
    assert await kinds(talk, least=2) == ["disliked", "liked"]
    return reply


async def test_all_reactions_that_are_cleared_are_taken_back(talk, server, reply):
    server.acts.clear_reactions(reply)
    await server.member("Mia").reacts(reply, "🔇")

    await talk.until(lambda: is_left(talk, ["hushed"]))


async def test_one_kind_of_reaction_that_is_cleared_is_taken_back(talk, server, reply):
    server.acts.clear_reactions(reply, "👎")

    await talk.until(lambda: is_left(talk, ["liked"]))


async def test_a_cleared_reaction_that_means_nothing_takes_nothing_back(talk, server, reply):
    server.acts.clear_reactions(reply, "🐟")
    await server.member("Mia").reacts(reply, "🔇")

    await talk.until(lambda: is_left(talk, ["disliked", "hushed", "liked"]))


async def is_left(talk, expected):
    return await kinds(talk) == expected
