"""Whether to speak: the rules of a channel, each with a reason a person can read.

Pure: a table of cases can test it. Rules other than the threshold only ever silence ambient
messages; an addressed burst is answered unless the channel is in `listen` mode or only bots spoke.
What a bot says to the assistant counts as ambient wherever `answers_bots` is false.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.messages import Action, ChannelSettings, Decision, Entry, Mode, QuietHours, Rule

SHARE_WINDOW = 20  # messages; long enough that one reply is 5%, short enough to follow a lull


@dataclass(frozen=True, slots=True)
class Rules:
    """What a channel's settings and its model's calibration ask for."""

    settings: ChannelSettings
    threshold: float


def is_addressed(burst: Sequence[Entry]) -> bool:
    """Tell whether any message of the burst was said to the assistant."""
    return any(entry.addressed for entry in burst)


def answers_bots(history: Sequence[Entry], settings: ChannelSettings) -> bool:
    """Tell whether bots are answered here, and not so often in a row that it may be a loop."""
    return settings.answer_other_bots and not _is_loop(history, settings)


def is_scored(burst: Sequence[Entry], rules: Rules) -> bool:
    """Tell whether the decision turns on P(speak); the others need no score."""
    return _may_be_scored(burst, rules.settings) and not _is_muted(rules.settings)


def is_previewed(burst: Sequence[Entry], rules: Rules) -> bool:
    """Tell whether P(speak) would decide, if the channel's mode let it: what a preview shows."""
    return _may_be_scored(burst, rules.settings) and _is_muted(rules.settings)


def _may_be_scored(burst: Sequence[Entry], settings: ChannelSettings) -> bool:
    return not is_addressed(burst) and (settings.answer_other_bots or not _only_bots(burst))


def _is_muted(settings: ChannelSettings) -> bool:
    return settings.mode is not Mode.ACTIVE or settings.eagerness == 0


def decide(
    burst: Sequence[Entry],
    history: Sequence[Entry],
    *,
    p_speak: float | None,
    rules: Rules,
    now: datetime,
) -> Decision:
    """Decide on a settled burst; `history` is what came before it, oldest first.

    `p_speak` may be None only where `is_scored` is false; raises ValueError where it may not.
    """
    silenced = _silenced_always(burst, history, rules.settings)
    if silenced is None and is_addressed(burst):
        return Decision(Action.SPEAK, Rule.ADDRESSED, "it was addressed")
    silenced = silenced or _silenced_ambient(history, rules.settings, now=now)
    if silenced is not None:
        rule, reason = silenced
        # Where it is muted, a score is kept for the preview alone, and no threshold counts.
        is_compared = p_speak is not None and not _is_muted(rules.settings)
        threshold = rules.threshold if is_compared else None
        return Decision(Action.SILENT, rule, reason, p_speak, threshold)
    if p_speak is None:
        raise ValueError("this burst needs a score")
    return _by_threshold(p_speak, rules.threshold)


_Silenced = tuple[Rule, str]


def hushed(settings: ChannelSettings, *, addressed: bool, now: datetime) -> _Silenced | None:
    """Tell what in the settings alone keeps it silent: the rule, and the reason; None if nothing does.

    What was `addressed` to it is answered in a quiet time too.
    """
    hush = _hushed_always(settings)
    return hush if hush or addressed else _hushed_ambient(settings, now=now)


def in_threads(settings: ChannelSettings) -> ChannelSettings:
    """Give the settings that hold in a channel's threads."""
    if settings.mode is Mode.ACTIVE and not settings.follow_threads:
        return replace(settings, mode=Mode.MENTION)
    return settings


def _by_threshold(p_speak: float, threshold: float) -> Decision:
    if p_speak >= threshold:
        reason = f"P(speak) {p_speak:.2f} reaches the threshold {threshold:.2f}"
        return Decision(Action.SPEAK, Rule.THRESHOLD, reason, p_speak, threshold)
    reason = f"P(speak) {p_speak:.2f} is under the threshold {threshold:.2f}"
    return Decision(Action.SILENT, Rule.THRESHOLD, reason, p_speak, threshold)


def _silenced_always(
    burst: Sequence[Entry], history: Sequence[Entry], settings: ChannelSettings
) -> _Silenced | None:
    """Rules that hold for addressed messages too."""
    if hush := _hushed_always(settings):
        return hush
    if _only_bots(burst):
        if not settings.answer_other_bots:
            return Rule.OTHER_BOT, "only other bots spoke"
        if _is_loop(history, settings):
            return Rule.OTHER_BOT, f"it answered bots {settings.bot_loop_budget} times in a row"
    return None


def _silenced_ambient(
    history: Sequence[Entry], settings: ChannelSettings, *, now: datetime
) -> _Silenced | None:
    return _hushed_ambient(settings, now=now) or _talked_enough(history, settings, now=now)


def _hushed_always(settings: ChannelSettings) -> _Silenced | None:
    if settings.mode in (Mode.LISTEN, Mode.OFF):
        return Rule.MODE, "the channel's mode is to listen only"
    return None


def _hushed_ambient(settings: ChannelSettings, *, now: datetime) -> _Silenced | None:
    if settings.mode is Mode.MENTION:
        return Rule.MODE, "the channel's mode is to answer only when addressed"
    if settings.eagerness == 0:
        return Rule.EAGERNESS_ZERO, "eagerness is 0: it speaks only when addressed"
    if settings.quiet_until and now < settings.quiet_until:
        return Rule.QUIET, f"it was asked to be quiet until {settings.quiet_until:%H:%M} UTC"
    if settings.quiet_hours and _in_quiet_hours(settings.quiet_hours, now):
        return Rule.QUIET_HOURS, "these are quiet hours"
    return None


def _talked_enough(
    history: Sequence[Entry], settings: ChannelSettings, *, now: datetime
) -> _Silenced | None:
    own = [entry for entry in history if entry.from_assistant]
    last = history[-SHARE_WINDOW:]
    share = sum(entry.from_assistant for entry in last) / len(last) if last else 0.0
    limit = settings.max_share_of_voice
    if limit is not None and own and share >= limit:
        return (
            Rule.SHARE_OF_VOICE,
            f"it wrote {share:.0%} of the last messages, {limit:.0%} is enough",
        )
    if own and now - own[-1].sent_at < timedelta(seconds=settings.cooldown_s):
        return Rule.COOLDOWN, f"it spoke less than {settings.cooldown_s:.0f} s ago"
    return None


def _only_bots(burst: Sequence[Entry]) -> bool:
    return all(entry.author.is_bot for entry in burst)


def _is_loop(history: Sequence[Entry], settings: ChannelSettings) -> bool:
    """Tell whether the assistant's replies since a person last spoke use up the budget."""
    count = 0
    for entry in reversed(history):
        if not entry.from_assistant and not entry.author.is_bot:
            break
        count += entry.from_assistant
    return count >= settings.bot_loop_budget


def _in_quiet_hours(hours: QuietHours, now: datetime) -> bool:
    local = now.astimezone(ZoneInfo(hours.time_zone))
    minute, today = local.hour * 60 + local.minute, local.weekday()
    if hours.start_minute <= hours.end_minute:
        return today in hours.weekdays and hours.start_minute <= minute < hours.end_minute
    if minute >= hours.start_minute:
        return today in hours.weekdays
    return (today - 1) % 7 in hours.weekdays and minute < hours.end_minute
