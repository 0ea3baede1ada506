"""The chat of an agent: whose it is, what is in view of whom, and what is not told."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.errors import PlatformError, StoreError
from bot.platforms.slack.agent_chats import in_view
from bot.platforms.slack.agent_view import with_user
from bot.platforms.slack.keys import channel_key
from bot.platforms.slack.prompts import greeting
from tests.slack.viewing import Seen, seen
from tests.slack_server import SlackServer

ALICE = "Alice"


@pytest.fixture
async def views(slack: SlackServer, database_url: str) -> AsyncIterator[Seen]:
    slack.general.members.append(slack.member(ALICE).id)
    slack.has_pane, slack.is_agent = False, True
    async with seen(database_url, slack) as running:
        yield running


def context(*values: Any) -> dict[str, Any]:
    return {"entities": [{"type": "slack#/types/channel_id", "value": one} for one in values]}


def opening(views: Seen, **extra: Any) -> dict[str, Any]:
    user, chat = views.slack.user(ALICE), views.slack.dm(ALICE)
    event = {"type": "app_home_opened", "user": user.id, "channel": chat.id, "tab": "messages"}
    return {**event, **extra}


@pytest.mark.parametrize(
    ("told", "channel"),
    [
        ({}, ""),
        ({"entities": None}, ""),
        ({"entities": [None, {"type": "slack#/types/canvas_id", "value": "F1"}]}, ""),
        (context("D1", "C1", "C2"), "C1"),
        (context(None, {"value": 1}, "G1"), "G1"),
        (
            {
                "entities": [
                    {
                        "type": "slack#/types/message_context",
                        "value": {"channel_id": "C3", "message_ts": "1.0"},
                    }
                ]
            },
            "C3",
        ),
    ],
)
def test_the_most_relevant_channel_is_in_view(told: dict[str, Any], channel: str) -> None:
    assert in_view(told) == channel


def test_whoever_looks_may_stand_on_the_envelope_alone() -> None:
    event = {"type": "app_context_changed"}
    person, bot = {"user_id": "U1", "is_bot": False}, {"user_id": "U9", "is_bot": True}

    assert with_user(event, {"authorizations": [bot, person]})["user"] == "U1"
    assert with_user(event, {"authorizations": [bot]}) == event
    assert with_user({"user": "U2"}, {"authorizations": [person]})["user"] == "U2"


async def test_what_somebody_looks_at_who_never_opened_the_chat_is_not_noted(views: Seen) -> None:
    event = {"user": views.slack.user(ALICE).id, "context": context(views.slack.general.id)}

    await views.agent.context_changed(event, views.team)
    await views.agent.context_changed({"context": {}}, views.team)

    assert not views.slack.calls


@pytest.mark.parametrize("odd", [{"tab": "home"}, {"channel": "C1"}, {"user": None}])
async def test_other_openings_are_passed_over(views: Seen, odd: dict[str, Any]) -> None:
    await views.agent.opened(opening(views, **odd), views.team)

    assert not views.platform.notices
    assert not views.slack.calls


async def test_where_the_older_pane_greets_the_chat_does_not(views: Seen) -> None:
    chat = views.slack.dm(ALICE)
    pane = {"channel_id": chat.id, "thread_ts": "1.000001", "user_id": "U1", "context": {}}
    await views.pane.context_changed({"assistant_thread": pane}, views.team)

    await views.agent.opened(opening(views), views.team)

    assert not views.platform.notices


async def test_an_ordinary_chat_is_greeted_and_has_no_threads(views: Seen) -> None:
    await views.agent.opened(opening(views), views.team)

    where = channel_key(views.team.id, views.slack.dm(ALICE).id)
    assert views.platform.notices == [greeting("Earshot")]
    assert not await views.agent.chats.has_threads(where)


async def test_a_greeting_that_could_not_be_said_is_said_the_next_time(
    views: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuses(*_: object, **__: object) -> None:
        raise PlatformError("Slack is in trouble")

    with monkeypatch.context() as trouble:
        trouble.setattr(views.platform, "notice", refuses)
        await views.agent.opened(opening(views), views.team)
    await views.agent.opened(opening(views), views.team)
    await views.agent.opened(opening(views), views.team)

    assert views.platform.notices == [greeting("Earshot")]


@pytest.mark.parametrize(("trouble", "tries"), [("internal_error", 2), ("missing_scope", 1)])
async def test_what_slack_refuses_for_good_is_not_tried_again(
    views: Seen, trouble: str, tries: int
) -> None:
    views.slack.faults.error(trouble, on="assistant.*", times=1)

    for _ in range(2):
        await views.agent.opened(opening(views, context={}), views.team)

    assert len(views.slack.asked("assistant.threads.setSuggestedPrompts")) == tries


async def test_without_the_history_nothing_is_said(
    views: Seen, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(views.store.notes, "get", fails)
    await views.agent.opened(opening(views, context={}), views.team)
    await views.agent.context_changed({"user": "U1", "context": {}}, views.team)

    assert not views.platform.notices
    assert [line.rpartition(": ")[2] for line in caplog.messages] == ["the disk is full"] * 2
