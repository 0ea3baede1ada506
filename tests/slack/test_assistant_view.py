"""The pane for assistants: greeted once, with things to ask, titles, and what was missed."""

from collections.abc import AsyncIterator

import pytest

from bot.platforms.slack.assistant_view import NOT_BOTH, NOT_TOLD
from bot.platforms.slack.prompts import ABOUT_THE_CHANNEL, greeting
from tests import slack_server
from tests.slack.panes import ALICE, ask_what_was_missed, event, opened, said
from tests.slack.viewing import Seen, seen
from tests.slack_server import SlackServer


@pytest.fixture
async def views(slack: SlackServer, database_url: str) -> AsyncIterator[Seen]:
    slack.general.members.append(slack.member(ALICE).id)
    async with seen(database_url, slack) as running:
        yield running


async def test_whoever_opens_the_pane_is_greeted_and_offered_things_to_ask(views: Seen) -> None:
    pane = opened(views)

    await views.pane.started(event(views, pane), views.team)

    assert views.platform.notices == [greeting("Earshot")]
    assert "I store what you write to me here" in greeting("Earshot")
    assert pane.prompts[0] == ABOUT_THE_CHANNEL
    assert len(pane.prompts) == 4


@pytest.mark.parametrize("beside", [None, "elsewhere", "not-hers"])
async def test_no_summary_is_offered_of_a_channel_that_not_both_are_in(
    views: Seen, beside: str | None
) -> None:
    views.slack.add_channel("elsewhere", members=[ALICE], bot_present=False)
    views.slack.add_channel("not-hers", members=["Ben"])
    pane = opened(views)

    await views.pane.started(event(views, pane, beside), views.team)

    assert len(pane.prompts) == 3
    assert ABOUT_THE_CHANNEL not in pane.prompts


async def test_a_pane_that_is_told_of_twice_is_greeted_once(views: Seen) -> None:
    pane = opened(views)

    await views.pane.started(event(views, pane), views.team)
    await views.pane.started(event(views, pane), views.team)

    assert len(views.platform.notices) == 1


async def test_a_pane_of_which_another_channel_was_told_first_is_greeted(views: Seen) -> None:
    views.slack.add_channel("random", members=[ALICE])
    await views.heard("Ben", "random", "Who has the keys?")
    pane = opened(views)

    await views.pane.context_changed(event(views, pane, "random"), views.team)
    await views.pane.started(event(views, pane, None), views.team)
    await ask_what_was_missed(views, pane)

    assert views.platform.notices[0] == greeting("Earshot")
    assert pane.prompts[0] == ABOUT_THE_CHANNEL
    assert "Who has the keys?" in str(views.model.asked)


async def test_what_is_offered_follows_the_channel_in_view(views: Seen) -> None:
    pane = opened(views)
    await views.pane.started(event(views, pane, None), views.team)

    await views.pane.context_changed(event(views, pane), views.team)
    await views.pane.context_changed(event(views, pane), views.team)

    assert pane.prompts[0] == ABOUT_THE_CHANNEL
    assert len(views.slack.asked("assistant.threads.setSuggestedPrompts")) == 2
    assert len(views.platform.notices) == 1


async def test_what_is_said_first_is_the_title(views: Seen) -> None:
    pane = opened(views)
    await views.pane.started(event(views, pane), views.team)

    await views.pane.titled(said(views, pane, "How far is\nTurin from here? " * 10), views.team)
    await views.tasks.idle()
    first = pane.title
    await views.pane.titled(said(views, pane, "And Lyon?"), views.team)
    await views.tasks.idle()

    assert first.startswith("How far is Turin from here?")
    assert len(first) <= 60
    assert pane.title == first


async def test_threads_of_other_direct_chats_get_no_title(views: Seen) -> None:
    pane = opened(views)

    await views.pane.titled(said(views, pane, "How far is Turin?"), views.team)
    await views.tasks.idle()

    assert not views.slack.asked("assistant.threads.setTitle")


async def test_what_was_missed_is_that_of_the_channel_in_view(views: Seen) -> None:
    await views.heard("Ben", "general", "We meet on Friday.")
    views.model.reply_text = "Ben wants to meet on Friday."
    pane = opened(views)
    await views.pane.started(event(views, pane), views.team)

    is_command = await ask_what_was_missed(views, pane)

    assert is_command
    assert views.platform.notices[-1].endswith("Ben wants to meet on Friday.")
    assert "We meet on Friday." in str(views.model.asked)
    assert views.platform.events == ["typing", "typing ends"]


async def test_the_channel_in_view_may_change(views: Seen) -> None:
    views.slack.add_channel("random", members=[ALICE])
    await views.heard("Ben", "random", "Who has the keys?")
    pane = opened(views)
    await views.pane.started(event(views, pane), views.team)

    await views.pane.context_changed(event(views, pane, "random"), views.team)
    await ask_what_was_missed(views, pane, "what did i miss")

    assert "Who has the keys?" in str(views.model.asked)


async def test_nobody_learns_of_a_channel_that_they_are_not_in(views: Seen) -> None:
    views.slack.add_channel("not-hers", members=["Ben"])
    await views.heard("Ben", "not-hers", "a secret")
    pane = opened(views)
    await views.pane.started(event(views, pane, "not-hers"), views.team)

    is_command = await ask_what_was_missed(views, pane)

    assert is_command
    assert views.platform.notices[-1] == NOT_BOTH
    assert not views.model.asked


async def test_what_was_missed_in_group_messages_is_told(views: Seen) -> None:
    views.slack.add_channel("trio", slack_server.Kind.MPIM, members=[ALICE, "Ben"])
    await views.heard("Ben", "trio", "The trip is on Monday.")
    pane = opened(views)
    await views.pane.started(event(views, pane, "trio"), views.team)

    await ask_what_was_missed(views, pane)

    assert pane.prompts[0] == ABOUT_THE_CHANNEL
    assert "The trip is on Monday." in str(views.model.asked)


async def test_while_slack_does_not_tell_who_is_where_nobody_is_told_that_they_are_not(
    views: Seen,
) -> None:
    await views.heard("Ben", "general", "We meet on Friday.")
    pane = opened(views)
    await views.pane.started(event(views, pane), views.team)
    views.slack.faults.unavailable(on="users.conversations", times=100)

    is_command = await ask_what_was_missed(views, pane)

    assert is_command
    assert views.platform.notices[-1] == NOT_TOLD
    assert not views.model.asked


@pytest.mark.parametrize("text", ["What did I miss in the film?", "hello", ""])
async def test_other_words_are_no_command(views: Seen, text: str) -> None:
    pane = opened(views)
    await views.pane.started(event(views, pane), views.team)

    assert not await ask_what_was_missed(views, pane, text)


async def test_beside_no_channel_the_question_is_an_ordinary_one(views: Seen) -> None:
    pane = opened(views)
    await views.pane.started(event(views, pane, None), views.team)

    assert not await ask_what_was_missed(views, pane)
