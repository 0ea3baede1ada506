"""Names where Slack does not show somebody, fails, is slow or wants to be left alone."""

import logging

import pytest

from bot.errors import StoreError
from bot.platforms.slack.looking_up import LIFETIME_S, PAUSE_S, RETRY_S
from bot.platforms.slack.naming import Person
from tests.slack.directory import (
    HELPER,
    NELLY,
    OTTO,
    TEAM,
    Clock,
    Directory,
    Kept,
    people,
    served,
)

TOO_MANY = (429, {"Retry-After": "30"}, {"ok": False, "error": "ratelimited"})
BROKEN = (500, {}, {"ok": False, "error": "internal_error"})


@pytest.fixture
async def directory():
    return Directory()


@pytest.fixture
async def team(directory):
    async with served(directory) as team:
        yield team


@pytest.fixture
async def clock():
    return Clock()


async def test_whom_slack_does_not_show_is_asked_for_once(directory, team, caplog):
    everybody = people()

    found = [await everybody.name(team, "U77", called="Zoe") for _ in range(3)]
    await everybody.name(team, "U78")

    assert found[-1] == Person("U77", "Zoe", is_known=False)
    assert directory.num_asked("users.info") == 2
    assert [record.message for record in caplog.records] == [
        "users.info tells nothing of U77: user_not_found"
    ]


async def test_the_history_knows_whom_slack_does_not_show(team):
    everybody = people(Kept({(TEAM, "U77"): "Zoe of old"}))

    assert (await everybody.name(team, "U77", called="Zoe")).name == "Zoe of old"
    assert (await everybody.name(team, "U78")).name == "U78"


async def test_a_history_that_fails_leaves_the_id(team, caplog):
    class Broken:
        async def name_of(self, where, author_id):
            raise StoreError("the disk is full")

    assert (await people(Broken()).name(team, "U77")).name == "U77"
    assert "the history does not tell the name of U77: the disk is full" in caplog.text


async def test_slack_is_left_alone_for_as_long_as_it_says(directory, team, clock):
    everybody = people(clock=clock)
    directory.failures = [TOO_MANY]

    assert (await everybody.name(team, NELLY)).name == NELLY
    await everybody.name(team, OTTO)
    clock.now += 29
    await everybody.name(team, OTTO)
    assert directory.num_asked("users.info") == 1
    clock.now += 2

    assert (await everybody.name(team, OTTO)).name == "Otto M."


async def test_a_failure_is_no_answer_for_long_and_is_logged_once(directory, team, clock, caplog):
    caplog.set_level(logging.WARNING)
    everybody = people(clock=clock)
    directory.failures = [BROKEN, BROKEN]

    await everybody.name(team, NELLY)
    await everybody.name(team, NELLY)
    await everybody.name(team, OTTO)
    clock.now += RETRY_S + 1

    assert (await everybody.name(team, NELLY)).name == "Nelly"
    assert [record.message for record in caplog.records] == [
        f"users.info tells nothing of {NELLY}: internal_error (status 500)"
    ]


async def test_a_name_known_before_stays_while_slack_fails(directory, team, clock):
    everybody = people(clock=clock)
    await everybody.name(team, NELLY)
    clock.now += LIFETIME_S + 1
    directory.failures = [BROKEN]

    assert (await everybody.name(team, NELLY)).name == "Nelly"


async def test_where_slack_cannot_be_reached_nobody_waits_for_each_name(directory, clock):
    everybody = people(clock=clock)
    async with served(directory) as team:
        pass

    await everybody.name(team, NELLY)
    found = await everybody.name(team, OTTO)
    clock.now += PAUSE_S - 1

    assert (await everybody.name(team, HELPER)).name == HELPER
    assert found == Person(OTTO, OTTO, is_known=False)


async def test_a_slow_slack_is_not_waited_for(directory, team, monkeypatch):
    monkeypatch.setattr("bot.platforms.slack.looking_up.TIMEOUT_S", 0.05)
    directory.answers.clear()

    found = await people().name(team, NELLY)
    directory.answers.set()

    assert found == Person(NELLY, NELLY, is_known=False)
