"""Slack fails while somebody installs the app: they are told so, and where to begin anew."""

import pytest

from bot.platforms.slack.paths import INSTALL_PATH
from tests.logs import logged
from tests.slack.installing import for_many, installed_by, stored

UNFINISHED = "Slack: an installation was not finished: "


@pytest.fixture
def harbor(slack):
    """A workspace that has not installed the app yet."""
    return slack.add_team("Lighthouse", installed=False)


def cut(slack, method):
    slack.faults.reset(on=method)
    return "Slack cannot be reached: the connection was cut"


def in_trouble(slack, method):
    slack.faults.unavailable(on=method)
    return "Slack is in trouble (service_unavailable)"


def replaced(slack, method):
    slack.faults.respond(502, "<html>", on=method)
    return "whoever answers, it is not Slack"


@pytest.mark.parametrize("method", ["oauth.v2.access", "auth.test"])
@pytest.mark.parametrize("how", [cut, in_trouble, replaced])
async def test_who_installs_it_is_told_and_may_begin_anew(  # noqa: PLR0913 - fixtures
    slack, store, noted, harbor, caplog, how, method
):
    async with for_many(slack, store, noted) as (address, _):
        why = how(slack, method)
        status, page, _ = await installed_by(slack, address, harbor)
        assert (status, await stored(store)) == (503, [])
        assert f'href="{INSTALL_PATH}"' in page
        assert "Slack cannot be reached now" in page

        assert (await installed_by(slack, address, harbor))[0] == 200
    assert logged(caplog) == [f"{UNFINISHED}{method}: {why}"]
    assert not any(record.exc_info for record in caplog.records)
    assert [one.id for one in noted.installed] == [harbor.id]


async def test_what_slack_refuses_is_logged_by_its_own_word(slack, store, noted, harbor, caplog):
    slack.faults.error("bad_client_secret", on="oauth.v2.access")
    async with for_many(slack, store, noted) as (address, _):
        status, page, _ = await installed_by(slack, address, harbor)

    assert status == 401
    assert "bad_client_secret" in page
    assert logged(caplog) == [f"{UNFINISHED}'bad_client_secret'"]
