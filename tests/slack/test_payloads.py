"""Payloads that Slack documents, and that it and its libraries' tests really send.

Each goes through our hearing. What lacks a channel, an author or a time is refused without a word
to anybody but the log; nothing raises.
"""

import copy
import json
from pathlib import Path

import pytest

from bot.messages import Message
from bot.platforms.edits import Edited
from bot.platforms.slack.edits import deleted_id, edited, edited_id
from bot.platforms.slack.files import unread
from bot.platforms.slack.hearing import heard, place
from tests.slack.directory import (
    NELLY,
    TEAM,
    Directory,
    people,
    rich,
    said,
    served,
)

SAMPLES = Path(__file__).parents[3] / "shared/payloads/slack"
needs_samples = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="the payload samples are not beside this checkout"
)


def _read(path):
    return json.loads(path.read_text())


def _event(payload):
    """Find the event in a payload of whatever transport."""
    for envelope in (payload.get("payload"), payload):
        if isinstance(envelope, dict):
            event = envelope.get("event", envelope)
            if isinstance(event, dict):
                return event
    return payload


def _samples():
    for path in sorted(SAMPLES.rglob("*.json")):
        yield pytest.param(path, id=str(path.relative_to(SAMPLES)))


def _nulls(value):
    """The same shape, with nothing in it."""
    if isinstance(value, dict):
        return {key: _nulls(each) for key, each in value.items()}
    return [_nulls(each) for each in value] if isinstance(value, list) else None


@pytest.fixture
async def team():
    async with served(Directory()) as team:
        yield team


async def _taken_in(event, team):
    """Hear whatever a payload tells; gives the message or edit, None where it is refused."""
    where = place(event, TEAM)
    deleted_id(event), edited_id(event)
    if where is None:
        return None
    if event.get("subtype") == "message_changed":
        return await edited(event, team=team, people=people())
    return await heard(event, where, team=team, people=people(), reader=unread)


@needs_samples
@pytest.mark.parametrize("path", list(_samples()))
async def test_every_sample_is_heard_or_refused(path, team):
    payload = _read(path)
    payload = payload if isinstance(payload, dict) else {"event": payload}

    told = await _taken_in(_event(payload), team)
    of_nothing = await _taken_in(_nulls(_event(payload)), team)

    assert told is None or isinstance(told, Message | Edited)
    assert of_nothing is None


HEARD = [
    ("event_only/message-channel.json", "@someone"),
    ("event_only/message-channel~2.json", "Hello World!"),
    ("event_only/message-im.json", "A top-level DM, not in a thread"),
    ("event_only/message-im-bot.json", "A DM authored by a bot"),
    ("event_only/message-im-thread-assistant~2.json", "When Slack was released?"),
    ("event_only/message.bot_message-channel-bot~3.json", "Hi there! Thanks for sharing the info!"),
    ("event_only/message.thread_broadcast-channel-thread.json", "Hi there!"),
    ("event_only/message.file_share-channel.json", "Hi there!"),
    ("event_callback/app_mention~3.json", "@someone hey"),
    ("socket_envelope/events_api-event_callback-message~2.json", "@someone Hi here!"),
]


@needs_samples
@pytest.mark.parametrize(("name", "text"), HEARD)
async def test_sampled_messages_are_heard(name, text, team):
    message = await _taken_in(_event(_read(SAMPLES / "realistic" / name)), team)

    assert message.text == text


@needs_samples
async def test_a_sampled_file_is_described(team):
    path = SAMPLES / "realistic/event_only/message.file_share-channel.json"

    message = await _taken_in(_event(_read(path)), team)

    assert message.attachments == ("image file.png (PNG, 93 kB)",)


@needs_samples
async def test_sampled_changes_without_edits_are_none(team):
    folder = SAMPLES / "realistic/event_only"
    for path in sorted(folder.glob("message.message_changed-im-assistant*.json")):
        assert await _taken_in(_event(_read(path)), team) is None
    assert await _taken_in(_read(folder / "message.message_changed-channel.json"), team) is None


def _parts(payload, path=()):
    """The paths to all that stands in a payload."""
    entries = payload.items() if isinstance(payload, dict) else enumerate(payload)
    for key, value in entries:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from _parts(value, (*path, key))


def _with(payload, path, value):
    changed = copy.deepcopy(payload)
    place_in = changed
    for key in path[:-1]:
        place_in = place_in[key]
    if value is KeyError:
        del place_in[path[-1]]
    else:
        place_in[path[-1]] = value
    return changed


WHOLE = said(
    f"hi <@{NELLY}>",
    blocks=[
        *rich(
            {"type": "user", "user_id": NELLY}, {"type": "emoji", "name": "x", "unicode": "1f44b"}
        ),
        {"type": "section", "text": {"type": "mrkdwn", "text": "a"}, "fields": [{"text": "b"}]},
    ],
    attachments=[{"text": "t", "fields": [{"title": "a", "value": "b"}]}],
    files=[{"id": "F1", "name": "a.txt", "size": 3, "mode": "hosted"}],
    user_profile={"display_name": "Nelly"},
    bot_profile={"name": "x", "app_id": "A9"},
    thread_ts="1777636000.000200",
)
ODD = (KeyError, None, "", 0, -1.5, True, [], {}, [None, 1, "x", [], {}], {"text": {}}, "<@", "U1")


@pytest.mark.parametrize("path", list(_parts(WHOLE)), ids=lambda path: ".".join(map(str, path)))
async def test_whatever_stands_where_something_else_should_nothing_raises(path, team):
    for value in ODD:
        event = _with(WHOLE, path, value)
        change = {"subtype": "message_changed", "channel": "C1", "message": event}

        assert isinstance(await _taken_in(event, team), Message | None)
        assert isinstance(
            await _taken_in({**change, "previous_message": WHOLE}, team), Edited | None
        )
