"""Single calls: what is tried again, what is told, and that nobody is pinged."""

import logging

import pytest

from bot.errors import PlatformError, PlatformUnavailable
from bot.messages import ConversationKey
from bot.platforms.discord.parts import Part
from bot.platforms.trying import Gone
from tests.discord.speaking import key_of
from tests.discord_server import Permission

NONCE = "n" * 25


def texts(server):
    return [message.content for message in server.posts(server.general)]


async def test_a_message_is_posted_with_a_nonce_and_without_previews(server, poster, where):
    posted = await poster.send(where, Part("See https://example.com."), nonce=NONCE)

    (message,) = server.posts(server.general)
    assert (message.id, message.content) == (posted.id, "See https://example.com.")
    body = message.body
    assert (body["nonce"], body["enforce_nonce"], body["flags"]) == (NONCE, True, 4)


async def test_nobody_is_pinged_whatever_the_text_says(server, poster, where):
    mia = server.member("Mia")
    role = server.add_role("Captains")

    await poster.send(where, Part(f"@everyone @here {mia.mention} {role.mention}"))

    (message,) = server.posts(server.general)
    assert message.body["allowed_mentions"] == {"parse": []}
    assert (message.pings, message.role_pings, message.pings_everyone) == ([], [], False)


async def test_only_whoever_is_answered_is_pinged(server, poster, where):
    mia, ben = server.member("Mia"), server.member("Ben")
    asked = await mia.says(server.general, "who has the key?")

    await poster.send(where, Part(f"{ben.mention} has it."), reply_to=asked.id)

    (message,) = server.posts(server.general)
    assert (message.reply_to_id, message.pings) == (asked.id, [mia.user])


async def test_an_edit_pings_nobody(server, poster, where):
    posted = await poster.send(where, Part("Good morning."))

    await poster.edit(where, posted.id, Part("@everyone Good evening."))

    (message,) = server.posts(server.general)
    assert (message.content, message.pings_everyone) == ("@everyone Good evening.", False)


async def test_a_reply_to_a_message_that_is_gone_stands_alone(server, poster, where):
    mia = server.member("Mia")
    asked = await mia.says(server.general, "who has the key?")
    await mia.deletes(asked)

    await poster.send(where, Part("Ben has it."), reply_to=asked.id)

    (message,) = server.posts(server.general)
    assert message.reply_to_id is None


async def test_a_reply_that_may_not_refer_to_anything_stands_alone(server, poster, where):
    asked = await server.member("Mia").says(server.general, "who has the key?")
    server.change_permissions(server.general, deny=Permission.READ_MESSAGE_HISTORY)

    await poster.send(where, Part("Ben has it."), reply_to=asked.id)

    (message,) = server.posts(server.general)
    assert (message.content, message.reply_to_id) == ("Ben has it.", None)


async def test_a_file_comes_with_its_text(server, poster, where):
    await poster.send(where, Part("Here it is:", "code.py", "x = 1\n"))

    (message,) = server.posts(server.general)
    (file,) = message.attachments
    assert (message.content, file.filename, file.content) == ("Here it is:", "code.py", b"x = 1\n")


async def test_a_missing_permission_is_named(server, poster, where):
    server.change_permissions(server.general, deny=Permission.SEND_MESSAGES)

    with pytest.raises(PlatformError) as told:
        await poster.send(where, Part("Hello"))

    assert not isinstance(told.value, PlatformUnavailable)
    assert str(told.value) == (
        "Earshot may not write in #general of Harbor: give it the permissions View Channel, "
        "Send Messages, Read Message History and Attach Files there"
    )


async def test_a_thread_needs_another_permission(server, client, poster):
    thread = server.add_thread(server.general, "Keys", by=server.member("Mia"))
    await server.until(lambda: client.get_channel(int(thread.id)))
    server.change_permissions(server.general, deny=Permission.SEND_MESSAGES_IN_THREADS)

    with pytest.raises(PlatformError) as told:
        await poster.send(key_of(thread), Part("Hello"))

    assert "in #Keys of Harbor: give it the permissions View Channel, Send Messages in Threads" in (
        str(told.value)
    )


async def test_whether_one_may_look_into_a_thread_whose_channel_is_unknown_is_found_by_looking(
    server, client, poster
):
    thread = server.add_thread(server.general, "Keys", by=server.member("Mia"))
    await poster.send(key_of(thread), Part("Hello"))
    client.get_guild(int(server.guild.id))._remove_channel(client.room)

    assert await poster.may_look(key_of(thread))


async def test_a_channel_that_is_gone_is_told(poster, where):
    gone = ConversationKey("discord", where.workspace, "1234567")

    with pytest.raises(Gone) as told:
        await poster.send(gone, Part("Hello"))

    assert str(told.value) == (
        f"Earshot cannot write in the conversation discord/{where.workspace}/1234567: it is gone"
    )


async def test_a_thread_is_taken_from_the_archive_where_a_message_in_it_has_to_change(
    server, poster
):
    thread = server.add_thread(server.general, "Keys", by=server.member("Mia"))
    posted = await poster.send(key_of(thread), Part("Hello"))
    server.acts.archive(thread, archived=True)

    await poster.edit(key_of(thread), posted.id, Part("Hello again"))

    assert [message.content for message in server.posts(thread)] == ["Hello again"]
    assert not thread.archived


async def test_a_thread_stays_in_the_archive_where_a_message_in_it_may_change_later(server, poster):
    thread = server.add_thread(server.general, "Keys", by=server.member("Mia"))
    posted = await poster.send(key_of(thread), Part("Hello"))
    server.acts.archive(thread, archived=True)

    with pytest.raises(PlatformError, match="the thread is archived"):
        await poster.edit(key_of(thread), posted.id, Part("Hello again"), insist=False)

    assert thread.archived


async def test_a_closed_thread_is_told(server, client, poster):
    thread = server.add_thread(server.general, "Keys", by=server.member("Mia"))
    await server.until(lambda: client.get_channel(int(thread.id)))
    posted = await poster.send(key_of(thread), Part("Hello"))
    thread.archived = thread.locked = True

    with pytest.raises(PlatformError, match="#Keys of Harbor: the thread is archived"):
        await poster.edit(key_of(thread), posted.id, Part("Hello again"))


async def test_any_other_refusal_is_told_with_its_code(poster, where):
    with pytest.raises(PlatformError) as told:
        await poster.send(where, Part("x" * 2001))

    assert str(told.value).startswith(
        "Discord does not let Earshot write in #general of Harbor: 400 Bad Request "
    )
    assert str(told.value).endswith("(code 50035)")


async def test_deleting_twice_is_no_error(server, poster, where):
    posted = await poster.send(where, Part("Hello"))

    await poster.delete(where, posted.id)
    await poster.delete(where, posted.id)

    assert texts(server) == []


async def test_direct_messages_are_answered(server, poster):
    mia = server.member("Mia")
    asked = await mia.says(mia.dm, "hello?")

    await poster.send(key_of(mia.dm), Part("Hello."), reply_to=asked.id)

    (message,) = server.posts(mia.dm)
    assert (message.content, message.reply_to_id) == ("Hello.", asked.id)


async def test_our_own_messages_are_found_since_a_moment(server, poster, where):
    await poster.send(where, Part("Long ago."))
    server.clock.advance(600.0)
    moment = server.clock.now()
    mia = server.member("Mia")
    asked = await mia.says(server.general, "hello?")
    await poster.send(where, Part("Hello."), reply_to=asked.id)

    (found,) = await poster.own_since(where, moment)

    assert (found.text, found.reply_to, found.has_file) == ("Hello.", asked.id, False)


@pytest.fixture(autouse=True)
def _quiet(caplog) -> None:
    caplog.set_level(logging.WARNING)
