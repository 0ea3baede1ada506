"""Channels that invite Earshot are greeted once; workspaces see nothing of each other's choices."""

import pytest

from bot.messages import Mode
from tests.living import GREETING
from tests.slack.installed import for_many, installed_by


@pytest.fixture
def harbor(slack):
    return slack.add_team("Lighthouse", installed=False)


@pytest.fixture
def island(slack):
    return slack.add_team("Island", installed=False)


@pytest.fixture
async def both(slack, database_url, harbor, island):
    """Two workspaces with a channel each: quay and beach."""
    chat = for_many(slack, database_url)
    async with chat.running():
        for team, name in ((harbor, "quay"), (island, "beach")):
            assert (await installed_by(chat, team))[0] == 200
            boss = slack.member(f"Boss of {team.name}", team=team, is_admin=True)
            slack.add_channel(name, team=team, members=[boss])
        yield chat


def greetings(slack, channel="general"):
    return [each.text for each in slack.posts(channel) if each.text.startswith(GREETING)]


async def invited(chat, slack, channel, team):
    """Let the bot come into a channel."""
    slack.acts.join(slack.channel(channel), team.bot, inviter=slack.channel(channel).creator)
    await slack.until_delivered()
    await chat.settled()


async def is_away(chat, team):
    return team.id not in await chat.store.workspaces.present("slack")


async def removes(chat, slack, team):
    """Let a workspace remove the app."""
    await slack.uninstalls(team)
    await slack.until_delivered()
    await chat.until(lambda: is_away(chat, team))


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        (Mode.LISTEN, "I read along and answer nobody, until somebody turns me on."),
        (Mode.MENTION, "speak only when you mention me, or write in the thread below a message of"),
        (Mode.ACTIVE, "I read along and speak when it helps."),
    ],
)
async def test_a_greeting_says_how_it_begins_and_how_to_have_it_otherwise(chat, slack, mode, says):
    chat.changes["new_channel_mode"] = mode
    async with chat.running():
        await slack.until(lambda: greetings(slack))

    (greeting,) = greetings(slack)
    assert says in greeting
    assert "I store what is written" in greeting
    assert "/assistant privacy optout" in greeting
    assert len(greeting) <= 4000


async def test_it_greets_once_however_often_it_starts(chat, slack):
    for _ in range(2):
        async with chat.running():
            await slack.until(lambda: greetings(slack))
            await chat.says("Alice", "hello")
            await chat.settled()

    assert len(greetings(slack)) == 1


async def test_each_channel_that_invites_it_is_greeted_once(talk, slack):
    slack.add_channel("boats", members=["Alice"], bot_present=False)

    await invited(talk, slack, "boats", slack.team)
    slack.acts.leave(slack.channel("boats"), slack.bot)
    await slack.until_delivered()
    await invited(talk, slack, "boats", slack.team)

    assert len(greetings(slack, "boats")) == 1
    await talk.says("Alice", "who is there?", where="boats")
    assert talk.posts("boats") == ["Paris."]


async def test_a_channel_where_it_may_not_write_yet_is_greeted_at_a_later_start(chat, slack):
    refused = slack.faults.error("restricted_action", on="chat.postMessage", times=99)
    async with chat.running():
        await slack.until(lambda: refused.num_met)
        await chat.says("Alice", "hello")

    slack.faults.clear()
    async with chat.running():
        await slack.until(lambda: greetings(slack))


async def test_what_was_said_before_it_was_invited_is_not_its_business(talk, slack):
    slack.add_channel("boats", members=["Alice"], bot_present=False)
    await slack.says("Alice", "boats", "a secret")

    await invited(talk, slack, "boats", slack.team)
    await talk.asks("Alice", "what did I say?", where="boats")

    assert "a secret" not in str(talk.model.asked)
    assert "a secret" not in str(await talk.history("boats"))


async def test_what_was_said_while_it_was_out_of_a_channel_is_not_its_business(talk, slack):
    slack.add_channel("boats", members=["Alice"])
    await talk.says("Alice", "hello", where="boats")
    slack.acts.leave(slack.channel("boats"), slack.bot)
    await slack.until_delivered()
    await slack.says("Alice", "boats", "now that it is gone")

    await invited(talk, slack, "boats", slack.team)
    await talk.says("Alice", "you are back", where="boats")

    assert await talk.history("boats") == [("Alice", "hello"), ("Alice", "you are back")]


async def test_what_was_said_in_a_deleted_channel_and_its_threads_is_forgotten(talk, slack):
    slack.add_channel("boats", members=["Alice"])
    parent = await talk.says("Alice", "one", where="boats")
    await talk.says("Alice", "two", where="boats", thread=parent)
    await talk.says("Alice", "three")
    places = [talk.place("boats"), talk.place("boats", thread=parent.ts)]

    slack.acts.delete_channel(slack.channel("boats"), slack.member("Alice"))
    await slack.until_delivered()

    for place in places:
        assert await talk.store.messages.recent(place, limit=5) == []
    assert await talk.history() == [("Alice", "three")]


async def test_two_workspaces_see_nothing_of_each_other(both, slack, harbor, island):
    boss, zoe = slack.channel("quay").creator, slack.channel("beach").creator
    await both.types(boss, "defaults eagerness 20", "quay")

    await both.says(boss, "a word in the harbor", where="quay")
    said = await slack.says(zoe, "beach", f"{island.bot.mention} who is there?")
    await both.heard(said)

    assert both.posts("beach") == ["Paris."]
    assert both.shown() == ["Boss of Island: assistant who is there?", "(response)"]
    assert "20 of 100" in await both.types(boss, "eagerness", "quay")
    assert "50 of 100" in await both.types(zoe, "eagerness", "beach")
    assert both.messages("beach")[0].user is island.bot


async def test_an_opt_out_holds_in_its_own_workspace(both, slack, island):
    here, there = slack.channel("quay").creator, slack.channel("beach").creator
    await both.types(here, "privacy optout", "quay")

    await both.says(here, "a word in the harbor", where="quay")
    await both.says(there, "hello", where="beach")

    assert await both.history("beach") == [("Boss of Island", "hello")]
    assert "a word in the harbor" not in str(await both.history("quay"))


async def test_a_workspace_that_removes_it_is_answered_no_more_and_the_others_are(
    both, slack, island
):
    await removes(both, slack, island)

    await both.says(slack.channel("quay").creator, "who is there?", where="quay")

    assert both.posts("quay") == ["Paris."]
