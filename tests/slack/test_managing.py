"""Who manages what on Slack: admins, owners, makers of channels, and nobody whom Slack does not know."""

import logging
from collections.abc import AsyncIterator

import pytest

from bot.commands import Caller
from bot.messages import workspace_key
from bot.platforms.memory import Memory
from bot.platforms.slack.keys import PLATFORM
from bot.platforms.slack.managing import MAX_RIGHTS_AGE_S, Managing
from bot.platforms.slack.naming import People
from bot.runtime import utc_now
from tests.logs import warnings_in
from tests.slack.commanded import Bot, running_bot
from tests.slack_server import Kind, SlackServer


@pytest.fixture
async def bot(database_url: str, slack: SlackServer) -> AsyncIterator[Bot]:
    async with running_bot(database_url, slack) as running:
        yield running


async def caller(bot: Bot, who: str, channel: str) -> Caller:
    user_id = bot.slack.user(who).id
    return await bot.interactions.commanding.managing.caller(bot.team, bot.where(channel), user_id)


def rights(found: Caller) -> tuple[bool, bool]:
    return found.may_manage, found.may_manage_workspace


@pytest.mark.parametrize("fact", ["is_admin", "is_owner", "is_primary_owner"])
async def test_admins_and_owners_manage_channels_and_the_workspace(bot: Bot, fact: str) -> None:
    bot.slack.member("Alice", **{fact: True})

    assert rights(await caller(bot, "Alice", "general")) == (True, True)


async def test_who_manages_no_more_does_not_for_long_though_nobody_told(bot: Bot) -> None:
    alice, now_s = bot.slack.member("Alice", is_admin=True), 0.0
    everybody = People(name="Earshot", kept=Memory(bot.store), clock=lambda: now_s)
    managing = Managing(everybody, utc_now)
    assert rights(await managing.caller(bot.team, bot.where("general"), alice.id)) == (True, True)

    alice.is_admin = False
    now_s += MAX_RIGHTS_AGE_S

    assert rights(await managing.caller(bot.team, bot.where("general"), alice.id)) == (False, False)


async def test_whoever_made_a_channel_manages_it_and_no_more(bot: Bot) -> None:
    bot.slack.add_channel("trips", Kind.PRIVATE, members=["Alice", "Bob"])

    assert rights(await caller(bot, "Alice", "trips")) == (True, False)
    assert rights(await caller(bot, "Bob", "trips")) == (False, False)
    assert rights(await caller(bot, "Alice", "general")) == (False, False)


async def test_in_a_direct_chat_everybody_manages_that_chat(bot: Bot) -> None:
    bot.slack.member("Gil", is_ultra_restricted=True)

    assert rights(await caller(bot, "Bob", "@Bob")) == (True, False)
    assert rights(await caller(bot, "Gil", "@Gil")) == (True, False)


@pytest.mark.parametrize("fact", ["is_restricted", "is_ultra_restricted"])
async def test_guests_manage_nothing(bot: Bot, fact: str) -> None:
    bot.slack.member("Gil", is_admin=True, **{fact: True})
    bot.slack.add_channel("ours", members=["Gil"])

    assert rights(await caller(bot, "Gil", "ours")) == (False, False)


async def test_people_of_other_workspaces_manage_nothing(bot: Bot) -> None:
    other = bot.slack.add_team("Lighthouse", installed=False)
    bot.slack.member("Sam", team=other, is_owner=True)
    bot.slack.add_channel("shared", shared_with=[other], members=["Sam"])

    assert rights(await caller(bot, "Sam", "shared")) == (False, False)


async def test_who_cannot_be_looked_up_manages_nothing_and_the_log_says_why(
    bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    bot.slack.member("Alice", is_admin=True)
    bot.slack.faults.error("missing_scope", on="users.info")

    found = await caller(bot, "Alice", "general")

    assert rights(found) == (False, False)
    assert found.author.id == bot.slack.user("Alice").id
    (why,) = warnings_in(caplog.records)
    assert "users.info" in why
    assert "missing_scope" in why


async def test_a_channel_that_cannot_be_looked_up_has_no_maker(
    bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    bot.slack.add_channel("trips", members=["Bob"])
    bot.slack.faults.error("missing_scope", on="conversations.info")

    assert rights(await caller(bot, "Bob", "trips")) == (False, False)
    assert any("missing_scope" in warning for warning in warnings_in(caplog.records))


async def test_for_the_workspace_no_channel_is_asked_about(bot: Bot) -> None:
    bot.slack.member("Alice", is_admin=True)
    managing = bot.interactions.commanding.managing
    where = workspace_key(PLATFORM, bot.team.id)

    found = await managing.caller(bot.team, where, bot.slack.user("Alice").id)

    assert rights(found) == (True, True)
    assert not bot.slack.asked("conversations.info")


async def test_the_same_person_is_looked_up_once(bot: Bot) -> None:
    for _ in range(3):
        await caller(bot, "Alice", "general")

    assert len(bot.slack.asked("users.info")) == 1


async def test_where_the_bot_is(bot: Bot, caplog: pytest.LogCaptureFixture) -> None:
    slack, managing = bot.slack, bot.interactions.commanding.managing
    away = slack.add_channel("away", bot_present=False)
    secret = slack.add_channel("secret", Kind.PRIVATE, members=["Alice"], bot_present=False)
    group = slack.add_channel("mpdm-1", Kind.MPIM, members=["Alice", "Bob"])
    private = slack.add_channel("private", Kind.PRIVATE, members=["Alice"])
    between = slack.add_channel("", Kind.IM, members=["Alice", "Bob"], bot_present=False)

    async def is_in(channel_id: str) -> bool | None:
        return await managing.is_in(bot.team, channel_id)

    assert await is_in(slack.general.id)
    assert await is_in(group.id)
    assert await is_in(private.id)
    assert await is_in(slack.dm("Alice").id)
    assert not await is_in(away.id)
    assert not await is_in(secret.id)
    assert not await is_in(between.id)
    slack.faults.error("internal_error", on="conversations.info")
    with caplog.at_level(logging.WARNING):
        assert await is_in(slack.general.id) is None
    assert "internal_error" in caplog.text
