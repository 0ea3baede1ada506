"""The pane where Slack, the history or an event is not as it should be."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.errors import PlatformError, StoreError
from bot.platforms.asking import TOO_LATE
from bot.platforms.slack.keys import channel_key
from bot.platforms.slack.pane_threads import MAX_KEPT, PaneThreads
from tests.slack.panes import ALICE, ask_what_was_missed, event, opened, said
from tests.slack.viewing import Seen, seen
from tests.slack_server import SlackServer

SAMPLES = Path(__file__).parents[3] / "shared/payloads/slack/realistic/event_only"


@pytest.fixture
async def views(slack: SlackServer, database_url: str) -> AsyncIterator[Seen]:
    slack.general.members.append(slack.member(ALICE).id)
    async with seen(database_url, slack) as running:
        yield running


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


async def test_a_summary_that_a_stop_cuts_short_is_excused(
    views: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    await views.heard("Ben", "general", "We meet on Friday.")
    pane, begun = opened(views), asyncio.Event()
    await views.pane.started(event(views, pane), views.team)

    async def endless(*_: object, **__: object) -> None:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(views.pane.commands, "run", endless)
    asking = asyncio.create_task(ask_what_was_missed(views, pane))
    await begun.wait()
    await views.tasks.close()

    assert await asking
    assert views.platform.notices[-1] == TOO_LATE


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
