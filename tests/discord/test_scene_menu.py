"""People ask Earshot about a message, by the message's menu."""

from datetime import timedelta

from bot.platforms.discord import pointed_at
from tests.discord_server import Permission

QUESTION = "is that so?"


async def ask_about(talk, person, message):
    """Choose the menu's command, fill in the form, and give the answer."""
    form = await person.asks_about(message)
    asked = await person.submits(form, question=QUESTION)
    await talk.settled()
    return asked.text


def shown(message):
    """Give a question about a message and its answer, as everybody sees them."""
    channel = message.channel
    place = f"{channel.guild.id if channel.guild else '@me'}/{channel.id}"
    return f"> {QUESTION} https://discord.com/channels/{place}/{message.id}\nParis."


async def test_what_was_said_before_it_came_can_be_asked_about(chat, server):
    mia = server.member("Mia")
    old = await mia.says(server.general, "Lyon is the capital", ago=timedelta(days=1))
    async with chat.running():
        text = await ask_about(chat, server.member("Ben"), old)

        assert ("Mia", "Lyon is the capital") in await chat.history(server.general)
    assert text == shown(old)


async def test_what_is_older_than_the_channel_keeps_things_is_not_recorded_to_be_asked_about(
    chat, server
):
    old = await server.member("Mia").says(server.general, "Lyon", ago=timedelta(days=3))
    async with chat.running():
        await chat.set(retention_days=2)
        text = await ask_about(chat, server.member("Ben"), old)

        assert "Lyon" not in str(await chat.history(server.general))
    assert text == shown(old)


async def test_what_it_said_itself_can_be_asked_about(talk, server):
    mia = server.member("Mia")
    await talk.asks(mia, "the capital?")

    (reply,) = talk.messages()
    text = await ask_about(talk, mia, reply)

    assert text == shown(reply)


async def test_the_words_of_somebody_who_opted_out_are_not_quoted(talk, server):
    mia = server.member("Mia")
    await mia.slash("assistant privacy optout")
    words = await talk.says(mia, "Lyon is the capital")

    text = await ask_about(talk, server.member("Ben"), words)

    assert text == shown(words)
    assert "Lyon" not in str(talk.model.asked)


async def test_a_message_in_a_thread_is_asked_about_in_the_thread(talk, server):
    mia = server.member("Mia")
    thread = server.add_thread(server.general, "trips", by=mia)
    words = await talk.says(mia, "Lyon is the capital", where=thread)

    text = await ask_about(talk, mia, words)

    assert text == shown(words)
    assert talk.posts() == []
    assert [name for name, _ in await talk.history(thread)] == ["Mia", "Mia", "Earshot"]


async def test_a_message_in_private_can_be_asked_about(talk, server):
    mia = server.member("Mia")
    words = await talk.says(mia, "Lyon is the capital", where=mia.dm)

    assert await ask_about(talk, mia, words) == shown(words)


async def test_a_file_can_be_asked_about(talk, server):
    words = await talk.says(server.member("Mia"), files=[("notes.txt", b"buy milk")], text="")

    text = await ask_about(talk, server.member("Ben"), words)

    assert text == shown(words)


async def test_what_is_asked_about_pings_nobody(talk, server):
    mia, ben = server.member("Mia"), server.member("Ben")
    await talk.says(ben, "hello")
    words = await talk.says(mia, f"{ben.mention} and @everyone, Lyon is the capital")

    form = await ben.asks_about(words)
    asked = await ben.submits(form, question=QUESTION)
    await talk.settled()

    assert asked.text == shown(words)
    assert not asked.original.pings
    assert not asked.original.pings_everyone


async def test_what_stands_in_two_places_is_asked_about_in_its_own_words(talk, server):
    mia = server.member("Mia")
    starter = await talk.says(mia, "Lyon is the capital")
    server.add_thread(server.general, "trips", by=mia, starter=starter)
    await mia.edits(starter, "Nice is the capital")
    await talk.says(mia, "so")

    text = await ask_about(talk, mia, starter)

    assert text == shown(starter)
    assert ("Mia", "Nice is the capital") in await talk.history(server.general)


async def test_a_file_without_words_is_shown_to_the_model_as_what_is_asked_about(talk, server):
    mia = server.member("Mia")
    words = await talk.says(mia, files=[("plan.txt", b"we sail to Lyon")], text="")
    await talk.says(mia, files=[("other.txt", b"we stay at home")], text="")

    await ask_about(talk, server.member("Ben"), words)

    assert asked_last(talk) == f'Ben: {QUESTION} ⏎ "[file plan.txt: we sail to Lyon]"'


async def test_its_greeting_is_quoted_where_it_is_asked_about(talk, server):
    await server.until(lambda: server.posts(server.general))
    (greeting,) = server.posts(server.general)

    await ask_about(talk, server.member("Ben"), greeting)

    assert f"Ben: {QUESTION} [about a message of the assistant: \"Hello, I'm" in asked_last(talk)
    assert await talk.history(server.general) == [("Ben", QUESTION), ("Earshot", "Paris.")]


async def test_where_it_may_not_read_back_it_knows_what_is_asked_about(chat, server):
    mia = server.member("Mia")
    old = await mia.says(server.general, "Lyon is the capital", ago=timedelta(days=1))
    server.change_permissions(server.general, deny=Permission.READ_MESSAGE_HISTORY)
    async with chat.running():
        await ask_about(chat, server.member("Ben"), old)

    assert asked_last(chat) == f'Ben: {QUESTION} ⏎ "Lyon is the capital"'


async def test_what_is_deleted_before_the_form_comes_is_not_shown_to_the_model(chat, server):
    mia, ben = server.member("Mia"), server.member("Ben")
    old = await mia.says(server.general, "Lyon is the capital", ago=timedelta(days=1))
    server.change_permissions(server.general, deny=Permission.READ_MESSAGE_HISTORY)
    async with chat.running():
        form = await ben.asks_about(old)
        await mia.deletes(old)
        await chat.says(mia, "hello")  # until the deletion, told before, was heard
        await ben.submits(form, question=QUESTION)
        await chat.settled()

    assert "Lyon" not in str(chat.model.asked)


async def test_what_was_pointed_at_too_long_ago_is_forgotten(chat, server, monkeypatch):
    monkeypatch.setattr(pointed_at, "MAX_AGE_S", -1.0)
    mia = server.member("Mia")
    old = await mia.says(server.general, "Lyon is the capital", ago=timedelta(days=1))
    server.change_permissions(server.general, deny=Permission.READ_MESSAGE_HISTORY)
    async with chat.running():
        await ask_about(chat, server.member("Ben"), old)

    assert "Lyon" not in str(chat.model.asked)


def asked_last(talk):
    """Give the last line that the model was asked to answer."""
    users = [turn["content"] for turn in talk.model.asked[-1] if turn["role"] == "user"]
    return users[-1].splitlines()[-1]
