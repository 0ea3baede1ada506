"""What a catch-up on Slack leaves alone: what is none of its business, and what it cannot read."""

import logging
from datetime import timedelta

import pytest

from bot.messages import Author, Mode
from bot.platforms.slack.keys import ts_at
from tests.slack.missing import ago, listening_bot, missed
from tests.slack_server.world import Message


@pytest.fixture
async def bot(slack, database_url):
    async with listening_bot(slack, database_url) as running:
        yield running


@pytest.fixture(autouse=True)
def _all_logs(caplog):
    caplog.set_level(logging.INFO)


async def test_what_is_older_than_a_week_stays_unknown(slack, bot):
    await slack.says("Ben", "general", "old", ago=ago(days=8), tell=False)
    await slack.says("Ben", "general", "new", ago=ago(days=6), tell=False)

    await bot.sweeps()

    assert await bot.texts() == ["new"]


async def test_what_was_said_before_the_invitation_is_never_asked_for(slack, bot):
    tea = slack.add_channel("tea")
    await slack.says("Ben", "tea", "private", ago=ago(hours=1), tell=False)
    tea.members.append(slack.bot.id)
    invited = slack.clock.now()

    await bot.sweeps()
    await bot.hears(await slack.says("Ben", "tea", "hello"))

    assert await bot.texts(tea) == ["hello"]
    asked = [call.args for call in slack.asked("conversations.history")]
    assert all(
        float(each["oldest"]) >= invited.timestamp() for each in asked if each["channel"] == tea.id
    )


async def test_what_was_said_before_history_was_cleared_is_never_asked_for(slack, bot):
    await bot.hears(await slack.says("Ben", "general", "forget this", ago=ago(minutes=10)))
    mark = slack.clock.now() - timedelta(minutes=6, seconds=30)
    await bot.store.messages.clear(bot.place(slack.general))
    await bot.store.marks.hear_from(bot.place(slack.general), mark)
    await missed(slack, "too early", "one", "two")  # 8, 7 and 6 minutes ago

    bot.restart()
    await bot.sweeps()

    assert await bot.texts() == ["two"]
    (first, *_) = slack.asked("conversations.history")[1:]
    assert float(first.args["oldest"]) >= mark.timestamp()


async def test_what_is_older_than_its_channel_keeps_things_is_never_asked_for(slack, bot):
    await bot.store.channels.change(bot.place(slack.general), retention_days=2)
    await slack.says("Ben", "general", "old", ago=ago(days=3), tell=False)
    await slack.says("Ben", "general", "new", ago=ago(days=1), tell=False)

    await bot.sweeps()

    assert await bot.texts() == ["new"]
    asked = slack.asked("conversations.history")
    oldest = (slack.clock.now() - ago(days=2, minutes=1)).timestamp()
    assert all(float(call.args["oldest"]) > oldest for call in asked)


async def test_what_somebody_said_before_being_forgotten_comes_back_without_its_words(slack, bot):
    await bot.hears(await slack.says("Ben", "general", "hello", ago=ago(minutes=10)))
    await missed(slack, "one", "two")
    alice, now = slack.user("Alice").id, slack.clock.now()
    await bot.store.speakers.forget("slack", slack.team.id, alice, at=now)

    bot.restart()
    await bot.sweeps()

    assert await bot.texts() == ["hello", "", ""]


async def test_what_somebody_said_while_opted_out_comes_back_without_its_words(slack, bot):
    await bot.hears(await slack.says("Ben", "general", "hello", ago=ago(minutes=10)))
    await missed(slack, "one", "two")
    alice, now = slack.user("Alice").id, slack.clock.now()
    await bot.store.speakers.opt_out("slack", slack.team.id, Author(alice, "Alice"))
    await bot.store.speakers.opt_in("slack", slack.team.id, alice, at=now)

    bot.restart()
    await bot.sweeps()
    await bot.hears(await slack.says("Alice", "general", "I am back"))

    assert await bot.texts() == ["hello", "", "", "I am back"]


async def test_a_channel_that_is_off_is_not_asked_for(slack, bot):
    await bot.store.channels.change(bot.place(slack.general), mode=Mode.OFF)
    await missed(slack, "one")

    await bot.sweeps()

    assert slack.asked("conversations.history") == []


async def test_a_direct_chat_is_caught_up_with_although_nothing_is_known_of_it(slack, bot):
    chat = slack.dm("Alice")
    await slack.says("Alice", chat, "are you there?", ago=ago(hours=1), tell=False)

    await bot.sweeps()

    assert await bot.texts(chat) == ["are you there?"]


@pytest.mark.parametrize(
    ("error", "line"),
    [
        ("not_in_channel", "invite it there with /invite @Earshot"),
        ("channel_not_found", "it is gone, or private"),
        ("is_archived", "the channel is archived"),
    ],
)
async def test_a_place_that_cannot_be_read_is_let_be_with_one_line(slack, bot, caplog, error, line):
    await missed(slack, "one")
    slack.faults.error(error, on="conversations.history")

    await bot.sweeps()
    await bot.catch_up.try_again()

    (told,) = [each for each in caplog.messages if "read what was missed" in each]
    assert told.startswith("Slack: Earshot ")
    assert line in told
    assert len(slack.asked("conversations.history")) == 1


async def test_a_workspace_without_the_app_is_forgotten(slack, bot, caplog):
    await missed(slack, "one")
    slack.faults.unavailable(on="conversations.history")
    await bot.sweeps()
    bot.is_installed = False

    await bot.catch_up.try_again()
    await bot.catch_up.try_again()

    assert caplog.text.count("stays unknown: not installed there") == 1


async def test_what_was_said_while_it_was_not_let_in_stays_unknown(slack, bot):
    await bot.hears(await slack.says("Ben", "general", "hello"))
    await slack.removes_bot("Ben", "general")
    await slack.says("Ben", "general", "about the bot", tell=False)
    await slack.invites_bot("Ben", "general")
    await slack.says("Ben", "general", "welcome back", tell=False)

    bot.restart()
    await bot.sweeps()

    assert await bot.texts() == ["hello", "welcome back"]


@pytest.mark.parametrize("is_told", [True, False])
async def test_what_is_said_after_an_invitation_that_nobody_heard_is_known_if_slack_tells_when_it_was(
    slack, bot, is_told
):
    await bot.hears(await slack.says("Ben", "general", "hello"))
    boats = slack.add_channel("boats", members=["Alice"], bot_present=False)
    await slack.says("Alice", "boats", "about the bot", tell=False)
    if is_told:
        await slack.invites_bot("Alice", "boats")
    else:
        boats.members.append(bot.team_user)
    await slack.says("Alice", "boats", f"{slack.bot.mention} the capital?", tell=False)

    bot.restart()
    await bot.sweeps()
    await bot.pipeline.conversations.drain()

    assert await _said(bot, boats) == (["@Earshot the capital?"] if is_told else [])
    assert bot.platform.posts == (["Paris."] if is_told else [])


async def let_in_again(slack, bot):
    """Let it have heard a thread, and have been out while more was said there; give the two."""
    tea = slack.add_channel("tea")
    await bot.invited(tea)
    root = await slack.says("Ben", "tea", "root", ago=ago(hours=5), tell=False)
    await bot.hears(root)
    await bot.hears(
        await slack.says("Ben", "tea", "heard", thread=root, ago=ago(hours=4), tell=False)
    )
    await slack.says("Ben", "tea", "about the bot", thread=root, ago=ago(hours=2), tell=False)
    joined_at = ts_at(slack.clock.now() - ago(hours=1))
    joined = Message(joined_at, tea, slack.bot, "joined", subtype="channel_join")
    tea.messages[joined_at] = joined
    bot.restart()
    return tea, root


async def test_what_a_thread_said_while_it_was_not_let_in_stays_unknown(slack, bot):
    tea, root = await let_in_again(slack, bot)

    await bot.hears(await slack.says("Ben", "tea", "now", thread=root))

    assert await bot.texts(tea, thread=root) == ["root", "heard", "now"]


async def test_a_thread_waits_for_the_page_that_tells_when_it_was_let_in(slack, bot):
    tea, root = await let_in_again(slack, bot)
    num_asked = len(slack.asked("conversations.replies"))
    slack.faults.unavailable(on="conversations.history")
    await slack.says("Ben", "tea", "back again", thread=root, ago=ago(minutes=5), tell=False)

    await bot.hears(await slack.says("Ben", "tea", "now", thread=root))
    assert await bot.texts(tea, thread=root) == ["root", "heard", "now"]
    assert len(slack.asked("conversations.replies")) == num_asked
    await bot.catch_up.try_again()

    assert await bot.texts(tea, thread=root) == ["root", "heard", "back again", "now"]


async def test_what_a_thread_hangs_on_from_before_the_invitation_stays_unknown(chat, slack):
    async with chat.running():
        await chat.settled()
    tea = slack.add_channel("tea")
    secret = await slack.says("Ben", "tea", "secret of before", ago=ago(minutes=1), tell=False)
    tea.members.append(slack.bot.id)  # while nothing runs
    slack.faults.unavailable(on="users.conversations", times=5)

    async with chat.running():
        await chat.says("Ben", "hello", where="tea", thread=secret)

        assert await chat.history("tea", thread=secret.ts) == [("Ben", "hello")]


async def _said(bot, channel):
    """List what people said in a channel."""
    return [each.text for each in await bot.entries(channel) if not each.from_assistant]
