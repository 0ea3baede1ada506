"""Which channels the bot knows itself to be in, whoever hears of it first, last or twice."""

import asyncio
from datetime import timedelta

import pytest

from bot.platforms.slack import fetching
from bot.platforms.slack.fetching import Listing
from bot.platforms.slack.keys import ts_at
from bot.platforms.slack.membership import Membership
from bot.platforms.slack.scopes import BOT_SCOPES
from tests.slack.missing import ago, listening_bot, missed
from tests.slack_server.world import Kind


@pytest.fixture
async def bot(slack, database_url):
    async with listening_bot(slack, database_url) as running:
        yield running


async def test_an_invitation_while_the_channels_are_listed_is_kept(slack, bot):
    tea = slack.add_channel("tea")
    gate = slack.faults.hold(on="users.conversations", after=True)
    sweep = asyncio.create_task(bot.sweeps())
    await gate.reached.wait()
    await bot.invited_now(tea)
    gate.open()
    await sweep

    await bot.hears(await slack.says("Ben", "tea", "one"))
    slack.clock.advance(60)
    await slack.says("Ben", "tea", "two", tell=False)
    slack.clock.advance(60)
    bot.restart()
    await bot.sweeps()

    assert await bot.texts(tea) == ["one", "two"]


async def test_two_processes_that_hear_of_invitations_at_once_keep_both(slack, bot):
    one, two = (Membership(bot.store, slack.clock.now) for _ in range(2))
    tea, coffee = bot.place(slack.add_channel("tea")), bot.place(slack.add_channel("coffee"))

    await asyncio.gather(one.joined(tea), two.joined(coffee))

    assert {tea.channel, coffee.channel} <= await one.channels(bot.team.id)
    assert await two.is_member(tea)


async def test_what_is_missed_in_a_group_chat_that_was_heard_but_never_listed_is_fetched(
    slack, bot
):
    trio = slack.add_channel("trio", Kind.MPIM, members=["Alice", "Ben"])
    await bot.hears(await slack.says("Ben", "trio", "a plan"))
    slack.clock.advance(60)
    await slack.says("Ben", "trio", "a better plan", tell=False)
    slack.clock.advance(60)

    bot.restart()
    await bot.sweeps()

    assert await bot.texts(trio) == ["a plan", "a better plan"]


async def test_what_was_said_between_two_stays_in_a_channel_is_not_fetched(slack, bot):
    tea = slack.add_channel("tea")
    await bot.invited(tea)
    await bot.hears(await slack.says("Ben", "tea", "one"))
    await bot.catch_up.membership.left(bot.place(tea))
    slack.clock.advance(60)
    await slack.says("Ben", "tea", "among us", tell=False)
    slack.clock.advance(60)

    bot.restart()
    await bot.sweeps()

    assert await bot.texts(tea) == ["one"]


async def test_a_channel_that_a_complete_list_lacks_is_left(slack, bot):
    membership, here = bot.catch_up.membership, bot.place(slack.general)
    later = slack.clock.now() + timedelta(hours=1)

    await membership.took(bot.team.id, Listing([], [], later, is_complete=False))
    assert await membership.is_member(here)
    await membership.took(bot.team.id, Listing([], [], later, is_complete=True))
    assert not await membership.is_member(here)


async def test_a_list_that_never_ends_makes_no_channel_forgotten(slack, bot, monkeypatch, caplog):
    monkeypatch.setattr(fetching, "PAGE_SIZE", 1)
    monkeypatch.setattr(fetching, "MAX_CHANNEL_PAGES", 1)
    tea = slack.add_channel("tea")
    await bot.invited(tea)
    await slack.says("Ben", "tea", "one", ago=ago(minutes=5), tell=False)
    await missed(slack, "two")

    await bot.sweeps()

    assert (await bot.texts(tea), await bot.texts()) == (["one"], ["two"])
    assert "of the channels of Harbor only 1 are looked at" in caplog.text


async def test_an_old_invitation_or_removal_told_once_more_changes_nothing(slack, bot):
    membership, here = bot.catch_up.membership, bot.place(slack.general)
    invited = slack.clock.now() - timedelta(hours=2)
    await membership.joined(here, invited)
    await missed(slack, "one")

    await membership.left(here, invited - timedelta(hours=1))
    await membership.joined(here, invited)
    await bot.sweeps()

    assert await bot.texts() == ["one"]


async def test_an_invitation_told_once_more_hides_nothing_that_was_missed(chat, slack):
    async with chat.running():
        invited = {
            "type": "member_joined_channel",
            "channel": slack.general.id,
            "user": slack.bot.id,
            "event_ts": ts_at(slack.clock.now()),
        }
        team = await chat.bot.team(slack.team.id)
        await chat.bot.events.event({"event": invited}, team)
        slack.clock.advance(60)
        await slack.says("Ben", "general", "missed", tell=False)
        slack.clock.advance(60)

        await chat.bot.events.event({"event": invited}, team)
        chat.bot.events.ears.catch_up.gap_began(None)
        await chat.bot.events.ears.catch_up.sweep(team)

        assert await chat.history() == [("Ben", "missed")]


@pytest.mark.parametrize("scope", ["channels:read", "groups:read", "im:read", "mpim:read"])
async def test_what_a_missing_scope_hides_hides_nothing_else(slack, bot, scope):
    kinds = {"groups": Kind.PRIVATE, "mpim": Kind.MPIM}
    channels = [slack.general, *(slack.add_channel(name, kinds[name]) for name in kinds)]
    bot.client.token = slack.install(slack.team, [one for one in BOT_SCOPES if one != scope]).value

    await bot.sweeps()

    told = {each.id for each in channels if f"{each.kind.scope}:read" != scope}
    assert told <= await bot.catch_up.membership.channels(bot.team.id)


@pytest.mark.parametrize("scope", ["groups:read", "mpim:read"])
async def test_a_channel_that_a_missing_scope_hides_is_not_left(slack, bot, scope):
    kind = Kind.PRIVATE if scope == "groups:read" else Kind.MPIM
    hidden, left = slack.add_channel("hidden", kind), slack.add_channel("left")
    await bot.invited(hidden)
    await bot.invited(left)
    left.members.remove(bot.team_user)
    bot.client.token = slack.install(slack.team, [one for one in BOT_SCOPES if one != scope]).value

    await bot.sweeps()

    assert await bot.catch_up.membership.is_member(bot.place(hidden))


async def test_without_the_scope_for_direct_chats_it_is_known_which_channels_are_left(slack, bot):
    bot.client.token = slack.install(
        slack.team, [one for one in BOT_SCOPES if one != "im:read"]
    ).value
    slack.general.members.remove(bot.team_user)
    slack.clock.advance(60)

    await bot.sweeps()

    assert not await bot.catch_up.membership.is_member(bot.place(slack.general))


async def test_an_archived_channel_stays_one_of_its_own_and_is_not_looked_at(slack, bot):
    slack.general.archived = True
    bot.restart()
    await bot.sweeps()
    assert not slack.asked("conversations.history")

    slack.general.archived = False
    await bot.hears(await slack.says("Ben", "general", "back", ago=ago(minutes=30)))
    await missed(slack, "one", "two")
    bot.restart()
    await bot.sweeps()

    assert await bot.texts() == ["back", "one", "two"]


async def test_a_channel_that_was_archived_is_greeted_once_it_is_not(chat, slack):
    slack.general.archived = True
    tea = slack.add_channel("tea")
    async with chat.running():
        await slack.until_posted("tea")
        await chat.settled()
        assert not slack.refusals

        await slack.unarchives("Olga", "general")

        await slack.until_posted("general")
        assert await chat.bot.events.channels.membership.is_member(chat.place("general"))
        assert len(slack.posts(tea)) == 1
