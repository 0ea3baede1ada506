import discord
import pytest

from tests.discord_server import ChannelType, discord_server, pointed_at
from tests.discord_server.odd import show_preview, webhook_says
from tests.discord_server.probe import Ears, ready


async def test_a_thread_from_a_message_has_its_id_and_begins_with_its_copy(server, client):
    mia = server.member("Mia")
    message = await mia.says(server.general, "the boiler is cold")

    thread = server.add_thread(server.general, "boiler", by=mia, starter=message)
    await mia.says(thread, "since Monday")

    await server.until(lambda: len(client.heard) == 3)
    copy = client.heard[1]
    assert copy.type is discord.MessageType.thread_starter_message
    assert (copy.reference.resolved.content, thread.id) == ("the boiler is cold", message.id)
    assert message.edited_at is None
    assert client.texts == ["the boiler is cold", "", "since Monday"]


async def test_a_thread_from_nothing_is_announced_in_its_channel(server, client):
    thread = server.add_thread(server.general, "boiler", by=server.member("Mia"))

    await server.until(lambda: client.heard)
    line = client.heard[0]
    assert line.type is discord.MessageType.thread_created
    assert (line.content, line.channel, line.reference.channel_id) == (
        "boiler",
        client.room,
        int(thread.id),
    )


async def test_active_threads_are_known_from_the_start(server):
    mia = server.member("Mia")
    open_thread = server.add_thread(server.general, "open", by=mia)
    server.acts.archive(server.add_thread(server.general, "shut", by=mia), archived=True)

    async with ready(Ears(server)) as client:
        known = [thread.name for thread in client.guilds[0].threads]
        active = await client.guilds[0].active_threads()
        archived = [one.name async for one in client.room.archived_threads()]

    assert known == [open_thread.name] == [thread.name for thread in active]
    assert archived == ["shut"]


async def test_a_deleted_channel_takes_its_threads_along(server, client):
    room = server.add_channel("room")
    thread = server.add_thread(room, "side", by=server.member("Mia"))

    server.acts.delete_channel(room)

    await server.until(lambda: "guild_channel_delete" in client.events)
    assert client.get_channel(int(room.id)) is client.get_channel(int(thread.id)) is None


async def test_voice_and_announcement_channels_carry_messages_too(server, client):
    mia = server.member("Mia")
    lounge = server.add_channel("lounge", ChannelType.VOICE)
    news = server.add_channel("news", ChannelType.ANNOUNCEMENT)

    await mia.says(lounge, "mic is broken")
    await mia.says(news, "we moved")

    await server.until(lambda: len(client.heard) == 2)
    assert [type(message.channel) for message in client.heard] == [
        discord.VoiceChannel,
        discord.TextChannel,
    ]


async def test_a_webhook_speaks_under_any_name(server, client):
    webhook_says(server, server.general, "Relay", "from afar")

    await server.until(lambda: client.heard)
    assert (client.heard[0].author.name, client.heard[0].webhook_id is None) == ("Relay", False)


async def test_the_preview_of_a_link_is_an_update_but_no_edit(server, client):
    message = await server.member("Mia").says(server.general, "https://example.com")
    updates = []

    async def on_raw_message_edit(update):
        updates.append(update)

    client.event(on_raw_message_edit)
    show_preview(server, message)

    await server.until(lambda: updates)
    assert updates[0].message.edited_at is None
    assert updates[0].message.embeds[0].title == "Example"


async def test_a_resume_may_tell_again_what_was_heard(server, client):
    await server.member("Mia").says(server.general, "hello")
    await server.until(lambda: client.heard)
    server.gateway.num_replayed_twice = 1

    server.gateway.drop_connections()

    await server.until(lambda: "resumed" in client.events)
    assert client.texts == ["hello", "hello"]


async def test_what_is_waited_for_in_vain_names_the_last_requests(server, client):
    with pytest.raises(AssertionError, match="GET /oauth2/applications/@me -> 200"):
        await server.until(lambda: False, within_s=0.01)


async def test_a_route_that_the_server_does_not_know_fails_the_test():
    with pytest.raises(AssertionError, match="GET /sticker-packs"):  # noqa: PT012
        async with discord_server() as server:
            with pointed_at(server):
                async with ready(Ears(server)) as client:
                    with pytest.raises(discord.NotFound):
                        await client.fetch_premium_sticker_packs()


async def test_people_of_other_servers_are_the_same_people(server, client):
    mill = server.add_guild("Mill")
    here, there = server.member("Mia", nick="M"), server.member("Mia", nick="Boss", guild=mill)

    await there.says(server.add_channel("lane", guild=mill), "hello")

    await server.until(lambda: client.heard)
    assert here.user is there.user
    assert client.heard[0].author.display_name == "Boss"
