"""Servers invite Earshot, are greeted once, remove it and have it back."""

from datetime import timedelta

import pytest

from bot.messages import Mode
from bot.runtime import utc_now
from tests.discord_server import Permission
from tests.fakes import PausingModel
from tests.living import GREETING
from tests.store.erasing import erased

GRACE = timedelta(days=7)


def greetings(server, channel=None):
    said = server.posts(channel or server.general)
    return [each.content for each in said if each.content.startswith(GREETING)]


async def left(talk, guild):
    """Wait until it is noted that a server removed the bot."""

    async def is_noted():
        return guild.id not in await talk.store.workspaces.present("discord")

    await talk.until(is_noted)


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        (Mode.LISTEN, "I read along and answer nobody, until somebody turns me on."),
        (Mode.MENTION, "I read along, and speak only when you mention me or reply to me."),
        (Mode.ACTIVE, "I read along and speak when it helps."),
    ],
)
async def test_a_greeting_says_how_it_begins_and_how_to_have_it_otherwise(chat, server, mode, says):
    chat.changes["new_channel_mode"] = mode
    async with chat.running():
        await server.until(lambda: greetings(server))

    (greeting,) = greetings(server)
    assert says in greeting
    assert "I store what is written" in greeting
    assert "/assistant privacy optout" in greeting
    assert len(greeting) <= 2000


async def test_a_new_server_begins_in_the_mode_that_was_chosen_for_new_ones(chat, server):
    chat.changes["new_channel_mode"] = Mode.MENTION
    mia = server.member("Mia")
    async with chat.running():
        await chat.says(mia, "the capital of France?")
        assert chat.posts() == []

        await chat.asks(mia, "the capital of France?")
        assert chat.posts() == ["Paris."]


async def test_it_greets_once_however_often_it_starts(chat, server):
    for _ in range(2):
        async with chat.running():
            await server.until(lambda: greetings(server))
            await chat.says(server.member("Mia"), "hello")

    assert len(greetings(server)) == 1


async def test_a_server_that_invites_it_while_it_runs_is_greeted(talk, server):
    island = server.add_guild("Island", bot_present=False)
    beach = server.add_channel("beach", guild=island)

    server.acts.join_guild(island)

    await server.until(lambda: greetings(server, beach))
    await talk.says(server.member("Mia", guild=island), "who is there?", where=beach)
    assert talk.posts(beach) == ["Paris."]


async def test_it_greets_where_it_may_write(chat, server):
    server.change_permissions(server.general, deny=Permission.SEND_MESSAGES)
    lobby = server.add_channel("lobby")

    async with chat.running():
        await server.until(lambda: greetings(server, lobby))

    assert greetings(server) == []


async def test_it_greets_in_the_channel_that_the_server_has_for_that(chat, server):
    lobby = server.add_channel("lobby")
    server.guild.system_channel_id = lobby.id

    async with chat.running():
        await server.until(lambda: greetings(server, lobby))

    assert greetings(server) == []


async def test_where_it_may_write_nowhere_it_waits_for_the_next_start(chat, server):
    server.change_permissions(server.general, deny=Permission.SEND_MESSAGES)
    async with chat.running():
        await chat.says(server.member("Mia"), "hello")
    assert greetings(server) == []

    server.change_permissions(server.general)
    async with chat.running():
        await server.until(lambda: greetings(server))


async def test_what_was_said_before_it_came_it_does_not_fetch(chat, server):
    await server.member("Mia").says(server.general, "a secret", ago=timedelta(minutes=5))

    async with chat.running():
        await chat.says(server.member("Mia"), "hello")

        assert await chat.history(server.general) == [("Mia", "hello")]


async def test_the_data_of_a_server_that_removed_it_goes_after_the_grace(talk, server):
    await talk.says(server.member("Mia"), "hello")
    server.acts.leave_guild(server.guild)
    await left(talk, server.guild)

    assert await erased(talk.store, utc_now(), grace=GRACE) == []
    assert await talk.history(server.general) == [("Mia", "hello")]

    later = utc_now() + GRACE + timedelta(minutes=1)
    assert await erased(talk.store, later, grace=GRACE) == [("discord", server.guild.id)]
    assert await talk.history(server.general) == []


async def test_a_server_that_has_it_back_in_time_keeps_its_data(talk, server):
    mia = server.member("Mia")
    await talk.says(mia, "hello")
    server.acts.leave_guild(server.guild)
    await left(talk, server.guild)

    server.acts.join_guild(server.guild)
    await talk.says(mia, "you are back")

    later = utc_now() + GRACE + timedelta(minutes=1)
    assert await erased(talk.store, later, grace=GRACE) == []
    assert await talk.history(server.general) == [("Mia", "hello"), ("Mia", "you are back")]
    assert len(greetings(server)) == 1


async def test_what_was_said_while_it_was_away_is_not_its_business(talk, server):
    mia = server.member("Mia")
    await talk.says(mia, "hello")
    server.acts.leave_guild(server.guild)
    await left(talk, server.guild)
    await mia.says(server.general, "now that it is gone")

    server.acts.join_guild(server.guild)
    await talk.says(mia, "you are back")

    assert await talk.history(server.general) == [("Mia", "hello"), ("Mia", "you are back")]


async def test_a_removal_while_it_did_not_run_is_noted_at_the_next_start(chat, server):
    island = server.add_guild("Island")
    async with chat.running():
        await chat.says(server.member("Mia"), "hello")

    server.acts.leave_guild(island)

    async with chat.running():
        await left(chat, island)
        assert await chat.store.workspaces.present("discord") == [server.guild.id]


async def test_an_outage_of_a_server_is_no_removal(talk, server):
    mia = server.member("Mia")
    await talk.says(mia, "hello")

    server.acts.lose_guild(server.guild)
    server.acts.join_guild(server.guild)
    await talk.says(mia, "what was that")

    assert await talk.store.workspaces.present("discord") == [server.guild.id]
    assert len(greetings(server)) == 1


async def test_a_server_that_has_it_back_after_its_data_went_is_greeted_anew(talk, server):
    await talk.says(server.member("Mia"), "hello")
    await server.until(lambda: len(greetings(server)) == 1)
    server.acts.leave_guild(server.guild)
    await left(talk, server.guild)
    await erased(talk.store, utc_now() + 2 * GRACE, grace=GRACE)

    server.acts.join_guild(server.guild)

    await server.until(lambda: len(greetings(server)) == 2)


async def test_a_server_that_removes_it_while_it_answers_is_let_go(chat, server):
    island = server.add_guild("Island")
    beach = server.add_channel("beach", guild=island)
    mia = server.member("Mia", guild=island)
    chat.model = PausingModel()
    async with chat.running():
        await mia.says(beach, "who is there?", mentions=[server.bot])
        await chat.model.is_writing.wait()

        server.acts.leave_guild(island)
        await left(chat, island)
        chat.model.may_go_on.set()
        await chat.settled()
        await chat.asks(server.member("Ben"), "and here?")

        assert chat.posts() == ["Paris."]
        assert chat.posts(beach) == []


async def test_a_greeting_that_could_not_be_posted_is_posted_at_the_next_start(chat, server):
    broken = server.faults.reset(on="POST */messages", times=99)
    async with chat.running():
        await server.until(lambda: broken.num_met)

    server.faults.clear()
    async with chat.running():
        await server.until(lambda: greetings(server))
        await chat.says(server.member("Mia"), "hello")

    assert len(greetings(server)) == 1


async def test_a_server_where_it_may_write_nowhere_is_greeted_once_it_may(chat, server):
    server.change_permissions(server.general, deny=Permission.SEND_MESSAGES)
    async with chat.running():
        await chat.says(server.member("Mia"), "hello")
        assert greetings(server) == []

        server.change_permissions(server.general, allow=Permission.SEND_MESSAGES)

        await server.until(lambda: greetings(server))
