"""Slack as a chat platform: Earshot's words go into its channels, threads and direct chats.

Posting a reply twice posts it once: each of its messages carries the reply's key unseen, and the
channel is asked for it before anything is sent again.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from bot.errors import PlatformError, PlatformUnavailable
from bot.messages import (
    ASKED,
    ChannelSettings,
    ConversationKey,
    Entry,
    KeptDecision,
    OutboxItem,
    OutboxStatus,
)
from bot.notices import FOR_ONE
from bot.platforms.drafts import Draft
from bot.platforms.slack.agent_chats import PlainChats
from bot.platforms.slack.keys import PLATFORM, is_direct
from bot.platforms.slack.own_messages import NOTICE
from bot.platforms.slack.pace import Pace
from bot.platforms.slack.parts import parts, quoted
from bot.platforms.slack.posting import Mark, Poster
from bot.platforms.slack.refusals import NO_STREAMS, SlackTrying, code, retry_after_s
from bot.platforms.slack.reply_places import DirectChats, ReplyPlaces
from bot.platforms.slack.showing import CLOCK_MARGIN, Showing
from bot.platforms.slack.streaming import Home, Streams
from bot.platforms.speaking import Channels, Drafts, Outbox, beside, store_trouble
from bot.platforms.trying import Gone

logger = logging.getLogger(__name__)

STATUS = "is writing..."  # behind the app's name
STATUS_S = 60.0  # Slack shows a status for two minutes
USER_IDS = ("U", "W")  # begin the ids of people


class Messages(Protocol):
    """The history of conversations. Raises StoreError."""

    async def find(self, where: ConversationKey, message_id: str) -> Entry | None:
        """Find a message; None if it is not known."""
        ...


@dataclass(slots=True)
class SlackPlatform:
    """Posts, drafts and removes by slack_sdk. To be closed when nothing is posted any more.

    `is_addressed` tells which replies belong into a thread below their question. Drafts from before
    `started_at` may be an earlier process's; `clock` gives aware UTC times.
    `home` gives the workspace that a person is of. `monotonic` counts seconds.
    """

    trying: SlackTrying
    outbox: Outbox
    channels: Channels
    messages: Messages
    is_addressed: Callable[[OutboxItem], Awaitable[bool]]
    clock: Callable[[], datetime]
    started_at: datetime
    home: Home
    direct: DirectChats = field(default_factory=PlainChats)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    monotonic: Callable[[], float] = time.monotonic
    _poster: Poster = field(init=False)
    _streams: Streams = field(init=False)
    _pace: Pace = field(init=False)
    _places: ReplyPlaces = field(init=False)
    _without_status: set[str] = field(init=False, default_factory=set)
    _with_status: set[ConversationKey] = field(init=False, default_factory=set)
    _drafts: Drafts = field(init=False)
    _showings: dict[str, Showing] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Make the poster, what streams, and room for drafts."""
        self._poster = Poster(self.trying)
        self._drafts = Drafts(self.channels, self._new_draft)
        self._streams = Streams(self.trying, self._reader, self.home)
        self._pace = Pace(self.monotonic)
        self._places = ReplyPlaces(self.outbox, self.channels, self.direct, self.is_addressed)

    @property
    def name(self) -> str:
        """The platform part of its conversation keys."""
        return PLATFORM

    async def close(self) -> None:
        """End every draft where it is; the next start takes it away."""
        await self._drafts.close()
        self._showings.clear()

    async def place(self, where: ConversationKey, reply_to: str) -> ConversationKey:
        """Give the thread below a question, as the channel wants it and direct chats have it."""
        with store_trouble():
            return await self._places.below(where, reply_to)

    @asynccontextmanager
    async def typing(self, where: ConversationKey) -> AsyncIterator[None]:
        """Show that a reply is being written, in the threads of direct chats; elsewhere nothing.

        Slack has no sign of typing for apps.
        """
        is_shown = where.thread is not None and is_direct(where.channel)
        if not is_shown or where.workspace in self._without_status:
            yield
            return
        async with beside(self._keep_status(where)):
            yield

    async def draft(self, item: OutboxItem, text: str) -> None:
        """Show the text so far soon, unless the channel wants whole replies only; returns at once."""
        await self._drafts.write(item, text)

    async def post(self, item: OutboxItem, *, is_new: bool = False) -> str:
        """Post a reply in as many messages as it takes, and give the id of the first."""
        await self._drafts.end(item)
        showing = await self._showing(item)
        texts = parts(item.text, above=showing.above)
        if not texts:
            raise PlatformError(f"a reply in {item.conversation} shows nothing")
        if showing.has_lost_stream or not is_new:
            await showing.recall(texts)
        if not showing.ids:
            with store_trouble():
                await self._places.keep(item, showing.place)
        await showing.finish(texts)
        self._showings.pop(item.key, None)
        self._with_status.discard(showing.place)
        return showing.ids[0]

    async def withdraw(self, item: OutboxItem) -> None:
        """Delete what a draft showed, also one of an earlier process, or of another that is no more."""
        await self._drafts.end(item)
        is_noted = item.status is OutboxStatus.DRAFT or item.text  # else nobody ever showed it
        until = self.clock() + CLOCK_MARGIN if is_noted and item.key not in self._showings else None
        if item.created_at < self.started_at:
            until = self.started_at + CLOCK_MARGIN
        showing = await self._showing(item)
        await self._end_status(showing.place)
        await showing.remove(others_until=until)
        self._showings.pop(item.key, None)

    async def remove(self, where: ConversationKey, message_ids: Sequence[str]) -> None:
        """Delete messages of ours."""
        for message_id in message_ids:
            await self._poster.delete(where, message_id)

    async def notice(self, where: ConversationKey, text: str, *, reply_to: str | None) -> None:
        """Post a short message where the reply would stand.

        Whoever asked by a command alone sees it, and so does whom it is about where others read along.
        """
        if await self._whispered(where, text, reply_to=reply_to):
            return
        with store_trouble():
            place = await self._places.below(where, reply_to)
        try:
            for part in parts(text):
                mark = Mark(self.clock() - CLOCK_MARGIN, kind=NOTICE)
                await self._poster.send(place, part, mark)
        except Gone as error:  # with the question, and nobody waits for its answer any more
            logger.info("a notice is not posted: %s", error)
        self._with_status.discard(place)  # Slack took it away with the notice

    async def decided(
        self, where: ConversationKey, decision: KeptDecision, message_ids: Sequence[str]
    ) -> None:
        """Show nothing of decisions: `/assistant why` tells them."""

    def _new_draft(self, item: OutboxItem, _settings: ChannelSettings) -> Draft:
        async def show(text: str) -> None:
            showing = await self._showing(replace(item, text=text))
            if not showing.ids:
                if not self._pace.may_begin(item.conversation.workspace):
                    return
                with store_trouble():
                    await self.outbox.begin(item)
                    await self._places.keep(item, showing.place)
            elif not self._pace.may_go_on(item.conversation.workspace, showing.is_streamed):
                return
            try:
                await showing.grow(text)
            except PlatformUnavailable as error:
                cause = error.__cause__
                wait_s = retry_after_s(cause) if cause is not None else None
                self._pace.hold(item.conversation.workspace, wait_s or 0.0)
                raise

        return Draft(show, sleep=self.sleep)

    async def _showing(self, item: OutboxItem) -> Showing:
        """Find what is shown of a reply: by us just now, or as an earlier process wrote it down."""
        showing = self._showings.get(item.key)
        if showing is None:
            with store_trouble():
                ids = await self.outbox.parts(item.key)
                place = await self._places.of(item, is_drafted=item.key in self._drafts)
                above = await self._question_above(item)
            showing = Showing(item, place, self._poster, self._streams, self.outbox, above)
            showing.ids, showing.stand = ids, [None] * len(ids)
            self._showings[item.key] = showing
        showing.item = replace(item, created_at=min(item.created_at, showing.item.created_at))
        return showing

    async def _question_above(self, item: OutboxItem) -> str:
        """Quote the question of a command, which nobody else saw."""
        if item.reply_to is None or not item.reply_to.startswith(ASKED):
            return ""
        entry = await self.messages.find(item.conversation, item.reply_to)
        if entry is None or not entry.text:
            return ""
        return quoted(entry.author.name, entry.text)

    async def _reader(self, item: OutboxItem) -> str | None:
        """Give the id of the person whom a reply answers, None if it is no person's."""
        with store_trouble():
            found = await self.messages.find(item.conversation, item.reply_to or "")
        author_id = found.author.id if found is not None else ""
        return author_id if author_id.startswith(USER_IDS) else None

    async def _whispered(self, where: ConversationKey, text: str, *, reply_to: str | None) -> bool:
        """Tell whoever asked alone; False where everybody is to see it, or has to."""
        is_asked = reply_to is not None and reply_to.startswith(ASKED)
        if reply_to is None or not (is_asked or (text in FOR_ONE and not is_direct(where.channel))):
            return False
        with store_trouble():
            question = await self.messages.find(where, reply_to)
        if question is None:
            return False
        if is_asked and question.reply_to == where.thread:  # there may be no reply in that thread
            where = replace(where, thread=None)  # and Slack would show nothing there
        try:
            for part in parts(text):
                await self._poster.whisper(where, question.author.id, part)
        except PlatformUnavailable:
            raise
        except PlatformError as error:  # such as to somebody who has left the channel
            logger.info("a notice is for everybody: %s", error)
            return False
        return True

    async def _keep_status(self, where: ConversationKey) -> None:
        try:
            self._with_status.add(where)
            while True:  # Slack takes it away itself, with the reply or the notice
                await self._poster.show_status(where, STATUS)
                await self.sleep(STATUS_S)
        except PlatformUnavailable as error:
            logger.info("a status is not shown: %s", error)
        except PlatformError as error:
            self._with_status.discard(where)
            if code(error.__cause__) in NO_STREAMS:
                self._without_status.add(where.workspace)
            logger.info("a status is not shown: %s", error)
        except Exception:  # the top of a task: the reply does not depend on it
            logger.exception("the status in %s failed", where)

    async def _end_status(self, where: ConversationKey) -> None:
        """Take away a status that no reply ends."""
        if where not in self._with_status:
            return
        self._with_status.discard(where)
        try:
            await self._poster.show_status(where, "")
        except PlatformError as error:  # in two minutes Slack takes it away itself
            logger.info("a status is shown too long: %s", error)
