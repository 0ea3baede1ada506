"""`earshot doctor` looks at the port on which Slack's requests are to be taken, where any are."""

import asyncio
import socket

import pytest

from bot.cli.check_slack import check_slack
from tests.slack.connected import connection, settings_for


@pytest.fixture
def taken():
    """A port that another program has."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


async def about_port(slack, port, **changes):
    """Give what the doctor finds out about the port."""
    settings = settings_for(slack, slack_port=port, **changes)
    findings = await asyncio.to_thread(check_slack, settings)
    return [each for each in findings if f"127.0.0.1:{port}" in each.detail]


async def test_a_port_that_another_program_has_fails(slack, taken):
    (finding,) = await about_port(slack, taken, slack_app_token=None)

    assert (finding.about, finding.ok) == ("slack", False)
    assert "EARSHOT_SLACK_PORT" in finding.remedy


async def test_a_port_that_is_free_is_well(slack):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]

    (finding,) = await about_port(slack, port, slack_app_token=None)

    assert finding.ok
    assert "free" in finding.detail


async def test_a_port_on_which_the_bot_runs_is_well(slack, store, noted):
    settings = settings_for(slack, slack_app_token=None)
    async with connection(settings, store, noted):
        await noted.until(lambda: any("requests are taken" in line for line in noted.said))
        line = next(line for line in noted.said if "requests are taken" in line)
        port = int(line.rstrip(".").rpartition(":")[2])

        (finding,) = await about_port(slack, port, slack_app_token=None)

    assert finding.ok


async def test_over_socket_mode_no_port_is_looked_at(slack, taken):
    assert await about_port(slack, taken) == []
