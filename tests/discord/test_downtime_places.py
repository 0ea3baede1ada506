"""Channels and threads that are deleted while the bot is away are forgotten when it is back."""

import pytest

from tests.discord.weather import Weather
from tests.discord_server import Permission
from tests.discord_server.gateway import IDENTIFY


@pytest.fixture
def chat(server, database_url):
    return Weather(server, database_url)


@pytest.fixture
def mia(server):
    return server.member("Mia")


async def until_forgotten(chat, place):
    async def is_forgotten():
        chat.naps.over()
        return await chat.texts(place) == []

    await chat.until(is_forgotten)


async def asked_for(chat, place):
    """Wait until Discord was asked for a place."""

    async def is_asked():
        chat.naps.over()
        return [one for one in chat.server.asked("GET", f"/channels/{place.id}") if one.status]

    await chat.until(is_asked)


async def test_a_channel_that_was_deleted_while_it_did_not_run_is_forgotten(chat, server, mia):
    plans = server.add_channel("plans")
    async with chat.running():
        await chat.says(mia, "secret", where=plans)
        await chat.says(mia, "hello")
    server.acts.delete_channel(plans)

    async with chat.running():
        await until_forgotten(chat, plans)
        assert await chat.texts() == ["hello"]


async def test_a_thread_that_was_deleted_while_it_did_not_run_is_forgotten(chat, server, mia):
    thread = server.add_thread(server.general, "plans", by=mia)
    async with chat.running():
        await chat.says(mia, "secret", where=thread)
        await chat.says(mia, "hello")
    server.acts.delete_channel(thread)

    async with chat.running():
        await until_forgotten(chat, thread)
        assert await chat.texts() == ["hello"]


async def test_a_channel_that_was_deleted_while_the_session_was_lost_is_forgotten(
    chat, server, mia
):
    plans = server.add_channel("plans")
    async with chat.running():
        await chat.says(mia, "secret", where=plans)
        server.gateway.forget_sessions()
        server.acts.delete_channel(plans)
        server.gateway.drop_connections()
        await server.until(lambda: server.gateway.num_heard(IDENTIFY) == 2)

        await until_forgotten(chat, plans)


async def test_a_thread_that_is_archived_is_kept(chat, server, mia):
    thread = server.add_thread(server.general, "plans", by=mia)
    async with chat.running():
        await chat.says(mia, "we sail at nine", where=thread)
    server.acts.archive(thread, archived=True)

    async with chat.running():
        await asked_for(chat, thread)
        assert await chat.texts(thread) == ["we sail at nine"]


async def test_a_thread_in_a_channel_that_is_hidden_is_kept(chat, server, mia):
    thread = server.add_thread(server.general, "plans", by=mia)
    async with chat.running():
        await chat.says(mia, "we sail at nine", where=thread)
    server.change_permissions(server.general, deny=Permission.VIEW_CHANNEL)

    async with chat.running():
        await asked_for(chat, thread)
        assert await chat.texts(thread) == ["we sail at nine"]


async def test_a_place_that_discord_cannot_tell_of_now_is_asked_for_again(chat, server, mia):
    plans = server.add_channel("plans")
    async with chat.running():
        await chat.says(mia, "secret", where=plans)
    server.acts.delete_channel(plans)
    broken = server.faults.respond(503, on=f"GET */channels/{plans.id}")

    async with chat.running():
        await until_forgotten(chat, plans)

    assert broken.num_met == 1
