"""Slack's marks, such as `<@U012AB3CD>`, as people see them: `@Nelly`.

Pure: text in, text out. Knows the marks and nothing of messages; whose name an id stands for, the
caller says. Slack escapes `&`, `<` and `>` in what people write, so that every `<...>` is a mark,
also within code. The marks are those of https://docs.slack.dev/messaging/formatting-message-text.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from bot.platforms.slack.keys import EPOCH
from bot.platforms.slack.lenient import Payload, is_payload, text_in

SOMEONE = "someone"
UNKNOWN_GROUP = "unknown-group"
UNKNOWN_CHANNEL = "unknown-channel"

_MARK = re.compile(r"<(?P<mark>[^<>]*)>|&(?P<sign>amp|lt|gt);")
_SIGNS = {"amp": "&", "lt": "<", "gt": ">"}
_LINK = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_SECONDS = re.compile(r"[0-9]{1,17}")
_SPOKEN = ("mailto:", "tel:", "http://", "https://")  # what a link's own words leave out


Forwarded = tuple[str, str]
"""Words that a message forwards, by their author's id and the time stamp they were said at."""


@dataclass(frozen=True, slots=True)
class Names:
    """Whose name an id of Slack's stands for; ids that nobody knows are not in here.

    `withheld` are the forwarded words that are not to be kept.
    """

    people: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    withheld: frozenset[Forwarded] = frozenset()

    def person(self, user_id: str, label: str = "") -> str:
        """Show the mention of a person; `label` is what the mark itself calls them."""
        return f"@{self.people.get(user_id) or label.removeprefix('@') or SOMEONE}"

    def group(self, group_id: str, label: str = "") -> str:
        """Show the mention of a user group."""
        return f"@{self.groups.get(group_id) or label.removeprefix('@') or UNKNOWN_GROUP}"

    def channel(self, channel_id: str, label: str = "") -> str:
        """Show the mention of a channel."""
        return f"#{self.channels.get(channel_id) or label.removeprefix('#') or UNKNOWN_CHANNEL}"


@dataclass(frozen=True, slots=True)
class Mentioned:
    """The ids that something mentions."""

    people: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    channels: set[str] = field(default_factory=set)


def readable(text: str, names: Names) -> str:
    """Give a text of Slack's mrkdwn as people see it; what is bold stays between its stars."""
    return _MARK.sub(lambda mark: _shown(mark, names), text)


def plain(text: str) -> str:
    """Give a text without Slack's escapes."""
    return _MARK.sub(lambda mark: _SIGNS[mark["sign"]] if mark["sign"] else mark[0], text)


def linked(url: str, label: str) -> str:
    """Show a link: its words, and where it leads unless the words say that themselves."""
    bare = url
    for spoken in _SPOKEN:
        bare = bare.removeprefix(spoken)
    if not label or label == url:
        return bare if url.startswith(("mailto:", "tel:")) else url
    return label if label.rstrip("/") == bare.rstrip("/") else f"[{label}]({url})"


def moment_shown(seconds: int) -> str:
    """Show a moment, given in seconds since 1970, to whoever may live anywhere."""
    try:
        return f"{EPOCH + timedelta(seconds=seconds):%Y-%m-%d %H:%M} UTC"
    except OverflowError:
        return "(a date)"


def mentioned(*said: object) -> Mentioned:
    """Give the ids that texts, blocks and attachments mention, however deep.

    What people wrote as text in a rich text is text, whatever it looks like.
    """
    found = Mentioned()
    for value in _within(said):
        if isinstance(value, str):
            _note_marks(value, found)
        elif is_payload(value):
            _note_element(value, found)
    return found


def _within(said: object) -> Iterator[object]:
    waiting = [said]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list | tuple):
            waiting += value
        elif is_payload(value):
            yield value
            waiting += [] if value.get("type") == "text" else value.values()
        else:
            yield value


def _note_marks(text: str, found: Mentioned) -> None:
    for mark in _MARK.finditer(text):
        target = (mark["mark"] or "").partition("|")[0]
        if target.startswith("@"):
            found.people.add(target[1:])
        elif target.startswith("#"):
            found.channels.add(target[1:])
        elif target.startswith("!subteam^"):
            found.groups.add(target.removeprefix("!subteam^"))


def _note_element(element: Payload, found: Mentioned) -> None:
    kinds = {"user": found.people, "usergroup": found.groups, "channel": found.channels}
    kind = text_in(element, "type")
    if kind in kinds and (mentioned_id := text_in(element, f"{kind}_id")):
        kinds[kind].add(mentioned_id)


def _shown(mark: re.Match[str], names: Names) -> str:
    if mark["sign"]:
        return _SIGNS[mark["sign"]]
    target, _, label = mark["mark"].partition("|")
    target, label = plain(target), plain(label).strip()
    match target[:1]:
        case "@":
            return names.person(target[1:], label)
        case "#":
            return names.channel(target[1:], label)
        case "!":
            return _special(target[1:], label, names)
        case _:
            return linked(target, label) if _LINK.match(target) else mark[0]


def _special(target: str, label: str, names: Names) -> str:
    """Show `!here`, a user group, a date; of what we do not know, the words it brings."""
    kind, _, value = target.partition("^")
    if kind == "subteam":
        return names.group(value, label)
    if kind == "date":
        seconds = value.partition("^")[0]
        return label or moment_shown(int(seconds) if _SECONDS.fullmatch(seconds) else 0)
    return label if label and label != kind else f"@{kind}"
