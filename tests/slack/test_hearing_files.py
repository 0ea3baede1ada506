"""Text files of Slack's are fetched from a real server on the loopback, with a token for it alone."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms import text_files
from bot.platforms.slack.files import is_slacks, read_text
from bot.platforms.slack.hearing import heard
from bot.platforms.slack.teams import Team
from bot.platforms.text_files import MAX_TEXT_CHARS
from tests.slack.directory import (
    APP,
    BOT,
    BOT_ID,
    IN_GENERAL,
    TEAM,
    TS,
    Directory,
    people,
    said,
    served,
)

BEARER = "Bearer xoxb-secret"


@asynccontextmanager
async def keeping(content=b"", *, content_type="text/plain", status=200, headers=None):
    """A server with one file, which notes the tokens it is shown; gives its address."""
    tokens = []

    async def answer(request):
        tokens.append(request.headers.get("Authorization"))
        return web.Response(body=content, content_type=content_type, status=status, headers=headers)

    app = web.Application()
    app.router.add_get("/files-pri/a", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("/files-pri/a")), tokens


def team_at(url):
    client = AsyncWebClient(token="xoxb-secret", base_url=url)
    return Team(TEAM, "Painters", BOT, BOT_ID, APP, client)


def text_file(url, **more):
    return {
        "id": "F1",
        "name": "notes.txt",
        "mode": "hosted",
        "size": 100,
        "url_private": url,
        **more,
    }


async def test_a_text_file_is_read_with_the_workspaces_token():
    async with keeping(b"hello there") as (url, tokens):
        words = await read_text(text_file(url), team_at(url.replace("files-pri/a", "api/")))

    assert words == "hello there"
    assert tokens == [BEARER]


async def test_a_long_file_is_read_from_its_beginning():
    async with keeping(b"x" * 50_000) as (url, _):
        words = await read_text(text_file(url, size=50_000), team_at(url))

    assert words == "x" * MAX_TEXT_CHARS + " …"


async def test_the_token_goes_nowhere_but_to_slack():
    async with keeping(b"hello") as (url, tokens):
        assert await read_text(text_file(url), team_at("https://slack.com/api/")) is None

    assert tokens == []


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/files-pri/a",
        "https://slack.com.evil.example/a",
        "https://evilslack.com/a",
        "http://files.slack.com/a",
        "https://files.slack.com:8443/a",
        "https://files.slack.com@evil.example/a",
        "ftp://files.slack.com/a",
        "//files.slack.com/a",
        "http://[",
        "",
    ],
)
def test_no_other_address_is_slacks(url):
    assert not is_slacks(url, team_at("https://slack.com/api/"))


@pytest.mark.parametrize(
    "url",
    [
        "https://files.slack.com/files-pri/T1-F1/a.txt",
        "https://FILES.slack.com:443/a",
        "https://painters.slack.com/a",
        "https://slack.com/a",
        "https://files.slack-gov.com/a",
    ],
)
def test_slacks_own_addresses_are(url):
    assert is_slacks(url, team_at("https://slack.com/api/"))


async def test_a_redirect_is_not_followed():
    async with (
        keeping(b"secret") as (elsewhere, tokens),
        keeping(status=302, headers={"Location": elsewhere}) as (url, _),
    ):
        assert await read_text(text_file(url), team_at(url)) is None

    assert tokens == []


async def test_a_login_page_is_not_the_file():
    async with keeping(b"<html>Sign in</html>", content_type="text/html") as (url, _):
        assert await read_text(text_file(url), team_at(url)) is None
        page = text_file(url, name="a.html", mimetype="text/html")
        assert await read_text(page, team_at(url)) == "<html>Sign in</html>"


@pytest.mark.parametrize("status", [401, 403, 404, 500])
async def test_a_file_that_slack_does_not_give_is_not_read(status):
    async with keeping(b"no", status=status) as (url, _):
        assert await read_text(text_file(url), team_at(url)) is None


async def test_a_server_that_does_not_answer_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(text_files, "READ_TIMEOUT_S", 0.05)
    is_over = asyncio.Event()

    async def wait(_request):
        await is_over.wait()
        return web.Response()

    app = web.Application()
    app.router.add_get("/a", wait)
    async with TestServer(app) as server:
        url = str(server.make_url("/a"))
        assert await read_text(text_file(url), team_at(url)) is None
        is_over.set()


@pytest.mark.parametrize(
    "lacking",
    [{"size": 0}, {"name": "cat.png", "mimetype": "image/png"}, {"mode": "external"}],
)
async def test_what_is_no_text_on_slack_is_not_fetched(lacking):
    async with keeping(b"hello") as (url, tokens):
        assert await read_text(text_file(url, **lacking), team_at(url)) is None

    assert tokens == []


async def test_a_message_is_heard_with_the_words_of_its_file():
    async with keeping(b"buy milk") as (url, _), served(Directory()) as known:
        team = Team(TEAM, "Painters", BOT, BOT_ID, APP, known.client)
        file = text_file(url)

        async def read(asked, _team):
            return await read_text(asked, team_at(url))

        event = said("my list", subtype="file_share", files=[file])
        message = await heard(event, IN_GENERAL, team=team, people=people(), reader=read)

    assert (message.id, message.text) == (TS, "my list")
    assert message.attachments == ("file notes.txt (100 bytes): buy milk",)
