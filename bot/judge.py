"""From what waits in a conversation to a decision that is kept: steps 2 to 5 of a message's path.

Knows the store and the model; whether and how a reply is posted is not its business.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import perf_counter

from bot.decide import Rules, decide, is_addressed, is_scored
from bot.eagerness import threshold_for
from bot.errors import ModelError
from bot.messages import Action, Author, ConversationKey, Decision, Entry, KeptDecision, Rule
from bot.ports import Model, ModelCard
from bot.prompt import bursts
from bot.store import Store
from bot.trim import first_row_kept
from inference.wire.turns import decision_turns

logger = logging.getLogger(__name__)

MAX_ENTRIES = 400  # messages looked at; 2,048 tokens hold about 100 of ordinary length


@dataclass(frozen=True, slots=True)
class Considered:
    """A decision and what it was made from: the history, and the burst it falls on.

    `card` is None where the model could not be asked for it.
    """

    where: ConversationKey
    history: tuple[Entry, ...]
    burst: tuple[Entry, ...]
    kept: KeptDecision
    rules: Rules
    card: ModelCard | None

    @property
    def is_addressed(self) -> bool:
        """Whether the burst was said to the assistant."""
        return is_addressed(self.burst)


@dataclass(frozen=True, slots=True)
class Judge:
    """Decides on bursts. `clock` gives aware UTC times; older bursts than `max_age_s` get silence."""

    store: Store
    model: Model
    me: Author
    clock: Callable[[], datetime]
    max_age_s: float

    async def consider(self, where: ConversationKey) -> Considered | None:
        """Decide on what waits in a conversation and keep the decision; None if nothing waits.

        A model that fails gives a decision that says so, not an error.
        """
        started = perf_counter()
        entries = await self._entries(where)
        burst = tuple(entry for entry in entries if is_waiting(entry))
        if not burst:
            return None
        history = tuple(entry for entry in entries if not is_waiting(entry))
        card = await self._card(where)
        rules = await self._rules(where, card)
        decision = await self._decision(where, entries, rules=rules, card=card)
        kept = await self.store.decisions.keep(
            where,
            [entry.row for entry in burst],
            decision,
            model=card.id if card else "",
            adapter=card.adapter if card else None,
            latency_ms=(perf_counter() - started) * 1000,
            at=self.clock(),
        )
        return Considered(where, history, burst, kept, rules, card)

    async def reconsider(self, considered: Considered) -> Decision | None:
        """Look again before a reply is posted; None if it may be.

        It is withdrawn when all it answers was deleted, or when people wrote meanwhile, nobody had
        addressed the assistant, and the moment has passed. Raises ModelError.
        """
        entries = await self._entries(considered.where)
        answered = {entry.row for entry in considered.burst}
        if all(entry.deleted for entry in entries if entry.row in answered):
            reason = "what it would have answered was deleted"
            return replace(
                considered.kept.decision, action=Action.SILENT, rule=Rule.WITHDRAWN, reason=reason
            )
        newer = [entry for entry in entries if is_waiting(entry)]
        if considered.is_addressed or considered.card is None or not newer:
            return None
        merged = [
            replace(entry, decision_id=None) if entry.row in answered else entry
            for entry in entries
        ]
        p_speak = await self._score(considered.where, merged, considered.rules, considered.card)
        threshold = considered.rules.threshold
        if p_speak >= threshold:
            return None
        reason = f"people wrote meanwhile, and P(speak) fell to {p_speak:.2f}"
        return Decision(Action.SILENT, Rule.WITHDRAWN, reason, p_speak, threshold)

    async def _entries(self, where: ConversationKey) -> list[Entry]:
        first_row = await self.store.messages.window(where)
        return await self.store.messages.recent(where, limit=MAX_ENTRIES, from_row=first_row)

    async def _card(self, where: ConversationKey) -> ModelCard | None:
        try:
            return await self.model.card()
        except ModelError as error:
            logger.warning("the model gave no description of itself for %s: %s", where, error)
            return None

    async def _rules(self, where: ConversationKey, card: ModelCard | None) -> Rules:
        settings = await self.store.channels.settings(where)
        calibration = card.form.calibration if card else None
        return Rules(settings, threshold_for(settings.eagerness, calibration))

    async def _decision(
        self,
        where: ConversationKey,
        entries: Sequence[Entry],
        *,
        rules: Rules,
        card: ModelCard | None,
    ) -> Decision:
        burst = [entry for entry in entries if is_waiting(entry)]
        now = self.clock()
        if now - burst[-1].sent_at > timedelta(seconds=self.max_age_s):
            return Decision(Action.SILENT, Rule.TOO_OLD, "it was too old when it was seen")
        p_speak = None
        if is_scored(burst, rules):
            if card is None:
                return _FAILED
            try:
                p_speak = await self._score(where, entries, rules, card)
            except ModelError as error:
                logger.warning("no decision in %s: %s", where, error)
                return _FAILED
        history = [entry for entry in entries if not is_waiting(entry)]
        return decide(burst, history, p_speak=p_speak, rules=rules, now=now)

    async def _score(
        self, where: ConversationKey, entries: Sequence[Entry], rules: Rules, card: ModelCard
    ) -> float:
        """Ask the model, and trim the prompt for the next time by the count it reports."""
        prompt = bursts(entries, me=self.me, assistant_name=card.form.assistant_name)
        turns = decision_turns(card.form, prompt, persona=rules.settings.persona)
        score = await self.model.score(turns, session=str(where))
        first_row = first_row_kept(
            entries,
            num_prompt_tokens=score.num_prompt_tokens,
            max_prompt_tokens=card.max_prompt_tokens,
        )
        if first_row is not None:
            await self.store.messages.move_window(where, first_row)
        return score.p_speak


_FAILED = Decision(Action.FAILED, Rule.MODEL_FAILED, "the model gave no answer")


def is_waiting(entry: Entry) -> bool:
    """Tell whether a message has yet to be decided on."""
    settled = entry.from_assistant or entry.hidden or entry.deleted
    return entry.decision_id is None and not settled
