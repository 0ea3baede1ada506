"""What becomes of a decision that was not carried out, and what whoever asked is told instead."""

from collections.abc import Sequence
from dataclasses import replace

from bot.judge import Considered
from bot.messages import Action, Decision, Entry, KeptDecision, Rule
from bot.notices import CANNOT_THINK, FOR_ONE, LISTENING, NO_ANSWER


def excuse(considered: Considered) -> str | None:
    """Say why an addressed message gets no reply; bots are not told, they might answer that."""
    if not considered.is_addressed or all(entry.author.is_bot for entry in considered.asked):
        return None
    decision = considered.kept.decision
    if decision.rule is Rule.EMPTY_REPLY:
        return NO_ANSWER
    if decision.action is Action.FAILED:
        return CANNOT_THINK
    return LISTENING if decision.rule is Rule.MODE else None


def to_be_told(considered: Considered, text: str) -> Sequence[Entry]:
    """Give the questions that an excuse goes to: the last, or of what is for one, each person's."""
    if text not in FOR_ONE:
        return considered.asked[-1:]
    people = [entry for entry in considered.asked if not entry.author.is_bot]
    return list({entry.author.id: entry for entry in people}.values())


def wordless(considered: Considered) -> Decision:
    """The model had nothing to say: silence for an ambient message, a failure for an addressed one."""
    action = Action.FAILED if considered.is_addressed else Action.SILENT
    return replace(
        considered.kept.decision,
        action=action,
        rule=Rule.EMPTY_REPLY,
        reason="the model wrote an empty reply",
    )


def failed(considered: Considered, reason: str) -> KeptDecision:
    """The reply could not be written."""
    decision = replace(
        considered.kept.decision, action=Action.FAILED, rule=Rule.MODEL_FAILED, reason=reason
    )
    return replace(considered.kept, decision=decision)
