"""Threads know what they hang on, before the first thing said in them is recorded.

A thread is a conversation of its own, and what it is about was said in the channel. The history has
that as a rule; where it has not, since nobody listened then, Slack is asked once. Where Slack cannot
tell just then, the next message there asks again (`late_parents`). What was said before the assistant
was invited, or was forgotten since, stays unknown.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

from bot.errors import PlatformUnavailable
from bot.messages import Action, Author, ConversationKey, Decision, Message, Mode, Rule
from bot.platforms.slack.edits import now_said
from bot.platforms.slack.hearing import NOT_SAID, heard_again, is_ours, moment
from bot.platforms.slack.late_parents import LateParents
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
AGAIN_AFTER = timedelta(seconds=30)  # no message waits for a Slack that could not tell just now
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
        self._late = LateParents(store)
        # Where there is nothing more to be asked, or not before a time.
        self._looked: OrderedDict[ConversationKey, datetime | None] = OrderedDict()

    async def begin(
        self, where: ConversationKey, team: Team, *, parent: Payload | None = None
    ) -> None:
        """Let a thread begin with its parent, and with our replies to that. Raises StoreError.

        To be called before a message of the thread is recorded, each time: a reply of ours to the
        parent may have come into the thread since. Slack is asked until it has told, and never
        keeps a message waiting for long; not at all where the `parent` is given, or where nobody
        knows yet since when the assistant is in the channel.
        """
        if where.thread is None:
            return
        settings = await self._store.channels.settings(where)
        if settings.mode is Mode.OFF:
            return
        await self._begin_with_own(where)
        is_begun = await self._store.messages.begin_thread(where)
        if not self._is_to_look(where, parent):
            return
        room = await self._late.room(where)
        if room is None and (is_begun or await self._store.messages.recent(where, limit=1)):
            return  # it began without: what is recorded now would come last
        await self._look(where, team, parent, room)

    async def is_past(self, said_at: datetime, where: ConversationKey) -> bool:
        """Tell whether what a thread hangs on is not to be heard: it was forgotten, or is too old.

        It was said in the channel, which may have forgotten it alone. Raises StoreError.
        """
        settings = await self._store.channels.settings(where)
        if not settings.keeps(said_at, now=self._clock()):
            return True
        places = (where, replace(where, thread=None))
        marks = [await self._store.marks.heard_from(each) for each in places]
        return any(mark is not None and said_at <= mark for mark in marks)

    def _is_to_look(self, where: ConversationKey, parent: Payload | None) -> bool:
        if where not in self._looked:
            return True
        again_at = self._looked[where]
        return again_at is not None and (parent is not None or self._clock() >= again_at)

    async def _look(
        self, where: ConversationKey, team: Team, parent: Payload | None, room: range | None
    ) -> None:
        """Record the parent, into its row if the thread began without; or keep a row for it."""
        if parent is None and await self._membership.is_member(where):
            try:
                parent = await self._fetched(where, where.thread or "", team)
            except PlatformUnavailable as error:
                logger.warning("the thread %s begins without its parent: %s", where, error)
                self._remember(where, self._clock() + AGAIN_AFTER)
                await self._late.expect(where)
                return
        if parent is not None:
            await self._record(await self._told(parent, where, team), where, room)
        if room is not None:
            await self._late.settle(where)
        self._remember(where, None)  # last: where the history fails, the next try looks again

    async def _begin_with_own(self, where: ConversationKey) -> None:
        """Let a thread below a reply of ours begin with that: nothing before it says it was a reply."""
        own = await self._store.messages.find(replace(where, thread=None), where.thread or "")
        if own is None or not own.from_assistant or own.deleted:
            return
        if not await self._store.messages.recent(where, limit=1):
            await self._record(self._quoted(own.text, own.sent_at, where), where, None)

    def _remember(self, where: ConversationKey, again_at: datetime | None) -> None:
        self._looked[where] = again_at
        while len(self._looked) > MAX_REMEMBERED:
            self._looked.popitem(last=False)

    async def _record(
        self, told: Message | None, where: ConversationKey, room: range | None
    ) -> None:
        """Record the parent in silence: it was said to the channel, and long ago at that."""
        if told is None or await self.is_past(told.sent_at, where):
            return
        if not await self._is_new(replace(told, addressed=False), room):
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

    async def _is_new(self, told: Message, room: range | None) -> bool:
        if room is None:
            return await self._store.messages.record(told)
        return bool(await self._store.late.record(room, [told], upwards=True))

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

    async def _fetched(self, where: ConversationKey, thread_ts: str, team: Team) -> Payload | None:
        """Ask Slack for the message that a thread hangs on; None where there is none for us.

        Raises PlatformUnavailable where Slack does not tell in time.
        """
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await self._asked(where, thread_ts, team)
        except FAILURES as error:
            if may_pass(error):
                raise PlatformUnavailable(cause(error)) from error
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
