"""Below its own words two people who talk are left alone, also where that was missed."""

import pytest

from tests.slack.missing import listening_bot


@pytest.fixture
async def bot(slack, database_url):
    async with listening_bot(slack, database_url) as running:
        yield running


@pytest.mark.parametrize(("names", "is_meant"), [(("Ben", "Ben"), True), (("Ben", "Alice"), False)])
async def test_what_was_missed_below_its_words_is_meant_for_it_if_one_speaks(
    slack, bot, names, is_meant
):
    await bot.client.chat_postMessage(channel=slack.general.id, text="Paris it is.")
    (own,) = slack.posts("general")
    for name in names:
        await slack.says(name, "general", "I am sure of that", thread=own, tell=False)

    await bot.sweeps()

    said = [each for each in await bot.entries(thread=own) if each.text == "I am sure of that"]
    assert [each.addressed for each in said] == [is_meant] * 2
