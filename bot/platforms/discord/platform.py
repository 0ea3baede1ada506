"""Discord as a chat platform: Earshot's words go into its channels, threads and direct messages.

Posting a reply twice posts it once: Discord knows a message's nonce for some minutes, and before
another try than its first the channel itself is asked what stands there.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

import discord

from bot.errors import PlatformError, PlatformUnavailable
from bot.messages import ChannelSettings, ConversationKey, KeptDecision, OutboxItem
from bot.platforms.discord.answering import MAX_CHARS_UNDER_QUESTION
from bot.platforms.discord.keys import PLATFORM
from bot.platforms.discord.parts import MAX_PARTS, Part, parts, text_parts
from bot.platforms.discord.posting import CLOCK_MARGIN, Poster
from bot.platforms.discord.responding import Responder, Responders
from bot.platforms.discord.showing import Showing
from bot.platforms.discord.trying import DiscordTrying
from bot.platforms.drafts import Draft
from bot.platforms.speaking import Channels, Drafts, Outbox, beside, store_trouble

logger = logging.getLogger(__name__)

TYPING_S = 8.0  # it is shown for ten seconds
MAX_SHOWINGS = 1000  # replies under way or waiting; one that somebody else posts is not heard of


@dataclass(slots=True)
class DiscordPlatform:
    """Posts, drafts and removes by discord.py. To be closed when nothing is posted any more.

    `trying` knows the client of the moment. `is_addressed` tells which replies refer to a message.
    Drafts from before `started_at` may be an earlier process's. `responders` get the replies to
    commands.
    """

    trying: DiscordTrying
    outbox: Outbox
    channels: Channels
    is_addressed: Callable[[OutboxItem], Awaitable[bool]]
    started_at: datetime
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    responders: Responders = field(default_factory=Responders)
    _poster: Poster = field(init=False)
    _drafts: Drafts = field(init=False)
    _showings: dict[str, Showing] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Make the poster, and room for drafts."""
        self._poster = Poster(self.trying)
        self._drafts = Drafts(self.channels, self._new_draft)

    @property
    def name(self) -> str:
        """The platform part of its conversation keys."""
        return PLATFORM

    def deletes(self, message_id: str) -> bool:
        """Tell whether the bot itself deletes a message, or did so a while ago."""
        return self._poster.deletes(message_id)

    def removed(self, message_id: str) -> None:
        """Hear that somebody deleted a message; a reply that is still being shown there ends."""
        for showing in self._showings.values():
            showing.is_removed |= message_id in showing.ids

    async def close(self) -> None:
        """End every draft where it is; the next start takes it away."""
        await self._drafts.close()
        self._showings.clear()

    async def place(self, where: ConversationKey, reply_to: str) -> ConversationKey:
        """Give the conversation itself: there every reply stands."""
        return where

    @asynccontextmanager
    async def typing(self, where: ConversationKey) -> AsyncIterator[None]:
        """Show typing until the context ends; nobody waits for it."""
        async with beside(self._keep_typing(where)):
            yield

    async def draft(self, item: OutboxItem, text: str) -> None:
        """Show the text so far soon, unless the channel wants whole replies only; returns at once."""
        await self._drafts.write(item, text)

    async def post(self, item: OutboxItem, *, is_new: bool = False) -> str:
        """Post a reply in as many messages as it takes, and give the id of the first."""
        await self._drafts.end(item)
        responder = await self.responders.of(item.reply_to)
        whole = _parts(item.text, responder, whole=True)
        if not whole:
            raise PlatformError(f"a reply in {item.conversation} shows nothing")
        showing = await self._showing(item)
        if showing.is_unsure or not is_new:
            await self._recall(showing, whole, responder)
        try:
            await showing.show(whole, responder=responder, insist=True)
        except PlatformError as error:
            if not _is_about_files(error, whole):
                raise
            logger.warning("a reply goes without its files: %s", error)
            await showing.show(_without_files(item.text), responder=responder, insist=True)
        self._showings.pop(item.key, None)
        self.responders.forget(item.reply_to)
        return showing.ids[0]

    async def withdraw(self, item: OutboxItem) -> None:
        """Delete what a draft showed, also one of an earlier process."""
        await self._drafts.end(item)
        showing = await self._showing(item)
        try:
            await showing.remove()
        except PlatformUnavailable:
            raise
        except PlatformError:  # nobody tries again
            self._showings.pop(item.key, None)
            raise
        self._showings.pop(item.key, None)

    async def remove(self, where: ConversationKey, message_ids: Sequence[str]) -> None:
        """Delete messages of ours."""
        for message_id in message_ids:
            await self._poster.delete(where, message_id)

    async def notice(self, where: ConversationKey, text: str, *, reply_to: str | None) -> None:
        """Post a short message that makes no sound; a command's question gets it as its answer."""
        responder = await self.responders.of(reply_to)
        if responder is not None and await self._answered(where, text, responder):
            return
        for part in text_parts(text):
            await self._poster.send(where, part, reply_to=reply_to, silent=True)
            reply_to = None

    async def decided(
        self, where: ConversationKey, decision: KeptDecision, message_ids: Sequence[str]
    ) -> None:
        """Show nothing of decisions: `/assistant why` tells them."""

    def _new_draft(self, item: OutboxItem, settings: ChannelSettings) -> Draft:
        showing = Showing(item, self._poster, self.outbox, refers=settings.reply_as_reference)
        self._keep(showing)

        async def show(text: str) -> None:
            responder = await self.responders.of(item.reply_to)
            if not showing.ids:
                with store_trouble():  # by its first words a later process knows it
                    await self.outbox.begin(replace(item, text=text))
            begun = _parts(text, responder, whole=False)
            await showing.show(begun, responder=responder, insist=False)

        return Draft(show, sleep=self.sleep)

    async def _showing(self, item: OutboxItem) -> Showing:
        """Find what is shown of a reply: by us just now, or as an earlier process wrote it down."""
        if item.key in self._showings:
            return self._showings[item.key]
        with store_trouble():
            ids = await self.outbox.parts(item.key)
            settings = await self.channels.settings(item.conversation)
            refers = settings.reply_as_reference and await self.is_addressed(item)
        showing = Showing(item, self._poster, self.outbox, refers, ids, [None] * len(ids))
        if item.created_at < self.started_at:
            showing.others_until = self.started_at + CLOCK_MARGIN
        self._keep(showing)  # what it tries and loses, another try or `withdraw` has to know
        return showing

    def _keep(self, showing: Showing) -> None:
        self._showings[showing.item.key] = showing
        if len(self._showings) > MAX_SHOWINGS:
            del self._showings[next(iter(self._showings))]

    async def _recall(
        self, showing: Showing, whole: Sequence[Part], responder: Responder | None
    ) -> None:
        try:
            await showing.recall(whole, responder=responder)
        except PlatformUnavailable:
            raise
        except PlatformError as error:  # better twice than not at all
            logger.warning("nobody knows what of a reply was posted before: %s", error)

    async def _keep_typing(self, where: ConversationKey) -> None:
        try:
            while True:
                await self._poster.show_typing(where)
                await self.sleep(TYPING_S)
        except PlatformError as error:
            logger.warning("typing is not shown: %s", error)
        except Exception:  # the top of a task: the reply does not depend on it
            logger.exception("typing in %s failed", where)

    async def _answered(self, where: ConversationKey, text: str, responder: Responder) -> bool:
        async def answer(client: discord.Client) -> str:
            return await responder.edit_first(text)

        try:
            await self.trying.tried(answer, where, "answer a command")
        except PlatformError as error:
            if not responder.expired():
                raise
            logger.warning("a command is answered by a message: %s", error)
            return False
        return True


def _parts(text: str, responder: Responder | None, *, whole: bool) -> list[Part]:
    if responder is not None:
        return text_parts(text, first_max_chars=MAX_CHARS_UNDER_QUESTION)
    return parts(text) if whole else _without_files(text)


def _without_files(text: str) -> list[Part]:
    return text_parts(text)[:MAX_PARTS]


def _is_about_files(error: PlatformError, shown: Sequence[Part]) -> bool:
    """Tell whether a reply may have been refused because a channel allows no files."""
    has_files = any(part.file_name is not None for part in shown)
    return has_files and isinstance(error.__cause__, discord.Forbidden)
