"""An app of one workspace that is removed while nobody listens: what is stored goes after its time."""

import asyncio
from datetime import timedelta

import pytest

from bot.errors import ConfigError
from bot.runtime import opened_store
from bot.store import Store
from tests.slack.weather import Weather
from tests.store.erasing import erased
from tests.waiting import WITHIN_S

GRACE = timedelta(days=7)


@pytest.fixture
def chat(slack, database_url):
    return Weather(slack, database_url)


@pytest.fixture
async def known(chat):
    """Let the bot have been here, so that its token is known."""
    async with chat.running():
        await chat.greeted()
        await chat.says("Alice", "good morning")
    return chat


async def refused(chat):
    """Start the bot, which cannot; gives what it says."""
    async with chat.running(connects=False):
        await asyncio.wait([chat.serving], timeout=WITHIN_S)
        error = chat.serving.exception()
    assert isinstance(error, ConfigError)
    return str(error)


async def purged(chat, *, after):
    """Look at what is deleted so long after; gives the workspaces."""
    store = await Store.open(chat.database_url)
    try:
        return await erased(store, chat.slack.clock.now() + after, grace=GRACE)
    finally:
        await store.close()


@pytest.mark.parametrize("how", ["inactive", "revoked"])
async def test_what_is_stored_goes_after_the_time_of_grace(known, slack, how):
    setattr(slack.tokens.of(slack.team)[-1], how, True)

    told = await refused(known)

    assert "its data is deleted" in told
    assert await purged(known, after=GRACE - timedelta(hours=1)) == []
    assert await purged(known, after=GRACE + timedelta(hours=1)) == [("slack", slack.team.id)]


async def test_each_further_try_does_not_put_the_end_off(known, slack):
    slack.tokens.of(slack.team)[-1].inactive = True
    await refused(known)
    slack.clock.advance(timedelta(days=6).total_seconds())
    await refused(known)

    assert await purged(known, after=timedelta(days=2)) == [("slack", slack.team.id)]


async def test_a_token_that_works_ends_the_grace(known, slack):
    slack.tokens.of(slack.team)[-1].inactive = True
    await refused(known)

    slack.install(slack.team)  # its new token is that of the settings
    async with known.running():
        await known.says("Alice", "good evening")

    assert await purged(known, after=3 * GRACE) == []


@pytest.mark.parametrize("error", ["invalid_auth", "not_authed", "token_expired", "missing_scope"])
async def test_no_other_refusal_begins_a_deletion(known, slack, error):
    slack.faults.error(error, on="auth.test", times=9)

    told = await refused(known)

    assert error in told
    assert await purged(known, after=3 * GRACE) == []


async def test_the_ended_token_of_another_workspace_begins_no_deletion(known, slack):
    other = slack.add_team("Lighthouse")
    slack.tokens.of(other)[-1].inactive = True
    known.changes["slack_bot_token"] = slack.token_of(other)

    assert "account_inactive" in await refused(known)

    assert await purged(known, after=3 * GRACE) == []


async def test_the_token_itself_is_not_kept(known, slack, database_url):
    store = await Store.open(database_url)
    notes = await store.notes.named("slack", "token", slack.team.id)
    await store.close()

    assert len(notes) == 1
    assert slack.token not in str(notes)


async def test_even_a_run_that_is_refused_again_deletes_what_is_due(known, slack):
    slack.tokens.of(slack.team)[-1].inactive = True
    await refused(known)
    assert await heard_there(known) != {}

    known.changes["left_after_days"] = 0
    await refused(known)

    assert await heard_there(known) == {}


async def test_an_app_that_was_installed_anew_while_nobody_listened_keeps_its_data(known, slack):
    slack.tokens.of(slack.team)[-1].inactive = True
    await refused(known)
    slack.install(slack.team)  # its new token is that of the settings
    known.changes["left_after_days"] = 0

    async with opened_store(known.settings):
        pass
    async with known.running():
        await known.says("Alice", "good evening")
        assert "good morning" in await known.texts()


async def heard_there(chat):
    """Give what is known of the workspace."""
    store = await Store.open(chat.database_url)
    try:
        return await store.workspaces.heard_in("slack", chat.slack.team.id)
    finally:
        await store.close()
