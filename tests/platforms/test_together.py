"""Several platforms in one process: they stop together; one whose credentials are wrong ends alone."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from bot.config import Settings
from bot.errors import ConfigError, StoreError
from bot.platforms.together import Bot, platforms_with_tokens, together
from tests.waiting import seen


def forever(name, ended):
    """Make one that runs until it is stopped."""

    async def serve():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(name)

    return Bot(lambda: (serve(), lambda: True))


def failing(*errors):
    """Make one that cannot be served, each time for another reason, and then can."""
    left = list(errors)

    async def serve():
        if left:
            raise left.pop(0)
        await asyncio.Event().wait()

    return Bot(lambda: (serve(), lambda: True))


def refused(platform):
    return ConfigError(f"{platform} refused the token. Make a new one.")


@asynccontextmanager
async def together_under_way(bots, **how):
    serving = asyncio.create_task(together(bots, **how))
    try:
        yield
    finally:
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving


async def test_one_that_a_person_has_to_mend_ends_alone_and_is_told(caplog):
    ended = []
    bots = {"discord": forever("discord", ended), "slack": failing(refused("Slack"))}

    async with together_under_way(bots):
        await seen(lambda: caplog.messages)

        assert caplog.messages == [
            "Slack refused the token. Make a new one. Until then nothing is heard on Slack, which is "
            "tried again every hour; Discord goes on. What is changed in the settings holds from a "
            "new start on"
        ]
        assert caplog.records[0].levelname == "ERROR"
        assert ended == []
        assert bots["discord"].hears()
        assert not bots["slack"].hears()
    assert ended == ["discord"]


async def test_one_that_was_mended_at_its_platform_is_served_after_an_hour(caplog):
    bots = {"discord": forever("discord", []), "slack": failing(*[refused("Slack")] * 2)}
    naps = []

    async def sleep(seconds):
        naps.append((seconds, bots["slack"].hears()))

    async with together_under_way(bots, sleep=sleep):
        await seen(lambda: bots["slack"].hears())

    assert naps == [(3600.0, False)] * 2
    assert len(caplog.messages) == 2


async def test_one_that_cannot_even_be_begun_ends_alone(caplog):
    def begin():
        raise refused("Slack")

    bots = {"discord": forever("discord", []), "slack": Bot(begin)}

    async with together_under_way(bots):
        await seen(lambda: caplog.messages)

        assert bots["discord"].hears()


async def test_where_none_is_left_the_run_ends_with_the_last_and_the_others_were_told(caplog):
    with pytest.raises(ConfigError, match="Slack refused the token"):
        await together({"discord": failing(refused("Discord")), "slack": failing(refused("Slack"))})

    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("Discord refused the token. Make a new one. ")


async def test_the_only_one_ends_the_run_without_a_line_of_its_own(caplog):
    fault = refused("Slack")

    with pytest.raises(ConfigError) as told:
        await together({"slack": failing(fault)})

    assert told.value is fault
    assert caplog.messages == []


async def test_what_no_person_can_mend_stops_all_and_is_told():
    ended = []
    fault = StoreError("the disk is gone")

    with pytest.raises(StoreError) as told:
        await together({"discord": forever("discord", ended), "slack": failing(fault)})

    assert told.value is fault
    assert ended == ["discord"]


async def test_a_second_fault_is_told_in_the_log(caplog):
    faults = StoreError("No disk."), StoreError("No database.")

    with pytest.raises(StoreError, match="No disk"):
        await together({"discord": failing(faults[0]), "slack": failing(faults[1])})

    assert caplog.messages == ["No database."]


async def test_whoever_stops_the_process_stops_all():
    ended = []
    names = ["discord", "slack"]
    serving = asyncio.create_task(together({name: forever(name, ended) for name in names}))
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
