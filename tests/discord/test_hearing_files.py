"""The first words of an attached text file are fetched from a real server on the loopback."""

import asyncio
import codecs
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.platforms import text_files
from bot.platforms.discord.reading import read_text
from bot.platforms.text_files import MAX_FETCHED_BYTES, MAX_TEXT_CHARS, decoded
from tests.discord.ears import file, said
from tests.waiting import WITHIN_S

HUGE = 500 * 2**20


@asynccontextmanager
async def _serving(answer):
    """A server that answers every request so; gives its address and the requests it got."""
    requests = []

    async def answered(request):
        requests.append(request)
        return await answer(request)

    app = web.Application()
    app.router.add_get("/{name}", answered)
    async with TestServer(app) as server:
        yield str(server.make_url("/file.txt")), requests


async def _read(ears, url, **more):
    message = ears.message(said("", attachments=[file("file.txt", url=url, **more)]))
    return await read_text(message.attachments[0])


async def test_a_short_file_is_read_whole(ears):
    async with _serving(_answering("Grüße\n")) as (url, requests):
        text = await _read(ears, url)

    assert text == "Grüße"
    assert requests[0].headers["Range"] == f"bytes=0-{MAX_FETCHED_BYTES - 1}"


async def test_a_long_file_is_cut(ears):
    async with _serving(_answering("word " * 1000)) as (url, _):
        text = await _read(ears, url, size=5000)

    assert text.startswith("word word")
    assert text.endswith("word …")
    assert len(text) <= MAX_TEXT_CHARS + 2


async def test_of_a_huge_file_only_the_beginning_is_fetched(ears):
    async def answer(request):
        """Knows no ranges, and sends for as long as anybody listens."""
        response = web.StreamResponse(headers={"Content-Length": str(HUGE)})
        await response.prepare(request)
        num_sent = 0
        try:
            while num_sent < HUGE:
                await response.write(b"a" * 2**16)
                num_sent += 2**16
        finally:
            sent.set_result(num_sent)

    sent = asyncio.get_running_loop().create_future()
    async with _serving(answer) as (url, _), asyncio.timeout(WITHIN_S):
        text = await _read(ears, url, size=HUGE)

        assert await sent < HUGE / 10  # what the sockets hold
    assert text == "a" * MAX_TEXT_CHARS + " …"


@pytest.mark.parametrize("status", [302, 403, 404, 416, 500])
async def test_a_file_that_is_not_given_is_not_read(ears, status):
    async def answer(_request):
        return web.Response(status=status, text="no", headers={"Location": "/elsewhere"})

    async with _serving(answer) as (url, requests):
        assert await _read(ears, url) is None

    assert len(requests) == 1


async def test_a_server_that_does_not_answer_is_not_waited_for(ears, monkeypatch):
    async def answer(_request):
        await asyncio.Event().wait()

    monkeypatch.setattr(text_files, "READ_TIMEOUT_S", 0.05)
    async with _serving(answer) as (url, _):
        assert await _read(ears, url) is None


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/file.txt", "no address", "http://[", "ftp://127.0.0.1/file.txt", ""]
)
async def test_an_address_that_leads_nowhere_is_not_read(ears, url):
    assert await _read(ears, url) is None


@pytest.mark.parametrize(
    "more", [{"size": 0}, {"content_type": "image/png"}, {"filename": "tool.exe"}]
)
async def test_what_holds_no_text_is_not_fetched(ears, more):
    async with _serving(_answering("text")) as (url, requests):
        attachment = {**file("file.txt", url=url), **more}
        message = ears.message(said("", attachments=[attachment]))

        assert await read_text(message.attachments[0]) is None

    assert requests == []


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"plain", "plain"),
        ("Grüße 🎉".encode(), "Grüße 🎉"),
        ("Grüße".encode("utf-8-sig"), "Grüße"),
        (codecs.BOM_UTF16_LE + "Grüße".encode("utf-16-le"), "Grüße"),
        (codecs.BOM_UTF16_BE + "Grüße".encode("utf-16-be"), "Grüße"),
        (codecs.BOM_UTF32_LE + "Grüße".encode("utf-32-le"), "Grüße"),
        ("Grüße".encode("latin-1"), "Grüße"),
        ("cut 🎉".encode()[:-2], "cut"),
        (b"a\tlog\0with a hole in it\r\n", "a\tlogwith a hole in it"),
        (b"\x7fELF\x01\x01\x00\x00\x00\x00\x02\x03", None),
        (bytes(range(256)), None),
        (b"", None),
        (b" \n", None),
        (b"\xff\xfe", None),
    ],
)
def test_the_bytes_of_a_file_are_read_as_text(raw, text):
    assert decoded(raw) == text


def _answering(text):
    async def answer(_request):
        return web.Response(text=text)

    return answer
