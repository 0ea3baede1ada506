"""Installations that are hard to find again: another key, another organization."""

import pytest
from slack_sdk.oauth.installation_store import Installation

from bot.platforms.slack.clients import Clients
from bot.platforms.slack.credentials import Provider
from bot.platforms.slack.encrypting import Encryption, new_key
from bot.platforms.slack.installing import new_installations

TEAM = "T1"
GRANTED = Installation(
    app_id="A1",
    team_id=TEAM,
    bot_token="xoxb-1",
    bot_id="B1",
    bot_user_id="U0",
    user_id="U1",
    installed_at=1000.0,
)


@pytest.fixture
async def clients(slack):
    clients = Clients(slack.api_url)
    yield clients
    await clients.close()


def kept_by(store, clients):
    """Make a store of installations with a key of its own."""
    return new_installations(store, Provider("1.2", "secret", Encryption(new_key())), clients)


async def test_a_workspace_whose_token_no_key_reads_is_removed_all_the_same(store, clients):
    await kept_by(store, clients).async_save(GRANTED)

    with_another_key = kept_by(store, clients)

    assert await with_another_key.removed(TEAM, None, at=2000.0)
    assert not await with_another_key.is_kept(TEAM)


async def test_a_workspace_that_joins_an_organization_keeps_its_installation(store, clients):
    installations = kept_by(store, clients)
    await installations.async_save(GRANTED)

    found = await installations.bot(TEAM, "E1")

    assert found is not None
    assert await installations.bot(TEAM) is not None
