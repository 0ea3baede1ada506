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
from tests.discord.findings import details, faults
from tests.discord_server import Intent


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


@contextmanager
def _address_of_nothing():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # taken, and nobody listens
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/api/v10"


async def test_a_bot_that_lacks_nothing_has_only_good_findings(server, examined):
    found = await examined()

    assert not faults(found)
    assert any("the token is valid" in detail for detail in details(found))
    assert "the message-content intent is on" in details(found)
    assert "Harbor: it may do all it needs in #general" in details(found)
    assert "the clock agrees with Discord's" in details(found)


async def test_nothing_is_asked_without_a_token(server):
    found = await examine(Settings(discord_api_base=server.api_url))

    assert found == []
    assert server.requests == []


async def test_it_only_looks(server, examined):
    await examined()

    assert {call.method for call in server.requests} == {"GET"}
    assert not server.gateway.num_connected


async def test_a_refused_token_says_where_to_make_another(server, examined):
    [found] = faults(await examined(discord_token="secret.not.right"))

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

    [found] = faults(await examined())

    assert "message-content intent is off" in found.detail
    assert f"applications/{server.application_id}/bot" in found.remedy
    assert "Privileged Gateway Intents" in found.remedy
    assert "Message Content Intent" in found.remedy


async def test_a_bot_in_no_server_is_given_its_invite_link(server, examined):
    server.acts.leave_guild(server.guild)

    [found] = faults(await examined())

    assert found.detail == "it is in no server"
    assert f"client_id={server.application_id}" in found.remedy


async def test_commands_that_go_to_a_web_address_are_a_fault(server, examined):
    server.interactions_endpoint_url = "https://example.org/interactions"

    [found] = faults(await examined())

    assert "/assistant would never answer" in found.detail
    assert "Interactions Endpoint URL" in found.remedy


async def test_an_invite_link_that_cannot_work_is_a_fault(application, examined):
    application(bot_require_code_grant=True)

    [found] = faults(await examined())

    assert "Requires OAuth2 Code Grant" in found.remedy


async def test_an_application_for_users_only_is_a_fault(application, examined):
    application(integration_types_config={"1": {}})

    [found] = faults(await examined())

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

    assert any(told in detail for detail in details(await examined()))


@pytest.mark.parametrize(("seconds", "word"), [(90, "ahead of"), (-90, "behind")])
async def test_a_wrong_clock_is_a_fault(examined, seconds, word):
    [found] = faults(
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

    found = faults(await examined())
    gate.open()

    assert [fault.detail for fault in found] == [f"{server.api_url} did not answer within 0 s"]


async def test_an_error_of_the_server_is_told_by_its_number(server, examined):
    server.faults.respond(503, on="GET /users/@me")

    [found] = faults(await examined())

    assert found.detail == f"{server.api_url} answers with HTTP 503"


async def test_a_long_rate_limit_is_not_waited_for(server, examined):
    server.faults.rate_limit(600.0, on="GET /users/@me")

    [found] = faults(await examined())

    assert found.detail == f"{server.api_url} asks us to wait for 600 s"


async def test_a_web_page_is_not_taken_for_discord(server, examined):
    server.faults.respond(200, "<html>It works!</html>", on="GET /users/@me")

    [found] = faults(await examined())

    assert found.detail == f"{server.api_url} answers, but not as Discord does"


async def test_a_fault_on_the_way_keeps_what_was_found_before(server, examined):
    server.faults.reset(on="GET /guilds/*", times=9)

    found = await examined()

    assert any("the token is valid" in detail for detail in details(found))
    assert [fault.detail for fault in faults(found)] == [f"{server.api_url} could not be reached"]


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
    assert "pip install '.[discord]' in your copy of Earshot" in finding.remedy
