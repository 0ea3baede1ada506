import io
from datetime import timedelta

import discord
import pytest

from tests.discord_server import Permission
from tests.discord_server.odd import odd_message
from tests.discord_server.probe import refusal


async def test_a_text_of_2001_characters_is_refused_where_it_is_wrong(server, client):
    await client.room.send("x" * 2000)

    assert await refusal(client.room.send("x" * 2001)) == (400, 50035)
    (fault,) = server.refusals[0].errors["content"]["_errors"]
    assert fault["message"] == "Must be 2000 or fewer in length."
    assert len(server.posts(server.general)) == 1


@pytest.mark.parametrize("text", ["", "  \n "])
async def test_an_empty_message_is_refused(client, text):
    assert await refusal(client.room.send(text)) == (400, 50006)


async def test_a_reply_to_a_message_that_is_gone_is_refused_unless_that_is_no_matter(
    server, client
):
    mia = server.member("Mia")
    message = await mia.says(server.general, "hello")
    await server.until(lambda: client.heard)
    await mia.deletes(message)
    heard = client.heard[0]

    assert await refusal(heard.reply("yes?")) == (400, 50035)
    await client.room.send("yes?", reference=heard.to_reference(fail_if_not_exists=False))

    (post,) = server.posts(server.general)
    assert post.replies_to is None


async def test_nobody_is_pinged_who_may_not_be(server, client):
    mia, ben = server.member("Mia"), server.member("Ben")
    message = await mia.says(server.general, "who?")
    await server.until(lambda: client.heard)
    text = f"{ben.mention} and @everyone"

    await client.heard[0].reply(text)
    await client.heard[0].reply(text, allowed_mentions=discord.AllowedMentions.none())
    only_ben = discord.AllowedMentions(users=[discord.Object(ben.id)], replied_user=False)
    await client.room.send(text, reference=client.heard[0], allowed_mentions=only_ben)

    pinged = [post.pings for post in server.posts(message.channel)]
    assert pinged == [[ben.user, mia.user], [], [ben.user]]
    # The bot has no permission to call everyone.
    assert not any(post.pings_everyone for post in server.posts(message.channel))


async def test_a_message_can_be_edited_by_its_author_alone(server, client):
    mia = server.member("Mia")
    await mia.says(server.general, "hers")
    own = await client.room.send("mine")
    await server.until(lambda: len(client.heard) == 2)

    await own.edit(content="mine, better")

    assert await refusal(client.heard[0].edit(content="no")) == (403, 50005)
    assert await refusal(own.edit(content="x" * 2001)) == (400, 50035)
    assert await refusal(own.edit(content="")) == (400, 50006)
    (post,) = server.posts(server.general)
    assert post.versions == ["mine", "mine, better"]


async def test_others_messages_are_deleted_with_the_permission_alone(server, client):
    message = await server.member("Mia").says(server.general, "hers")
    await server.until(lambda: client.heard)

    assert await refusal(client.heard[0].delete()) == (403, 50013)
    server.change_permissions(server.general, allow=Permission.MANAGE_MESSAGES)
    await client.heard[0].delete()

    assert message.deleted
    assert await refusal(client.heard[0].delete()) == (404, 10008)


async def test_a_moderators_deletion_stands_in_the_audit_log(server, client):
    ben, entries = server.member("Ben"), []
    client.on_audit_log_entry_create = lambda entry: record(entries, entry)
    server.add_role("Mods", Permission.MANAGE_MESSAGES, to=ben)
    for text in ("one", "two"):
        await client.room.send(text)

    for post in server.posts(server.general):
        await ben.deletes(post)

    await server.until(lambda: entries and client.events.count("raw_message_delete") == 2)
    (entry,) = entries  # the second is only counted on
    assert (entry.action, entry.user_id) == (discord.AuditLogAction.message_delete, int(ben.id))
    assert (entry.target.id, entry.extra.channel) == (client.user.id, client.room)
    (logged,) = [one async for one in client.guilds[0].audit_logs()]
    assert (logged.id, logged.extra.count) == (entry.id, 2)


async def record(entries, entry):
    entries.append(entry)


async def test_what_people_delete_of_their_own_is_in_no_log(server, client):
    mia = server.member("Mia")

    await mia.deletes(await mia.says(server.general, "oops"))

    assert server.guild.audit_log == []


async def test_files_are_kept_and_large_ones_refused(server, client):
    server.max_file_bytes = 10
    small, large = (discord.File(io.BytesIO(b"x" * n), "x.txt") for n in (10, 11))

    sent = await client.room.send("see", file=small)

    assert await refusal(client.room.send("see", file=large)) == (413, 40005)
    (post,) = server.posts(server.general)
    assert post.attachments[0].content == b"x" * 10
    assert (sent.attachments[0].filename, sent.attachments[0].size) == ("x.txt", 10)


async def test_the_attachments_that_people_send_can_be_fetched(server, client):
    await server.member("Mia").says(server.general, "notes", files=[("notes.txt", b"hello")])
    await server.until(lambda: client.heard)

    assert await client.heard[0].attachments[0].read() == b"hello"


async def test_many_messages_are_deleted_at_once_unless_they_are_old(server, client):
    server.change_permissions(server.general, allow=Permission.MANAGE_MESSAGES)
    mia = server.member("Mia")
    new = [await mia.says(server.general, text) for text in ("one", "two")]
    old = await mia.says(server.general, "old", ago=timedelta(days=15))

    assert await refusal(client.room.delete_messages([as_id(old), as_id(new[0])])) == (400, 50034)
    await client.room.delete_messages(list(map(as_id, new)))

    assert list(server.general.messages.values()) == [old]
    await server.until(lambda: "raw_bulk_message_delete" in client.events)


def as_id(message) -> discord.Object:
    return discord.Object(message.id)


async def test_a_typo_in_a_body_is_refused(server, client):
    body = discord.http.MultipartParameters({"content": "hello", "repply": 1}, None, None)

    assert await refusal(client.http.send_message(server.general.id, params=body)) == (400, 50035)
    assert "repply" in server.refusals[0].errors


async def test_a_bot_in_time_out_says_nothing(server, client):
    server.guild.members[server.bot.id].timed_out = True

    assert await refusal(client.room.send("hello")) == (403, 50013)


async def test_a_message_may_have_no_text(server, client):
    stickers = [{"id": "1", "name": "Wave", "format_type": 1}]
    odd_message(server.member("Mia"), server.general, sticker_items=stickers)

    await server.until(lambda: client.heard)
    assert [one.name for one in client.heard[0].stickers] == ["Wave"]


async def test_a_nonce_is_told_once_and_kept_nowhere(server, client):
    sent = await client.room.send("Once.", nonce="7")
    await server.until(lambda: client.heard)

    read = await client.room.fetch_message(sent.id)

    assert (sent.nonce, client.heard[0].nonce, read.nonce) == ("7", "7", None)
