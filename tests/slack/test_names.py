"""Who is who on Slack: asked once, remembered for a while, done without where Slack does not tell."""

import asyncio

import pytest

from bot.platforms.slack.files import unread
from bot.platforms.slack.hearing import heard
from bot.platforms.slack.looking_up import LIFETIME_S
from bot.platforms.slack.naming import Channel, Person
from bot.platforms.slack.reading import Mentioned
from tests.slack.directory import (
    BOT,
    GENERAL,
    HELPER,
    IN_GENERAL,
    NELLY,
    OTTO,
    TEAM,
    Clock,
    Directory,
    people,
    said,
    served,
    user,
)
from tests.waiting import WITHIN_S

A_GROUP = Mentioned(groups={"S1"})


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


@pytest.mark.parametrize(
    ("told", "name"),
    [
        (user("U5", "mia.k", display_name="Mia", real_name="Mia K."), "Mia"),
        (user("U5", "mia.k", real_name="Mia K."), "Mia K."),
        (user("U5", "mia.k"), "mia.k"),
        (user("U5", "mia", display_name="Tom &amp; Mia"), "Tom & Mia"),
        (user("U5", "mia", display_name="  "), "mia"),
        ({"id": "U5"}, "U5"),
    ],
)
async def test_people_go_by_the_name_that_people_see(directory, team, told, name):
    directory.users["U5"] = told

    assert (await people().name(team, "U5")).name == name


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, {}),
        ({"is_admin": True}, {"is_manager": True}),
        ({"is_owner": True}, {"is_manager": True}),
        ({"is_primary_owner": True}, {"is_manager": True}),
        ({"is_restricted": True, "is_admin": True}, {"is_guest": True}),
        ({"is_ultra_restricted": True}, {"is_guest": True}),
        ({"is_stranger": True, "is_owner": True}, {"is_stranger": True}),
        ({"team_id": "T9", "is_admin": True}, {"is_stranger": True, "home": "T9"}),
        ({"team_id": "T9", "enterprise_user": {"teams": ["T9", TEAM]}}, {}),
        ({"is_bot": True}, {"is_bot": True}),
        ({"is_workflow_bot": True}, {"is_bot": True}),
    ],
)
async def test_guests_and_people_of_other_workspaces_are_told_apart(
    directory, team, told, expected
):
    directory.users["U5"] = user("U5", "mia", **told)

    found = await people().name(team, "U5")

    assert found == Person("U5", "mia", **{"home": TEAM, **expected})
    assert await people().home(team, "U5") == found.home


async def test_the_assistant_goes_by_its_own_name_without_asking(directory, team):
    assert await people().name(team, BOT) == Person(BOT, "Earshot", is_bot=True)
    assert directory.asked == []


async def test_a_name_is_asked_for_once_an_hour(directory, team, clock):
    everybody = people(clock=clock)

    for _ in range(3):
        await everybody.name(team, NELLY)
    clock.now += LIFETIME_S - 1
    await everybody.name(team, NELLY)
    assert directory.num_asked("users.info") == 1
    clock.now += 2
    await everybody.name(team, NELLY)

    assert directory.num_asked("users.info") == 2


async def test_a_changed_name_is_asked_for_again(directory, team):
    everybody = people()
    await everybody.name(team, NELLY)
    directory.users[NELLY] = user(NELLY, "nelly", display_name="Captain")

    everybody.forget(TEAM, NELLY)

    assert (await everybody.name(team, NELLY)).name == "Captain"


async def test_a_changed_person_leaves_the_user_groups_known(directory, team):
    everybody = people()
    await everybody.names(team, A_GROUP)

    everybody.forget(TEAM, NELLY)
    await everybody.names(team, A_GROUP)

    assert directory.num_asked("usergroups.list") == 1


async def test_many_messages_at_once_ask_for_a_name_once(directory, team):
    everybody = people()
    directory.answers.clear()

    asking = [asyncio.create_task(everybody.name(team, NELLY)) for _ in range(10)]
    await directory.called.wait()
    directory.answers.set()
    found = await asyncio.gather(*asking)

    assert {each.name for each in found} == {"Nelly"}
    assert directory.num_asked("users.info") == 1


async def test_the_oldest_names_make_room(directory, team, monkeypatch):
    monkeypatch.setattr("bot.platforms.slack.looking_up.MAX_REMEMBERED", 2)
    everybody = people()

    for user_id in (NELLY, OTTO, HELPER, HELPER, NELLY):
        await everybody.name(team, user_id)

    assert directory.num_asked("users.info") == 4


async def test_channels_apps_and_groups_have_names(directory, team):
    everybody = people()
    directory.channels["C2"] = {"id": "C2", "name": "vip", "is_private": True, "creator": OTTO}

    names = await everybody.names(team, Mentioned(channels={GENERAL, "C9"}, groups={"S1", "S9"}))
    assert (names.channel(GENERAL), names.channel("C9")) == ("#general", "#unknown-channel")
    assert (names.group("S1"), names.group("S9")) == ("@painters", "@unknown-group")
    assert await everybody.channel(team, "C2") == Channel("C2", "vip", OTTO, is_private=True)
    assert await everybody.channel(team, "C9") is None
    assert await everybody.bot_name(team, "B9") == "Deploys"
    assert await everybody.bot_name(team, "B1") == "B1"


async def test_a_roll_call_is_not_looked_up_whole(directory, team):
    everybody = people()

    names = await everybody.names(team, Mentioned(people={f"U{n}" for n in range(500)}))

    assert directory.num_asked("users.info") == 20
    assert names.person("U499") == "@someone"


async def test_a_workspace_can_be_forgotten(directory, team):
    everybody = people()
    await everybody.name(team, NELLY)
    await everybody.names(team, A_GROUP)

    everybody.forget_team(TEAM)
    await everybody.name(team, NELLY)

    assert directory.num_asked("users.info") == 2


async def test_all_that_a_message_waits_for_is_asked_at_once(directory, team):
    mentions = f"ask <@{OTTO}> in <#{GENERAL}>, or <!subteam^S1>"
    hearing = heard(said(mentions), IN_GENERAL, team=team, people=people(), reader=unread)
    directory.answers.clear()
    task = asyncio.create_task(hearing)

    async with asyncio.timeout(WITHIN_S):
        while len(directory.asked) < 4:
            directory.called.clear()
            await directory.called.wait()
    directory.answers.set()

    assert (await task).text == "ask @Otto M. in #general, or @painters"
