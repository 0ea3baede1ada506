"""Apps and bots are heard as what people see them as."""

import pytest

from bot.messages import Author
from bot.platforms.slack.files import unread
from bot.platforms.slack.hearing import heard, place
from tests.slack.directory import (
    APP,
    BOT,
    BOT_ID,
    HELPER,
    NELLY,
    TEAM,
    Directory,
    people,
    said,
    served,
)


@pytest.fixture
async def directory():
    return Directory()


@pytest.fixture
async def hears(directory):
    """Hears an event."""
    everybody = people()

    async with served(directory) as team:

        async def hear(event):
            where = place(event, TEAM)
            return await heard(event, where, team=team, people=everybody, reader=unread)

        yield hear


@pytest.mark.parametrize(
    "who",
    [
        {"user": BOT, "bot_id": BOT_ID},
        {"user": BOT},
        {"user": None, "bot_id": BOT_ID, "subtype": "bot_message", "username": "Somebody"},
        {"user": None, "bot_id": "B5", "app_id": APP},
        {"user": None, "bot_id": "B5", "bot_profile": {"app_id": APP}},
    ],
)
async def test_the_assistant_does_not_hear_itself(hears, who):
    assert await hears(said("I think so.", **who)) is None


async def test_a_bot_that_is_a_user_is_heard_as_a_bot(hears):
    message = await hears(said("beep", user=HELPER, bot_id="B3"))

    assert message.author == Author(HELPER, "Helper", is_bot=True)


async def test_what_an_app_says_in_somebodys_name_is_said_by_them(hears):
    message = await hears(said("from my phone", bot_id="B3"))

    assert message.author == Author(NELLY, "Nelly")


@pytest.mark.parametrize(
    ("event", "author"),
    [
        ({"bot_id": "B9"}, Author("B9", "Deploys", is_bot=True)),
        (
            {"bot_id": "B8", "bot_profile": {"name": "Tests &amp; co"}},
            Author("B8", "Tests & co", is_bot=True),
        ),
        ({"bot_id": "B7"}, Author("B7", "B7", is_bot=True)),
        ({"bot_id": "B9", "username": "Ada (irc)"}, Author("B9:Ada (irc)", "Ada (irc)", True)),
        ({"username": "old hook"}, Author("bot:old hook", "old hook", is_bot=True)),
    ],
)
async def test_apps_are_heard_under_their_names_and_relays_stay_apart(hears, event, author):
    message = await hears(said("hi", user=None, subtype="bot_message", **event))

    assert message.author == author


async def test_slackbot_is_a_bot(hears):
    message = await hears(said("an automatic answer", user="USLACKBOT"))

    assert message.author == Author("USLACKBOT", "Slackbot", is_bot=True)


async def test_an_app_may_say_much_but_not_everything(hears):
    sections = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3000}}] * 50

    message = await hears(said("", user=HELPER, bot_id="B3", blocks=sections))

    assert len(message.text) == 4002
