"""A draft that Discord refuses is not shown again: 10,000 refusals in ten minutes ban an address."""

import asyncio

import pytest

from bot.errors import PlatformError, PlatformUnavailable
from bot.notices import NOT_POSTED
from bot.platforms.drafts import Draft
from tests.discord.weather import Weather
from tests.discord_server import Permission
from tests.fakes import PausingModel
from tests.naps import Naps
from tests.waiting import seen

TEXT = "Turin is quite far away"
WHOLE = f"{TEXT}: about 250 km."


@pytest.fixture
def chat(server, database_url):
    return Weather(server, database_url, model=PausingModel(reply_text=f"{TEXT}|: about 250 km."))


def refused(server):
    return [call for call in server.asked("POST", "/messages") if call.status == 403]


def drafting():
    """Give the tasks that show drafts."""
    return [each for each in asyncio.all_tasks() if "Draft." in each.get_coro().__qualname__]


@pytest.mark.parametrize(
    ("error", "shown"),
    [(PlatformError("no"), [TEXT]), (PlatformUnavailable("busy"), [TEXT, WHOLE])],
)
async def test_a_draft_goes_on_only_where_discord_may_take_it_later(error, shown):
    tried = []

    async def show(text):
        tried.append(text)
        if text != WHOLE:
            draft.write(WHOLE)
        raise error

    draft = Draft(show, sleep=Naps())
    draft.write(TEXT)
    await seen(lambda: tried == [TEXT, WHOLE] or not drafting())
    await draft.stop()

    assert tried == shown


async def test_a_reply_that_may_not_be_shown_is_tried_as_a_draft_and_as_a_whole(chat, server):
    async with chat.running():
        await server.until(lambda: server.posts(server.general))
        server.change_permissions(server.general, deny=Permission.SEND_MESSAGES)

        await server.member("Mia").says(
            server.general, "the capital of France?", mentions=[server.bot]
        )
        await server.until(lambda: refused(server))
        await seen(lambda: not drafting())
        chat.model.may_go_on.set()
        await chat.settled()

    told = [call.body["content"] for call in refused(server)]
    assert told == [TEXT, WHOLE, NOT_POSTED]
