"""The whole bot on simcord: another Discord than our own, and one that is strict about what it gets."""

from collections.abc import AsyncIterator

import discord
import pytest
import simcord
from discord import Permissions
from simcord import Env
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle

from bot.config import Settings
from bot.messages import Entry, Mode
from bot.platforms.discord.client import EarshotClient
from bot.platforms.discord.keys import channel_key
from bot.platforms.discord.run import DiscordBot
from bot.runtime import ServedModel
from bot.store import Store
from tests.fakes import FakeModel
from tests.living import GREETING

# simcord wants to be told what Discord tells at the start: how many shards there are.
pytestmark = pytest.mark.simcord(shard_count=1)
FOR_EVER_S = 1e9  # simcord keeps a time of its own


@pytest.fixture
async def earshot(database_url: str) -> AsyncIterator[DiscordBot]:
    settings = Settings(
        _env_file=None,
        database_url=database_url,
        new_channel_mode=Mode.ACTIVE,
        burst_quiet_s=0.0,
        burst_max_s=0.0,
        max_age_s=FOR_EVER_S,
    )
    store = await Store.open(database_url, platform_modes={"discord": Mode.ACTIVE})
    bot = DiscordBot(settings, store, ServedModel(FakeModel(), None, patience_s=5.0), print)
    yield bot
    await bot._fall_silent()
    await store.close()


@pytest.fixture
def simcord_bot(earshot: DiscordBot) -> EarshotClient:
    return earshot._new_client()


@pytest.fixture
def channel(simcord_env: Env) -> ChannelHandle:
    return simcord_env.create_guild().create_text_channel("general")


def member(env: Env, name: str, **permissions: bool) -> MemberActor:
    role = env.guild.create_role(name, permissions=Permissions(**permissions))
    return env.guild.add_member(env.create_user(name), roles=[role])


def model_of(bot: DiscordBot) -> FakeModel:
    assert isinstance(bot.served.model, FakeModel)
    return bot.served.model


def at(env: Env) -> str:
    """Give the mention of the bot."""
    assert env.bot.user is not None
    return env.bot.user.mention


def posts(env: Env, channel: ChannelHandle) -> list[str]:
    """List what the bot posted, the greeting left out."""
    own = [each.content for each in channel.history() if each.author == env.bot.user]
    return [each for each in own if not each.startswith(GREETING)]


async def said(bot: DiscordBot, env: Env, channel: ChannelHandle) -> list[Entry]:
    where = channel_key(env.guild.id, channel.id)
    return await bot.store.messages.recent(where, limit=100)


async def test_a_mention_is_answered(simcord_env: Env, channel: ChannelHandle) -> None:
    mia = member(simcord_env, "mia")

    asked = await mia.send(channel, f"{at(simcord_env)} what is the capital of France?")
    await simcord_env.settle()

    answer = channel.last_message
    assert answer is not None
    assert answer.content == "Paris."
    assert answer.reference is not None
    assert answer.reference.message_id == asked.id


async def test_what_calls_for_no_answer_gets_none(
    simcord_env: Env, channel: ChannelHandle, earshot: DiscordBot
) -> None:
    mia = member(simcord_env, "mia")

    await mia.send(channel, "nice weather")
    await simcord_env.settle()

    assert not posts(simcord_env, channel)
    assert [entry.text for entry in await said(earshot, simcord_env, channel)] == ["nice weather"]


async def test_edits_and_deletions_are_heard(
    simcord_env: Env, channel: ChannelHandle, earshot: DiscordBot
) -> None:
    mia = member(simcord_env, "mia")
    first = await mia.send(channel, "lunch at noon")
    second = await mia.send(channel, "or not")

    await mia.edit(first, "lunch at one")
    await mia.delete(second)
    await simcord_env.settle()

    heard = await said(earshot, simcord_env, channel)
    assert [(entry.text, entry.deleted) for entry in heard] == [("lunch at one", False), ("", True)]


async def test_a_question_by_command_is_answered_below_it(
    simcord_env: Env, channel: ChannelHandle
) -> None:
    mia = member(simcord_env, "mia")

    asked = await mia.slash(channel, "assistant ask", question="the capital of France?")
    await simcord_env.settle()

    assert asked.response is not None
    assert asked.response.content == "> the capital of France?\nParis."


async def test_a_setting_is_answered_after_deferring(
    simcord_env: Env, channel: ChannelHandle
) -> None:
    keeper = member(simcord_env, "keeper", manage_channels=True)

    changed = await keeper.slash(channel, "assistant eagerness", level=30)

    assert changed.acknowledged
    assert changed.response is not None
    assert "is now 30 of 100" in changed.response.content


async def test_a_reply_one_character_too_long_comes_in_two_messages(
    simcord_env: Env, channel: ChannelHandle, earshot: DiscordBot
) -> None:
    mia = member(simcord_env, "mia")
    text = model_of(earshot).reply_text = f"Well, {'word ' * 398}done."
    assert len(text) == 2001

    await mia.send(channel, f"{at(simcord_env)} tell me everything")
    await simcord_env.settle()

    first, second = posts(simcord_env, channel)
    assert len(first) <= 2000
    assert f"{first} {second}" == text


async def test_a_failing_server_is_asked_again(
    simcord_env: Env, channel: ChannelHandle, earshot: DiscordBot
) -> None:
    mia = member(simcord_env, "mia")
    await simcord_env.settle()
    simcord_env.inject_error("POST", f"/channels/{channel.id}/messages", status=500)

    await mia.send(channel, f"{at(simcord_env)} what is the capital of France?")
    await simcord_env.settle()
    await simcord_env.advance_time(5)

    assert posts(simcord_env, channel) == ["Paris."]
    assert [entry.text for entry in await said(earshot, simcord_env, channel)][-1] == "Paris."


async def test_no_privileged_intent_is_needed_but_the_content_of_messages(
    earshot: DiscordBot,
) -> None:
    approved = discord.Intents.default() | discord.Intents(message_content=True)
    async with simcord.run(earshot._new_client(), shard_count=1, approved_intents=approved) as env:
        assert env.bot.user is not None

    without = discord.Intents.default()
    with pytest.raises(discord.PrivilegedIntentsRequired):
        await Env(earshot._new_client(), shard_count=1, approved_intents=without).start()


async def test_who_types_or_joins_is_not_told(simcord_env: Env, channel: ChannelHandle) -> None:
    mia = member(simcord_env, "mia")

    await mia.typing(channel)

    told = simcord_env.transcript()
    assert "requires the members intent" in told
    assert "requires the guild_typing intent" in told


async def test_a_second_start_says_nothing_twice(
    simcord_env: Env, channel: ChannelHandle, earshot: DiscordBot
) -> None:
    mia = member(simcord_env, "mia")
    await mia.send(channel, f"{at(simcord_env)} what is the capital of France?")
    await simcord_env.settle()

    await simcord_env.restart_bot(earshot._new_client())
    await simcord_env.settle()

    assert posts(simcord_env, channel) == ["Paris."]
    texts = [entry.text for entry in await said(earshot, simcord_env, channel)]
    assert texts == ["@Earshot what is the capital of France?", "Paris."]
