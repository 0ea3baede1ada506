"""What comes with a message besides its words, in a few words each: files, stickers, embeds, polls.

Knows Discord's messages and nothing of ours. A description is meant to stand in brackets behind the
text. Link previews give their title only: the link itself is in the text.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from urllib.parse import urlsplit

import discord

from bot.platforms.discord.reading import Reader, is_text

MAX_TEXT_FILES = 3
MAX_NAME_CHARS = 100
MAX_ALT_CHARS = 300
MAX_EMBED_CHARS = 500
MAX_FORWARDED_CHARS = 1000

WITHHELD = "forwarded words"  # of somebody who wants none kept

Said = discord.Message | discord.MessageSnapshot
Show = Callable[[str], str]
"""Gives a text as people see it, mentions as names."""


def words_of(said: Said) -> str:
    """Give the raw text of a message: its content, and the texts among its components."""
    # discord.py leaves unset what a payload lacks, and components may be lacking.
    components = said.components if hasattr(said, "components") else ()
    return "\n".join(filter(None, (said.content, *_displayed(components))))


async def described(
    message: discord.Message, *, reader: Reader, show: Show, withholds: bool = False
) -> tuple[str, ...]:
    """Describe what comes with a message; text files are read, at most `MAX_TEXT_FILES` of them.

    `withholds`: forwarded words are not to be kept.
    """
    snapshots = [] if withholds else message.message_snapshots
    forwarded_files = (file for said in snapshots for file in said.attachments)
    texts = await _read([*message.attachments, *forwarded_files], reader)
    found = list(_enclosed(message, texts, show))
    if message.poll is not None:
        answers = " / ".join(answer.text for answer in message.poll.answers)
        found.append(f"poll: {message.poll.question} ({answers})")
    if message.activity is not None:
        game = message.application.name if message.application else "an activity"
        found.append(f"invitation to {_clipped(game, MAX_NAME_CHARS)}")
    found += [WITHHELD] if withholds else []
    found += (forwarded for said in snapshots if (forwarded := _forwarded(said, texts, show)))
    return tuple(found)


async def _read(files: Sequence[discord.Attachment], reader: Reader) -> dict[int, str]:
    texts = [file for file in files if is_text(file)][:MAX_TEXT_FILES]
    read = await asyncio.gather(*(reader(file) for file in texts))
    return {file.id: text for file, text in zip(texts, read, strict=True) if text}


def _enclosed(said: Said, texts: Mapping[int, str], show: Show) -> Iterator[str]:
    for file in said.attachments:
        yield _file(file, texts.get(file.id))
    for sticker in said.stickers:
        yield f"sticker: {_clipped(sticker.name, MAX_NAME_CHARS)}"
    for embed in said.embeds:
        if text := _embed(embed, said.content, show):
            yield text


def _forwarded(said: discord.MessageSnapshot, texts: Mapping[int, str], show: Show) -> str:
    enclosed = (f"[{description}]" for description in _enclosed(said, texts, show))
    whole = " ".join(filter(None, (show(words_of(said)), *enclosed)))
    return f"forwarded: {_clipped(whole, MAX_FORWARDED_CHARS)}" if whole else ""


def _file(file: discord.Attachment, text: str | None) -> str:
    if file.is_voice_message():
        return f"voice message ({file.duration or 0:.0f} s)"
    kind = (file.content_type or "").partition("/")[0]
    shown = kind if kind in ("image", "video", "audio") and not is_text(file) else "file"
    spoiler = "spoiler " if file.is_spoiler() else ""
    about = text or _clipped(file.description or "", MAX_ALT_CHARS)
    name = _clipped(file.filename.removeprefix("SPOILER_"), MAX_NAME_CHARS)
    return f"{spoiler}{shown} {name}{f': {about}' if about else ''}"


def _embed(embed: discord.Embed, text: str, show: Show) -> str:
    """Describe an embed; what Discord made of a link in the text is its preview."""
    title = _clipped(show(embed.title or embed.author.name or ""), MAX_ALT_CHARS)
    if embed.type == "rich" and not (embed.url and embed.url in text):
        return _card(embed, title, show)
    if title:
        return f"link: {title}"
    return {"gifv": "GIF", "image": "linked image", "video": "linked video"}.get(embed.type, "")


def _card(embed: discord.Embed, title: str, show: Show) -> str:
    """Describe an embed that a bot wrote."""
    fields = (f"{field.name}: {field.value}" for field in embed.fields)
    parts = (embed.description, *fields, embed.footer.text)
    told = _clipped(show(" | ".join(filter(None, parts))), MAX_EMBED_CHARS)
    host = _host(embed.url)
    words = " | ".join(filter(None, (title, told))) or ("image" if embed.image.url else "")
    return f"embed: {words}{f' ({host})' if host else ''}" if words else ""


def _host(url: str | None) -> str | None:
    try:
        return urlsplit(url or "").hostname
    except ValueError:  # an address that is none, such as `http://[`
        return None


def _displayed(components: Iterable[object]) -> Iterator[str]:
    """Give the texts among a message's components, from top to bottom."""
    for component in components:
        if isinstance(component, discord.TextDisplay):
            yield component.content
        elif isinstance(component, discord.Container | discord.SectionComponent):
            yield from _displayed(component.children)


def _clipped(text: str, max_chars: int) -> str:
    return text if len(text) <= max_chars else f"{text[:max_chars].rstrip()} …"
