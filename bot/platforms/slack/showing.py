"""The messages of one reply: what stands in the channel is made what should stand there.

A part is one message. Each is written down as soon as it is shown, and carries its number unseen, so
that a stop at any place neither loses nor doubles it.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import unescape

from bot.errors import PlatformError, PlatformUnavailable, StoreError
from bot.messages import ConversationKey, OutboxItem
from bot.platforms.local import is_blank
from bot.platforms.slack.harmless import settled
from bot.platforms.slack.own_messages import Posted, Search
from bot.platforms.slack.parts import parts
from bot.platforms.slack.posting import Mark, Poster
from bot.platforms.slack.refusals import NO_THREADS, code, surely_not_done
from bot.platforms.slack.streaming import Stream, Streams
from bot.platforms.speaking import Outbox, store_trouble
from bot.platforms.trying import Gone

logger = logging.getLogger(__name__)

CLOCK_MARGIN = timedelta(seconds=5)  # our clock may be as much ahead of Slack's
LOOK_BACK = timedelta(
    minutes=5
)  # a reply is written down anew when it is whole; its draft is older


@dataclass(slots=True)
class Showing:
    """The messages of a reply. `place` is where they go, `above` what stands over the first.

    `stand` is what each message shows, None where that is not known.
    """

    item: OutboxItem
    place: ConversationKey
    poster: Poster
    streams: Streams
    outbox: Outbox
    above: str = ""
    ids: list[str] = field(default_factory=list)
    stand: list[str | None] = field(default_factory=list)
    _marks: dict[int, Mark] = field(init=False, default_factory=dict)
    _stream: Stream | None = field(init=False, default=None)
    _lost_stream: str | None = field(init=False, default=None)
    _search: Search | None = field(init=False, default=None)

    @property
    def has_lost_stream(self) -> bool:
        """Tell whether a stream may have begun that Slack did not confirm."""
        return self._lost_stream is not None

    @property
    def is_unsure(self) -> bool:
        """Tell whether a message may stand there that we do not know of."""
        return self.has_lost_stream or any(mark.is_unsure for mark in self._marks.values())

    @property
    def is_streamed(self) -> bool:
        """Tell whether the reply grows as a stream just now."""
        return self._stream is not None

    async def grow(self, text: str) -> None:
        """Show the words so far, each try once."""
        texts = parts(text, above=self.above)
        if self._lost_stream is not None or not texts:
            return
        if self._stream is None and await self._begun(text, texts):
            return
        if self._stream is not None:
            if len(texts) == 1 and await self._grown(self._stream, text):
                return
            await self._end(self._stream, None, texts[0], insist=False)
        await self._show(texts, insist=False)

    async def finish(self, texts: Sequence[str]) -> None:
        """Show the whole reply, and nothing else."""
        if self._stream is not None:
            text = self.item.text if len(texts) == 1 else None
            await self._end(self._stream, text, texts[0], insist=True)
        await self._show(texts, insist=True)
        while len(self.ids) > len(texts):
            await self.poster.delete(self.place, self.ids[-1])
            del self.ids[-1], self.stand[-1]

    async def recall(self, texts: Sequence[str]) -> None:
        """Look in the channel for what is shown already, also of parts that were not written down."""
        found = await self._own_since(self.item.created_at - LOOK_BACK)
        ours = {each.number: each for each in found if each.key == self.item.key}
        if not self.ids and 0 not in ours:
            await self._adopt(found, texts)
        for number, text in enumerate(texts):
            posted = ours.get(number)
            if number < len(self.ids):
                is_shown = posted is not None and self.ids[number] == posted.ts
                if posted is not None and is_shown and posted.text == text:
                    self.stand[number] = text
            elif posted is None:
                break
            else:
                await self._took(number, posted.ts, text if posted.text == text else None)
        self._lost_stream = None
        for mark in self._marks.values():
            mark.is_unsure = False

    async def remove(self, *, others_until: datetime | None) -> None:
        """Delete the messages, also those that we do not know of.

        An earlier process may have left such until a time, None if there was none.
        """
        for ts in self.ids:
            await self.poster.delete(self.place, ts)
        if others_until is not None or self.is_unsure:
            for ts in await self._unknown_ones(others_until):
                await self.poster.delete(self.place, ts)
        self.ids.clear()
        self.stand.clear()
        self._marks.clear()
        if self._stream is not None:
            self.streams.let_go(self._stream)
        self._stream = self._lost_stream = None

    async def _unknown_ones(self, until: datetime | None) -> list[str]:
        """List messages of the reply that nobody wrote down, and streams that may be some."""
        try:
            found = await self._own_since(self.item.created_at - CLOCK_MARGIN)
        except Gone:  # the whole thread
            return []
        marked = [each.ts for each in found if each.key == self.item.key]
        if until is not None and not self.has_lost_stream:
            found = [each for each in found if each.sent_at <= until]
        streams = [each.ts for each in found if await self._may_be_stream(each)]
        return [ts for ts in (*marked, *streams) if ts not in self.ids]

    async def _own_since(self, moment: datetime) -> list[Posted]:
        """List our messages there; what was looked through once is not looked through again."""
        self._search = self._search or Search(self.place, moment)
        found = await self.poster.own(self.place, self._search)
        self._search = None
        return found

    async def _begun(self, text: str, texts: Sequence[str]) -> bool:
        """Begin a stream if the reply can be one; True if nothing else is to be shown now."""
        can_be = not self.ids and not self.above and len(texts) == 1
        if not can_be or not self.streams.are_allowed(self.place):
            return False
        if is_blank(settled(text)):
            return True
        try:
            stream = await self.streams.begin(self.item, self.place, text)
        except PlatformUnavailable as error:
            cause = error.__cause__
            if cause is None or not (isinstance(cause, StoreError) or surely_not_done(cause)):
                self._lost_stream = settled(text)
            raise
        if stream is None:
            return False
        self._stream = stream
        await self._took(0, stream.ts, None)
        return True

    async def _grown(self, stream: Stream, text: str) -> bool:
        try:
            return await self.streams.write(stream, text)
        except Gone:
            logger.warning("a reply in %s was deleted while it was written", self.place)
            return True

    async def _end(self, stream: Stream, text: str | None, shown: str, *, insist: bool) -> None:
        try:
            is_exact = await self.streams.finish(stream, text, self._mark(0), insist=insist)
        except Gone:  # somebody took it away: it is not put back
            logger.warning("message %s of a reply in %s was deleted", stream.ts, self.place)
            is_exact = True
        self.streams.let_go(stream)
        self.stand[0] = shown if is_exact else None
        self._stream = None

    async def _show(self, texts: Sequence[str], *, insist: bool) -> None:
        for number, text in enumerate(texts):
            if number >= len(self.ids):
                await self._took(number, await self._sent(number, text, insist=insist), text)
            elif self.stand[number] != text:
                await self._change(number, text, insist=insist)

    async def _sent(self, number: int, text: str, *, insist: bool) -> str:
        mark = self._mark(number)
        try:
            return await self.poster.send(self.place, text, mark, insist=insist)
        except PlatformError as error:
            own_place = self.item.conversation
            if code(error.__cause__) not in NO_THREADS or self.place == own_place:
                raise
            logger.info("a reply stands in the channel: %s", error)
            self.place = own_place
            with store_trouble():
                await self.outbox.show_in(self.item.key, own_place.thread or "")
        return await self.poster.send(self.place, text, mark, insist=insist)

    async def _change(self, number: int, text: str, *, insist: bool) -> None:
        ts, mark = self.ids[number], self._mark(number)
        try:
            await self.poster.update(self.place, ts, text, mark, insist=insist)
        except Gone:  # somebody took it away: it is not put back
            logger.info("message %s of a reply in %s was deleted", ts, self.place)
        self.stand[number] = text

    def _mark(self, number: int) -> Mark:
        since = self.item.created_at - CLOCK_MARGIN
        return self._marks.setdefault(number, Mark(since, self.item.key, number))

    async def _took(self, number: int, ts: str, text: str | None) -> None:
        self.ids.append(ts)
        self.stand.append(text)
        try:
            await self.outbox.part_posted(self.item.key, number, ts)
        except StoreError as error:  # people have it; after a stop it is found by its mark
            logger.warning("a part of a reply is not written down: %s", error)

    async def _adopt(self, found: Sequence[Posted], texts: Sequence[str]) -> None:
        """Take over a stream whose beginning Slack did not confirm, or a stop kept unwritten."""
        for posted in found:
            if await self._may_be_stream(posted) and _begins(posted.text, texts[0]):
                await self._took(0, posted.ts, None)
                return

    async def _may_be_stream(self, posted: Posted) -> bool:
        """Tell whether a message may be a stream of this reply: unmarked, and of no known reply."""
        if posted.key is not None:
            return False
        begun = self._lost_stream
        if not posted.is_stream and not (begun and _begins(posted.text, begun)):
            return False
        if await self.streams.is_running(self.place, posted.ts):
            return False
        own = self.item.conversation
        with store_trouble():  # the replies of several conversations stand in one thread
            if await self.outbox.place_of(own, posted.ts) != own:
                return False
            return await self.outbox.decision_behind(own, posted.ts) is None


def _begins(shown: str, whole: str) -> bool:
    """Tell whether words are the first of others, whatever marks stand between them."""
    words, others = (
        [char for char in unescape(text).casefold() if char.isalnum()] for text in (shown, whole)
    )
    return bool(words) and others[: len(words)] == words
