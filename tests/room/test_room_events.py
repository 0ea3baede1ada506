import json
from datetime import UTC, datetime

import pytest

from bot.messages import Action, Decision, KeptDecision, OutboxItem, OutboxStatus, Rule
from bot.platforms.room import Events, RoomPlatform, room_key
from bot.platforms.room.events import REFETCH, Event
from bot.ports import Platform

LOBBY = room_key("Lobby")
ITEM = OutboxItem(
    "k1", LOBBY, 1, "m1", "Paris.", OutboxStatus.PENDING, datetime(2026, 1, 2, tzinfo=UTC)
)


@pytest.fixture
def platform() -> RoomPlatform:
    return RoomPlatform()


async def heard(subscription) -> list[Event]:
    """Give the events that are waiting."""
    events = []
    while True:
        try:
            events.append(await subscription.next(timeout_s=0))
        except TimeoutError:
            return events


async def test_the_room_is_a_platform(platform):
    port: Platform = platform

    assert port.name == "room"


async def test_a_reply_posted_twice_is_one_message(platform):
    with platform.events.subscribe() as subscription:
        first, second = await platform.post(ITEM), await platform.post(ITEM)
        events = await heard(subscription)

    assert first == second == "reply-k1"
    assert {event.body["message"]["id"] for event in events} == {"reply-k1"}


async def test_typing_is_shown_until_the_reply_is_written(platform):
    with platform.events.subscribe() as subscription:
        async with platform.typing(LOBBY):
            assert platform.is_typing("Lobby")
        assert not platform.is_typing("Lobby")
        events = await heard(subscription)

    assert [(event.kind, event.body["on"]) for event in events] == [
        ("typing", True),
        ("typing", False),
    ]


async def test_drafts_notices_and_marks_name_what_they_belong_to(platform):
    decision = Decision(Action.SILENT, Rule.THRESHOLD, "too low", 0.1, 0.5)
    kept = KeptDecision(1, "m2", decision, "fake", None, 3.0, ITEM.created_at)
    with platform.events.subscribe() as subscription:
        await platform.draft(ITEM, "Par")
        await platform.withdraw(ITEM)
        await platform.notice(LOBBY, "I can't think right now.", reply_to="m1")
        await platform.decided(LOBBY, kept, ["m1", "m2"])
        draft, withdrawn, notice, decided = await heard(subscription)

    assert draft.body["id"] == withdrawn.body["id"] == "reply-k1"
    assert notice.body["text"] == "I can't think right now."
    assert {key: mark["state"] for key, mark in decided.body["marks"].items()} == {
        "m1": "next",
        "m2": "silent",
    }


async def test_a_page_that_falls_behind_is_told_to_fetch_again():
    events = Events(max_waiting=3)
    with events.subscribe() as subscription:
        for number in range(4):
            events.publish(Event("message", "Lobby", {"number": number}))
        waiting = await heard(subscription)

    assert waiting == [REFETCH]


async def test_closing_ends_every_stream_even_a_full_one():
    events = Events(max_waiting=1)
    with events.subscribe() as subscription:
        events.publish(Event("message"))
        events.close()

        assert await subscription.next(timeout_s=1) is None


async def test_a_page_that_left_costs_nothing():
    events = Events()
    with events.subscribe():
        assert events.num_subscribers == 1
    events.publish(Event("message"))

    assert events.num_subscribers == 0


async def read(lines, kind):
    """Read the stream up to the next event of that kind."""
    async for line in lines:
        if line == f"event: {kind}":
            return json.loads((await anext(lines)).removeprefix("data: "))
    raise AssertionError(f"the stream ended before {kind}")


async def test_the_stream_tells_what_is_said_decided_and_how_the_model_is_doing(
    client, say, running
):
    running.status.state, running.status.detail, running.status.progress = "loading", "40%", 0.4
    async with client.stream("GET", "/api/events") as response:
        lines = response.aiter_lines()
        status = await read(lines, "status")
        await say("m1", "hello")
        message = await read(lines, "message")
        decided = await read(lines, "decided")
        running.status.state = "ready"
        ready = await read(lines, "status")

    assert status == {"room": None, "state": "loading", "detail": "40%", "progress": 0.4}
    assert (message["room"], message["message"]["text"]) == ("Lobby", "hello")
    assert decided["marks"]["m1"]["state"] == "silent"
    assert ready["state"] == "ready"


async def test_stopping_the_server_ends_open_streams(house):
    import httpx

    async with httpx.AsyncClient() as client:
        async with house.open() as running:
            request = client.build_request("GET", f"{running.url}/api/events")
            response = await client.send(request, stream=True)
        lines = [line async for line in response.aiter_lines()]
        await response.aclose()

    assert "retry: 1000" in lines


def test_events_are_one_line_of_json_whatever_people_write():
    encoded = Event("message", "Lobby", {"text": "a\n\ndata: b"}).encoded()

    assert encoded.count("\n") == 3
