"""The pane for assistants: greeted once, with things to ask, titles, and what was missed."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.errors import PlatformError, StoreError
from bot.messages import Author, Message
from bot.platforms.slack.assistant_view import NOT_BOTH, NOT_TOLD
from bot.platforms.slack.keys import channel_key, sent_at
from bot.platforms.slack.pane_threads import MAX_KEPT, PaneThreads
from bot.platforms.slack.prompts import ABOUT_THE_CHANNEL, MISSED, greeting
from tests import slack_server
from tests.slack.viewing import Seen, seen
from tests.slack_server import SlackServer
from tests.slack_server.desk import Pane

ALICE = "Alice"
SAMPLES = Path(__file__).parents[3] / "shared/payloads/slack/realistic/event_only"


@pytest.fixture
async def views(slack: SlackServer, database_url: str) -> AsyncIterator[Seen]:
    slack.general.members.append(slack.member(ALICE).id)
    async with seen(database_url, slack) as running:
        yield running


def opened(views: Seen) -> Pane:
    """Let Alice open the pane."""
    slack = views.slack
    chat, ts = slack.dm(ALICE), slack.stamps.ts()
    pane = slack.desk.panes[chat.id, ts] = Pane(slack.user(ALICE), chat, ts)
    chat.messages[ts] = slack_server.Message(ts, chat, slack.bot, "New Assistant Thread")
    return pane


def event(views: Seen, pane: Pane, channel: str | None = "general") -> dict[str, Any]:
    context = {}
    if channel is not None:
        in_view = views.slack.channel(channel)
        context = {"channel_id": in_view.id, "team_id": views.team.id, "enterprise_id": None}
    return {
        "type": "assistant_thread_started",
        "assistant_thread": {
            "user_id": pane.user.id,
            "context": context,
            "channel_id": pane.channel.id,
            "thread_ts": pane.thread_ts,
        },
    }


def written(views: Seen, pane: Pane, text: str) -> dict[str, Any]:
    """What Slack sends of what Alice writes in the pane."""
    return {
        "type": "message",
        "user": pane.user.id,
        "text": text,
        "ts": views.slack.stamps.ts(),
        "thread_ts": pane.thread_ts,
        "channel": pane.channel.id,
        "channel_type": "im",
    }


def said(views: Seen, pane: Pane, text: str) -> Message:
    ts = views.slack.stamps.ts()
    where = channel_key(views.team.id, pane.channel.id, thread_ts=pane.thread_ts)
    return Message(where, ts, Author(pane.user.id, ALICE), text, sent_at(ts), addressed=True)


async def ask_what_was_missed(views: Seen, pane: Pane, text: str = MISSED) -> bool:
    where = channel_key(views.team.id, pane.channel.id, thread_ts=pane.thread_ts)
    is_command = await views.pane.missed(written(views, pane, text), where, views.team)
    await views.tasks.idle()
    return is_command


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


async def test_where_the_pane_is_not_enabled_each_refusal_is_one_line(
    views: Seen, caplog: pytest.LogCaptureFixture
) -> None:
    views.slack.faults.error("not_allowed", on="assistant.*", times=2)
    pane = opened(views)

    await views.pane.started(event(views, pane), views.team)
    await views.pane.titled(said(views, pane, "hello"), views.team)
    await views.tasks.idle()

    assert caplog.messages == [
        "Slack: could not offer things to ask in Harbor: not_allowed",
        "Slack: could not name a thread of a direct chat in Harbor: not_allowed",
    ]


async def test_a_greeting_that_cannot_be_said_is_one_line(
    views: Seen, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def refuses(*_: object, **__: object) -> None:
        raise PlatformError("the chat is gone")

    monkeypatch.setattr(views.platform, "notice", refuses)
    pane = opened(views)

    await views.pane.started(event(views, pane), views.team)

    assert caplog.messages == ["Slack: nothing was said in a direct chat: the chat is gone"]


async def test_without_the_history_people_are_greeted_all_the_same(
    views: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(views.store.notes, "get", fails)
    pane = opened(views)

    await views.pane.started(event(views, pane), views.team)
    await views.pane.started(event(views, pane), views.team)

    assert len(views.platform.notices) == 1
    assert not await ask_what_was_missed(views, pane)


async def test_no_more_than_the_newest_threads_are_kept(views: Seen) -> None:
    panes = [opened(views) for _ in range(MAX_KEPT + 3)]
    for pane in panes:
        await views.pane.context_changed(event(views, pane), views.team)

    where = channel_key(views.team.id, panes[0].channel.id)
    kept = await PaneThreads(views.store).all(where)
    assert list(kept) == [pane.thread_ts for pane in panes[-MAX_KEPT:]]


@pytest.mark.parametrize("odd", [{}, {"assistant_thread": None}, {"assistant_thread": {}}])
async def test_an_odd_event_is_passed_over(views: Seen, odd: dict[str, Any]) -> None:
    await views.pane.started(odd, views.team)
    await views.pane.context_changed(odd, views.team)

    assert not views.platform.notices


@pytest.mark.skipif(not SAMPLES.exists(), reason="there are no samples here")
async def test_samples_of_events_are_read(views: Seen) -> None:
    for path in sorted(SAMPLES.glob("assistant_thread_*.json")):
        sample = json.loads(path.read_text())
        await views.pane.context_changed(sample, views.team)

        pane = sample["assistant_thread"]
        where = channel_key(views.team.id, pane["channel_id"])
        assert pane["thread_ts"] in await PaneThreads(views.store).all(where)
