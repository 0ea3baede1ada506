"""Carries decisions out: a reply is written, put down and posted, or there is a notice, or nothing.

A reply is in the outbox before it is posted. One whose moment has passed meanwhile is taken back, and
the decision with it.
"""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from bot.delivery import Delivery
from bot.errors import ModelError, StoreError
from bot.excuses import excuse, failed, to_be_told, wordless
from bot.judge import Considered, Judge
from bot.leftovers import Leftovers
from bot.messages import (
    ASKED,
    Action,
    ConversationKey,
    Decision,
    KeptDecision,
    Mode,
    OutboxItem,
    OutboxStatus,
)
from bot.notices import Told
from bot.signs import Signs
from bot.store import Store
from bot.writer import Writer

logger = logging.getLogger(__name__)


def new_key() -> str:
    """Give an outbox key: 24 hex digits, since Discord's nonce holds 25 characters."""
    return secrets.token_hex(12)


@dataclass(slots=True)
class Acting:
    """Does what was decided. `clock` gives aware UTC times."""

    store: Store
    judge: Judge
    writer: Writer
    signs: Signs
    delivery: Delivery
    leftovers: Leftovers
    told: Told
    clock: Callable[[], datetime]

    async def carry_out(self, considered: Considered) -> None:
        """Tell the decision, and speak or say why not. Raises StoreError."""
        await self._tell(considered)
        if considered.kept.decision.action is not Action.SPEAK:
            await self._excuse(considered)
            return
        try:
            await self._speak(considered)
        except StoreError:
            logger.exception("no reply in %s", considered.where)
            self.leftovers.give_up(considered.kept.id)
            kept = failed(considered, "the reply could not be written down")
            await self._excuse(replace(considered, kept=kept))

    async def _speak(self, considered: Considered) -> None:
        draft = self._draft(considered)
        try:
            item = await self._written(considered, draft)
        except StoreError:
            await self.delivery.take_back(draft)
            raise
        if item is not None:
            await self.delivery.post(item)

    async def _written(self, considered: Considered, draft: OutboxItem) -> OutboxItem | None:
        """Write a reply into the outbox; None if it was taken back, and the decision with it."""
        text = ""
        try:
            place = await self.signs.place(considered.where, considered.asked[-1].id)
            async with self.signs.typing(place):
                text = await self.writer.write(considered, draft)
            changed = await self.judge.reconsider(considered) if text else wordless(considered)
        except ModelError as error:
            logger.warning("no reply in %s: %s", considered.where, error)
            changed = failed(considered, "the model failed while it wrote the reply").decision
        if changed is not None:
            await self._take_back(considered, draft, changed)
            return None
        reply_to = await self.judge.still_asked(considered)
        item = replace(draft, text=text, reply_to=reply_to, created_at=self.clock())
        if (await self.store.outbox.add(item)).decision_id is None:
            await self._let_go(item)
            return None
        return item

    async def _let_go(self, item: OutboxItem) -> None:
        """Post nothing: the decision was cleared, or another process took it up for a dead one's."""
        logger.warning("a reply in %s is not posted: its decision is gone", item.conversation)
        await self.store.outbox.withdraw(item.key)
        await self.delivery.take_back(item)

    def _draft(self, considered: Considered) -> OutboxItem:
        return OutboxItem(
            key=new_key(),
            conversation=considered.where,
            decision_id=considered.kept.id,
            reply_to=considered.asked[-1].id,
            text="",
            status=OutboxStatus.PENDING,
            created_at=self.clock(),
        )

    async def _take_back(
        self, considered: Considered, draft: OutboxItem, changed: Decision
    ) -> None:
        await self.delivery.take_back(draft)
        considered = replace(considered, kept=await self._revised(considered.kept, changed))
        await self._tell(considered)
        await self._excuse(considered)

    async def _revised(self, kept: KeptDecision, changed: Decision) -> KeptDecision:
        try:
            return await self.store.decisions.revise(kept.id, changed)
        except StoreError as error:
            logger.warning("decision %d stays as it was: %s", kept.id, error)
            self.leftovers.give_up(kept.id)
            return replace(kept, decision=changed)

    async def _excuse(self, considered: Considered) -> None:
        where, text = considered.where, excuse(considered)
        if text is None:
            return
        is_off = await self._is_off(where)
        for asked in to_be_told(considered, text):
            # Who asked by a command looks at its answer, which nobody else has to see.
            is_wanted = not is_off or asked.id.startswith(ASKED)
            if is_wanted and self.told.is_news(where, asked, text, now=self.clock()):
                await self.signs.notice(where, text, reply_to=asked.id)

    async def _is_off(self, where: ConversationKey) -> bool:
        try:
            return (await self.store.channels.settings(where)).mode is Mode.OFF
        except StoreError:  # then somebody may wait, and is to hear that nothing comes
            logger.warning("nobody knows whether %s is off", where)
            return False

    async def _tell(self, considered: Considered) -> None:
        message_ids = [entry.id for entry in considered.burst]
        await self.signs.decided(considered.where, considered.kept, message_ids)
