"""What comes with a message besides its words, in a few words each: files, cards, forwarded words.

Knows Slack's messages and nothing of ours. A description is meant to stand in brackets behind the
text. Link previews give their title only: the link itself is in the text.
"""

import asyncio
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from bot.platforms.slack import files
from bot.platforms.slack.blocks import worded
from bot.platforms.slack.files import clipped
from bot.platforms.slack.lenient import Payload, is_set, part_of, parts_of, text_in
from bot.platforms.slack.reading import Forwarded, Names, readable
from bot.platforms.slack.teams import Team

MAX_TEXT_FILES = 3
MAX_FILES = 20
MAX_CARDS = 10
MAX_TITLE_CHARS = 300
MAX_CARD_CHARS = 1000  # a bot's message is often nothing but a card
MAX_FORWARDED_CHARS = 1000
WITHHELD = "forwarded words"  # of somebody who wants none kept


async def described(
    message: Payload, names: Names, *, team: Team, reader: files.Reader
) -> tuple[str, ...]:
    """Describe what comes with a message; text files are read, at most `MAX_TEXT_FILES` of them."""
    sent = parts_of(message, "files")[:MAX_FILES]
    own = await asyncio.gather(*(files.told(file, team) for file in sent))
    texts = [file for file in own if files.is_text(file)][:MAX_TEXT_FILES]
    read = await asyncio.gather(*(reader(file, team) for file in texts))
    words = {id(file): each for file, each in zip(texts, read, strict=True)}
    found = [files.described(file, words.get(id(file))) for file in own]
    cards = (card(each, names) for each in parts_of(message, "attachments")[:MAX_CARDS])
    return (*found, *filter(None, cards))


def forwarded(message: Payload) -> list[Payload]:
    """List those attachments of a message that are forwarded words of somebody known."""
    cards = parts_of(message, "attachments")[:MAX_CARDS]
    return [each for each in cards if _is_forwarded(each) and text_in(each, "author_id")]


def forwarded_from(attachment: Payload) -> Forwarded:
    """Tell whose forwarded words these are, and when they were said."""
    return text_in(attachment, "author_id"), text_in(attachment, "ts")


def is_preview(attachment: Payload) -> bool:
    """Tell whether Slack or an app made this of a link in the text, after it was said."""
    is_made = is_set(attachment, "is_app_unfurl", "is_msg_unfurl") or text_in(
        attachment, "from_url", "original_url"
    )
    return bool(is_made) and not is_set(attachment, "is_share")


def card(attachment: Payload, names: Names) -> str:
    """Describe one of a message's attachments; "" for one that shows no words."""
    if _is_forwarded(attachment):
        return _forwarded(attachment, names)
    if is_preview(attachment):
        return _preview(attachment, names)
    words = clipped(" | ".join(filter(None, _words(attachment, names))), MAX_CARD_CHARS)
    if not words:
        return "card: image" if text_in(attachment, "image_url", "thumb_url") else ""
    host = _host(text_in(attachment, "title_link"))
    return f"card: {words}{f' ({host})' if host else ''}"


def _words(attachment: Payload, names: Names) -> Iterator[str]:
    """Give the words of a card; its fallback stands in where it has none."""
    shown = [
        *(text_in(attachment, key) for key in ("pretext", "author_name", "title", "text")),
        *(_field(each) for each in parts_of(attachment, "fields")),
    ]
    blocks = worded(parts_of(attachment, "blocks"), names)
    footer = text_in(attachment, "footer")
    if any(shown) or blocks:
        yield from (readable(each, names) for each in shown)
        yield blocks
        yield readable(footer, names)
    else:
        yield readable(text_in(attachment, "fallback"), names)


def _field(field: Payload) -> str:
    return ": ".join(filter(None, (text_in(field, "title"), text_in(field, "value"))))


def _preview(attachment: Payload, names: Names) -> str:
    title = readable(text_in(attachment, "title", "author_name", "service_name"), names)
    title = title or worded(parts_of(attachment, "blocks"), names).partition("\n")[0]
    if title:
        return f"link: {clipped(title, MAX_TITLE_CHARS)}"
    return "linked image" if text_in(attachment, "image_url", "thumb_url") else ""


def _is_forwarded(attachment: Payload) -> bool:
    return is_set(attachment, "is_share", "is_msg_unfurl")


def _forwarded(attachment: Payload, names: Names) -> str:
    """Describe words of somebody else that this message passes on."""
    if forwarded_from(attachment) in names.withheld:
        return WITHHELD
    author = readable(text_in(attachment, "author_name", "author_subname"), names)
    text = worded(_blocks_within(attachment), names)
    text = text or readable(text_in(attachment, "text", "fallback"), names)
    enclosed = (f"[{files.described(each, None)}]" for each in parts_of(attachment, "files"))
    whole = clipped(" ".join(filter(None, (text, *enclosed))), MAX_FORWARDED_CHARS)
    return f"forwarded: {f'{author}: ' if author else ''}{whole}" if whole else ""


def _blocks_within(attachment: Payload) -> Sequence[Payload]:
    """Give the blocks of a forwarded message, which lie somewhat deep."""
    return [
        block
        for each in parts_of(attachment, "message_blocks")
        for block in parts_of(part_of(each, "message"), "blocks")
    ]


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:  # an address that is none, such as `http://[`
        return None
