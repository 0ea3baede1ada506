"""`earshot doctor` looks at what the bot may do in each server and channel."""

import pytest

from bot.platforms.discord import checks
from bot.platforms.discord.server_checks import MAX_CHANNEL_LINES
from tests.discord.findings import details, faults
from tests.discord_server import ChannelType, Permission
from tests.discord_server.permissions import BOT, MEMBERS, NOTHING


def _set_rights(server, rights, *, guild=None):
    """Let the bot have these rights in the whole server, by its own role alone."""
    everyone, own = (guild or server.guild).roles[:2]
    everyone.permissions, own.permissions = NOTHING, rights


async def test_what_no_role_gives_is_one_line_for_the_server(server, examined):
    server.add_channel("random")
    _set_rights(server, BOT & ~Permission.SEND_MESSAGES)

    [found] = faults(await examined())

    assert found.detail == "Harbor: it may not Send Messages in #general, #random"
    assert "Server Settings > Roles > earshot: switch on Send Messages" in found.remedy
    assert "oauth2/authorize" in found.remedy


async def test_what_a_channel_takes_away_is_a_line_for_the_channel(server, examined):
    news = server.add_channel("news", ChannelType.ANNOUNCEMENT)
    taken = Permission.SEND_MESSAGES_IN_THREADS | Permission.READ_MESSAGE_HISTORY
    server.change_permissions(news, deny=taken)

    [found] = faults(await examined())

    assert found.detail == "Harbor, #news: it lacks Send Messages in Threads, Read Message History"
    assert found.remedy == (
        "Edit Channel of #news > Permissions > earshot: "
        "allow Send Messages in Threads, Read Message History."
    )


async def test_who_may_not_send_is_not_told_of_files_as_well(server, examined):
    server.change_permissions(server.general, server.guild.everyone, deny=Permission.SEND_MESSAGES)
    server.change_permissions(server.general, deny=Permission.SEND_MESSAGES)

    found = await examined()

    assert [fault.detail for fault in faults(found)] == ["Harbor, #general: it lacks Send Messages"]
    assert not any("Attach Files" in detail for detail in details(found))


async def test_a_channel_may_allow_what_no_role_gives(server, examined):
    _set_rights(server, BOT & ~Permission.SEND_MESSAGES)
    server.change_permissions(server.general, allow=Permission.SEND_MESSAGES)

    assert not faults(await examined())


async def test_a_forum_needs_posts_and_no_messages_of_its_own(server, examined):
    forum = server.add_channel("help", ChannelType.FORUM)
    server.change_permissions(forum, deny=Permission.SEND_MESSAGES)

    assert not faults(await examined())

    server.change_permissions(forum, deny=Permission.SEND_MESSAGES_IN_THREADS)
    [found] = faults(await examined())
    assert found.detail == "Harbor, #help: it lacks Send Messages in Threads"


async def test_hidden_channels_are_counted_and_no_fault(server, examined):
    for name in ("staff", "council", "attic"):
        server.change_permissions(server.add_channel(name), deny=Permission.VIEW_CHANNEL)

    found = await examined()

    assert not faults(found)
    assert (
        "Harbor: it may do all it needs in #general; "
        "it cannot see 3 channels: fine if that is wanted" in details(found)
    )


async def test_a_bot_that_sees_no_channel_is_told_so(server, examined):
    _set_rights(server, BOT & ~Permission.VIEW_CHANNEL)

    [found] = faults(await examined())

    assert found.detail == "Harbor: it sees no text channel"
    assert "View Channels" in found.remedy


@pytest.mark.parametrize("kind", [ChannelType.VOICE, ChannelType.STAGE])
async def test_the_chats_of_voice_channels_are_looked_at_too(server, examined, kind):
    calls = server.add_channel("calls", kind)
    denied = Permission.SEND_MESSAGES | Permission.SEND_MESSAGES_IN_THREADS  # it has no threads
    server.change_permissions(calls, deny=denied)

    [found] = faults(await examined())

    assert found.detail == "Harbor, #calls: it lacks Send Messages"


async def test_many_channels_that_lack_something_are_cut_short(server, examined):
    server.change_permissions(server.general, deny=Permission.READ_MESSAGE_HISTORY)
    for number in range(MAX_CHANNEL_LINES + 2):
        channel = server.add_channel(f"room-{number}")
        server.change_permissions(channel, deny=Permission.READ_MESSAGE_HISTORY)

    found = faults(await examined())

    assert len(found) == MAX_CHANNEL_LINES + 1
    assert found[-1].detail == "Harbor: 3 more channels like these"


async def test_what_may_be_left_out_is_only_mentioned(server, examined):
    _set_rights(server, MEMBERS)

    found = await examined()

    assert not faults(found)
    assert any("without View Audit Log, which" in detail for detail in details(found))


async def test_a_bot_that_may_attach_no_files_is_well(server, examined):
    _set_rights(server, BOT & ~Permission.ATTACH_FILES)

    found = await examined()

    assert not faults(found)
    assert (
        "Harbor: it may do all it needs in #general; "
        "without Attach Files, which it would use to send very long code as a file"
        in details(found)
    )


async def test_a_channel_that_allows_no_files_is_named(server, examined):
    server.change_permissions(server.add_channel("news"), deny=Permission.ATTACH_FILES)

    found = await examined()

    assert not faults(found)
    assert any("without Attach Files in #news, which" in detail for detail in details(found))


async def test_more_rights_than_needed_are_mentioned(server, examined):
    _set_rights(server, BOT | Permission.ADMINISTRATOR)

    found = await examined()

    assert not faults(found)
    assert any("Administrator, which it does not need" in detail for detail in details(found))


async def test_each_server_is_looked_at(server, examined):
    meadow = server.add_guild("Meadow")
    server.add_channel("grass", guild=meadow)

    found = details(await examined())

    assert any(detail.startswith("Harbor: ") for detail in found)
    assert "Meadow: it may do all it needs in #grass" in found


async def test_a_server_that_is_gone_meanwhile_keeps_no_other_from_being_looked_at(
    server, examined
):
    meadow = server.add_guild("Meadow")
    server.add_channel("grass", guild=meadow)
    server.faults.respond(404, on=f"GET /guilds/{server.guild.id}")

    found = details(await examined())

    assert f"the server {server.guild.id} could not be looked at (NotFound)" in found
    assert "Meadow: it may do all it needs in #grass" in found


async def test_of_very_many_servers_some_are_looked_at(monkeypatch, server, examined):
    monkeypatch.setattr(checks, "MAX_SERVERS", 1)
    server.add_guild("Meadow")

    assert "about 1 more servers were not looked at" in details(await examined())
