"""In a channel that is off nothing new is read: no edit, no file. What is taken away still goes."""

import pytest

from bot.platforms.edits import NOT_KEPT
from tests.discord.weather import Weather
from tests.discord_server.odd import show_preview

SECRET = "my password is rosebud"


@pytest.fixture
def chat(server, database_url):
    return Weather(server, database_url)


async def turns(chat, mode):
    await chat.server.founder.slash("assistant mode", mode=mode)


async def all_is_heard(chat, gone):
    """Delete a message that is known, and wait until that is taken over, and so all before it."""
    await chat.server.member("Mia").deletes(gone)
    await chat.forgotten(gone)


async def test_an_edit_takes_the_old_words_away_and_brings_no_new_ones(chat, server):
    mia = server.member("Mia")
    async with chat.running():
        said, gone = await chat.says(mia, "we meet at nine"), await chat.says(mia, "never mind")
        await turns(chat, "off")

        await mia.edits(said, SECRET)
        await all_is_heard(chat, gone)

        (entry, _) = await chat.entries()
        assert (entry.text, entry.attachments) == ("", (NOT_KEPT,))


async def test_a_preview_that_discord_adds_takes_no_words_away(chat, server):
    mia = server.member("Mia")
    async with chat.running():
        said = await chat.says(mia, "https://a.example")
        gone = await chat.says(mia, "never mind")
        await turns(chat, "off")

        show_preview(server, said)
        await all_is_heard(chat, gone)

        assert await chat.history() == [("Mia", "https://a.example")]


async def test_what_was_edited_before_it_was_off_stays_though_it_is_told_again(chat, server):
    mia = server.member("Mia")
    async with chat.running():
        said = await chat.says(mia, "we meet at nine")
        gone = await chat.says(mia, "never mind")
        await mia.edits(said, "we meet at ten")
        await turns(chat, "off")

        show_preview(server, said)
        await all_is_heard(chat, gone)

        assert await chat.history() == [("Mia", "we meet at ten")]


async def test_an_edit_made_while_it_was_off_and_nobody_listened_is_not_read_afterwards(
    chat, server
):
    mia = server.member("Mia")
    async with chat.running():
        said = await chat.says(mia, "we meet at nine")
        await turns(chat, "off")
    await mia.edits(said, SECRET)
    async with chat.running():
        await turns(chat, "active")

    async with chat.running():
        await chat.says(mia, "hello")

        assert await chat.texts() == ["", "hello"]


async def test_an_edit_that_was_not_read_is_not_read_after_a_restart_either(chat, server):
    mia = server.member("Mia")
    async with chat.running():
        said = await chat.says(mia, "we meet at nine")
        gone = await chat.says(mia, "never mind")
        await turns(chat, "off")
        await mia.edits(said, SECRET)
        await all_is_heard(chat, gone)
        await turns(chat, "active")

    async with chat.running():
        await chat.says(mia, "hello")

        assert await chat.texts() == ["", "hello"]


async def test_what_is_edited_once_it_is_on_again_is_read(chat, server):
    mia = server.member("Mia")
    async with chat.running():
        said = await chat.says(mia, "we meet at nine")
        await turns(chat, "off")
        await mia.edits(said, SECRET)
        await turns(chat, "active")
        await mia.edits(said, "we meet at ten")

        await chat.says(mia, "hello")

        assert await chat.texts() == ["we meet at ten", "hello"]


async def test_no_file_is_fetched(chat, server):
    mia = server.member("Mia")
    async with chat.running():
        gone = await chat.says(mia, "never mind")
        await turns(chat, "off")

        await mia.says(server.general, "look", files=[("notes.txt", SECRET.encode())])
        await all_is_heard(chat, gone)

    assert server.asked("GET", "/attachments") == []


async def test_no_file_of_somebody_who_opted_out_is_fetched(chat, server):
    mia = server.member("Mia")
    async with chat.running():
        await mia.slash("assistant privacy optout")

        await chat.says(mia, "look", files=[("notes.txt", SECRET.encode())])

        assert await chat.history() == [("Mia", "")]
    assert server.asked("GET", "/attachments") == []
