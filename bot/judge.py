"""From what waits in a conversation to a decision that is kept: steps 2 to 5 of a message's path.

The prompt and its score are the business of `bot.scoring`. Knows the store and the model; whether and
how a reply is posted it does not know.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import perf_counter

from bot.decide import (
    Rules,
    answers_bots,
    decide,
    hushed,
    in_threads,
    is_addressed,
    is_previewed,
    is_scored,
)
from bot.eagerness import threshold_for
from bot.errors import ModelError
from bot.messages import (
    Action,
    Author,
    ChannelSettings,
    ConversationKey,
    Decision,
    Entry,
    KeptDecision,
    Rule,
)
from bot.ports import Model, ModelCard
from bot.scoring import Scoring, is_waiting
from bot.store import Store

logger = logging.getLogger(__name__)

Place = Callable[[ConversationKey, str], Awaitable[ConversationKey]]


async def _same(where: ConversationKey, reply_to: str) -> ConversationKey:
    """Let every reply stand in the conversation itself."""
    return where


@dataclass(frozen=True, slots=True)
class Considered:
    """A decision, the history that a reply to it is written from, and the burst it falls on.

    `heard` is the burst without what was too long for the model. `card` is None where the model
    could not be asked for it. `leaves_more`: what waits besides is answered in another place.
    """

    where: ConversationKey
    history: tuple[Entry, ...]
    burst: tuple[Entry, ...]
    heard: tuple[Entry, ...]
    kept: KeptDecision
    rules: Rules
    card: ModelCard | None
    leaves_more: bool = False

    @property
    def is_addressed(self) -> bool:
        """Whether the burst was said to the assistant."""
        return is_addressed(self.burst)

    @property
    def asked(self) -> tuple[Entry, ...]:
        """The messages that a reply answers: the addressed ones, or the whole burst if none is."""
        return tuple(entry for entry in self.heard if entry.addressed) or self.heard


@dataclass(frozen=True, slots=True)
class Judge:
    """Decides on bursts. `clock` gives aware UTC times; older bursts than `max_age_s` get silence.

    With `previews` it also scores what a channel's mode keeps it silent about, so that a manager can
    see what it would have said. `place` tells where a reply stands to a message of a conversation.
    Every method raises StoreError where the history cannot be read or written.
    """

    store: Store
    model: Model
    me: Author
    clock: Callable[[], datetime]
    max_age_s: float
    previews: bool = True
    place: Place = _same

    @property
    def scoring(self) -> Scoring:
        """Reads the history as the model sees it, and scores it."""
        return Scoring(self.store, self.model, self.me)

    async def consider(
        self, where: ConversationKey, *, missed: Collection[str] = ()
    ) -> Considered | None:
        """Decide on what waits in a conversation and keep the decision; None if nothing waits.

        Questions that are answered in different places are decided one by one; those of the messages
        that were `missed` in a gap together, so that there is one answer. A model that fails gives a
        decision that says so, not an error.
        """
        started = perf_counter()
        found, settings = await asyncio.gather(
            self.scoring.entries_in_bounds(where), self._settings(where)
        )
        entries = _called([self._unaddressed_if_old(entry) for entry in found], settings)
        waiting = [entry for entry in entries if is_waiting(entry)]
        if not waiting:
            return None
        burst = await self._in_one_place(where, waiting, missed)
        later = {entry.row for entry in waiting[len(burst) :]}
        entries = [entry for entry in entries if entry.row not in later]
        card = await self._card(where)
        calibration = card.form.calibration if card else None
        rules = Rules(settings, threshold_for(settings.eagerness, calibration))
        decision, shown = await self._decision(where, entries, rules=rules, card=card)
        kept = await self.store.decisions.keep(
            where,
            [entry.row for entry in burst],
            decision,
            model=card.id if card else "",
            adapter=card.adapter if card else None,
            latency_ms=(perf_counter() - started) * 1000,
            at=self.clock(),
        )
        history = tuple(entry for entry in shown if not is_waiting(entry))
        heard = tuple(entry for entry in shown if is_waiting(entry))
        return Considered(where, history, burst, heard, kept, rules, card, bool(later))

    async def still_asked(self, considered: Considered) -> str:
        """Give the id of the newest question of a burst that was not deleted since."""
        entries = await self.scoring.entries(considered.where)
        gone = {entry.row for entry in entries if entry.deleted or entry.hidden}
        standing = [entry for entry in considered.asked if entry.row not in gone]
        return (standing or considered.asked)[-1].id

    async def reconsider(self, considered: Considered) -> Decision | None:
        """Look again before a reply is posted; None if it may be.

        It is withdrawn when all it answers was deleted, when the assistant was hushed meanwhile, or
        when people wrote meanwhile, nobody had addressed it, and the moment has passed. Raises
        ModelError.
        """
        entries = await self.scoring.entries(considered.where)
        asked = {entry.row for entry in considered.asked}
        if all(entry.deleted or entry.hidden for entry in entries if entry.row in asked):
            reason = "what it would have answered was deleted"
            return replace(
                considered.kept.decision, action=Action.SILENT, rule=Rule.WITHDRAWN, reason=reason
            )
        hush = hushed(
            await self._settings(considered.where),
            addressed=considered.is_addressed,
            now=self.clock(),
        )
        if hush is not None:
            rule, reason = hush
            return replace(considered.kept.decision, action=Action.SILENT, rule=rule, reason=reason)
        newer = [entry for entry in entries if is_waiting(entry)]
        if considered.is_addressed or considered.card is None or not newer:
            return None
        answered = {entry.row for entry in considered.burst}
        merged = [
            replace(entry, decision_id=None) if entry.row in answered else entry
            for entry in entries
        ]
        p_speak, _ = await self.scoring.score(
            considered.where, merged, considered.rules, considered.card
        )
        threshold = considered.rules.threshold
        if p_speak >= threshold:
            return None
        reason = f"people wrote meanwhile, and P(speak) fell to {p_speak:.2f}"
        return Decision(Action.SILENT, Rule.WITHDRAWN, reason, p_speak, threshold)

    async def _settings(self, where: ConversationKey) -> ChannelSettings:
        settings = await self.store.channels.settings(where)
        return in_threads(settings) if where.thread else settings

    async def _in_one_place(
        self, where: ConversationKey, waiting: Sequence[Entry], missed: Collection[str]
    ) -> tuple[Entry, ...]:
        """Give what comes before the first question that is answered elsewhere than those before."""
        first: ConversationKey | None = None
        for number, entry in enumerate(waiting):
            if not entry.addressed:
                continue
            place = where if entry.id in missed else await self.place(where, entry.id)
            if first is not None and place != first:
                return tuple(waiting[:number])
            first = place
        return tuple(waiting)

    def _unaddressed_if_old(self, entry: Entry) -> Entry:
        """After a downtime nobody waits for an answer any more: what is old calls for none."""
        if entry.addressed and is_waiting(entry) and self._is_too_old(entry):
            return replace(entry, addressed=False)
        return entry

    def _is_too_old(self, entry: Entry) -> bool:
        return self.clock() - entry.sent_at > timedelta(seconds=self.max_age_s)

    async def _card(self, where: ConversationKey) -> ModelCard | None:
        try:
            return await self.model.card()
        except ModelError as error:
            logger.warning("the model gave no description of itself for %s: %s", where, error)
            return None

    async def _decision(
        self,
        where: ConversationKey,
        entries: Sequence[Entry],
        *,
        rules: Rules,
        card: ModelCard | None,
    ) -> tuple[Decision, Sequence[Entry]]:
        """Give the decision, and what a prompt still shows of `entries` after trimming."""
        burst = [entry for entry in entries if is_waiting(entry)]
        if self._is_too_old(burst[-1]):
            return _TOO_OLD, entries
        if await self._only_begins_a_thread(where, burst):
            return _DECIDED_IN_CHANNEL, entries
        p_speak, shown = None, entries
        if is_scored(burst, rules):
            if card is None:
                return _FAILED, entries
            try:
                p_speak, shown = await self.scoring.score(where, entries, rules, card)
            except ModelError as error:
                logger.warning("no decision in %s: %s", where, error)
                return _FAILED, entries
        elif self.previews and card is not None and is_previewed(burst, rules):
            p_speak, shown = await self._preview(where, entries, rules, card)
        history = [entry for entry in entries if not is_waiting(entry)]
        decision = decide(burst, history, p_speak=p_speak, rules=rules, now=self.clock())
        if decision.action is Action.SPEAK and p_speak is None and card is not None:
            shown = await self.scoring.with_room(where, entries, rules, card)
        return decision, shown

    async def _only_begins_a_thread(self, where: ConversationKey, burst: Sequence[Entry]) -> bool:
        """Tell whether a burst is but the copy of a channel's message that a thread was made of."""
        if where.thread is None or [entry.id for entry in burst] != [where.thread]:
            return False
        channel = replace(where, thread=None)
        return await self.store.messages.find(channel, where.thread) is not None

    async def _preview(
        self, where: ConversationKey, entries: Sequence[Entry], rules: Rules, card: ModelCard
    ) -> tuple[float | None, Sequence[Entry]]:
        """Score what stays silent anyway: a model that fails at it is no failed decision."""
        try:
            return await self.scoring.score(where, entries, rules, card)
        except ModelError as error:
            logger.info("no score for the preview of %s: %s", where, error)
            return None, entries


def _called(entries: Sequence[Entry], settings: ChannelSettings) -> Sequence[Entry]:
    """Let no bot call for an answer where none is answered, whoever else speaks in its burst."""
    if answers_bots([entry for entry in entries if not is_waiting(entry)], settings):
        return entries
    return [
        replace(entry, addressed=False) if is_waiting(entry) and entry.author.is_bot else entry
        for entry in entries
    ]


_DECIDED_IN_CHANNEL = Decision(
    Action.SILENT, Rule.THREAD_START, "it begins the thread, and was decided on in the channel"
)
_TOO_OLD = Decision(Action.SILENT, Rule.TOO_OLD, "it was too old when it was seen")
_FAILED = Decision(Action.FAILED, Rule.MODEL_FAILED, "the model gave no answer")
