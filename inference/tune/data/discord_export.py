"""Read channels that DiscordChatExporter wrote as JSON, one file a channel or thread.

Joins, pins, calls and the like are no messages; the text of an edited message is the last one.
"""

import json
import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from inference.errors import DataBroken
from inference.tune.data.logged_chats import LoggedChats
from inference.wire.chat_log import ChatLog, LoggedMessage, Person

# The exporter writes Discord's number where it has no word: 20 and 23 are a bot's answers to commands.
SAID = ("Default", "Reply", "20", "23")

_ROLE = re.compile(r"<@&\d+>")
_CHANNEL = re.compile(r"<#\d+>")
_EMOJI = re.compile(r"<a?(:\w+:)\d+>")
_MENTION = re.compile(r"<@!?(\d+)>")


def read_discord(files: Sequence[Path]) -> LoggedChats:
    """Read exported channels. Raises DataBroken that names the file and what is wrong in it."""
    people: dict[str, Person] = {}
    left_aside: Counter[str] = Counter()
    logs = [_Reader(file, people, left_aside).read() for file in dict.fromkeys(files)]
    return LoggedChats(tuple(people.values()), tuple(logs), left_aside)


class _Reader:
    """Reads one file; adds to `people` and `left_aside`, which all files share."""

    def __init__(self, file: Path, people: dict[str, Person], left_aside: Counter[str]) -> None:
        self._file = file
        self._people = people
        self._left_aside = left_aside

    def read(self) -> ChatLog:
        content = self._json()
        messages = content.get("messages") if isinstance(content, dict) else None
        channel = content.get("channel") if isinstance(content, dict) else None
        if not isinstance(messages, list) or not isinstance(channel, dict):
            raise DataBroken(
                f'{self._file} was not written by DiscordChatExporter as JSON: "channel" or '
                '"messages" is missing'
            )
        read = [self._message(raw, number) for number, raw in enumerate(messages, start=1)]
        said = sorted((one for one in read if one is not None), key=lambda message: message.at)
        is_private = "Direct" in str(channel.get("type"))
        place = "direct messages" if is_private else f"#{channel.get('name', '?')}"
        return ChatLog(str(channel.get("id", self._file.name)), place, tuple(said))

    def _json(self) -> Any:
        try:
            return json.loads(self._file.read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise DataBroken(f"{self._file} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise DataBroken(
                f"{self._file} is not UTF-8: position {error.start + 1}; export it as JSON again"
            ) from error
        except (ValueError, RecursionError) as error:
            raise DataBroken(f"{self._file} is no JSON: {error}") from error

    def _message(self, raw: Any, number: int) -> LoggedMessage | None:
        if not isinstance(raw, dict):
            raise self._broken(number, "is not an object")
        if str(raw.get("type", "Default")) not in SAID:
            self._left_aside[str(raw["type"])] += 1
            return None
        author = raw.get("author")
        if not isinstance(author, dict) or not author.get("id"):
            raise self._broken(number, "has no author")
        for mentioned in [*_objects(raw.get("mentions")), author]:
            self._meet(mentioned)
        text = _plain_text(str(raw.get("content") or "")) + _attached(raw)
        return LoggedMessage(str(author["id"]), text.strip(), self._time(raw, number))

    def _time(self, raw: dict[str, Any], number: int) -> datetime:
        try:
            at = datetime.fromisoformat(str(raw["timestamp"]))
        except (KeyError, ValueError) as error:
            raise self._broken(number, "has no usable timestamp") from error
        return at if at.tzinfo else at.replace(tzinfo=UTC)

    def _meet(self, author: dict[str, Any]) -> None:
        names = (author.get("nickname"), author.get("name"))
        called = tuple(name for name in names if isinstance(name, str) and name.strip())
        person_id = str(author.get("id", ""))
        known = self._people.get(person_id)
        also = known.called if known else ()
        name = known.name if known else called[0] if called else f"user {person_id}"
        aliases = tuple(dict.fromkeys(other for other in (*also, *called) if other != name))
        self._people[person_id] = Person(person_id, name, aliases, bool(author.get("isBot")))

    def _broken(self, number: int, what: str) -> DataBroken:
        return DataBroken(f"{self._file}: message {number} {what}")


def _plain_text(text: str) -> str:
    """Take Discord's markup off a text; `<@ID>` stays for whom it mentions."""
    shown = _EMOJI.sub(r"\1", _CHANNEL.sub("#channel", _ROLE.sub("@role", text)))
    return _MENTION.sub(r"<@\1>", shown)


def _attached(raw: dict[str, Any]) -> str:
    named = [item.get("fileName") or "file" for item in _objects(raw.get("attachments"))]
    return "".join(f" [{name}]" for name in named)


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
