"""Writes a reply: step 6 of a message's path. Holds back what people must not see."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass

from bot.cut import Growing, shown
from bot.errors import ModelBusy
from bot.judge import Considered
from bot.messages import Author, OutboxItem
from bot.patience import Patience
from bot.ports import Model
from bot.prompt import bursts, speaker_names
from inference.wire.chat_form import ChatForm
from inference.wire.turns import Burst, reply_turns

logger = logging.getLogger(__name__)

ShowDraft = Callable[[OutboxItem, str], Awaitable[None]]
"""Shows the words of a reply that are written so far. Raises nothing: a draft is only a sign."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Streams replies from the model, as drafts where the assistant was addressed.

    `show_draft` is None where nobody reads along. `sleep` waits for a busy model, so many seconds.
    """

    model: Model
    me: Author
    show_draft: ShowDraft | None = None
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def write(self, considered: Considered, draft: OutboxItem) -> str:
        """Write the reply to a decision to speak; "" if the model has none. Raises ModelError.

        Drafts are shown only to an addressed burst: an ambient reply may yet be withdrawn. A model
        that is busy is asked again for an addressed burst, as long as there is patience.
        """
        patience = Patience()
        while True:
            try:
                return await self._written(considered, draft)
            except ModelBusy as busy:
                wait_s = patience.next_wait_s(busy.retry_after_s)
                if not considered.is_addressed or wait_s is None:
                    raise
                logger.info("the model is busy, asking again in %.1f s: %s", wait_s, busy)
            await self.sleep(wait_s)

    async def _written(self, considered: Considered, draft: OutboxItem) -> str:
        """Write the reply once; a busy model says so before its first word."""
        card = considered.card or await self.model.card()
        entries = [*considered.history, *considered.heard]
        assistant = card.form.assistant_name
        speakers = speaker_names(entries, me=self.me, assistant_name=assistant).values()
        turns = reply_turns(
            card.form,
            _prompt(considered, card.form, self.me),
            persona=considered.rules.settings.persona,
        )
        growing, output, seen = Growing(speakers=speakers, assistant=assistant), "", ""
        async with aclosing(self.model.reply(turns, session=str(considered.where))) as pieces:
            async for piece in pieces:
                output += piece
                part = growing.grow(piece)
                if self.show_draft and considered.is_addressed and part.text != seen:
                    seen = part.text
                    await self.show_draft(draft, seen)
                if part.ended:
                    return part.text
        return shown(output, speakers=speakers, assistant=assistant).text


def _prompt(considered: Considered, form: ChatForm, me: Author) -> list[Burst]:
    """Give the bursts the reply is written from: those that were decided on.

    A prompted model replies from a prompt of its own, and gets the messages that asked as a last
    burst of theirs: a small one answers whatever stands beside them instead.
    """
    assistant = form.assistant_name
    if form.reply_prompt is None or not considered.is_addressed:
        entries = [*considered.history, *considered.heard]
        return bursts(entries, me=me, assistant_name=assistant)
    beside = [entry for entry in considered.heard if not entry.addressed]
    before = bursts([*considered.history, *beside], me=me, assistant_name=assistant)
    return [*before, *bursts(considered.asked, me=me, assistant_name=assistant)]
