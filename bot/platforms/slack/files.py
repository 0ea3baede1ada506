"""Files on Slack: a few words about each, and the first words of text files and snippets.

Slack shows a file to whoever sends the workspace's token along. That token goes to Slack alone:
files may stand anywhere, and what a message says of them is said by others.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from urllib.parse import SplitResult, urlsplit

from bot.platforms.slack.lenient import Payload, is_payload, is_set, number_in, part_of, text_in
from bot.platforms.slack.reading import plain
from bot.platforms.slack.refusals import FAILURES, cause
from bot.platforms.slack.teams import Team
from bot.platforms.text_files import UNREADABLE, first_words, is_text_file

logger = logging.getLogger(__name__)

TOLD_TIMEOUT_S = 5.0
MAX_NAME_CHARS = 100
MAX_ALT_CHARS = 300
_HOSTS = ("slack.com", "slack-gov.com")
_UNTOLD = "check_file_info"  # of a file in a shared channel, Slack tells the id alone
_MEDIA = ("image", "video", "audio")
_UNITS = ("bytes", "kB", "MB", "GB")

Reader = Callable[[Payload, Team], Awaitable[str | None]]
"""Gives the first words of a file, None if it cannot be read. Never raises."""


async def unread(_file: Payload, _team: Team) -> str | None:
    """Read nothing: for messages that were missed or edited, whose files need not be fetched."""
    return None


async def told(file: Payload, team: Team) -> Payload:
    """Give a file with all that Slack tells of it; in shared channels a message tells its id alone."""
    if text_in(file, "file_access") != _UNTOLD:
        return file
    try:
        async with asyncio.timeout(TOLD_TIMEOUT_S):
            response = await team.client.files_info(file=text_in(file, "id"))
    except FAILURES as error:
        logger.info("Slack does not tell of file %s: %s", text_in(file, "id"), cause(error))
        return file
    answer: object = response.data
    return (part_of(answer, "file") if is_payload(answer) else {}) or file


async def read_text(file: Payload, team: Team) -> str | None:
    """Fetch the first words of a text file, with the workspace's token if Slack has it."""
    url = text_in(file, "url_private_download", "url_private")
    num_bytes = number_in(file, "size")
    if not is_text(file) or not num_bytes or not is_slacks(url, team):
        return None
    headers = {"Authorization": f"Bearer {team.client.token}"}
    # Without the scope files:read Slack shows its log-in page, as if all were well.
    page = None if _is_page(file) else "text/html"
    try:
        return await first_words(url, num_bytes=num_bytes, headers=headers, refused_type=page)
    except UNREADABLE as error:
        logger.info("file %s is not read: %s", text_in(file, "id"), type(error).__name__)
        return None


def is_text(file: Payload) -> bool:
    """Tell whether a file is a text file or a snippet that Slack itself keeps."""
    if text_in(file, "mode") == "snippet":
        return True
    is_here = text_in(file, "mode") in ("", "hosted") and not is_set(file, "is_external")
    return is_here and is_text_file(text_in(file, "name"), text_in(file, "mimetype"))


def is_slacks(url: str, team: Team) -> bool:
    """Tell whether an address is Slack's own, or that of the server which stands for it."""
    try:
        asked, base = urlsplit(url), urlsplit(team.client.base_url)
        if _origin(asked) == _origin(base):
            return True
        host = asked.hostname or ""
    except ValueError:
        return False
    is_known = any(host == each or host.endswith(f".{each}") for each in _HOSTS)
    return is_known and asked.scheme == "https" and asked.port in (None, 443)


def described(file: Payload, words: str | None) -> str:
    """Describe a file: what kind it is, its name, its size, and its words as far as they are known."""
    if text_in(file, "mode") == "tombstone":
        return "a deleted file"
    if text_in(file, "mode") == "hidden_by_limit":
        return "a file that this workspace's plan hides"
    if text_in(file, "subtype") == "slack_audio":
        return _with(
            f"voice message ({number_in(file, 'duration_ms') / 1000:.0f} s)", _spoken(file)
        )
    if text_in(file, "file_access") == _UNTOLD:
        return "a file"
    name = clipped(plain(text_in(file, "title", "name")), MAX_NAME_CHARS)
    details = ", ".join(filter(None, (_kind(file), _size(number_in(file, "size")))))
    about = words or clipped(plain(text_in(file, "alt_txt")), MAX_ALT_CHARS) or _spoken(file)
    shown = " ".join(filter(None, (_sort(file), name, f"({details})" if details else "")))
    return _with(shown, about)


def clipped(text: str, max_chars: int) -> str:
    """Give a text, without its end if it is longer than that."""
    return text if len(text) <= max_chars else f"{text[:max_chars].rstrip()} …"


def _origin(address: SplitResult) -> tuple[str, str | None, int | None]:
    return address.scheme, address.hostname, address.port


def _is_page(file: Payload) -> bool:
    return text_in(file, "mimetype") == "text/html" or text_in(file, "filetype") == "html"


def _sort(file: Payload) -> str:
    if text_in(file, "mode") == "snippet":
        return "snippet"
    if text_in(file, "mode") == "email":
        return "email"
    if text_in(file, "filetype") in ("quip", "canvas"):
        return "canvas"
    kind = text_in(file, "mimetype").partition("/")[0]
    return kind if kind in _MEDIA and not is_text(file) else "file"


def _kind(file: Payload) -> str:
    """Give Slack's word for the type, such as PDF."""
    return clipped(plain(text_in(file, "pretty_type")), MAX_NAME_CHARS)


def _size(num_bytes: int) -> str:
    if num_bytes <= 0:
        return ""
    size, unit = float(num_bytes), 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.1f} {_UNITS[unit]}" if unit and size < 10 else f"{size:.0f} {_UNITS[unit]}"


def _spoken(file: Payload) -> str:
    """Give what Slack itself heard in a clip; it writes down the beginning."""
    preview = part_of(part_of(file, "transcription"), "preview")
    return clipped(plain(text_in(preview, "content")), MAX_ALT_CHARS)


def _with(shown: str, about: str) -> str:
    return f"{shown}: {about}" if about else shown
