"""Calls to a platform that is made of nothing but its client and its dialect."""

import asyncio

import pytest

from bot.errors import PlatformError, PlatformUnavailable
from bot.messages import ConversationKey
from bot.platforms.trying import Trying

WHERE = ConversationKey("chat", "Harbor", "general")


class RefusedError(Exception):
    """What the client raises; `retry_after_s` is None for what never passes."""

    def __init__(self, why, retry_after_s=None):
        super().__init__(why)
        self.retry_after_s = retry_after_s


class Client:
    """Answers what it is told to, one after the other."""

    is_closed = False
    num_cut_short = 0

    def __init__(self, *answers):
        self.answers = list(answers)

    async def call(self):
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        if callable(answer):
            return await answer()
        return answer


class Dialect:
    failures = (RefusedError,)

    def retry_after_s(self, error):
        return error.retry_after_s if isinstance(error, RefusedError) else None

    def told(self, error, client, where, doing):
        may_pass = isinstance(error, TimeoutError) or error.retry_after_s is not None
        kind = PlatformUnavailable if may_pass else PlatformError
        return kind(f"cannot {doing} in {where.channel}: {error or 'no answer'}")

    def cut_short(self, client):
        client.num_cut_short += 1

    def is_closed(self, client):
        return client.is_closed


class Naps:
    def __init__(self):
        self.waited = []

    async def __call__(self, seconds):
        self.waited.append(seconds)


async def for_ever():
    await asyncio.Event().wait()


def trying(*clients, **more):
    """Make calls to one client after the other; one that is an error is raised."""
    left = list(clients)

    async def client(where):
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, Exception):
            raise found
        return found

    naps = Naps()
    return Trying(client, Dialect(), sleep=naps, **more), naps


async def test_a_platform_that_says_when_is_asked_again_then():
    client = Client(RefusedError("busy", 7.0), "done")
    calls, naps = trying(client)

    assert await calls.tried(Client.call, WHERE, "write") == "done"
    assert naps.waited == [7.0]


async def test_a_refusal_is_told_in_the_words_of_the_platform():
    calls, naps = trying(Client(RefusedError("no right")))

    with pytest.raises(PlatformError, match="cannot write in general: no right") as told:
        await calls.tried(Client.call, WHERE, "write")

    assert not isinstance(told.value, PlatformUnavailable)
    assert naps.waited == []


async def test_no_client_for_now_is_waited_for():
    calls, naps = trying(PlatformUnavailable("not connected"), Client("done"))

    assert await calls.tried(Client.call, WHERE, "write") == "done"
    assert naps.waited == [1.0]


async def test_no_client_at_all_is_told_with_the_place():
    calls, _ = trying(PlatformError("not installed there"))

    told = "Earshot cannot write in chat/Harbor/general: not installed there"
    with pytest.raises(PlatformError, match=told):
        await calls.tried(Client.call, WHERE, "write")


async def test_a_client_that_takes_too_long_to_find_is_asked_for_again():
    times = iter([for_ever, None])

    async def client(where):
        wait = next(times)
        if wait:
            await wait()
        return Client("done")

    calls = Trying(client, Dialect(), timeout_s=0.01, sleep=Naps())

    assert await calls.tried(Client.call, WHERE, "write") == "done"


async def test_a_call_that_takes_too_long_is_cut_short_and_made_again():
    client = Client(for_ever, "done")
    calls, _ = trying(client, timeout_s=0.01)

    assert await calls.tried(Client.call, WHERE, "write") == "done"
    assert client.num_cut_short == 1


async def test_a_client_that_was_closed_under_a_call_is_left_for_the_next():
    closed = Client(RuntimeError("session is closed"))
    closed.is_closed = True
    calls, _ = trying(closed, Client("done"))

    assert await calls.tried(Client.call, WHERE, "write") == "done"


async def test_what_is_tried_once_is_not_tried_again():
    calls, naps = trying(Client(RefusedError("busy", 1.0)))

    with pytest.raises(PlatformUnavailable, match=r"busy \(tried once\)"):
        await calls.tried(Client.call, WHERE, "write", insist=False)

    assert naps.waited == []
