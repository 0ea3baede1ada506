"""An app of many workspaces begins once Slack answers: by then it knows Slack's time, and not before."""

import pytest

from tests.clock import hours_off, tells_hours_off
from tests.logs import logged
from tests.slack.connected import connection, settings_for
from tests.slack.installed import KEY, answered, asks, comes, for_many, two_workspaces


@pytest.fixture
def chat(slack, database_url):
    return for_many(slack, database_url)


@pytest.fixture
def team(slack):
    return two_workspaces(slack)[0]


@pytest.mark.parametrize("hours", [1, -1])
async def test_a_reply_that_waits_is_no_older_by_a_wrong_clock(chat, slack, team, caplog, hours):
    async with chat.running():
        await comes(chat, team)
        down = slack.faults.unavailable(on="chat.*", times=999)
        await asks(chat, team)
        await slack.until(lambda: down.num_met)
        assert len(await chat.pending()) == 1
    slack.faults.clear()
    chat.local_clock = hours_off(hours)

    async with chat.running():
        assert await answered(chat, team) == ["Paris."]

    assert tells_hours_off(logged(caplog), hours, "Slack")


async def test_it_waits_for_slack_and_says_so_and_begins_by_itself(slack, store, noted, caplog):
    settings = settings_for(
        slack,
        slack_bot_token=None,
        slack_app_token=None,
        slack_client_id=slack.client_id,
        slack_client_secret=slack.client_secret,
        slack_encryption_key=KEY,
    )
    slack.faults.unavailable(on="api.test", times=3)
    waited = []

    async def sleep(seconds):
        waited.append((seconds, list(noted.said)))

    async with connection(settings, store, noted, sleep=sleep):
        await noted.until(lambda: len(noted.said) == 2)

    assert waited == [(1.0, []), (2.0, []), (4.0, [])]
    begins = f"Slack cannot be reached at {slack.api_url.rstrip('/')}: whether it answers: "
    told = [line for line in logged(caplog) if line.startswith(begins)]
    assert [line.partition("; ")[2] for line in told] == [
        "trying again in 1 s",
        "trying again in 2 s",
        "trying again in 4 s",
    ]


async def test_a_server_without_that_method_is_no_trouble(slack, store, noted):
    slack.faults.error("unknown_method", on="api.test", times=9)
    async with connection(
        settings_for(
            slack,
            slack_bot_token=None,
            slack_app_token=None,
            slack_client_id=slack.client_id,
            slack_client_secret=slack.client_secret,
            slack_encryption_key=KEY,
        ),
        store,
        noted,
    ):
        await noted.until(lambda: len(noted.said) == 2)
