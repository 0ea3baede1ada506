"""The workers of conversations, on a clock that nobody waits for."""

import asyncio
import selectors

import pytest

from bot.conversations import Conversations
from bot.messages import ConversationKey
from bot.settle import Settling

LOUNGE = ConversationKey("room", "local", "lounge")
KITCHEN = ConversationKey("room", "local", "kitchen")


class LeapingSelector(selectors.DefaultSelector):
    """Leaps over the time that the event loop would have waited."""

    now = 0.0

    def select(self, timeout=None):
        ready = super().select(0)
        if not ready and timeout:
            self.now += timeout
        return ready


class LeapingLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        self._leaps = LeapingSelector()
        super().__init__(self._leaps)

    def time(self):
        return self._leaps.now


def timelessly(test):
    """Run an async test on a loop whose clock leaps."""

    def run():
        with asyncio.Runner(loop_factory=LeapingLoop) as runner:
            runner.run(test())

    run.__name__ = test.__name__
    return run


class Noting:
    """Notes when it is called for which conversation, and takes its time."""

    def __init__(self, *, takes_s=0.0, fails=False):
        self.begun, self.ended, self.num_running = [], [], 0
        self._takes_s, self._fails = takes_s, fails

    async def respond(self, where):
        self.begun.append((where, now()))
        self.num_running += 1
        assert len([1 for each, _ in self.begun if each == where]) == 1 + len(
            [1 for each, _ in self.ended if each == where]
        )
        try:
            await asyncio.sleep(self._takes_s)
            if self._fails:
                raise RuntimeError("broken")
        finally:
            self.num_running -= 1
            self.ended.append((where, now()))

    @property
    def times(self):
        return [time for _, time in self.begun]


def now():
    return round(asyncio.get_running_loop().time(), 3)


async def talk(conversations, *times, where=LOUNGE, addressed=()):
    """Wake a conversation at these times."""
    for time in times:
        await asyncio.sleep(time - now())
        conversations.wake(where, addressed=time in addressed)


@timelessly
async def test_a_burst_is_decided_on_once_when_it_has_been_quiet():
    noting = Noting()
    async with Conversations(noting.respond, settling=Settling()) as conversations:
        await talk(conversations, 0, 1, 2)
        await conversations.drain()

    assert noting.times == [3.5]


@timelessly
async def test_chatter_without_a_pause_is_decided_on_after_six_seconds():
    noting = Noting()
    async with Conversations(noting.respond, settling=Settling()) as conversations:
        await talk(conversations, *range(10))
        await conversations.drain()

    assert noting.times == [6.0, 10.5]


@timelessly
async def test_a_burst_is_decided_on_at_once_when_addressed():
    noting = Noting()
    async with Conversations(noting.respond, settling=Settling()) as conversations:
        await talk(conversations, 0, 0.5, addressed=(0.5,))
        await conversations.drain()

    assert noting.times == [0.5]


@timelessly
async def test_what_is_said_during_a_response_gets_the_next_one():
    noting = Noting(takes_s=10)
    async with Conversations(noting.respond, settling=Settling()) as conversations:
        await talk(conversations, 0, 3, addressed=(0,))
        await conversations.drain()

    assert noting.times == [0, 10]


@timelessly
async def test_a_slow_conversation_holds_up_no_other():
    noting = Noting(takes_s=10)
    async with Conversations(noting.respond, settling=Settling()) as conversations:
        await talk(conversations, 0, addressed=(0,))
        await talk(conversations, 1, where=KITCHEN)
        await conversations.drain()

    assert noting.begun == [(LOUNGE, 0), (KITCHEN, 2.5)]


@timelessly
async def test_a_response_that_fails_does_not_end_the_conversation():
    noting = Noting(fails=True)
    async with Conversations(noting.respond, settling=Settling()) as conversations:
        await talk(conversations, 0)
        await conversations.drain()
        await talk(conversations, 10, 10.5)
        await conversations.drain()

    assert noting.times == [1.5, 12.0]


@timelessly
async def test_leaving_stops_what_runs_and_what_waits():
    noting = Noting(takes_s=10)
    async with Conversations(noting.respond, settling=Settling()) as conversations:
        await talk(conversations, 0, addressed=(0,))
        await talk(conversations, 1, where=KITCHEN)
        await asyncio.sleep(0.1)
        assert noting.num_running == 1

    assert noting.num_running == 0
    assert noting.begun == [(LOUNGE, 0)]
    await conversations.drain()


@timelessly
async def test_what_is_said_after_a_stop_waits_for_the_next_start():
    noting, done = Noting(takes_s=10), []

    async def look_after():
        done.append("aside")

    conversations = Conversations(noting.respond, settling=Settling())
    await talk(conversations, 0, addressed=(0,))
    await asyncio.sleep(1)

    await conversations.stop()
    await talk(conversations, 2, addressed=(2,))
    await talk(conversations, 3, where=KITCHEN)
    conversations.aside(look_after(), name="aside")
    await conversations.drain()
    assert noting.begun == [(LOUNGE, 0)]
    assert done == []


@timelessly
async def test_nothing_to_decide_on_drains_at_once():
    async with Conversations(Noting().respond, settling=Settling()) as conversations:
        await conversations.drain()

    assert now() == 0


@pytest.mark.parametrize("num_messages", [1, 50])
async def test_messages_that_come_together_get_one_decision(num_messages):
    called = []

    async def respond(where):
        called.append(where)

    async with Conversations(respond, settling=Settling(0, 0)) as conversations:
        for _ in range(num_messages):
            conversations.wake(LOUNGE, addressed=False)
        await conversations.drain()

    assert called == [LOUNGE]
