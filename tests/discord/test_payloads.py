"""Payloads that Discord documents, and that other servers of its protocol really send.

Each goes through discord.py's own parser and our hearing. What discord.py cannot digest it raises,
through the gateway's reader and out of the client: the supervisor starts a new one then. What it can
digest must not be our fault.
"""

import copy
import json
from pathlib import Path

import pytest

from bot.messages import Message
from bot.platforms.discord.hearing import Me, edited, heard
from bot.platforms.discord.reading import unread
from tests.discord.ears import GENERAL, GUILD, ME, NELLY, Ears, nick, reply_to, said, user

SAMPLES = Path(__file__).parents[3] / "shared/payloads/discord"
needs_samples = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="the payload samples are not beside this checkout"
)
NOT_FOR_BOTS = {"READY_SUPPLEMENTAL"}  # for people's clients only; discord.py passes over it
# What discord.py raises where a payload lacks what it takes for granted: parts it reads without
# asking, and parts of a user, whose name it then lacks itself.
INDIGESTIBLE = (KeyError, TypeError, ValueError, AttributeError)


def _samples():
    for path in sorted(SAMPLES.rglob("*.json")):
        payload = json.loads(path.read_text())
        if isinstance(payload, dict) and isinstance(payload.get("d"), dict) and payload.get("t"):
            yield pytest.param(path, id=str(path.relative_to(SAMPLES)))


def _read(path):
    return json.loads(path.read_text())


async def _heard_of(ears):
    """Hear whatever the events so far tell of messages."""
    return [
        await heard(args[0], me=ME, reader=unread)
        if event == "message"
        else await edited(args[0], me=ME)
        for event, args in ears.events
        if event in ("message", "raw_message_edit")
    ]


@needs_samples
@pytest.mark.parametrize("path", list(_samples()))
@pytest.mark.parametrize("is_guild_known", [True, False])
async def test_every_sampled_event_is_taken_in(path, is_guild_known):
    ears, sample = Ears(), _read(path)
    guild = path.parent / "GUILD_CREATE.json"
    if is_guild_known and guild.exists():
        ears.takes("GUILD_CREATE", _read(guild)["d"])

    if sample["t"] in ears._connection.parsers:
        ears.takes(sample["t"], sample["d"])
    else:
        assert sample["t"] in NOT_FOR_BOTS | {"GATEWAY_EVENT_NAME"}

    await _heard_of(ears)


@needs_samples
@pytest.mark.parametrize("folder", ["captured_simcord", "captured_spacebar"])
async def test_a_sampled_message_is_heard_and_so_is_its_edit(folder):
    ears = Ears()
    for event in ("GUILD_CREATE", "MESSAGE_CREATE", "MESSAGE_UPDATE"):
        ears.takes(event, _read(SAMPLES / folder / f"{event}.json")["d"])

    message, changed = await _heard_of(ears)

    assert isinstance(message, Message)
    assert message.text.partition(" ")[2].startswith("@")
    assert changed.text == f"edited: {message.text}"


@needs_samples
async def test_a_sampled_mention_of_the_bot_addresses_it():
    ears, folder = Ears(), SAMPLES / "captured_simcord"
    sample = _read(folder / "MESSAGE_CREATE.json")["d"]
    me = Me(int(sample["mentions"][0]["id"]), "Earshot")
    ears.takes("GUILD_CREATE", _read(folder / "GUILD_CREATE.json")["d"])

    message = await heard(ears.message(sample), me=me, reader=unread)

    assert (message.addressed, message.text) == (True, "hi @Earshot")


@needs_samples
async def test_the_documented_messages_are_heard():
    ears, folder = Ears(), SAMPLES / "docs/message"
    place = {"channel_id": str(GENERAL), "guild_id": str(GUILD)}

    for name in ("example_message", "example_crossposted_message"):
        ears.takes("MESSAGE_CREATE", {**_read(folder / f"{name}.json"), **place})

    plain, crossposted = await _heard_of(ears)
    assert (plain.author.name, plain.text, plain.reply_to) == ("Mason", "Supa Hot", None)
    assert (crossposted.text, crossposted.reply_to) == (
        "Big news! In this #unknown-channel channel!",
        None,
    )


async def test_roles_sent_as_objects_are_what_discord_py_cannot_digest():
    """Seen of an independent server; nothing of ours is asked, the client ends."""
    member = {**nick("Captain"), "roles": [{"id": "202", "name": "Moderators"}]}

    with pytest.raises(TypeError):
        Ears().takes("MESSAGE_UPDATE", said("hi", member=member))


def _parts(payload, path=()):
    """The paths to all that stands in a payload."""
    entries = payload.items() if isinstance(payload, dict) else enumerate(payload)
    for key, value in entries:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from _parts(value, (*path, key))


def _without(payload, path):
    lacking = copy.deepcopy(payload)
    place = lacking
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    return lacking


REPLY = said(
    f"hi <@{NELLY}>",
    member=nick("Captain"),
    mentions=[user(NELLY, "nelly", member=nick("Captain"))],
    embeds=[{"type": "rich", "title": "t", "fields": [{"name": "a", "value": "b"}]}],
    sticker_items=[{"id": "1", "name": "Wave", "format_type": 1}],
    edited_timestamp="2026-05-01T12:05:00+00:00",
    **reply_to(said("before", member=nick(None))),
)


@pytest.mark.parametrize("event", ["MESSAGE_CREATE", "MESSAGE_UPDATE"])
@pytest.mark.parametrize("path", list(_parts(REPLY)), ids=lambda path: ".".join(map(str, path)))
async def test_a_payload_that_lacks_something_is_refused_by_discord_py_or_heard(event, path):
    ears = Ears()

    try:
        ears.takes(event, _without(REPLY, path))
    except INDIGESTIBLE:
        assert len(ears.events) == 1  # only that the server is there
        return

    await _heard_of(ears)
