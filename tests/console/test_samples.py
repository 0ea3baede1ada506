"""The bundled conversations are what the room and the replay can play."""

import json
from pathlib import Path

import pytest

import bot.platforms.room
from inference.wire.conversation_file import parse_conversations

FOLDER = Path(bot.platforms.room.__file__).parent / "samples"
NAMES = ("planning", "gaming", "oncall", "study", "family", "languages")
OURS = {"earshot", "assistant"}


def sample(name: str) -> dict[str, object]:
    (line,) = (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return json.loads(line)


def test_there_are_six() -> None:
    assert {path.stem for path in FOLDER.glob("*.jsonl")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_a_conversation_of_three_to_five_people(name: str) -> None:
    conversation = sample(name)

    messages = conversation["messages"]
    people = {message["name"] for message in messages}
    assert list(conversation) == ["id", "title", "messages"]
    assert conversation["id"] == name
    assert conversation["title"]
    assert 12 <= len(messages) <= 20
    assert 3 <= len(people) <= 5
    assert not OURS & {person.casefold() for person in people}
    for message in messages:
        assert list(message) == ["role", "name", "content"]
        assert message["role"] == "user"
        assert message["content"].strip() == message["content"] != ""


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_asks_earshot_once_the_room_once_and_another_person_once(name: str) -> None:
    messages = sample(name)["messages"]
    people = {message["name"] for message in messages}
    questions = [message["content"] for message in messages if "?" in message["content"]]

    to_earshot = [text for text in questions if "@Earshot" in text]
    to_somebody = [text for text in questions if any(f"{person}," in text for person in people)]
    assert len(to_earshot) == 1
    assert len(to_somebody) >= 1
    assert len(questions) > len(to_earshot) + len(to_somebody)


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_can_be_replayed(name: str) -> None:
    text = (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8")

    (conversation,) = parse_conversations(text.splitlines())

    assert conversation.id == name
