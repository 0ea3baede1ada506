"""What people say in the room over HTTP, and what the room shows of it."""

import asyncio

import httpx
import pytest

from bot.errors import ModelUnavailable
from bot.messages import Action, Mode
from bot.platforms.room import room_key

LOBBY = room_key("Lobby")


async def test_the_first_visitor_finds_a_room(client):
    state = (await client.get("/api/state")).json()

    assert state["rooms"] == ["Lobby"]
    assert state["me"]["name"] == "Earshot"
    assert state["status"] == {"state": "ready", "detail": "", "progress": None}


async def test_a_message_is_kept_and_marked_with_its_silence(say, running):
    said = await say("m1", "lunch was great")
    room = await running.settled()

    assert said.status_code == 201
    (message,) = room["messages"]
    assert (message["author"]["name"], message["text"]) == ("Ana", "lunch was great")
    assert message["mark"]["state"] == "silent"
    assert message["mark"]["p_speak"] == pytest.approx(0.1)
    assert message["mark"]["threshold"] == pytest.approx(0.5)


async def test_only_the_last_message_of_a_burst_carries_the_decision(house):
    house.quiet_s = 0.3
    async with house.open() as running, httpx.AsyncClient(base_url=running.url) as client:
        for number in range(3):
            body = {"id": f"m{number}", "name": "Ana", "text": "well"}
            await client.post("/api/rooms/Lobby/messages", json=body)
        room = await running.settled()

    assert [m["mark"]["state"] for m in room["messages"]] == ["next", "next", "silent"]


async def test_a_retried_message_is_said_once(say, running):
    first = await say("m1", "hello")
    second = await say("m1", "hello")

    assert second.status_code == first.status_code == 201
    assert len((await running.settled())["messages"]) == 1


@pytest.mark.parametrize(
    ("text", "addressed"),
    [
        ("@Earshot where is Turin?", True),
        ("so, @earshot?", True),
        ("ask Earshot", False),
        ("mail me@earshot.org", False),
        ("@Earshot-fans unite", False),
        ("@Earshots", False),
    ],
)
async def test_an_at_addresses_the_assistant_and_its_bare_name_does_not(say, text, addressed):
    assert (await say("m1", text)).json()["addressed"] is addressed


async def test_a_reply_to_the_assistant_is_addressed_and_one_to_a_person_is_not(say, running):
    await say("m1", "@Earshot what is the capital of France?")
    reply = (await running.settled())["messages"][1]

    to_earshot = await say("m2", "are you sure", reply_to=reply["id"])
    to_ana = await say("m3", "me neither", reply_to="m1")

    assert reply["from_assistant"]
    assert reply["text"] == "Paris."
    assert to_earshot.json()["addressed"]
    assert not to_ana.json()["addressed"]


@pytest.mark.parametrize("text", ["", "   \n", "\u200b\u200e", "\u2060", "\u00ad \u200d", "\u3164"])
async def test_an_empty_message_is_refused_kindly(say, text):
    answer = await say("m1", text)

    assert answer.status_code == 422
    assert answer.json() == {"error": "There is nothing to send yet: write something first."}


async def test_a_message_of_100000_characters_is_taken(say, running):
    answer = await say("m1", "ü" * 100_000)

    assert answer.status_code == 201
    assert len((await running.settled())["messages"][0]["text"]) == 100_000


async def test_a_longer_message_than_the_room_takes_is_refused(say):
    assert "200,000" in (await say("m1", "x" * 200_001)).json()["error"]
    answer = await say("m1", "x" * 3_000_000)
    assert answer.status_code == 413
    assert "200,000" in answer.json()["error"]


async def test_half_a_character_is_replaced(client, running):
    raw = b'{"id": "m1", "name": "Ana", "text": "a\\ud800b"}'
    headers = {"content-type": "application/json"}

    answer = await client.post("/api/rooms/Lobby/messages", content=raw, headers=headers)

    assert answer.status_code == 201
    assert (await running.settled())["messages"][0]["text"] == "a?b"


@pytest.mark.parametrize("message_id", ["reply-1", "", "a b", "x" * 65, "a/b"])
async def test_ids_that_could_be_the_assistants_or_break_a_path_are_refused(say, message_id):
    assert (await say(message_id, "hello")).status_code == 422


@pytest.mark.parametrize(
    "name", ["", " ", "earshot", "\uff25arshot", "Ear\u00adshot", "x" * 41, "\u200d", "\u00ad"]
)
async def test_names_that_nobody_can_have_are_refused(say, name):
    answer = await say("m1", "hello", name=name)

    assert answer.status_code == 422
    assert answer.json()["error"].endswith(".")


async def test_a_speaker_may_be_called_assistant_and_is_a_person_all_the_same(say, running):
    await say("m1", "I am the assistant", name="assistant")

    (message,) = (await running.settled())["messages"]
    assert not message["from_assistant"]
    assert message["author"]["name"] == "assistant"


async def test_speakers_differ_by_name_not_by_its_spelling(say, running):
    await say("m1", "one", name="Ana")
    await say("m2", "two", name=" ana\n ")

    room = await running.settled()
    assert len({message["author"]["id"] for message in room["messages"]}) == 1
    assert len(room["speakers"]) == 1


async def test_an_edit_reaches_the_assistants_view(say, client, running):
    await say("m1", "the meeting is at 3")
    await running.settled()

    answer = await client.patch("/api/rooms/Lobby/messages/m1", json={"text": "it is at 4"})

    assert answer.status_code == 200
    (message,) = (await running.settled())["messages"]
    assert (message["text"], message["edited"]) == ("it is at 4", True)


async def test_a_deleted_message_leaves_only_its_place(say, client, running):
    await say("m1", "secret")
    await running.settled()

    await client.delete("/api/rooms/Lobby/messages/m1")
    again = await client.delete("/api/rooms/Lobby/messages/m1")

    (message,) = (await running.settled())["messages"]
    assert (message["text"], message["deleted"]) == ("", True)
    assert again.status_code == 404


async def test_what_the_assistant_said_cannot_be_changed(say, client, running):
    await say("m1", "@Earshot hello")
    reply = (await running.settled())["messages"][1]

    answer = await client.patch(f"/api/rooms/Lobby/messages/{reply['id']}", json={"text": "ha"})

    assert answer.status_code == 403
    assert answer.json() == {"error": "What Earshot said cannot be changed."}


async def test_unknown_messages_cannot_be_edited(client):
    answer = await client.patch("/api/rooms/Lobby/messages/m9", json={"text": "ha"})

    assert answer.status_code == 404


async def test_rooms_are_kept_apart(say, client, running):
    created = await client.post("/api/rooms", json={"name": "  Plan\nB "})
    await say("m1", "in the lobby")

    assert created.json() == {"name": "Plan B"}
    assert (await running.settled(room="Plan B"))["messages"] == []
    assert set((await client.get("/api/state")).json()["rooms"]) == {"Lobby", "Plan B"}


@pytest.mark.parametrize("name", ["", "a/b", "..", "x" * 61, "a\\b"])
async def test_room_names_that_no_address_can_hold_are_refused(client, name):
    answer = await client.post("/api/rooms", json={"name": name})

    assert answer.status_code == 422
    assert answer.json()["error"].startswith("A room")


async def test_an_address_that_is_no_room_is_not_found(client):
    assert (await client.get("/api/rooms/%20x")).status_code == 404
    assert (await client.get("/api/rooms/" + "x" * 61)).status_code == 404


async def test_an_earlier_part_of_the_history_is_there_for_the_asking(say, client, running):
    for number in range(4):
        await say(f"m{number}", f"line {number}")
    await running.settled()

    some = (await client.get("/api/rooms/Lobby?limit=3")).json()
    every = (await client.get("/api/rooms/Lobby?limit=4")).json()

    assert [message["id"] for message in some["messages"]] == ["m1", "m2", "m3"]
    assert some["has_more"]
    assert not every["has_more"]


async def test_a_room_that_is_off_says_that_nothing_is_kept(say, client, running):
    await running.store.channels.change(LOBBY, mode=Mode.OFF)

    said = await say("m1", "between us")

    assert said.json()["mark"] == {"state": "not_kept"}
    assert (await running.settled())["messages"] == []


async def test_a_failure_is_shown_as_a_failure(say, house, running):
    house.model.failure = ModelUnavailable("down")

    await say("m1", "lunch was great")

    mark = (await running.settled())["messages"][0]["mark"]
    assert mark["state"] == Action.FAILED
    assert mark["reason"]


async def test_a_history_that_fails_is_told_in_a_fixed_sentence(say, running, tmp_path, caplog):
    await running.store.close()
    (tmp_path / "earshot.db").write_bytes(b"this is no database" * 100)

    answer = await say("m1", "hello")

    assert answer.status_code == 503
    assert answer.json()["error"].startswith("That did not work")
    assert "POST /api/rooms/Lobby/messages failed" in caplog.text


async def test_the_samples_are_conversations_of_several_people(client):
    samples = (await client.get("/api/samples")).json()

    assert len(samples) >= 6
    for sample in samples:
        assert sample["title"]
        assert len({line["name"] for line in sample["lines"]}) >= 2


async def test_the_page_and_its_parts_are_served(client):
    page = await client.get("/")
    script = await client.get("/static/js/main.js")

    assert "Earshot" in page.text
    assert "javascript" in script.headers["content-type"]
    assert (await client.get("/nothing")).json() == {"error": "Not Found"}


async def test_messages_said_together_are_all_kept(say, running):
    await asyncio.gather(*(say(f"m{number}", f"line {number}") for number in range(20)))

    assert len((await running.settled())["messages"]) == 20
