"""The messages of one reply: what stands in the channel is made what should stand there.

A part is one message. Each is written down as soon as it is shown, so that a stop at any place
neither loses nor doubles it.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import discord

from bot.errors import PlatformError, PlatformRemoved, PlatformUnavailable, StoreError
from bot.messages import OutboxItem
from bot.platforms.discord.evidence import (
    answers,
    begins_like,
    left_by_another,
    may_stand_since,
    shows,
)
from bot.platforms.discord.nonces import Lost, nonce
from bot.platforms.discord.parts import Part
from bot.platforms.discord.posting import Posted, Poster
from bot.platforms.discord.responding import Responder
from bot.platforms.speaking import Outbox, store_trouble
from bot.platforms.trying import Gone

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Showing:
    """The messages of a reply. `refers`: whether the first one refers to the question.

    `stand` is what each message shows, None where that is not known. `lost` are tries whose answer
    did not come: messages may stand there whose ids we do not know. So may those of an earlier
    process, until `others_until`; None if it had none. `first_by` is what posted the first message,
    None for an ordinary one. `is_removed`: somebody deleted it before it was whole.
    """

    item: OutboxItem
    poster: Poster
    outbox: Outbox
    refers: bool
    ids: list[str] = field(default_factory=list)
    stand: list[Part | None] = field(default_factory=list)
    others_until: datetime | None = None
    lost: list[Lost] = field(default_factory=list)
    first_by: Responder | None = None
    is_removed: bool = False

    @property
    def is_unsure(self) -> bool:
        """Whether messages may stand there whose ids nobody told us."""
        return bool(self.lost)

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
            await self._clear_up()

    def _check_wanted(self) -> None:
        if self.is_removed:
            raise PlatformRemoved("somebody deleted what was shown of it")

    async def recall(self, parts: Sequence[Part], *, responder: Responder | None) -> None:
        """Look in the channel for what is shown already, also of parts that were not written down."""
        found = await self._own_ones()
        by_id = {posted.id: posted for posted in found}
        for number, (message_id, part) in enumerate(zip(self.ids, parts, strict=False)):
            if message_id in by_id and by_id[message_id].shows(part):
                self.stand[number] = part
        free = await self._free(found)
        for number, part in list(enumerate(parts))[len(self.ids) :]:
            same = next((each for each in free if self._is(each, number, part)), None)
            if same is None:
                return
            free.remove(same)
            if number == 0 and same.command_id is not None:
                self.first_by = responder
            await self._took(number, same.id, part if same.shows(part) else None)

    async def remove(self) -> None:
        """Delete the messages; also those that are not known to be this reply's, and are."""
        others = await self._others() if self.others_until else []
        for message_id in dict.fromkeys([*self.ids, *others]):
            await self.poster.delete(self.item.conversation, message_id)
        await self._remove_lost()
        self.ids.clear()
        self.stand.clear()

    async def _add(
        self, number: int, part: Part, responder: Responder | None, *, insist: bool
    ) -> None:
        posted, message_id, by_nonce = None, None, False
        since_s = time.monotonic()
        try:
            if number == 0:
                message_id = await self._respond(0, part, responder, insist=insist)
            if message_id is None:
                by_nonce = True
                posted = await self._send(number, part, insist=insist)
        except PlatformUnavailable:
            self.lost.append(Lost(number, part, since_s, by_nonce))
            raise
        except PlatformError:  # where it may not write, it may still answer a command
            message_id = await self._respond(number, part, responder, insist=insist)
            if message_id is None:
                raise
        if number == 0:
            self.first_by = None if message_id is None else responder
        await self._took(number, message_id or (posted.id if posted else ""), part)
        if posted is not None and not posted.shows(part):  # a draft whose answer was lost
            await self._change(number, part, None, insist=insist)

    async def _send(
        self, number: int, part: Part, *, silent: bool = False, insist: bool = True
    ) -> Posted:
        return await self.poster.send(
            self.item.conversation,
            part,
            nonce=nonce(self.item.key, number),
            reply_to=self.item.reply_to if self.refers and number == 0 else None,
            silent=silent,
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
            # What answers one command does not become the answer to another, nor does a message.
            by = responder if number == 0 and responder is self.first_by else None
            if await self._respond(0, part, by, insist=insist) is None:
                await self.poster.edit(where, message_id, part, is_reply=is_reply, insist=insist)
        except Gone:  # somebody took it away: it is not put back
            logger.info("message %s of a reply in %s was deleted meanwhile", message_id, where)
            self.is_removed |= number == 0
        self.stand[number] = part

    async def _took(self, number: int, message_id: str, part: Part | None) -> None:
        self.ids.append(message_id)
        self.stand.append(part)
        self.lost = [each for each in self.lost if each.number != number]
        try:
            await self.outbox.part_posted(self.item.key, number, message_id)
        except StoreError as error:  # people have it; after a stop it is found in the channel
            logger.warning("a part of a reply is not written down: %s", error)

    async def _others(self) -> list[str]:
        """Find what an earlier process may have posted of it and did not write down.

        What was posted later is the answer that was written anew, and may not be written down yet.
        """
        until = self.others_until
        found = [each for each in await self._own_ones() if until and each.sent_at <= until]
        left = left_by_another(found, await self._free(found), self.item, self.ids)
        return [each.id for each in left]

    async def _clear_up(self) -> None:
        """Delete what was lost beside a reply that stands: where that is refused, it stands all the same."""
        try:
            await self._remove_lost()
        except PlatformUnavailable:
            raise
        except PlatformError as error:
            logger.warning("a draft may stand beside its reply: %s", error)

    async def _remove_lost(self) -> None:
        """Delete what may have been posted by tries whose answer did not come."""
        if not self.lost:
            return
        where = self.item.conversation
        if await self.poster.may_look(where):
            free = await self._free(await self._own_ones())
            ids = [each.id for each in free if self._is_lost(each)]
        else:  # Discord tells the id once more to who soon asks with the same nonce
            known = {each.number: each.part for each in self.lost if each.is_known_still()}
            ids = [(await self._send(*each, silent=True)).id for each in known.items()]
        for message_id in ids:
            await self.poster.delete(where, message_id)
        self.lost.clear()

    def _is_lost(self, posted: Posted) -> bool:
        """Tell a message by what was tried; what answers a command is overwritten where it stands."""
        if posted.command_id is not None:
            return False
        return any(
            posted.shows(each.part) or (each.number == 0 and answers(posted, self.item))
            for each in self.lost
        )

    async def _own_ones(self) -> list[Posted]:
        """List our messages since the reply may have been begun, without notices."""
        since = may_stand_since(self.item)
        found = await self.poster.own_since(self.item.conversation, since)
        return [posted for posted in found if not posted.is_silent]

    async def _free(self, found: Sequence[Posted]) -> list[Posted]:
        """Pick the messages that no other reply is known to be shown by: two may say the same words."""
        free = []
        for posted in found:
            if posted.id in self.ids:
                continue
            with store_trouble():
                if not await self._is_another_one(posted.id):
                    free.append(posted)
        return free

    async def _is_another_one(self, message_id: str) -> bool:
        """Tell whether another reply is shown by a message, also one whose decision was taken back."""
        where = self.item.conversation
        key = await self.outbox.shown_by(where, message_id)
        if key is not None:
            return key != self.item.key
        return await self.outbox.decision_behind(where, message_id) is not None

    def _is(self, posted: Posted, number: int, part: Part) -> bool:
        """Tell a part by its text, by what it answers, or by how it begins."""
        if shows(posted, part) or (number == 0 and answers(posted, self.item)):
            return True
        is_tried = any(posted.shows(each.part) for each in self.lost if each.number == number)
        return is_tried or (self.others_until is not None and begins_like(posted, part))
