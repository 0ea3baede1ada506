"""Threads know what they hang on, before the first thing said in them is recorded.

A thread is a conversation of its own, and what it is about was said in the channel. The history has
that as a rule; where it has not, since nobody listened then, Slack is asked once. What was said
before the assistant was invited, or was forgotten since, stays unknown.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from bot.messages import Action, Author, ConversationKey, Decision, Message, Mode, Rule
from bot.platforms.slack.edits import now_said
from bot.platforms.slack.hearing import NOT_SAID, heard_again, is_ours, moment
from bot.platforms.slack.lenient import Payload, as_payload, parts_of, text_in
from bot.platforms.slack.membership import Membership
from bot.platforms.slack.naming import People
from bot.platforms.slack.refusals import FAILURES, cause, may_pass, retry_after_s
from bot.platforms.slack.teams import Team
from bot.store import Store

logger = logging.getLogger(__name__)

THREAD = "Thread"  # who tells the model what a thread is about, where the assistant itself began it
TIMEOUT_S = 5.0  # in all; a message waits for it
RETRY_S = 1.0
MAX_REMEMBERED = 2000
_BEGINS = Decision(
    Action.SILENT, Rule.THREAD_START, "it begins the thread, and was said before it in the channel"
)


class Threads:
    """Begins threads. `clock` gives aware UTC times, `sleep` waits between tries."""

    def __init__(
        self,
        store: Store,
        people: People,
        *,
        clock: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._people = people
        self._membership = Membership(store, clock)
        self._clock = clock
        self._sleep = sleep
        self._looked: OrderedDict[ConversationKey, None] = OrderedDict()

    async def begin(
        self, where: ConversationKey, team: Team, *, parent: Payload | None = None
    ) -> None:
        """Let a thread begin with its parent, and with our replies to that. Raises StoreError.

        To be called before a message of the thread is recorded, each time: a reply of ours to the
        parent may have come into the thread since. Slack is asked at most once a run, and never
        keeps a message waiting for long; not at all where the `parent` is given, or where nobody
        knows yet since when the assistant is in the channel.
        """
        if where.thread is None:
            return
        settings = await self._store.channels.settings(where)
        if settings.mode is Mode.OFF:
            return
        await self._begin_with_own(where)
        if await self._store.messages.begin_thread(where):
            return
        if where in self._looked or await self._store.messages.recent(where, limit=1):
            return  # it began without: what is recorded now would come last
        self._remember(where)
        if parent is None and await self._membership.is_member(where):
            parent = await self._fetched(where, where.thread, team)
        if parent is not None:
            await self._record(await self._told(parent, where, team), where)

    async def _begin_with_own(self, where: ConversationKey) -> None:
        """Let a thread below a reply of ours begin with that: nothing before it says it was a reply."""
        own = await self._store.messages.find(replace(where, thread=None), where.thread or "")
        if own is None or not own.from_assistant or own.deleted:
            return
        if not await self._store.messages.recent(where, limit=1):
            await self._record(self._quoted(own.text, own.sent_at, where), where)

    def _remember(self, where: ConversationKey) -> None:
        self._looked[where] = None
        while len(self._looked) > MAX_REMEMBERED:
            self._looked.popitem(last=False)

    async def _record(self, told: Message | None, where: ConversationKey) -> None:
        """Record the parent in silence: it was said to the channel, and long ago at that."""
        if told is None or await self._is_past(told.sent_at, where):
            return
        if not await self._store.messages.record(replace(told, addressed=False)):
            return
        entry = await self._store.messages.find(where, told.id)
        if entry is not None and not entry.hidden:
            await self._store.decisions.keep(
                where,
                [entry.row],
                _BEGINS,
                model="",
                adapter=None,
                latency_ms=0.0,
                at=self._clock(),
            )

    async def _told(self, parent: Payload, where: ConversationKey, team: Team) -> Message | None:
        if not is_ours(parent, team):
            return await heard_again(parent, where, team=team, people=self._people)
        said_at = moment(parent)
        if said_at is None or text_in(parent, "subtype") in NOT_SAID:
            return None
        now = await now_said(parent, team=team, people=self._people)
        return self._quoted(now.text, said_at, where) if now.text else None

    def _quoted(self, words: str, said_at: datetime, where: ConversationKey) -> Message:
        """Let nobody in particular say our words: what we say in a thread answers something there."""
        text = f'started from what {self._people.assistant_name} said: "{words}"'
        author = Author(f"thread:{where.thread}", THREAD, is_bot=True)
        return Message(where, where.thread or "", author, text, said_at)

    async def _is_past(self, said_at: datetime, where: ConversationKey) -> bool:
        mark = await self._store.messages.heard_from(where)
        return mark is not None and said_at <= mark

    async def _fetched(self, where: ConversationKey, thread_ts: str, team: Team) -> Payload | None:
        """Ask Slack for the message that a thread hangs on; None where it does not tell in time."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await self._asked(where, thread_ts, team)
        except FAILURES as error:
            logger.warning("the thread %s begins without its parent: %s", where, cause(error))
            return None

    async def _asked(self, where: ConversationKey, thread_ts: str, team: Team) -> Payload | None:
        try:
            return await _first(where, thread_ts, team)
        except FAILURES as error:
            if not may_pass(error) or (retry_after_s(error) or 0.0) > RETRY_S:
                raise
        await self._sleep(RETRY_S)
        return await _first(where, thread_ts, team)


async def _first(where: ConversationKey, thread_ts: str, team: Team) -> Payload | None:
    response = await team.client.conversations_replies(channel=where.channel, ts=thread_ts, limit=1)
    found = parts_of(as_payload(response.data), "messages")
    return next((each for each in found if text_in(each, "ts") == thread_ts), None)
