"""What is said while the bot is away is recorded, and decided on once when it is back."""

import pytest

from tests.clock import hours_off
from tests.discord.weather import Weather
from tests.discord_server import ChannelType, Permission
from tests.logs import logged


@pytest.fixture
def chat(server, database_url):
    return Weather(server, database_url)


async def chatted(chat, *channels):
    """Let the bot hear a first line in each channel, and go."""
    async with chat.running():
        ben = chat.server.member("Ben")
        for channel in channels or (chat.server.general,):
            await chat.heard(channel, await ben.says(channel, "first"))


async def test_missed_messages_are_recorded_in_order_and_silently(chat, server, caplog):
    caplog.set_level("INFO")
    await chatted(chat)
    mia, ben = server.member("Mia"), server.member("Ben")
    for number in range(3):
        await mia.says(server.general, f"Mia {number}")
        last = await ben.says(server.general, f"Ben {number}")

    async with chat.running():
        await chat.heard(server.general, last)

        assert await chat.texts() == ["first", "Mia 0", "Ben 0", "Mia 1", "Ben 1", "Mia 2", "Ben 2"]
        assert chat.posts() == []
        assert await chat.decisions() == [("silent", "threshold")] * 2
    where = chat.place(server.general)
    assert f"Discord: 6 messages missed in {where} are recorded" in logged(caplog, 20)


async def test_a_young_mention_is_answered_once(chat, server):
    await chatted(chat)
    mia = server.member("Mia")
    asked = await mia.says(server.general, "the capital of France?", mentions=[server.bot])
    await mia.says(server.general, "anybody?")

    for _ in range(2):
        async with chat.running():
            last = await mia.says(server.general, "hm")
            await chat.heard(server.general, last)

    assert [(each.content, each.reply_to_id) for each in chat.messages()] == [("Paris.", asked.id)]


async def test_an_old_mention_is_not_answered(chat, server):
    await chatted(chat)
    mia = server.member("Mia")
    asked = await mia.says(server.general, "the capital?", mentions=[server.bot])
    chat.changes["max_age_s"] = 0.001

    async with chat.running():
        await chat.heard(server.general, asked)

        assert chat.posts() == []
        assert (await chat.decisions())[-1] == ("silent", "too old")


async def test_what_is_said_during_the_fetch_comes_after_what_was_missed(chat, server):
    await chatted(chat)
    mia = server.member("Mia")
    await mia.says(server.general, "missed 1")
    await mia.says(server.general, "missed 2")
    gate = server.faults.hold(on="GET */messages", after=True)

    async with chat.running(connects=False):
        await gate.reached.wait()
        await mia.says(server.general, "live 1")
        live = await mia.says(server.general, "live 2")
        gate.open()
        await chat.heard(server.general, live)

        assert await chat.texts() == ["first", "missed 1", "missed 2", "live 1", "live 2"]


async def test_a_thread_begun_meanwhile_is_fetched_from_its_beginning(chat, server):
    await chatted(chat)
    mia, ben = server.member("Mia"), server.member("Ben")
    topic = await mia.says(server.general, "who brings the cake")
    thread = server.add_thread(server.general, "Cake", by=ben, starter=topic)
    await ben.says(thread, "I do")

    async with chat.running():
        await chat.heard(thread, await mia.says(thread, "thanks"))

        assert await chat.texts(thread) == ["who brings the cake", "I do", "thanks"]
        await chat.heard(server.general, topic)
        assert await chat.texts() == ["first", "who brings the cake"]


async def test_a_channel_made_meanwhile_and_the_chats_of_voice_channels_are_fetched(chat, server):
    await chatted(chat)
    mia = server.member("Mia")
    spoken = (ChannelType.VOICE, ChannelType.STAGE)
    channels = [server.add_channel(f"tea {kind}", kind) for kind in (ChannelType.TEXT, *spoken)]
    said = [await mia.says(channel, "anybody here") for channel in channels]

    async with chat.running():
        for channel, message in zip(channels, said, strict=True):
            await chat.heard(channel, message)


async def test_a_forum_post_made_meanwhile_is_fetched(chat, server):
    forum = server.add_channel("ideas", ChannelType.FORUM)
    await chatted(chat)
    post = await server.add_post(forum, "A sauna", "on the roof", by=server.member("Mia"))

    async with chat.running():
        first = next(iter(post.messages.values()))
        await chat.heard(post, first)

        assert await chat.texts(post) == ["Title: A sauna\non the roof"]


async def test_direct_messages_are_fetched_and_answered(chat, server):
    mia = server.member("Mia")
    async with chat.running():
        await chat.heard(mia.dm, await mia.says(mia.dm, "hello"))
    await mia.says(mia.dm, "the capital of France?")

    async with chat.running():
        await server.until(lambda: len(chat.posts(mia.dm)) == 2)
        await chat.settled()

        assert await chat.texts(mia.dm) == ["hello", "Paris.", "the capital of France?", "Paris."]


async def test_the_first_words_of_somebody_in_private_are_fetched_with_their_next(chat, server):
    await chatted(chat)
    mia = server.member("Mia")
    await mia.says(mia.dm, "the capital of France is what I need")

    async with chat.running():
        await chat.heard(mia.dm, await mia.says(mia.dm, "hello?"))

        said = [text for name, text in await chat.history(mia.dm) if name == "Mia"]
        assert said == ["the capital of France is what I need", "hello?"]
        assert "Paris." in chat.posts(mia.dm)


async def test_what_was_said_while_the_mode_was_off_is_never_fetched(chat, server):
    await chatted(chat)
    mia = server.member("Mia")
    async with chat.running():
        await server.founder.slash("assistant mode", mode="off")
        await mia.says(server.general, "a secret")
    await mia.says(server.general, "another secret")

    async with chat.running():
        await server.founder.slash("assistant mode", mode="listen")
    async with chat.running():
        await chat.heard(server.general, await mia.says(server.general, "hello"))

        assert await chat.texts() == ["first", "hello"]


async def test_a_cleared_history_is_not_fetched_again(chat, server):
    await chatted(chat)
    async with chat.running():
        await server.founder.slash("assistant clear", confirm="confirm")
    async with chat.running():
        mia = server.member("Mia")
        await chat.heard(server.general, await mia.says(server.general, "hello"))

        assert await chat.texts() == ["hello"]


async def test_a_cleared_history_is_not_fetched_again_where_the_clock_is_seconds_behind(
    chat, server
):
    chat.local_clock = hours_off(-4 / 3600)  # so little is not put right
    await chatted(chat)
    async with chat.running():
        await server.founder.slash("assistant clear", confirm="confirm")
    async with chat.running():
        await chat.heard(server.general, await server.member("Mia").says(server.general, "hello"))

        assert await chat.texts() == ["hello"]


async def test_what_is_cleared_during_the_fetch_does_not_come_back(chat, server):
    await chatted(chat)
    mia = server.member("Mia")
    await mia.says(server.general, "missed")
    gate = server.faults.hold(on="GET */messages", times=9)

    async with chat.running():
        await gate.reached.wait()
        await server.founder.slash("assistant clear", confirm="confirm")
        server.faults.clear()
        await chat.heard(server.general, await mia.says(server.general, "hello"))

        assert await chat.texts() == ["hello"]


async def test_what_was_said_while_it_was_off_is_not_fetched_by_a_late_try(chat, server):
    await chatted(chat)
    mia = server.member("Mia")
    server.faults.respond(503, on="GET */messages", times=99)
    async with chat.running():
        await chat.until(lambda: chat.store.marks.gap_from(chat.place(server.general)))
        await server.founder.slash("assistant mode", mode="off")
        await mia.says(server.general, "a secret")
        await server.founder.slash("assistant mode", mode="listen")
        server.faults.clear()
        chat.naps.over()
        await server.until(lambda: server.asked("GET", "/messages")[-1].status == 200)
        await chat.heard(server.general, await mia.says(server.general, "hello"))

        assert await chat.texts() == ["first", "hello"]


async def test_hundreds_of_missed_messages_are_fetched_page_by_page(chat, server):
    await chatted(chat)
    mia = server.member("Mia")
    said = [(await mia.says(server.general, f"line {number}")) for number in range(250)]

    async with chat.running():
        await chat.heard(server.general, said[-1])

        assert await chat.texts() == ["first", *(f"line {number}" for number in range(250))]
        assert len(await chat.decisions()) == 2


async def test_without_the_right_to_read_the_history_nothing_is_taken_for_deleted(chat, server):
    await chatted(chat)
    mia = server.member("Mia")
    async with chat.running():
        await chat.heard(
            server.general, await mia.says(server.general, "Paris?", mentions=[server.bot])
        )
    await mia.says(server.general, "nobody can read this later")
    server.change_permissions(server.general, deny=Permission.READ_MESSAGE_HISTORY)

    async with chat.running():
        await chat.heard(server.general, await mia.says(server.general, "hello"))

        assert await chat.texts() == ["first", "@Earshot Paris?", "Paris.", "hello"]
        assert chat.posts() == ["Paris."]


async def test_a_server_that_removed_the_bot_meanwhile_is_noted(chat, server, caplog):
    caplog.set_level("INFO")
    other = server.add_guild("Elsewhere")
    server.add_channel("lobby", guild=other)
    await chatted(chat)
    server.acts.leave_guild(other)

    async with chat.running():
        await chat.until(lambda: _only(chat, server.guild))
    assert f"Discord: no longer in the server {other.id}" in logged(caplog, 20)


async def _only(chat, guild):
    return await chat.store.workspaces.present("discord") == [guild.id]
