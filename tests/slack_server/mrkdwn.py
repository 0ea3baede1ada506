"""What Slack makes of a text: whom it pings, and the rich text that a client would have sent. Pure."""

import html
import re
from collections.abc import Iterable, Iterator
from typing import Any

from tests.slack_server.world import Json

BROADCASTS = ("channel", "here", "everyone", "group")
_MARKED = re.compile(r"<(?:!subteam\^([A-Z0-9]+)|!(\w+)|@([UWB][A-Z0-9]+))(?:\|[^>]*)?>")
_NAMED = re.compile(r"(?<![\w@])@(channel|here|everyone)\b")
_HANDLE = re.compile(r"(?<![\w@])@([a-z0-9._-]+)")
_TOKENS = re.compile(
    r"```(?P<pre>.+?)```|`(?P<code>[^`\n]+)`|<@(?P<user>[UWB][A-Z0-9]+)(?:\|[^>]*)?>"
    r"|<#(?P<channel>[CGD][A-Z0-9]+)(?:\|[^>]*)?>|<!subteam\^(?P<group>[A-Z0-9]+)(?:\|[^>]*)?>"
    r"|<!(?P<range>here|channel|everyone)(?:\|[^>]*)?>"
    r"|<(?P<url>(?:https?|mailto)[^|>]*)(?:\|(?P<label>[^>]*))?>|:(?P<emoji>[a-z0-9_+'-]+):"
    r"|(?<![\w*])\*(?P<bold>[^*\n]+)\*(?![\w*])|(?<!\w)_(?P<italic>[^_\n]+)_(?!\w)"
    r"|(?<!\w)~(?P<strike>[^~\n]+)~(?!\w)",
    re.DOTALL,
)


def pings(text: str, *, at_signs: bool = False) -> list[str]:
    """Give whom a text pings: ids of users and groups, `channel`, `here`, `everyone`.

    `at_signs` counts a bare @here too, as with link_names, parse=full and Markdown.
    """
    found: list[str] = []
    for group, word, user in _MARKED.findall(text):
        if group or user:
            found.append(group or user)
        elif word in BROADCASTS:
            found.append("channel" if word == "group" else word)
    if at_signs:
        found += _NAMED.findall(text)
    return list(dict.fromkeys(found))


def handles(text: str) -> list[str]:
    """Give the names after an @, which link_names makes mentions of."""
    return _HANDLE.findall(text)


def pings_of_blocks(blocks: Any) -> list[str]:
    """Give whom blocks ping, however deep it stands in them."""
    return list(dict.fromkeys(_in_blocks(blocks)))


def _in_blocks(part: Any) -> Iterator[str]:
    if isinstance(part, list):
        for one in part:
            yield from _in_blocks(one)
    elif isinstance(part, dict):
        yield from _in_part(part)
        for inner in part.values():
            yield from _in_blocks(inner)


def _in_part(part: Json) -> Iterable[str]:
    match part:
        case {"type": "mrkdwn", "text": str(text)}:
            return pings(text, at_signs=False)
        case {"type": "markdown", "text": str(text)}:
            return pings(text, at_signs=True)
        case {"type": "user", "user_id": str(user)}:
            return [user]
        case {"type": "usergroup", "usergroup_id": str(group)}:
            return [group]
        case {"type": "broadcast", "range": str(word)}:
            return [word]
    return []


def rich_text(text: str, block_id: str) -> list[Json]:
    """Give the blocks that Slack's own client sends with such a text."""
    parts: list[Json] = []
    for is_quote, words in _quotes_apart(text):
        kind = "rich_text_quote" if is_quote else "rich_text_section"
        section: list[Json] = []
        for element in _elements(words):
            if element["type"] != "preformatted":
                section.append(element)
                continue
            if section:
                parts.append({"type": kind, "elements": section})
            section = []
            pre = {"type": "text", "text": element["text"]}
            parts.append({"type": "rich_text_preformatted", "elements": [pre], "border": 0})
        if section:
            parts.append({"type": kind, "elements": section})
    return [{"type": "rich_text", "block_id": block_id, "elements": parts}] if parts else []


def _quotes_apart(text: str) -> list[tuple[bool, str]]:
    """Give the runs of quoted and of other lines."""
    runs: list[tuple[bool, str]] = []
    for line in text.split("\n"):
        is_quote = line.startswith("&gt;")
        words = line.removeprefix("&gt;").removeprefix(" ") if is_quote else line
        if runs and runs[-1][0] == is_quote:
            runs[-1] = (is_quote, f"{runs[-1][1]}\n{words}")
        else:
            runs.append((is_quote, words))
    return runs


def _elements(text: str) -> list[Json]:
    elements, end = [], 0
    for found in _TOKENS.finditer(text):
        if found.start() > end:
            elements.append(_plain(text[end : found.start()]))
        elements.append(_element(found))
        end = found.end()
    if end < len(text):
        elements.append(_plain(text[end:]))
    return elements


def _plain(words: str, **style: bool) -> Json:
    shown: Json = {"type": "text", "text": html.unescape(words)}
    return {**shown, "style": style} if style else shown


def _element(found: re.Match[str]) -> Json:
    kind, words = found.lastgroup, found[found.lastgroup or 0]
    match kind:
        case "pre":
            return {"type": "preformatted", "text": html.unescape(words.strip("\n"))}
        case "user":
            return {"type": "user", "user_id": words}
        case "channel":
            return {"type": "channel", "channel_id": words}
        case "group":
            return {"type": "usergroup", "usergroup_id": words}
        case "range":
            return {"type": "broadcast", "range": words}
        case "url":
            return {"type": "link", "url": html.unescape(words)}
        case "label":
            link = {"type": "link", "url": html.unescape(found["url"])}
            return {**link, "text": html.unescape(words)}
        case "emoji":
            return {"type": "emoji", "name": words}
    return _plain(words, **{str(kind): True})
