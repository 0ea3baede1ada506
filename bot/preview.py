"""Shadow mode: what it would have said at other eagerness, from the decisions that are kept.

It posts nothing, decides nothing and changes nothing. The dial alone is looked at: a channel's mode,
quiet hours and limits are left out. How to say it to people is not its business.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.decide import Rules, is_addressed
from bot.eagerness import threshold_for
from bot.errors import ModelError, ModelRefused
from bot.judge import Considered
from bot.messages import (
    Author,
    ChannelSettings,
    ConversationKey,
    Entry,
    KeptDecision,
    OutboxItem,
    OutboxStatus,
    Rule,
)
from bot.ports import Model, ModelCard
from bot.store import Store
from bot.trim import first_row_kept, later_half
from bot.writer import Writer
from inference.wire.trim import MAX_ENTRIES

logger = logging.getLogger(__name__)

LEVELS = (20, 50, 80)
MAX_EXAMPLES = 5
MAX_ENTRIES_BACK = 5000  # messages, read in about 0.1 s: a week of a busy channel
MAX_LOOKED_AT = 50  # decisions read for the examples, where most may not be quoted
WRITING_TIMEOUT_S = 60.0  # all examples together: a manager waits for them
BYTES_PER_TOKEN = 2  # careful: English has about 4, Japanese about 3; too long a prompt is refused

_NOT_THE_DIAL = frozenset({
    Rule.ADDRESSED, Rule.OTHER_BOT, Rule.TOO_OLD, Rule.OPTED_OUT, Rule.THREAD_START, Rule.OVERHEARD,
})  # fmt: skip
"""What was settled by something else than how readily it speaks."""


@dataclass(frozen=True, slots=True)
class Example:
    """A message it would have answered, from eagerness `level` up.

    `said` is the last message of the burst that may be quoted. `words` are what it would have said,
    or did say: "" if the model has none, None if they were not written.
    """

    level: int
    decided_at: datetime
    said: Entry
    words: str | None


@dataclass(frozen=True, slots=True)
class Preview:
    """What it would have said.

    `num_spoken` is how many of the `num_scored` decisions would have been to speak, by level;
    `num_unscored` were silent without a score of the present model. `is_cut_short`: the model did
    not write the words of all examples, or not in time.
    """

    num_scored: int
    num_unscored: int
    num_spoken: Mapping[int, int]
    examples: tuple[Example, ...]
    is_cut_short: bool


@dataclass(frozen=True, slots=True)
class _Case:
    """A decision that would have been to speak, its burst, and what came before it."""

    kept: KeptDecision
    level: int
    history: tuple[Entry, ...]
    burst: tuple[Entry, ...]
    said: Entry


@dataclass(frozen=True, slots=True)
class Previewer:
    """Looks back at what was decided. Raises StoreError, and ModelError only without any card."""

    store: Store
    model: Model
    me: Author
    writing_timeout_s: float = WRITING_TIMEOUT_S

    async def preview(self, where: ConversationKey, *, since: datetime) -> Preview:
        """Count what it would have said in a conversation since a time, with the newest examples."""
        card = await self.model.card()
        newest = await self.store.messages.recent(where, limit=MAX_ENTRIES_BACK)
        apart = _apart_from_the_dial(newest)
        decisions = [
            kept
            for kept in await self.store.decisions.since(where, since)
            if kept.decision.rule not in _NOT_THE_DIAL
            and (kept.decision.p_speak is not None or kept.id not in apart)
        ]
        scored = [kept for kept in decisions if _is_comparable(kept, card)]
        spoken = [(kept, level) for kept in scored if (level := _lowest_level(kept, card))]
        cases = await self._cases(where, spoken)
        words = await self._words(where, cases, newest, card=card)
        return Preview(
            num_scored=len(scored),
            num_unscored=len(decisions) - len(scored),
            num_spoken={level: sum(lowest <= level for _, lowest in spoken) for level in LEVELS},
            examples=tuple(
                Example(case.level, case.kept.decided_at, case.said, words.get(case.kept.id))
                for case in cases
            ),
            is_cut_short=len(words) < len(cases),
        )

    async def _cases(
        self, where: ConversationKey, spoken: Sequence[tuple[KeptDecision, int]]
    ) -> list[_Case]:
        """Give the newest that may be quoted, the newest first."""
        cases: list[_Case] = []
        for kept, level in spoken[: -MAX_LOOKED_AT - 1 : -1]:
            entries = await self.store.messages.up_to_decision(where, kept.id, limit=MAX_ENTRIES)
            burst = tuple(entry for entry in entries if _is_of(entry, kept))
            history = tuple(entry for entry in entries if not _is_of(entry, kept))
            quotable = [entry for entry in burst if not (entry.deleted or entry.hidden)]
            if quotable:
                cases.append(_Case(kept, level, history, burst, quotable[-1]))
            if len(cases) == MAX_EXAMPLES:
                break
        return cases

    async def _words(
        self,
        where: ConversationKey,
        cases: Sequence[_Case],
        newest: Sequence[Entry],
        *,
        card: ModelCard,
    ) -> dict[int, str]:
        """Give what it said or would have said, by decision, as far as the model gets in time."""
        replies = [entry for entry in newest if entry.from_assistant and not entry.deleted]
        said = {entry.decision_id: entry.text for entry in replies}
        words = {case.kept.id: said[case.kept.id] for case in cases if case.kept.id in said}
        settings = await self.store.channels.settings(where)
        try:
            async with asyncio.timeout(self.writing_timeout_s):
                for case in cases:
                    if case.kept.id not in words:
                        considered = _considered(where, case, settings, card)
                        words[case.kept.id] = await self._written(considered, card)
        except (ModelError, TimeoutError) as error:
            logger.info("a preview of %s stays without words: %r", where, error)
        return words

    async def _written(self, considered: Considered, card: ModelCard) -> str:
        """Write one reply, with half of the history less each time the model refuses it as too long."""
        item = OutboxItem(
            key=f"preview-{considered.kept.id}",
            conversation=considered.where,
            decision_id=None,
            reply_to=None,
            text="",
            status=OutboxStatus.DRAFT,
            created_at=considered.kept.decided_at,
        )
        writer = Writer(self.model, self.me)
        while True:
            try:
                return await writer.write(considered, item)
            except ModelRefused:
                entries = [*considered.history, *considered.heard]
                first_row = later_half(entries)
                if first_row is None:
                    raise
                considered = _from_row(considered, first_row)


def _apart_from_the_dial(entries: Sequence[Entry]) -> set[int]:
    """Give the decisions on bursts that were said to the assistant, or by nobody but bots.

    Other rules settle these, so that nobody misses a score of them.
    """
    bursts: defaultdict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.decision_id is not None and not entry.from_assistant:
            bursts[entry.decision_id].append(entry)
    return {
        decision_id
        for decision_id, burst in bursts.items()
        if is_addressed(burst) or all(entry.author.is_bot for entry in burst)
    }


def _is_comparable(kept: KeptDecision, card: ModelCard) -> bool:
    """Tell whether the score can be held against the dial of the present model."""
    is_of_the_model = (kept.model, kept.adapter) == (card.id, card.adapter)
    return kept.decision.p_speak is not None and is_of_the_model


def _lowest_level(kept: KeptDecision, card: ModelCard) -> int | None:
    p_speak = kept.decision.p_speak
    assert p_speak is not None  # noqa: S101 - only comparable decisions are asked about
    calibration = card.form.calibration
    speaks = (level for level in LEVELS if p_speak >= threshold_for(level, calibration))
    return next(speaks, None)


def _is_of(entry: Entry, kept: KeptDecision) -> bool:
    return entry.decision_id == kept.id and not entry.from_assistant


def _considered(
    where: ConversationKey, case: _Case, settings: ChannelSettings, card: ModelCard
) -> Considered:
    """Put the case as it stood when it was decided, cut to what the model can read."""
    heard = tuple(replace(entry, decision_id=None) for entry in case.burst if not entry.hidden)
    considered = Considered(
        # A session of its own: the conversation's cached prompt stays as it is.
        where=replace(where, platform="preview"),
        history=case.history,
        burst=heard,
        heard=heard,
        kept=case.kept,
        rules=Rules(settings, threshold_for(case.level, card.form.calibration)),
        card=card,
    )
    entries = [*case.history, *heard]
    num_bytes = sum(len(entry.text.encode()) for entry in entries)
    first_row = first_row_kept(
        entries,
        num_prompt_tokens=num_bytes // BYTES_PER_TOKEN,
        max_prompt_tokens=card.max_prompt_tokens,
    )
    return considered if first_row is None else _from_row(considered, first_row)


def _from_row(considered: Considered, first_row: int) -> Considered:
    history = tuple(entry for entry in considered.history if entry.row >= first_row)
    return replace(considered, history=history)
