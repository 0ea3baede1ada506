"""Read a Slack workspace export, the zip file that "Export workspace data" gives.

    users.json  channels.json  general/2024-01-31.json  random/2024-01-31.json  ...

A thread is a conversation apart, with the message it hangs on as its first. The text of an edited
message is the last one, as Slack exports it; joins, leaves, deletions and the like are no messages.
"""

import html
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from inference.errors import DataBroken
from inference.tune.data.logged_chats import LoggedChats
from inference.tune.data.safe_zip import SafeZip
from inference.wire.chat_log import ChatLog, LoggedMessage, Person

# Messages that somebody wrote; every other subtype reports an event.
SAID = (None, "bot_message", "me_message", "thread_broadcast", "file_share", "reply_broadcast")
# Words that were there and are gone: what answered them answers nothing any more.
GONE = ("tombstone",)
_DAY = re.compile(r"\d{4}-\d\d-\d\d\.json")

_ID_MENTION = re.compile(r"<@(\w+)(?:\|[^>]*)?>")
_OTHER_MARKUP = re.compile(r"<([#!]?)([^<>|]*)(?:\|([^<>]*))?>")


def read_slack(file: Path) -> LoggedChats:
    """Read an export. Raises DataBroken that names the file and what is wrong in it."""
    with SafeZip(file) as archive:
        return _Reader(archive, file).read()


def plain_text(text: str) -> str:
    """Take Slack's markup off a text; `<@ID>` stays for whom it mentions."""
    shown = _OTHER_MARKUP.sub(_unmarked, _ID_MENTION.sub("\x00\\1\x01", text))
    return re.sub("\x00(\\w+)\x01", r"<@\1>", html.unescape(shown))


def _unmarked(markup: re.Match[str]) -> str:
    kind, target, label = markup[1], markup[2], markup[3]
    if kind == "#":
        return f"#{label or target}"
    if kind == "!":
        name = label or target.split("^")[0]
        return name if name.startswith("@") else f"@{name}"
    return label or target.removeprefix("mailto:")


class _Reader:
    """Reads one export. People who are in no list, but write, are added as they are met."""

    def __init__(self, archive: SafeZip, file: Path) -> None:
        self._archive = archive
        self._file = file
        self._names = archive.names()
        self._people: dict[str, Person] = {}
        self._left_aside: Counter[str] = Counter()

    def read(self) -> LoggedChats:
        root = self._root()
        for user in self._objects(f"{root}users.json"):
            person = _person(user)
            if person is not None:
                self._people[person.id] = person
        logs = [log for channel in self._channels(root) for log in self._logs(root, channel)]
        if not logs:
            raise DataBroken(f"{self._file} holds no messages: no day files in folders of channels")
        return LoggedChats(tuple(self._people.values()), tuple(logs), self._left_aside)

    def _root(self) -> str:
        """Give the folder that holds the lists: some zip programs put one around everything."""
        found = sorted((n for n in self._names if PurePosixPath(n).name == "users.json"), key=len)
        if not found:
            raise DataBroken(f"{self._file} is no Slack workspace export: there is no users.json")
        return found[0].removesuffix("users.json")

    def _channels(self, root: str) -> list[str]:
        """Give the folders of channels that have day files."""
        days = (name for name in self._names if _DAY.fullmatch(PurePosixPath(name).name))
        inside = (PurePosixPath(day.removeprefix(root)) for day in days if day.startswith(root))
        return sorted({day.parts[0] for day in inside if len(day.parts) == 2})

    def _logs(self, root: str, channel: str) -> Iterator[ChatLog]:
        raws = list(self._raws(f"{root}{channel}/"))
        begun = {raw.get("thread_ts") for _, raw in raws if raw.get("thread_ts") != raw.get("ts")}
        threads: defaultdict[str, list[LoggedMessage]] = defaultdict(list)
        for day, raw in raws:
            message = self._message(raw, day)
            if message is not None:
                # What a thread hangs on belongs to the thread: it is answered there.
                thread = raw.get("thread_ts")
                threads[str(thread) if thread in begun and thread else ""].append(message)
        place = self._place(channel)
        for thread, messages in sorted(threads.items()):
            messages.sort(key=lambda message: message.at)
            where = f"{place}, a thread" if thread else place
            yield ChatLog(f"{channel}/{thread}", where, tuple(messages))

    def _raws(self, begin: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for day in sorted(name for name in self._names if name.startswith(begin)):
            if _DAY.fullmatch(day.removeprefix(begin)):
                for raw in self._objects(day):
                    yield day, raw

    def _place(self, channel: str) -> str:
        """Name a channel; the folders of direct messages are ids or lists of people's handles."""
        is_private = channel.startswith("mpdm-") or re.fullmatch(r"D[A-Z0-9]{6,}", channel)
        return "direct messages" if is_private else f"#{channel}"

    def _message(self, raw: dict[str, Any], day: str) -> LoggedMessage | None:
        subtype = raw.get("subtype")
        if raw.get("type", "message") != "message" or subtype not in (*SAID, *GONE):
            self._left_aside[str(subtype or raw.get("type"))] += 1
            return None
        try:
            at = datetime.fromtimestamp(float(raw["ts"]), UTC)
        except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
            raise DataBroken(f"{day} in {self._file}: a message has no usable time (ts)") from error
        person_id = self._writer(raw)
        text = plain_text(str(raw.get("text") or "")) + _attached(raw)
        return LoggedMessage(person_id, text.strip(), at, left_out=subtype in GONE)

    def _writer(self, raw: dict[str, Any]) -> str:
        """Give the id of who wrote it, making a person of whoever is in no list."""
        person_id = str(raw.get("user") or raw.get("bot_id") or raw.get("username") or "unknown")
        if person_id not in self._people:
            named = _person({"id": person_id, **_dict(raw.get("user_profile"))})
            called = str(raw.get("username") or _dict(raw.get("bot_profile")).get("name") or "")
            is_bot = bool(raw.get("bot_id"))
            if called or named is None or named.name == person_id:
                unlisted = sum(
                    person.name.startswith("unlisted-") for person in self._people.values()
                )
                named = Person(person_id, called or f"unlisted-{unlisted + 1}", is_bot=is_bot)
            self._people[person_id] = named
        return person_id

    def _objects(self, name: str) -> list[dict[str, Any]]:
        content = self._archive.json(name)
        if not isinstance(content, list) or not all(isinstance(item, dict) for item in content):
            raise DataBroken(f"{name} in {self._file} is not a list of objects")
        return content


def _attached(raw: dict[str, Any]) -> str:
    files = raw.get("files")
    named = [_dict(item).get("name") or "file" for item in files] if isinstance(files, list) else []
    return "".join(f" [{name}]" for name in named)


def _person(user: dict[str, Any]) -> Person | None:
    """Read a user: the name that others see first, then what else they may be called."""
    if not isinstance(user.get("id"), str):
        return None
    profile = _dict(user.get("profile")) or user
    fields = (
        profile.get("display_name"),
        profile.get("real_name"),
        user.get("real_name"),
        user.get("name"),
    )
    called = tuple(dict.fromkeys(name for name in fields if isinstance(name, str) and name.strip()))
    is_bot = bool(user.get("is_bot")) or user["id"] == "USLACKBOT"
    return Person(user["id"], called[0] if called else user["id"], called[1:], is_bot)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
