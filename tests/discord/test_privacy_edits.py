"""A file that its author removes from a message is gone from the history, with its words."""

import pytest

from tests.discord.weather import Weather

SECRET = "the password is 1234"


@pytest.fixture
def chat(server, database_url):
    return Weather(server, database_url)


async def shown(chat, *names):
    """Let Ana show files with a secret in each; wait until they are read."""
    await chat.says(chat.server.member("Ana"), "hello")  # nothing is fetched any more
    files = [(name, SECRET.encode()) for name in names]
    return await chat.says(chat.server.member("Ana"), "look", files=files)


async def attached(chat, *, text, where=None):
    """Wait until a message has this text; give what is kept of its files."""

    async def edited():
        return next((each for each in await chat.entries(where) if each.text == text), None)

    return (await chat.until(edited)).attachments


async def takes_away(chat, message, index, text="look"):
    """Let Ana take a file away, and say something else instead."""
    del message.attachments[index]
    await chat.server.member("Ana").edits(message, text)


async def test_a_file_that_is_removed_goes_with_its_words(chat):
    async with chat.running():
        message = await shown(chat, "secret.txt")
        assert await attached(chat, text="look") == (f"file secret.txt: {SECRET}",)

        await takes_away(chat, message, 0, "nothing to see")

        assert await attached(chat, text="nothing to see") == ()


async def test_a_file_that_stays_keeps_its_words(chat):
    async with chat.running():
        message = await shown(chat, "a.txt", "b.txt", "a.txt")

        await takes_away(chat, message, 0, "again")

        read = (f"file b.txt: {SECRET}", f"file a.txt: {SECRET}")
        assert await attached(chat, text="again") == read


async def test_a_file_that_is_removed_with_no_other_word_goes_too(chat):
    async with chat.running():
        message = await shown(chat, "secret.txt")
        await takes_away(chat, message, 0)

        async def is_gone():
            return await attached(chat, text="look") == ()

        await chat.until(is_gone)


async def test_a_file_that_is_removed_goes_from_the_thread_made_of_its_message(chat, server):
    async with chat.running():
        message = await shown(chat, "secret.txt")
        ana = server.member("Ana")
        thread = server.add_thread(server.general, "that", by=ana, starter=message)
        await chat.says(ana, "well", where=thread)
        await takes_away(chat, message, 0, "nothing to see")

        assert await attached(chat, text="nothing to see", where=thread) == ()


async def test_a_file_that_is_removed_while_nobody_listens_goes_at_the_start(chat, server):
    async with chat.running():
        message = await shown(chat, "a.txt", "b.txt")
    await takes_away(chat, message, 0, "nothing to see")

    async with chat.running():
        assert await attached(chat, text="nothing to see") == (f"file b.txt: {SECRET}",)
