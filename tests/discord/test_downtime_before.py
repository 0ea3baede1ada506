"""What is heard by another way than a new message, before its place was looked at, hides no gap."""

import pytest

from tests.discord.test_scene_menu import QUESTION, ask_about
from tests.discord.weather import Weather
from tests.discord_server.views import user_json

FETCH = "GET */messages"


@pytest.fixture
def chat(server, database_url):
    return Weather(server, database_url)


@pytest.fixture
async def tea(chat, server):
    """A channel that a start looks at after another one, where Discord takes its time."""
    tea, ben = server.add_channel("tea"), server.member("Ben")
    async with chat.running():
        for channel in (server.general, tea):
            await chat.says(ben, "first", where=channel)
    await ben.says(server.general, "missed")
    return tea


async def test_a_message_that_somebody_points_at(chat, server, tea):
    ben = server.member("Ben")
    missed = [await ben.says(tea, f"missed {number}") for number in range(3)]
    gate = server.faults.hold(on=FETCH, times=1)

    async with chat.running(connects=False):
        await gate.reached.wait()
        await ask_about(chat, ben, missed[1])
        gate.open()
        await chat.heard(tea, missed[-1])

        said = [text for name, text in await chat.history(tea) if name == "Ben"]
        assert said == ["first", "missed 0", "missed 1", "missed 2", QUESTION]


async def test_a_command_s_answer_that_is_filled_in_later(chat, server, tea):
    ben, dice = server.member("Ben"), server.member("Dice", bot=True)
    await ben.says(tea, "missed 0")
    rolled = await dice.says(tea)
    command = {"id": "800", "type": 2, "authorizing_integration_owners": {}}
    rolled.interaction = {**command, "user": user_json(ben.user)}
    await ben.says(tea, "missed 1")
    gate = server.faults.hold(on=FETCH, times=1)

    async with chat.running(connects=False):
        await gate.reached.wait()
        await dice.edits(rolled, "Rolled 6.")
        await chat.heard(tea, rolled)
        gate.open()
        await chat.heard(tea, await ben.says(tea, "live"))

        assert await chat.texts(tea) == ["first", "missed 0", "Rolled 6.", "missed 1", "live"]
