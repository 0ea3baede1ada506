"""Channels that the bot comes into: greeted once, whoever is at it, and heard from the invitation on."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from bot.errors import PlatformError
from bot.messages import ConversationKey
from bot.platforms.in_order import InOrder
from bot.platforms.slack.channels import Channels
from bot.platforms.slack.keys import channel_key, ts_at
from bot.platforms.slack.membership import Membership
from bot.platforms.slack.tasks import Tasks
from bot.platforms.slack.teams import Team
from bot.runtime import utc_now
from tests.fakes import FakePlatform
from tests.slack.directory import people

TEA = channel_key("T1", "C1")
TEAM = Team("T1", "Harbor", "UBOT", "BBOT", "A1", None)


@dataclass
class HeldPlatform(FakePlatform):
    """Says nothing before it may; `failure` is what becomes of it then."""

    is_asked: asyncio.Event = field(default_factory=asyncio.Event)
    may_go_on: asyncio.Event = field(default_factory=asyncio.Event)
    greeted: list[ConversationKey] = field(default_factory=list)

    async def notice(self, where, text, *, reply_to):
        self.is_asked.set()
        await self.may_go_on.wait()
        if self.failure:
            raise self.failure
        self.greeted.append(where)
        await super().notice(where, text, reply_to=reply_to)


@pytest.fixture
def platform():
    return HeldPlatform()


def started(store, platform):
    """Make what one process has."""
    return Channels(
        store=store,
        platform=platform,
        people=people(),
        membership=Membership(store, utc_now),
        turns=InOrder(),
        name="Earshot",
        clock=utc_now,
        tasks=Tasks(),
    )


def invited(at=None):
    event_ts = ts_at(at or utc_now())
    return {
        "type": "member_joined_channel",
        "channel": TEA.channel,
        "user": TEAM.user_id,
        "event_ts": event_ts,
    }


async def test_two_starts_at_once_greet_a_channel_once(store, platform):
    one, two = started(store, platform), started(store, platform)
    await one.membership.joined(TEA)

    greeting = [asyncio.create_task(each.greet_all(TEAM)) for each in (one, two)]
    await platform.is_asked.wait()
    platform.may_go_on.set()
    await asyncio.gather(*greeting)

    assert len(platform.notices) == 1


async def test_an_invitation_during_a_start_is_greeted_once(store, platform):
    channels = started(store, platform)
    await channels.membership.joined(TEA)

    greeting = asyncio.create_task(channels.greet_all(TEAM))
    await platform.is_asked.wait()
    await channels.joined(invited(), TEAM)
    platform.may_go_on.set()
    await greeting
    await channels.tasks.idle()

    assert len(platform.notices) == 1


async def test_a_place_of_which_no_invitation_is_told_is_greeted_at_the_first_word(store, platform):
    platform.may_go_on.set()
    one, two = started(store, platform), started(store, platform)

    for channels in (one, one, two):
        channels.spoken_in(replace(TEA, thread="1.000000"))
        await channels.tasks.idle()
    one.spoken_in(channel_key("T1", "D1"))
    await one.tasks.idle()

    assert platform.greeted == [TEA]


async def test_a_place_that_takes_no_greeting_is_left_alone_until_the_next_start(store, platform):
    platform.may_go_on.set()
    platform.failure = PlatformError("it may not write there")
    channels = started(store, platform)

    for _ in range(2):
        channels.spoken_in(TEA)
        await channels.tasks.idle()
        platform.is_asked.clear()
    platform.failure = None
    channels.spoken_in(TEA)
    await channels.tasks.idle()
    assert not platform.is_asked.is_set()

    started_again = started(store, platform)
    started_again.spoken_in(TEA)
    await started_again.tasks.idle()
    assert len(platform.notices) == 1


async def test_a_channel_that_could_not_be_greeted_is_greeted_at_the_next_start(
    store, platform, caplog
):
    channels = started(store, platform)
    await channels.membership.joined(TEA)
    platform.may_go_on.set()
    platform.failure = PlatformError("the channel is archived")

    await channels.greet_all(TEAM)
    platform.failure = None
    await channels.greet_all(TEAM)
    await channels.greet_all(TEAM)

    assert "could not be greeted: the channel is archived" in caplog.text
    assert len(platform.notices) == 1


async def test_a_channel_whose_greeting_a_stop_cut_short_is_greeted_at_the_next_start(
    store, platform
):
    channels = started(store, platform)
    await channels.joined(invited(), TEAM)
    await platform.is_asked.wait()

    await channels.tasks.close()
    platform.may_go_on.set()
    await started(store, platform).greet_all(TEAM)

    assert len(platform.notices) == 1


@pytest.mark.parametrize("ahead", [timedelta(minutes=-5), timedelta(days=9)])
async def test_a_channel_is_heard_from_when_the_invitation_came(store, platform, ahead):
    channels, now = started(store, platform), utc_now()
    at = now + ahead

    await channels.joined(invited(at), TEAM)
    await channels.tasks.close()

    mark = await store.marks.heard_from(TEA)
    assert mark == at if ahead < timedelta() else now <= mark < at
