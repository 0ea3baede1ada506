"""People use `/assistant` on a simulated Discord, which checks what Discord checks."""

import json
from collections.abc import AsyncIterator

import pytest
from discord import Permissions
from simcord import Env
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle

from bot.commands import CommandAnswer
from bot.messages import Mode
from bot.platforms.discord.answering import parts
from bot.platforms.discord.application import CHANGED
from bot.platforms.discord.keys import channel_key
from tests.discord.commanded import Bot, offers, running_bot
from tests.logs import warnings_in

UNKNOWN_INTERACTION = {"status": 404, "code": 10062, "message": "Unknown interaction"}
ACKNOWLEDGED = {"status": 400, "code": 40060, "message": "already acknowledged"}


@pytest.fixture
async def simcord_bot(database_url: str) -> AsyncIterator[Bot]:
    async with running_bot(database_url) as bot:
        yield bot


@pytest.fixture
def channel(simcord_env: Env) -> ChannelHandle:
    return simcord_env.create_guild().create_text_channel("general")


def member(env: Env, name: str, **permissions: bool) -> MemberActor:
    role = env.guild.create_role(name, permissions=Permissions(**permissions))
    return env.guild.add_member(env.create_user(name), roles=[role])


def callbacks(env: Env) -> list[int]:
    """Give the kinds of first answers that Discord got."""
    return [
        request.json["type"] for request in env.http_requests if request.path.endswith("/callback")
    ]


async def test_a_setting_is_shown_to_the_asker_alone(
    simcord_env: Env, channel: ChannelHandle
) -> None:
    ana = member(simcord_env, "ana")

    shown = await ana.slash(channel, "assistant mode")

    assert shown.response.ephemeral
    assert shown.response.content.startswith("My mode here is mention")


async def test_a_change_is_shown_to_everybody(
    simcord_env: Env, simcord_bot: Bot, channel: ChannelHandle
) -> None:
    mia = member(simcord_env, "mia", manage_channels=True)

    changed = await mia.slash(channel, "assistant mode", mode="listen")

    assert not changed.response.ephemeral
    assert changed.response.content.startswith("My mode here is now listen")
    where = channel_key(simcord_env.guild.id, channel.id)
    assert (await simcord_bot.store.channels.settings(where)).mode is Mode.LISTEN


async def test_who_may_not_change_a_setting_is_told_at_once_and_alone(
    simcord_env: Env, simcord_bot: Bot, channel: ChannelHandle
) -> None:
    ana = member(simcord_env, "ana")

    refused = await ana.slash(channel, "assistant mode", mode="off")

    assert refused.response.ephemeral
    assert "Only people who may manage this channel" in refused.response.content
    assert callbacks(simcord_env) == [4]


async def test_the_defaults_of_a_server_need_the_right_to_manage_the_server(
    simcord_env: Env, channel: ChannelHandle
) -> None:
    mia = member(simcord_env, "mia", manage_channels=True)

    refused = await mia.slash(channel, "assistant defaults mode", mode="active")

    assert "Only people who may manage this server" in refused.response.content


async def test_in_direct_messages_everyone_manages_their_own(simcord_env: Env) -> None:
    ana = simcord_env.create_user("ana")

    changed = await ana.slash("assistant eagerness", level=70)

    assert changed.response.content.startswith("My eagerness here is now 70")


async def test_what_cannot_be_read_is_told_to_the_caller_alone(
    simcord_env: Env, channel: ChannelHandle
) -> None:
    mia = member(simcord_env, "mia", manage_channels=True)

    told = await mia.slash(channel, "assistant quiet", time="sometimes")

    assert told.response.ephemeral
    assert "sometimes" in told.response.content
    assert told.followups == []


async def test_a_long_answer_comes_in_parts_that_discord_takes(
    simcord_env: Env, channel: ChannelHandle
) -> None:
    ana = member(simcord_env, "ana")

    helped = await ana.slash(channel, "assistant help")

    shown = [helped.response, *helped.followups]
    assert len(shown) > 1
    assert all(part.ephemeral for part in shown)
    assert all(part.content.startswith("```\n") for part in shown)
    assert all(part.content.endswith("\n```") for part in shown)


async def test_what_people_typed_is_shown_as_typed_and_pings_nobody(
    simcord_env: Env, channel: ChannelHandle
) -> None:
    mia = member(simcord_env, "mia", manage_channels=True)

    shown = await mia.slash(channel, "assistant persona", text="a *loud* one @everyone")

    assert r"a \*loud\* one @everyone" in shown.response.content
    edits = [r for r in simcord_env.http_requests if r.method == "PATCH"]
    assert [edit.json["allowed_mentions"] for edit in edits] == [{"parse": []}]


def test_what_the_model_wrote_keeps_its_marks() -> None:
    answer = CommandAnswer("**Ben** wants `x`.", ephemeral=True, is_markdown=True)

    assert parts(answer) == ["**Ben** wants `x`."]


def test_a_code_block_is_not_ended_by_what_people_typed() -> None:
    answer = CommandAnswer("Ana: ```boom", ephemeral=True, fixed_width=True)

    (shown,) = parts(answer)

    assert shown.count("```") == 2


async def test_completions_follow_what_is_typed(simcord_env: Env, channel: ChannelHandle) -> None:
    mia = member(simcord_env, "mia", manage_channels=True)

    offered = await mia.autocomplete(channel, "assistant quiet", "time", "unt")

    assert offered == [{"name": "until 18:00", "value": "until 18:00"}]


async def test_nothing_is_offered_for_an_option_that_is_no_more(
    simcord_env: Env, simcord_bot: Bot, channel: ChannelHandle
) -> None:
    style = {"type": 3, "name": "style", "description": "Of old.", "autocomplete": True}
    offers(simcord_bot.payload, "dance", style)
    await simcord_bot.setup_hook()

    offered = await member(simcord_env, "ana").autocomplete(
        channel, "assistant dance", "style", "tan"
    )

    assert offered == []


async def test_a_command_that_is_no_more_is_told_of(
    simcord_env: Env,
    simcord_bot: Bot,
    channel: ChannelHandle,
    caplog: pytest.LogCaptureFixture,
) -> None:
    offers(simcord_bot.payload, "dance")
    await simcord_bot.setup_hook()

    told = await member(simcord_env, "ana").slash(channel, "assistant dance")

    assert (told.response.content, told.response.ephemeral) == (CHANGED, True)
    assert [line for line in warnings_in(caplog.records) if "dance" in line]


@pytest.mark.parametrize("fault", [UNKNOWN_INTERACTION, ACKNOWLEDGED, {"status": 403}])
async def test_a_command_that_cannot_be_acknowledged_is_not_run_and_logged_in_one_line(
    simcord_env: Env,
    simcord_bot: Bot,
    channel: ChannelHandle,
    caplog: pytest.LogCaptureFixture,
    fault: dict[str, object],
) -> None:
    mia = member(simcord_env, "mia", manage_channels=True)
    simcord_env.inject_error("POST", "/interactions/*/callback", **fault)

    await mia.slash(channel, "assistant mode", mode="off")

    where = channel_key(simcord_env.guild.id, channel.id)
    assert (await simcord_bot.store.channels.settings(where)).mode is Mode.MENTION
    (line,) = warnings_in(caplog.records)
    assert line.startswith("application_command ")
    assert f"in {simcord_env.guild.id}/{channel.id} was not answered: {fault['status']}" in line


async def test_an_answer_that_discord_refuses_is_logged_in_one_line(
    simcord_env: Env, channel: ChannelHandle, caplog: pytest.LogCaptureFixture
) -> None:
    expired = {"status": 404, "code": 10015, "message": "Unknown Webhook"}
    simcord_env.inject_error("PATCH", "/webhooks/*", **expired)

    await member(simcord_env, "ana").slash(channel, "assistant mode")

    (line,) = warnings_in(caplog.records)
    assert "10015" in line


async def test_what_no_one_foresaw_ends_the_thinking(
    simcord_env: Env, simcord_bot: Bot, channel: ChannelHandle, caplog: pytest.LogCaptureFixture
) -> None:
    simcord_bot.model.failure = RuntimeError("a bug")

    told = await member(simcord_env, "ana").slash(channel, "assistant status")

    assert told.response.content.startswith("That didn't work.")
    assert warnings_in(caplog.records) == ["/assistant status failed"]


def test_the_payload_is_json(simcord_bot: Bot) -> None:
    assert json.loads(json.dumps(simcord_bot.payload)) == simcord_bot.payload
