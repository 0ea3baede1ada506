"""A conversation's prompt within the model's budget, and P(speak) read from it: steps 3 and 4.

What no longer fits is trimmed by blocks, and the conversation remembers from where it is shown.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from bot.decide import Rules
from bot.errors import ModelError, ModelRefused
from bot.messages import Author, ConversationKey, Entry
from bot.ports import Model, ModelCard, Score
from bot.prompt import bursts
from bot.store import Store
from bot.trim import first_row_kept, later_half, lighter_burst
from inference.wire.trim import MAX_ENTRIES
from inference.wire.turns import Turn, decision_turns

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Scoring:
    """Reads what a prompt shows, and scores it. Every method raises StoreError."""

    store: Store
    model: Model
    me: Author

    async def entries(self, where: ConversationKey) -> list[Entry]:
        """List what the prompt shows of a conversation, oldest first."""
        return await self.store.messages.in_window(where, limit=MAX_ENTRIES)

    async def entries_in_bounds(self, where: ConversationKey) -> list[Entry]:
        """Read the history; one that reaches the limit loses its older half, not one by one."""
        entries = await self.entries(where)
        first_row = later_half(entries) if len(entries) == MAX_ENTRIES else None
        if first_row is None:
            return entries
        await self.store.messages.move_window(where, first_row)
        return _from_row(entries, first_row)

    async def with_room(
        self, where: ConversationKey, entries: Sequence[Entry], rules: Rules, card: ModelCard
    ) -> Sequence[Entry]:
        """Trim for a reply that no score came before, where the prompt might be too long."""
        if not _may_be_too_long(self._turns(entries, rules, card), card):
            return entries
        try:
            _, shown = await self.score(where, entries, rules, card)
        except ModelError as error:
            logger.warning("the prompt of %s could not be counted: %s", where, error)
            return entries
        return shown

    async def score(
        self, where: ConversationKey, entries: Sequence[Entry], rules: Rules, card: ModelCard
    ) -> tuple[float, Sequence[Entry]]:
        """Give P(speak), and what is left of `entries` once trimmed by the count reported.

        Raises ModelError.
        """
        score, asked = await self._asked(where, entries, rules, card)
        first_row = first_row_kept(
            asked,
            num_prompt_tokens=score.num_prompt_tokens,
            max_prompt_tokens=card.max_prompt_tokens,
        )
        if first_row is None and len(asked) < len(entries):
            first_row = asked[0].row
        if first_row is None:
            return score.p_speak, asked
        await self.store.messages.move_window(where, first_row)
        return score.p_speak, _from_row(asked, first_row)

    async def _asked(
        self, where: ConversationKey, entries: Sequence[Entry], rules: Rules, card: ModelCard
    ) -> tuple[Score, Sequence[Entry]]:
        """Give the score and the entries it was read from: the later half if all are refused.

        A server that finds a prompt too long does not count it, so it could never be trimmed.
        """
        while True:
            turns = self._turns(entries, rules, card)
            try:
                return await self.model.score(turns, session=str(where)), entries
            except ModelRefused:
                shorter = _shorter(entries) if _may_be_too_long(turns, card) else None
                if shorter is None:
                    raise
                entries = shorter

    def _turns(self, entries: Sequence[Entry], rules: Rules, card: ModelCard) -> list[Turn]:
        prompt = bursts(entries, me=self.me, assistant_name=card.form.assistant_name)
        return decision_turns(card.form, prompt, persona=rules.settings.persona)


def is_waiting(entry: Entry) -> bool:
    """Tell whether a message has yet to be decided on."""
    settled = entry.from_assistant or entry.hidden or entry.deleted
    return entry.decision_id is None and not settled


def _from_row(entries: Sequence[Entry], first_row: int) -> list[Entry]:
    return [entry for entry in entries if entry.row >= first_row]


def _shorter(entries: Sequence[Entry]) -> list[Entry] | None:
    """Give the later half of a prompt, or of its only burst; None if it is one message."""
    first_row = later_half(entries)
    if first_row is not None:
        return _from_row(entries, first_row)
    return lighter_burst([entry for entry in entries if is_waiting(entry)])


def _may_be_too_long(turns: Sequence[Turn], card: ModelCard) -> bool:
    """Tell whether a prompt could pass the budget; a token is at least one byte."""
    return sum(len(turn["content"].encode()) for turn in turns) > card.max_prompt_tokens
