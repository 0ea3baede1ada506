"""The messages of one reply: what stands in the channel is made what should stand there.

A part is one message. Each is written down as soon as it is shown, so that a stop at any place
neither loses nor doubles it.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import discord

from bot.errors import PlatformError, PlatformRemoved, PlatformUnavailable, StoreError
from bot.messages import OutboxItem
from bot.platforms.discord.parts import Part
from bot.platforms.discord.posting import Posted, Poster
from bot.platforms.discord.responding import Responder
from bot.platforms.speaking import Outbox, store_trouble
from bot.platforms.trying import Gone

logger = logging.getLogger(__name__)

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def nonce(key: str, number: int) -> str:
    """Name a part for Discord, in at most 25 characters.

    22 of a key's 24 hex digits: 88 random bits, so that two replies within the minutes that Discord
    remembers a nonce never share one. Then the part's number in three digits of base 36.
    """
    digits = ""
    for _ in range(3):
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return key[:22] + digits


@dataclass(slots=True)
class Showing:
    """The messages of a reply. `refers`: whether the first one refers to the question.

    `stand` is what each message shows, None where that is not known. `is_unsure`: a message may have
    been posted whose id we do not know. `is_removed`: somebody deleted it before it was whole.
    """

    item: OutboxItem
    poster: Poster
    outbox: Outbox
    refers: bool
    ids: list[str] = field(default_factory=list)
    stand: list[Part | None] = field(default_factory=list)
    is_unsure: bool = False
    is_removed: bool = False

    async def show(
        self, parts: Sequence[Part], *, responder: Responder | None, insist: bool
    ) -> None:
        """Edit, add and, where the reply is whole (`insist`), delete messages.

        Raises PlatformRemoved once somebody deleted one of them.
        """
        for number, part in enumerate(parts):
            self._check_wanted()
            if number >= len(self.ids):
                await self._add(number, part, responder, insist=insist)
            elif self.stand[number] != part:
                await self._change(number, part, responder, insist=insist)
        self._check_wanted()
        if insist:
            while len(self.ids) > len(parts):
                await self.poster.delete(self.item.conversation, self.ids[-1])
                del self.ids[-1], self.stand[-1]

    def _check_wanted(self) -> None:
        if self.is_removed:
            raise PlatformRemoved("somebody deleted what was shown of it")

    async def recall(self, parts: Sequence[Part]) -> None:
        """Look in the channel for what is shown already, also of parts that were not written down."""
        found = await self._own_ones()
        by_id = {posted.id: posted for posted in found}
        for number, (message_id, part) in enumerate(zip(self.ids, parts, strict=False)):
            if message_id in by_id and by_id[message_id].shows(part):
                self.stand[number] = part
        others = [each for each in found if each.id not in self.ids and await self._is_free(each)]
        for number, part in list(enumerate(parts))[len(self.ids) :]:
            same = next((each for each in others if self._is(each, number, part)), None)
            if same is None:
                return
            others.remove(same)
            await self._took(number, same.id, part if same.shows(part) else None)

    async def remove(self, *, others_until: datetime | None) -> None:
        """Delete the messages; also those that answer the question and that we do not know of.

        An earlier process may have left such until a time, None if there was none. What was posted
        later is the answer that was written anew, and may not be written down yet.
        """
        others = await self._own_ones() if others_until or self.is_unsure else []
        if others_until is not None and not self.is_unsure:
            others = [each for each in others if each.sent_at <= others_until]
        answers = [each.id for each in others if self._answers(each) and await self._is_free(each)]
        for message_id in dict.fromkeys([*self.ids, *answers]):
            await self.poster.delete(self.item.conversation, message_id)
        self.ids.clear()
        self.stand.clear()

    async def _add(
        self, number: int, part: Part, responder: Responder | None, *, insist: bool
    ) -> None:
        posted, message_id = None, None
        try:
            if number == 0:
                message_id = await self._respond(0, part, responder, insist=insist)
            if message_id is None:
                posted = await self._send(number, part, insist=insist)
        except PlatformUnavailable:
            self.is_unsure = True
            raise
        except PlatformError:  # where it may not write, it may still answer a command
            message_id = await self._respond(number, part, responder, insist=insist)
            if message_id is None:
                raise
        await self._took(number, message_id or (posted.id if posted else ""), part)
        if posted is not None and not posted.shows(part):  # a draft whose answer was lost
            await self._change(number, part, None, insist=insist)

    async def _send(self, number: int, part: Part, *, insist: bool) -> Posted:
        return await self.poster.send(
            self.item.conversation,
            part,
            nonce=nonce(self.item.key, number),
            reply_to=self.item.reply_to if self.refers and number == 0 else None,
            insist=insist,
        )

    async def _respond(
        self, number: int, part: Part, responder: Responder | None, *, insist: bool
    ) -> str | None:
        """Answer the interaction; None if it is over, and the part has to go another way.

        Only the first part can be tried again without fear: a later one has no nonce, and may be
        doubled where the connection breaks after Discord took it. So it goes here only where an
        ordinary message is refused.
        """
        if responder is None or responder.expired():
            return None
        answer: Callable[[str], Awaitable[str]] = (
            responder.edit_first if number == 0 else responder.send_more
        )

        async def call(client: discord.Client) -> str:
            return await answer(part.text)

        where = self.item.conversation
        try:
            return await self.poster.trying.tried(call, where, "answer a command", insist=insist)
        except PlatformError as error:
            if not responder.expired():
                raise
            logger.warning("a command in %s is answered by a message: %s", where, error)
            return None

    async def _change(
        self, number: int, part: Part, responder: Responder | None, *, insist: bool
    ) -> None:
        where, message_id = self.item.conversation, self.ids[number]
        is_reply = self.refers and number == 0
        try:
            if number or await self._respond(0, part, responder, insist=insist) is None:
                await self.poster.edit(where, message_id, part, is_reply=is_reply, insist=insist)
        except Gone:  # somebody took it away: it is not put back
            logger.info("message %s of a reply in %s was deleted meanwhile", message_id, where)
            self.is_removed |= number == 0
        self.stand[number] = part

    async def _took(self, number: int, message_id: str, part: Part | None) -> None:
        self.ids.append(message_id)
        self.stand.append(part)
        self.is_unsure = False
        try:
            await self.outbox.part_posted(self.item.key, number, message_id)
        except StoreError as error:  # people have it; after a stop it is found in the channel
            logger.warning("a part of a reply is not written down: %s", error)

    async def _own_ones(self) -> list[Posted]:
        """List our messages since the reply was begun, without notices."""
        found = await self.poster.own_since(self.item.conversation, self.item.created_at)
        return [posted for posted in found if not posted.is_silent]

    async def _is_free(self, posted: Posted) -> bool:
        """Tell whether no reply is known to be shown by a message: two may say the same words."""
        where = self.item.conversation
        with store_trouble():
            return await self.outbox.decision_behind(where, posted.id) is None

    def _is(self, posted: Posted, number: int, part: Part) -> bool:
        """Tell a part by its text, which may stand below a question, or by what it answers."""
        shows = posted.shows(part) or posted.text.endswith(f"\n{part.text}")
        return shows or (number == 0 and self._answers(posted))

    def _answers(self, posted: Posted) -> bool:
        return self.item.reply_to is not None and posted.reply_to == self.item.reply_to
