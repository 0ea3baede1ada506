"""The answer to a command stands once for all, also where Slack took it and its word of that was lost."""

import pytest

from bot.commands import CommandAnswer, Offer
from bot.platforms.slack.answering import Listener
from tests.slack.commanded import running_bot

LOST = ["reset", "unavailable"]
OFFER = Offer("Set it", "eagerness 60")


@pytest.fixture
async def bot(database_url, slack):
    slack.add_channel("trips", members=["Alice", "Bob"])
    async with running_bot(database_url, slack) as running:
        yield running


@pytest.fixture(params=LOST)
def loses(slack, request):
    """Let Slack's answer to a call be lost, which it carried out."""
    return lambda on: getattr(slack.faults, request.param)(on=on, after=True)


async def test_an_answer_in_a_direct_chat_is_found_there(bot, loses):
    loses("chat.postMessage")

    await bot.slack.says("Alice", "@Alice", "!status")
    await bot.done()

    assert len(bot.slack.posts("@Alice")) == 1


async def test_an_answer_for_all_is_found_in_the_channel_with_its_button(bot, loses):
    loses("chat.postMessage")
    listener = Listener(bot.team, bot.where("trips"), bot.slack.user("Alice").id)

    answer = CommandAnswer("More is better.", ephemeral=False, offer=OFFER)
    assert await bot.interactions.answering.say(listener, answer)

    (post,) = bot.slack.posts("trips")
    assert post.blocks[-1]["elements"][0]["value"] == OFFER.command


async def test_an_answer_for_all_to_a_slash_command_is_found_too(bot, loses):
    bot.slack.member("Alice", is_admin=True)
    loses("chat.postMessage")

    done = await bot.types("Alice", "trips", "clear confirm")

    assert done.shown == []
    assert len(bot.slack.posts("trips")) == 1


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("failure", LOST)
async def test_an_answer_for_one_person_is_rather_said_twice_than_not_at_all(
    bot, slack, failure, after
):
    getattr(slack.faults, failure)(on="POST /response/*", after=after)

    done = await bot.types("Alice", "trips", "why")

    assert len(done.texts) == 1 + after
    assert bot.whispered("trips", "Alice") == done.texts


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("failure", LOST)
async def test_so_is_one_in_a_thread(bot, slack, failure, after):
    getattr(slack.faults, failure)(on="chat.postEphemeral", after=after)

    root = await bot.slack.says("Bob", "trips", "Where to?")
    await bot.slack.says("Alice", "trips", f"{bot.slack.bot.mention} !why", thread=root)
    await bot.done()

    assert len(bot.whispered("trips", "Alice")) == 1 + after


async def test_where_the_bot_is_no_member_an_answer_for_all_goes_by_the_address(bot):
    bot.slack.add_channel("away", members=["Alice"], bot_present=False)
    done = await bot.slack.slash("Alice", "away", "/assistant", "why")
    await bot.done()
    listener = Listener(bot.team, bot.where("away"), bot.slack.user("Alice").id, done.response_url)

    assert await bot.interactions.answering.say(listener, CommandAnswer("Yes.", ephemeral=False))

    assert [post.text for post in bot.slack.posts("away")] == ["Yes."]


async def test_an_answer_for_one_person_comes_as_a_message_where_its_address_stays_in_trouble(
    bot, slack
):
    slack.faults.unavailable(on="POST /response/*", times=99)

    done = await bot.types("Alice", "trips", "why")

    assert done.shown == []
    assert len(bot.whispered("trips", "Alice")) == 1
