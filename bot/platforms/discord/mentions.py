"""Discord's marks, such as `<@80351110224678912>`, as people see them: `@Nelly`.

Pure: text in, text out. Knows the marks and nothing of messages; whose name an id stands for, the
caller says. Code spans and blocks stay as they are, since Discord shows them so and nobody is
mentioned in them. The marks are those of https://discord.com/developers/docs/reference#message-formatting.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

SOMEONE = "someone"
UNKNOWN_ROLE = "unknown-role"
UNKNOWN_CHANNEL = "unknown-channel"

_ID = "[0-9]{1,20}"
_MARK = re.compile(
    rf"""
      (?P<code> (?<![`\\]) (?P<ticks>`+) (?!`) .*? (?<!`) (?P=ticks) (?!`) )
    | <@!? (?P<person> {_ID} ) >
    | <@&  (?P<role> {_ID} ) >
    | <\#  (?P<channel> {_ID} ) >
    | <a?: (?P<emoji> \w{{1,64}} ) : {_ID} >
    | <t:  (?P<time> -?[0-9]{{1,17}} (?: : [a-zA-Z] )? ) >
    | </   (?P<command> [^<>:\n]{{1,120}} ) : {_ID} >
    | <id: (?P<place> [a-z-]{{1,40}} ) (?: : {_ID} )? >
    | <sound: (?P<sound> {_ID} ) : {_ID} >
    | <    (?P<link> https?://[^\s<>]+ ) >
    """,
    re.VERBOSE | re.DOTALL,
)
_PLACES = {
    "home": "Server Guide",
    "guide": "Server Guide",
    "browse": "Browse Channels",
    "customize": "Channels & Roles",
    "linked-roles": "Linked Roles",
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What is read off a moment in each style; the others show date and time. A relative one ("in an
# hour") would be wrong as soon as it is read again.
_STYLES = {
    "t": "%H:%M UTC",
    "T": "%H:%M:%S UTC",
    "d": "%Y-%m-%d",
    "D": "%Y-%m-%d",
}


@dataclass(frozen=True, slots=True)
class Names:
    """Whose name an id of Discord's stands for, None where nobody knows."""

    person: Callable[[int], str | None]
    role: Callable[[int], str | None]
    channel: Callable[[int], str | None]


def readable(text: str, names: Names) -> str:
    """Give a text as Discord shows it to people."""
    return _MARK.sub(lambda mark: _shown(mark, names), text)


def people_in(text: str) -> frozenset[int]:
    """Give the ids of the people whom a text mentions."""
    return _ids(text, "person")


def roles_in(text: str) -> frozenset[int]:
    """Give the ids of the roles that a text mentions."""
    return _ids(text, "role")


def _ids(text: str, kind: str) -> frozenset[int]:
    return frozenset(int(mark[kind]) for mark in _MARK.finditer(text) if mark[kind])


def _shown(mark: re.Match[str], names: Names) -> str:
    kind = mark.lastgroup or "code"
    inner = mark[kind]
    match kind:
        case "person":
            return f"@{names.person(int(inner)) or SOMEONE}"
        case "role":
            return f"@{names.role(int(inner)) or UNKNOWN_ROLE}"
        case "channel":
            return f"#{names.channel(int(inner)) or UNKNOWN_CHANNEL}"
        case _:
            return _named_by_itself(kind, inner) or mark[0]


def _named_by_itself(kind: str, inner: str) -> str | None:
    """Give a mark that holds its own meaning; None for one that says nothing we know."""
    match kind:
        case "emoji":
            return f":{inner}:"
        case "command":
            return f"/{inner}"
        case "time":
            return _moment(inner)
        case "place":
            return _PLACES.get(inner)
        case "sound":
            return "(a sound)"
        case _:
            return inner


def _moment(inner: str) -> str | None:
    """Give `1618953630:t` as a time in UTC; None for one beyond the calendar."""
    seconds, _, style = inner.partition(":")
    try:
        moment = _EPOCH + timedelta(seconds=int(seconds))
    except OverflowError:
        return None
    return moment.strftime(_STYLES.get(style, "%Y-%m-%d %H:%M UTC"))
