"""`earshot doctor` asks a loopback Discord about the bot, over the real discord.py."""

import asyncio
import importlib.util
import socket
from contextlib import contextmanager
from datetime import timedelta

import discord
import pytest

from bot.cli.check_discord import check_discord
from bot.config import Settings
from bot.platforms.discord import checks
from bot.platforms.discord.checks import examine
from bot.platforms.discord.server_checks import MAX_CHANNEL_LINES
from tests.discord_server import ChannelType, Intent, Permission, discord_server, pointed_at
from tests.discord_server.permissions import BOT, MEMBERS, NOTHING


@pytest.fixture
async def server():
    async with discord_server() as server:
        with pointed_at(server):
            yield server


@pytest.fixture
def examined(server):
    """Examine the server's bot, or one with other settings."""

    async def examine_it(*, now=discord.utils.utcnow, **settings):
        told = {"discord_token": server.token, "discord_api_base": server.api_url, **settings}
        return await examine(Settings(**told), now=now)

    return examine_it


@pytest.fixture
def application(server):
    """Change what Discord tells of the application."""

    def change(**facts):
        asked = {
            "id": server.application_id, "name": "Earshot", "icon": None, "description": "",
            "bot_public": True, "bot_require_code_grant": False, "verify_key": "00",
            "flags": 1 << 19, "owner": {"id": "1", "username": "o", "discriminator": "0", "avatar": None},
        }  # fmt: skip
        on = "GET /oauth2/applications/@me"
        server.faults.respond(200, {**asked, **facts}, on=on, times=9)

    return change


def _set_rights(server, rights, *, guild=None):
    """Let the bot have these rights in the whole server, by its own role alone."""
    everyone, own = (guild or server.guild).roles[:2]
    everyone.permissions, own.permissions = NOTHING, rights


def _faults(found):
    return [check for check in found if not check.ok]


def _details(found):
    return [check.detail for check in found]


@contextmanager
def _address_of_nothing():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # taken, and nobody listens
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/api/v10"


async def test_a_bot_that_lacks_nothing_has_only_good_findings(server, examined):
    found = await examined()

    assert not _faults(found)
    assert any("the token is valid" in detail for detail in _details(found))
    assert "the message-content intent is on" in _details(found)
    assert "Harbor: it may do all it needs in #general" in _details(found)
    assert "the clock agrees with Discord's" in _details(found)


async def test_nothing_is_asked_without_a_token(server):
    found = await examine(Settings(discord_api_base=server.api_url))

    assert found == []
    assert server.requests == []


async def test_it_only_looks(server, examined):
    await examined()

    assert {call.method for call in server.requests} == {"GET"}
    assert not server.gateway.num_connected


async def test_a_refused_token_says_where_to_make_another(server, examined):
    [found] = _faults(await examined(discord_token="secret.not.right"))

    assert found.detail == "Discord refuses the token"
    assert "Reset Token" in found.remedy
    assert "EARSHOT_DISCORD_TOKEN" in found.remedy


@pytest.mark.parametrize("token", ["schlüssel.a.b", "a.b\nc"])
async def test_a_token_that_no_header_can_carry_is_never_sent(server, examined, token):
    [found] = await examined(discord_token=token)

    assert found.detail == "Discord refuses the token"
    assert server.requests == []


async def test_the_token_is_in_no_finding(server, examined):
    token = "Zm9v.secret.value"
    found = await examined(discord_token=token) + await examined()

    assert not any(part in str(found) for part in (token, server.token, "loop.back"))


async def test_an_intent_that_is_off_names_its_switch(server, examined):
    server.gateway.granted &= ~Intent.MESSAGE_CONTENT

    [found] = _faults(await examined())

    assert "message-content intent is off" in found.detail
    assert f"applications/{server.application_id}/bot" in found.remedy
    assert "Privileged Gateway Intents" in found.remedy
    assert "Message Content Intent" in found.remedy


async def test_a_bot_in_no_server_is_given_its_invite_link(server, examined):
    server.acts.leave_guild(server.guild)

    [found] = _faults(await examined())

    assert found.detail == "it is in no server"
    assert f"client_id={server.application_id}" in found.remedy


async def test_what_no_role_gives_is_one_line_for_the_server(server, examined):
    server.add_channel("random")
    _set_rights(server, BOT & ~Permission.SEND_MESSAGES)

    [found] = _faults(await examined())

    assert found.detail == "Harbor: it may not Send Messages in #general, #random"
    assert "Server Settings > Roles > earshot: switch on Send Messages" in found.remedy
    assert "oauth2/authorize" in found.remedy


async def test_what_a_channel_takes_away_is_a_line_for_the_channel(server, examined):
    news = server.add_channel("news", ChannelType.ANNOUNCEMENT)
    taken = Permission.SEND_MESSAGES_IN_THREADS | Permission.READ_MESSAGE_HISTORY
    server.change_permissions(news, deny=taken)

    [found] = _faults(await examined())

    assert found.detail == "Harbor, #news: it lacks Send Messages in Threads, Read Message History"
    assert found.remedy == (
        "Edit Channel of #news > Permissions > earshot: "
        "allow Send Messages in Threads, Read Message History."
    )


async def test_who_may_not_send_is_not_told_of_files_as_well(server, examined):
    server.change_permissions(server.general, server.guild.everyone, deny=Permission.SEND_MESSAGES)
    server.change_permissions(server.general, deny=Permission.SEND_MESSAGES)

    [found] = _faults(await examined())

    assert found.detail == "Harbor, #general: it lacks Send Messages"


async def test_a_channel_may_allow_what_no_role_gives(server, examined):
    _set_rights(server, BOT & ~Permission.SEND_MESSAGES)
    server.change_permissions(server.general, allow=Permission.SEND_MESSAGES)

    assert not _faults(await examined())


async def test_a_forum_needs_posts_and_no_messages_of_its_own(server, examined):
    forum = server.add_channel("help", ChannelType.FORUM)
    server.change_permissions(forum, deny=Permission.SEND_MESSAGES)

    assert not _faults(await examined())

    server.change_permissions(forum, deny=Permission.SEND_MESSAGES_IN_THREADS)
    [found] = _faults(await examined())
    assert found.detail == "Harbor, #help: it lacks Send Messages in Threads"


async def test_hidden_channels_are_counted_and_no_fault(server, examined):
    for name in ("staff", "council", "attic"):
        server.change_permissions(server.add_channel(name), deny=Permission.VIEW_CHANNEL)

    found = await examined()

    assert not _faults(found)
    assert (
        "Harbor: it may do all it needs in #general; "
        "it cannot see 3 channels: fine if that is wanted" in _details(found)
    )


async def test_a_bot_that_sees_no_channel_is_told_so(server, examined):
    _set_rights(server, BOT & ~Permission.VIEW_CHANNEL)

    [found] = _faults(await examined())

    assert found.detail == "Harbor: it sees no text channel"
    assert "View Channels" in found.remedy


async def test_voice_channels_and_categories_are_passed_over(server, examined):
    voice = server.add_channel("calls", ChannelType.VOICE)
    server.change_permissions(voice, deny=Permission.SEND_MESSAGES)

    assert not _faults(await examined())


async def test_many_channels_that_lack_something_are_cut_short(server, examined):
    server.change_permissions(server.general, deny=Permission.ATTACH_FILES)
    for number in range(MAX_CHANNEL_LINES + 2):
        channel = server.add_channel(f"room-{number}")
        server.change_permissions(channel, deny=Permission.ATTACH_FILES)

    found = _faults(await examined())

    assert len(found) == MAX_CHANNEL_LINES + 1
    assert found[-1].detail == "Harbor: 3 more channels like these"


async def test_what_may_be_left_out_is_only_mentioned(server, examined):
    _set_rights(server, MEMBERS)

    found = await examined()

    assert not _faults(found)
    assert any("without View Audit Log" in detail for detail in _details(found))


async def test_more_rights_than_needed_are_mentioned(server, examined):
    _set_rights(server, BOT | Permission.ADMINISTRATOR)

    found = await examined()

    assert not _faults(found)
    assert any("Administrator, which it does not need" in detail for detail in _details(found))


async def test_each_server_is_looked_at(server, examined):
    meadow = server.add_guild("Meadow")
    server.add_channel("grass", guild=meadow)

    found = _details(await examined())

    assert any(detail.startswith("Harbor: ") for detail in found)
    assert "Meadow: it may do all it needs in #grass" in found


async def test_a_server_that_is_gone_meanwhile_keeps_no_other_from_being_looked_at(
    server, examined
):
    meadow = server.add_guild("Meadow")
    server.add_channel("grass", guild=meadow)
    server.faults.respond(404, on=f"GET /guilds/{server.guild.id}")

    found = _details(await examined())

    assert f"the server {server.guild.id} could not be looked at (NotFound)" in found
    assert "Meadow: it may do all it needs in #grass" in found


async def test_of_very_many_servers_some_are_looked_at(monkeypatch, server, examined):
    monkeypatch.setattr(checks, "MAX_SERVERS", 1)
    server.add_guild("Meadow")

    assert "about 1 more servers were not looked at" in _details(await examined())


async def test_commands_that_go_to_a_web_address_are_a_fault(server, examined):
    server.interactions_endpoint_url = "https://example.org/interactions"

    [found] = _faults(await examined())

    assert "/assistant would never answer" in found.detail
    assert "Interactions Endpoint URL" in found.remedy


async def test_an_invite_link_that_cannot_work_is_a_fault(application, examined):
    application(bot_require_code_grant=True)

    [found] = _faults(await examined())

    assert "Requires OAuth2 Code Grant" in found.remedy


async def test_an_application_for_users_only_is_a_fault(application, examined):
    application(integration_types_config={"1": {}})

    [found] = _faults(await examined())

    assert "tick Guild Install" in found.remedy


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"bot_public": False}, "only you can add it"),
        ({}, "it has no Privacy Policy URL"),
        ({"privacy_policy_url": "https://example.org/p"}, "everyone who has the link can add it"),
    ],
)
async def test_who_can_add_it_is_told(application, examined, facts, told):
    application(**facts)

    assert any(told in detail for detail in _details(await examined()))


@pytest.mark.parametrize(("seconds", "word"), [(90, "ahead of"), (-90, "behind")])
async def test_a_wrong_clock_is_a_fault(examined, seconds, word):
    [found] = _faults(
        await examined(now=lambda: discord.utils.utcnow() + timedelta(seconds=seconds))
    )

    assert found.detail.startswith("this machine's clock is ")
    assert found.detail.endswith(f" s {word} Discord's")
    assert "Set the clock" in found.remedy


async def test_an_address_where_nobody_listens_is_named(examined):
    with _address_of_nothing() as address:
        [found] = await examined(discord_api_base=address)

    assert found.detail == f"{address} could not be reached"
    assert "EARSHOT_DISCORD_API_BASE" in found.remedy


@pytest.mark.parametrize("on", ["GET /users/@me", "GET /users/@me/guilds"])
async def test_a_server_that_never_answers_is_not_waited_for(monkeypatch, server, examined, on):
    monkeypatch.setattr(checks, "TIMEOUT_S", 0.2)
    gate = server.faults.hold(on=on)

    found = _faults(await examined())
    gate.open()

    assert [fault.detail for fault in found] == [f"{server.api_url} did not answer within 0 s"]


async def test_an_error_of_the_server_is_told_by_its_number(server, examined):
    server.faults.respond(503, on="GET /users/@me")

    [found] = _faults(await examined())

    assert found.detail == f"{server.api_url} answers with HTTP 503"


async def test_a_long_rate_limit_is_not_waited_for(server, examined):
    server.faults.rate_limit(600.0, on="GET /users/@me")

    [found] = _faults(await examined())

    assert found.detail == f"{server.api_url} asks us to wait for 600 s"


async def test_a_web_page_is_not_taken_for_discord(server, examined):
    server.faults.respond(200, "<html>It works!</html>", on="GET /users/@me")

    [found] = _faults(await examined())

    assert found.detail == f"{server.api_url} answers, but not as Discord does"


async def test_a_fault_on_the_way_keeps_what_was_found_before(server, examined):
    server.faults.reset(on="GET /guilds/*", times=9)

    found = await examined()

    assert any("the token is valid" in detail for detail in _details(found))
    assert [fault.detail for fault in _faults(found)] == [f"{server.api_url} could not be reached"]


async def test_the_doctor_lists_what_was_found(server):
    settings = Settings(discord_token=server.token, discord_api_base=server.api_url)

    findings = await asyncio.to_thread(check_discord, settings)

    assert {finding.about for finding in findings} == {"discord"}
    assert all(finding.ok for finding in findings)


def test_the_doctor_says_nothing_of_discord_without_a_token():
    assert check_discord(Settings()) == []


def test_without_the_extra_the_doctor_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)

    [finding] = check_discord(Settings(discord_token="a.b.c"))

    assert not finding.ok
    assert "pip install 'earshot[discord]'" in finding.remedy
