"""Real uvicorn processes with the bot in each, side by side on one PostgreSQL that begins empty."""

import asyncio
import itertools
import signal
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest

from tests.dialects.server import DialectServer
from tests.postgresql import run_sql, server_url
from tests.slack.connected import opened
from tests.slack.living import COMMAND, Chat
from tests.slack.processes import asgi_server
from tests.slack.weather import QUESTION, question
from tests.soaking.model import Roomy, serving

PLACES = ["general", "tea"]
MANAGER, FIELD = "Olga", "eagerness"
NUM_ROUNDS = 3
ASKED = f"@Earshot {QUESTION}"
_numbers = itertools.count(1)


@dataclass
class Writer(DialectServer):
    """The scripted model, which waits after the first word of "Paris." until it `may_go_on`."""

    may_go_on: asyncio.Event = field(default_factory=asyncio.Event)

    def _completed(self, body):
        answer = super()._completed(body)
        if body.get("stream"):
            answer.body_iterator = self._held(answer.body_iterator)
        return answer

    async def _held(self, pieces):
        async for piece in pieces:
            yield piece
            if "Paris" in piece:
                await self.may_go_on.wait()


@pytest.fixture
async def writer():
    model = Writer(Roomy())
    model.may_go_on.set()
    async with serving(model):
        yield model


@pytest.fixture
def empty_url(postgresql_server):
    name = f"servers_{next(_numbers)}"
    asyncio.run(run_sql(postgresql_server, f"CREATE DATABASE {name}"))
    return server_url(postgresql_server, name)


@pytest.fixture
def chat(slack, writer, empty_url):
    slack.add_channel("tea")
    slack.http.retry_after_s = (0.0,) * 100  # also while half of all goes nowhere
    over_http = {
        "slack_app_token": None,
        "slack_signing_secret": slack.signing_secret,
        "model_url": writer.url,
    }
    return Chat(slack, empty_url, changes=over_http)


@pytest.fixture
async def servers(chat, tmp_path):
    """Two that were started at once; what comes goes to both in turn."""
    async with AsyncExitStack() as stack:
        both = [
            await stack.enter_async_context(asgi_server(chat.settings, tmp_path)) for _ in range(2)
        ]
        for server in both:
            await server.opened()
        chat.slack.http.use(*(server.events_url for server in both))
        chat.store = await stack.enter_async_context(opened(chat.database_url))
        for place in PLACES:
            await chat.slack.until_posted(place)  # the greeting
        yield both


async def asks(chat, where="general", more=""):
    return await chat.slack.says("Alice", where, f"{question(chat)}{more}")


async def until_answered(chat, where, num=1):
    await chat.slack.until(lambda: chat.posts(where) == ["Paris."] * num)


async def until_recorded(chat, where, num):
    """Wait until the history of a place holds so much: what is posted is recorded a moment later."""

    async def has_all():
        return len(await chat.texts(where)) == num

    await chat.until(has_all)


async def all_ended(servers):
    """Let the servers end in order: nothing comes after that. Gives their exit codes."""
    codes = [await server.end() for server in servers]
    for server in servers:
        assert "Traceback" not in server.log
        assert "ERROR" not in server.log
    return codes


async def test_two_that_begin_at_once_greet_answer_and_record_everything_once(chat, servers):
    for number in range(NUM_ROUNDS):
        for place in PLACES:
            await asks(chat, place, f" {number}")
        for place in PLACES:
            await until_answered(chat, place, number + 1)
    kept = await chat.slack.says("Alice", "general", "tea at four")
    gone = await chat.slack.says("Ben", "general", "oops")
    await chat.slack.until_delivered()
    await chat.slack.edits(kept, "tea at five")
    await chat.slack.deletes(gone)
    await chat.slack.until_delivered()
    await changes_eagerness(chat, *servers)

    talk = [f"{ASKED} {number}" for number in range(NUM_ROUNDS)] + ["Paris."] * NUM_ROUNDS
    expected = {"general": [*talk, "tea at five"], "tea": talk}
    for place, texts in expected.items():
        await until_recorded(chat, place, len(texts))
    codes = await all_ended(servers)

    assert codes == [-signal.SIGTERM] * 2  # as uvicorn ends when it is told to
    assert all(server.num_taken > NUM_ROUNDS for server in servers)
    for place, texts in expected.items():
        assert chat.posts(place) == ["Paris."] * NUM_ROUNDS
        assert len(chat.slack.posts(place)) == 1 + NUM_ROUNDS  # with the greeting
        assert sorted(await chat.texts(place)) == sorted(texts)


async def changes_eagerness(chat, first, second):
    """Let one server open the form of the settings, and the other take it."""
    chat.slack.http.use(first.events_url)
    await chat.slack.slash(MANAGER, "general", COMMAND, "settings")
    form = await chat.slack.until_modal(MANAGER)
    await chat.slack.until(lambda: any(block["block_id"] == FIELD for block, _ in form.elements()))

    chat.slack.http.use(second.events_url)
    await chat.slack.submits(MANAGER, **{FIELD: "30"})

    async def is_changed():
        return (await chat.store.channels.settings(chat.place())).eagerness == 30

    await chat.until(is_changed)


async def test_the_other_goes_on_and_the_next_finishes_what_a_killed_one_left(
    chat, servers, writer, tmp_path
):
    killed, other = servers
    chat.slack.http.use(killed.events_url)
    writer.may_go_on.clear()
    asked = await asks(chat)
    await chat.slack.until(lambda: chat.posts() == ["Paris"])

    await killed.end(signal.SIGKILL)
    writer.may_go_on.set()
    chat.slack.http.use(killed.events_url, other.events_url)
    second = await asks(chat, "tea")
    await until_answered(chat, "tea")
    async with asgi_server(chat.settings, tmp_path) as started_again:
        await started_again.opened()
        await until_answered(chat, "general")
        for place in PLACES:
            await until_recorded(chat, place, 2)
        await all_ended([other, started_again])

    assert [each.thread_ts for each in chat.messages()] == [asked.ts]
    assert [each.thread_ts for each in chat.messages("tea")] == [second.ts]
    for place in PLACES:
        assert await chat.texts(place) == [ASKED, "Paris."]


async def test_a_fault_ends_the_server_with_a_sentence(chat, database_url, tmp_path):
    chat.changes |= {"database_url": database_url, "health_file": "/dev/null/health"}

    async with asgi_server(chat.settings, tmp_path) as server:
        code = await server.ended()

    assert code == 3  # uvicorn's, for an application that cannot start
    assert "EARSHOT_HEALTH_FILE: /dev/null/health cannot be written" in server.log
    assert "Traceback" not in server.log
    assert "has ended" not in server.log
