"""What Slack gave up over HTTP is fetched, though something newer was heard in its place since."""

import json

import pytest

from bot.platforms.slack.losses import (
    AGAIN_S,
    FLOODED_S,
    GIVEN_UP_S,
    QUIET_S,
    SENT_OFF_S,
    Losses,
)
from tests.slack.missing import ago, listening_bot
from tests.slack.weather import Weather

TEAM, OTHER = "T1", "T2"
BEGAN = 1_000_000.0
JSON = {"Content-Type": "application/json"}


class Told:
    """Losses, and what they told of, as (workspace, seconds more, since when)."""

    def __init__(self):
        self.now, self.told = 0.0, []
        self.losses = Losses(lambda *what: self.told.append(what), lambda: self.now, began_at=BEGAN)

    def retried(self, num_retry, said_at=BEGAN + 60, team=TEAM):
        self.losses.retried(team, num_retry, said_at)


@pytest.fixture
def told():
    return Told()


def before(said_at):
    """Give the time stamp from which on all that Slack may have given up was said."""
    return f"{said_at - GIVEN_UP_S:.6f}"


def test_late_tries_tell_of_an_outage_once(told):
    for told.now, num_retry in ((0, 1), (1, 2), (2, 3), (AGAIN_S, 2), (AGAIN_S + 1, 2)):
        told.retried(num_retry)

    assert told.told == [(TEAM, 0.0, before(BEGAN))] * 2


def test_an_outage_began_after_what_came_at_its_first_try(told):
    for said_at in (10, 500, 2000):  # the last after the outage
        told.losses.arrived(BEGAN + said_at)

    told.retried(2, BEGAN + 1900)

    assert told.told == [(TEAM, 0.0, before(BEGAN + 500))]


def test_of_many_that_came_only_those_are_kept_that_a_late_try_may_ask_for(told):
    for second in range(100_000):
        told.losses.arrived(BEGAN + second)

    assert len(told.losses._on_time) < 2 * GIVEN_UP_S


def test_what_was_refused_is_told_once_from_its_first_event_when_the_workspace_is_served(told):
    for said_at in (BEGAN + 9, BEGAN + 5, BEGAN + 7):
        told.losses.refused(TEAM, said_at)
    told.losses.served(OTHER)
    assert told.told == []

    for _ in range(2):
        told.losses.served(TEAM)

    assert told.told == [(TEAM, 0.0, f"{BEGAN + 5 - SENT_OFF_S:.6f}")]


def test_what_was_refused_before_the_app_was_removed_is_not_told(told):
    told.losses.refused(TEAM, BEGAN)
    told.losses.forget(TEAM)

    told.losses.served(TEAM)

    assert told.told == []


def test_an_outage_that_began_earlier_than_was_thought_is_told_at_once(told):
    told.losses.arrived(BEGAN + 1000)
    told.retried(2, BEGAN + 1010)
    told.retried(2, BEGAN + 1020)
    told.retried(3, BEGAN + 900)

    assert told.told == [(TEAM, 0.0, before(BEGAN + 1000)), (TEAM, 0.0, before(BEGAN))]


def test_a_clock_that_is_ahead_of_slacks_leaves_the_time_of_the_late_event(told):
    told.retried(2, BEGAN - 3600)

    assert told.told == [(TEAM, 0.0, before(BEGAN - 3600))]


def test_a_flood_is_told_with_its_minute(told):
    told.losses.flooded(TEAM, 1_000_020.0)
    told.losses.flooded(OTHER, None)

    assert told.told == [(TEAM, FLOODED_S, "1000020.000000"), (OTHER, FLOODED_S, None)]


def test_after_a_long_silence_each_place_is_looked_at(told):
    for told.now in (QUIET_S, 2 * QUIET_S, 3 * QUIET_S + 1):
        told.losses.reached()

    assert told.told == [(None, 0.0, None)]


@pytest.fixture
async def bot(slack, database_url):
    slack.team.is_limited = True  # fifteen messages a page
    async with listening_bot(slack, database_url) as running:
        yield running


async def given_up(slack, bot):
    """Let something be lost that is followed by more than two pages; gives what was heard before it."""
    await bot.sweeps()  # from here on nothing is missing as far as it knows
    first = await slack.says("Ben", "general", "0", ago=ago(minutes=20))
    await bot.hears(first)
    await slack.says("Ben", "general", "given up", ago=ago(minutes=15), tell=False)
    for number in range(1, 40):
        past = ago(minutes=10, seconds=-number)
        await bot.hears(await slack.says("Ben", "general", str(number), ago=past))
    slack.clock.advance(61)
    return first


async def test_what_is_missing_further_back_than_a_page_is_found(slack, bot):
    first = await given_up(slack, bot)

    bot.catch_up.gap_began(bot.team.id, first.ts)
    await bot.sweeps()
    for _ in range(3):
        slack.clock.advance(61)
        await bot.catch_up.try_again()

    texts = await bot.texts()
    assert sorted(texts) == sorted(["0", "given up", *map(str, range(1, 40))])
    num_asked = len(slack.asked("conversations.history"))
    bot.catch_up.gap_began(bot.team.id)
    slack.clock.advance(61)
    await bot.sweeps()
    assert len(slack.asked("conversations.history")) == num_asked + 1  # not so far back again


async def test_a_stop_in_between_does_not_forget_how_far_to_look_back(slack, bot):
    first = await given_up(slack, bot)
    slack.faults.rate_limit(30, on="conversations.history")
    bot.catch_up.gap_began(bot.team.id, first.ts)
    await bot.sweeps()

    bot.restart()
    for _ in range(4):
        slack.clock.advance(61)
        await bot.sweeps()

    assert "given up" in await bot.texts()
    assert await bot.store.notes.named("slack", "missed", bot.team.id) == {}


async def test_a_sweep_of_another_process_does_not_look_back_for_this_one(slack, bot):
    first = await slack.says("Ben", "general", "0", ago=ago(minutes=20))
    await bot.hears(first)
    bot.catch_up.gap_began(bot.team.id, first.ts)
    where = bot.place(slack.general)

    bot.catch_up.listening.sweep_was(bot.team.id, slack.clock.now() + ago(minutes=5))

    assert bot.catch_up.listening.may_miss(where)
    bot.catch_up.listening.caught_up(bot.team.id)
    assert not bot.catch_up.listening.may_miss(where)


async def test_a_late_try_brings_what_was_given_up_before_it(slack, database_url):
    over_http = {"slack_app_token": None, "slack_signing_secret": slack.signing_secret}
    chat = Weather(slack, database_url, changes={**over_http, "slack_port": 0})
    async with chat.running():
        await chat.greeted()
        await chat.says("Alice", "before")
        await slack.says("Alice", "general", "given up", tell=False)
        late = await slack.says("Alice", "general", "late", tell=False)
        await chat.says("Alice", "after")
        assert await chat.texts() == ["before", "after"]

        url = next(iter(slack.http.urls.values()))
        event = json.dumps(late_event(slack, late))
        retried = {"X-Slack-Retry-Num": "2", "X-Slack-Retry-Reason": "http_error"}
        assert (await slack.http.post_raw(url, event, JSON | retried)).status == 200

        async def all_known():
            return sorted(await chat.texts()) == ["after", "before", "given up", "late"]

        assert await chat.until(all_known)


def late_event(slack, message):
    return {
        "type": "event_callback",
        "team_id": slack.team.id,
        "api_app_id": slack.app_id,
        "event_id": "Ev0LATE",
        "event_time": int(float(message.ts)),
        "event": slack.acts.in_event(message),
    }
