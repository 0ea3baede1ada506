"""What somebody on Discord wrote before they were forgotten is not kept, however late it comes."""

import pytest

from bot.platforms.discord.keys import PLATFORM
from bot.runtime import utc_now
from tests.discord.weather import Weather


@pytest.fixture
def chat(server, database_url):
    return Weather(server, database_url)


async def test_what_was_missed_of_one_who_was_forgotten_meanwhile_has_no_words(chat, server):
    mia, ben = server.member("Mia"), server.member("Ben")
    async with chat.running():
        await chat.says(ben, "hello")
    await mia.says(server.general, "a word of mine")
    gate = server.faults.hold(on="GET */messages", after=True)

    async with chat.running(connects=False):
        await gate.reached.wait()
        workspace, now = chat.place().workspace, utc_now()
        await chat.store.speakers.forget(PLATFORM, workspace, str(mia.id), at=now)
        gate.open()
        await chat.says(mia, "a new word")

        assert await chat.texts() == ["hello", "", "a new word"]
