"""Discord is told of the commands when they change, and only then."""

from collections.abc import AsyncIterator

import discord
import pytest
from simcord import Env

from bot.platforms.discord.sync import synced
from bot.store import Store
from tests.discord.commanded import Bot, offers, running_bot
from tests.logs import warnings_in


@pytest.fixture
async def simcord_bot(database_url: str) -> AsyncIterator[Bot]:
    async with running_bot(database_url) as bot:
        yield bot


def puts(env: Env) -> list[str]:
    """Give where commands were registered, in order."""
    return [request.path for request in env.http_requests if request.method == "PUT"]


async def test_the_same_commands_are_registered_once(simcord_env: Env, simcord_bot: Bot) -> None:
    for _ in range(2):
        assert await synced(simcord_bot, simcord_bot.store.notes, simcord_bot.payload)

    assert len(puts(simcord_env)) == 1


async def test_changed_commands_are_registered_again(simcord_env: Env, simcord_bot: Bot) -> None:
    offers(simcord_bot.payload, "dance")

    assert await synced(simcord_bot, simcord_bot.store.notes, simcord_bot.payload)

    assert len(puts(simcord_env)) == 2


async def test_a_server_can_have_them_alone(simcord_env: Env, simcord_bot: Bot) -> None:
    guild = simcord_env.create_guild()

    assert await synced(
        simcord_bot, simcord_bot.store.notes, simcord_bot.payload, guild_id=guild.id
    )

    alone, taken_back = puts(simcord_env)[-2:]
    assert f"/guilds/{guild.id}/" in alone
    assert "/guilds/" not in taken_back


async def test_a_refusal_is_one_warning_and_is_tried_again_next_time(
    simcord_env: Env, simcord_bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    offers(simcord_bot.payload, "dance")
    simcord_env.inject_error("PUT", "/applications/*", status=403, message="Missing Access")

    refused = await synced(simcord_bot, simcord_bot.store.notes, simcord_bot.payload)
    taken = await synced(simcord_bot, simcord_bot.store.notes, simcord_bot.payload)

    assert (refused, taken) == (False, True)
    (line,) = warnings_in(caplog.records)
    assert line.startswith("/assistant could not be registered everywhere")
    assert "Missing Access" in line


async def test_before_the_client_logs_in_there_is_nobody_to_register_them(
    database_url: str,
) -> None:
    store = await Store.open(database_url)
    client = discord.Client(intents=discord.Intents.none())

    with pytest.raises(ValueError, match="not logged in"):
        await synced(client, store.notes, [])

    await store.close()
