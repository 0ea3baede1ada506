"""Several platforms in one process: they stop together, and the first fault is the one that is told."""

import asyncio

import pytest

from bot.config import Settings
from bot.errors import ConfigError
from bot.platforms.together import platforms_with_tokens, together


async def forever(ended, name):
    try:
        await asyncio.Event().wait()
    finally:
        ended.append(name)


async def failing(error):
    raise error


async def test_one_that_fails_for_good_stops_the_others_and_is_told():
    ended = []
    fault = ConfigError("Slack refused the token.")

    with pytest.raises(ConfigError, match=r"Slack refused the token\.") as told:
        await together({"discord": forever(ended, "discord"), "slack": failing(fault)})

    assert told.value is fault
    assert ended == ["discord"]


async def test_a_second_fault_is_told_in_the_log(caplog):
    faults = ConfigError("No Discord."), ConfigError("No Slack.")

    with pytest.raises(ConfigError, match="No Discord"):
        await together({"discord": failing(faults[0]), "slack": failing(faults[1])})

    assert caplog.messages == ["No Slack."]


async def test_whoever_stops_the_process_stops_all():
    ended = []
    names = ["discord", "slack"]
    serving = asyncio.create_task(together({name: forever(ended, name) for name in names}))
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving

    assert sorted(ended) == names


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({}, []),
        ({"discord_token": "t"}, ["discord"]),
        ({"slack_bot_token": "xoxb-1"}, ["slack"]),
        ({"slack_client_id": "1.2", "discord_token": "t"}, ["discord", "slack"]),
        ({"slack_signing_secret": "s"}, []),
    ],
)
def test_a_platform_is_served_if_somebody_gave_it_a_token(given, names):
    assert platforms_with_tokens(Settings(**given)) == names
