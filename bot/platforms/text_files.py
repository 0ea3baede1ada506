"""The first words of a text file that somebody attached, whatever the platform.

Knows HTTP and what text files are called, and nothing of messages. A file is never fetched whole,
never from anywhere but its own address, and never for long: a message waits for its words.
"""

import codecs
from collections.abc import Mapping
from pathlib import PurePosixPath

import aiohttp

MAX_TEXT_CHARS = 2000  # as long as a message may be
MAX_FETCHED_BYTES = 16 * 1024
READ_TIMEOUT_S = 5.0
MAX_CONTROL_SHARE = 0.05  # of characters; a text file has next to none, a binary one about a tenth
UNREADABLE = (aiohttp.ClientError, TimeoutError, OSError, ValueError)  # what fetching may raise

_TEXT_TYPES = frozenset({
    "application/csv", "application/javascript", "application/json", "application/sql",
    "application/toml", "application/typescript", "application/x-httpd-php",
    "application/x-javascript", "application/x-python-code", "application/x-sh",
    "application/x-yaml", "application/xml", "application/yaml",
})  # fmt: skip
_TEXT_ENDINGS = frozenset({
    ".bat", ".c", ".cfg", ".conf", ".cpp", ".cs", ".css", ".csv", ".diff", ".env", ".go", ".h",
    ".hpp", ".htm", ".html", ".ini", ".java", ".js", ".json", ".jsonl", ".jsx", ".kt", ".log",
    ".lua", ".md", ".patch", ".php", ".pl", ".properties", ".ps1", ".py", ".r", ".rb", ".rs",
    ".rst", ".sh", ".sql", ".srt", ".swift", ".tex", ".toml", ".ts", ".tsv", ".tsx", ".txt",
    ".xml", ".yaml", ".yml",
})  # fmt: skip
# Longest first: the mark of UTF-32 begins with that of UTF-16.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


async def first_words(
    url: str,
    *,
    num_bytes: int,
    headers: Mapping[str, str] | None = None,
    refused_type: str | None = None,
) -> str | None:
    """Fetch the first words of a text file of that size, at most `MAX_TEXT_CHARS` of them.

    None if they are no text. What comes as `refused_type` is some other page. Raises `UNREADABLE`.
    """
    fetched = await _fetched(url, headers or {}, refused_type)
    text = decoded(fetched)
    if text is None or (len(text) <= MAX_TEXT_CHARS and num_bytes <= MAX_FETCHED_BYTES):
        return text
    return f"{text[:MAX_TEXT_CHARS].rstrip()} …"


def is_text_file(name: str, content_type: str) -> bool:
    """Tell whether a file is text, by its type or else by its name."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind.startswith("text/") or kind in _TEXT_TYPES:
        return True
    if kind.startswith(("image/", "video/", "audio/")) and kind != "video/mp2t":  # .ts: TypeScript
        return False
    return PurePosixPath(name.lower()).suffix in _TEXT_ENDINGS


def decoded(raw: bytes) -> str | None:
    """Give the text of a file's first bytes, a character cut off at the end left out.

    A byte order mark says the encoding; without one it is UTF-8, or else Latin-1. None if that
    gives no text.
    """
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if raw.startswith(mark)), "utf-8")
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(raw)
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    control = sum(1 for char in text if ord(char) < ord(" ") and not char.isspace())
    text = text.replace("\0", "").strip()
    return text if text and control <= MAX_CONTROL_SHARE * len(text) else None


async def _fetched(url: str, headers: Mapping[str, str], refused_type: str | None) -> bytes:
    """Fetch the first bytes at an address; raises what aiohttp raises."""
    timeout = aiohttp.ClientTimeout(total=READ_TIMEOUT_S)
    # A server that knows no ranges sends the whole file: it is hung up on after the first bytes.
    only = {"Range": f"bytes=0-{MAX_FETCHED_BYTES - 1}", "Accept-Encoding": "identity"}
    async with (
        aiohttp.ClientSession(timeout=timeout, raise_for_status=True) as session,
        session.get(url, headers={**only, **headers}, allow_redirects=False) as response,
    ):
        if response.status not in (200, 206):
            raise aiohttp.ClientPayloadError(f"status {response.status}")
        if response.content_type == refused_type:
            raise aiohttp.ClientPayloadError(f"a page of type {refused_type}")
        return await _first_bytes(response.content)


async def _first_bytes(stream: aiohttp.StreamReader) -> bytes:
    fetched = b""
    while len(fetched) < MAX_FETCHED_BYTES:
        chunk = await stream.read(MAX_FETCHED_BYTES - len(fetched))
        if not chunk:
            break
        fetched += chunk
    return fetched
