"""The commands about a workspace's defaults: what holds in every channel that chose nothing itself.

They are the channel's own commands, carried out on the key of the workspace.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from bot.commands import limits, replies
from bot.commands.answer import Call, CommandAnswer, Handler
from bot.commands.privacy import how_long, retention, training, training_in_words
from bot.commands.tuning import (
    MODE_MEANS,
    eagerness,
    forget_what_was_off,
    mode,
    persona,
    quiet_in_words,
    read_hours,
    set_quiet_hours,
)
from bot.messages import ChannelSettings, workspace_key

_SETTINGS = {
    "mode": "mode",
    "eagerness": "eagerness",
    "quiet hours": "quiet_hours",
    "persona": "persona",
    "retention": "retention_days",
    "training": "may_train",
    "references": "reply_as_reference",
    "streaming": "stream_replies",
    "threads": "follow_threads",
    "share": "max_share_of_voice",
    "cooldown": "cooldown_s",
    "other bots": "answer_other_bots",
    "other bots in a row": "bot_loop_budget",
}
"""The settings by the names that people know them by.

Not a quiet time: it passes, and is no choice against the defaults.
"""


async def show(call: Call) -> CommandAnswer:
    """Say what holds by default, and what the caller's channel chose itself."""
    for_all = _for_all(call)
    settings = await call.store.channels.settings(for_all.caller.where)
    rows = (
        ("Mode", f"{settings.mode}. {MODE_MEANS[settings.mode]}"),
        ("Eagerness", f"{settings.eagerness} of 100."),
        ("Quiet", quiet_in_words(settings, for_all)),
        ("Persona", settings.persona or "none"),
        ("History", how_long(settings, here="")),
        ("Replies", replies.replies_in_words(settings, for_all)),
        ("Limits", limits.limits_in_words(settings, for_all)),
        ("Training", training_in_words(settings, for_all)),
    )
    lines = ["What holds in channels that chose nothing themselves:"]
    lines += [f"{name}: {value}" for name, value in rows]
    return call.answer("\n".join([*lines, await _own_choices(call, settings)]))


async def follow(call: Call) -> CommandAnswer:
    """Let the channel forget its own choices."""
    where = call.caller.where
    chosen = await _chosen(call)
    if not chosen:
        return call.answer("This channel chose nothing itself: it follows the defaults already.")
    before = await call.store.channels.settings(where)
    defaults = await call.store.channels.settings(_for_all(call).caller.where)
    await forget_what_was_off(call, before.mode, defaults.mode)
    settings = await call.store.channels.reset(where, *chosen, at=call.caller.now)
    # At once, so that a shorter retention is true when it is read.
    await call.store.messages.purge(call.caller.now)
    return call.answer(
        f"This channel forgot its own choices ({_named(chosen)}) and follows the defaults. "
        f"My mode here is {settings.mode}, my eagerness {settings.eagerness} of 100. "
        f"{how_long(settings)}"
    )


async def _quiet_hours(call: Call) -> CommandAnswer:
    settings = await call.store.channels.settings(call.caller.where)
    return await set_quiet_hours(_hours_typed(call), settings, call)


def read_quiet_hours(call: Call) -> None:
    """Read the quiet hours that were typed. Raises UsageError."""
    read_hours(_hours_typed(call))


def _hours_typed(call: Call) -> str:
    words = call.text("hours").split()
    if words and words[0].casefold() == "hours":  # as it is typed for a channel
        del words[0]
    return " ".join(words)


def _by_default(handler: Handler, *settings: str) -> Handler:
    """Carry a channel's command out for all channels that chose nothing of these settings."""

    async def carried_out(call: Call) -> CommandAnswer:
        answer = await handler(_for_all(call))
        text = f"By default: {answer.text}"
        changes_here = not call.for_all and not call.invocation.only_shows
        if changes_here and await _chosen(call) & {*settings}:
            end = call.caller.typed("defaults follow")
            text += f" This channel keeps its own choice; {end} ends that."
        return replace(answer, text=text)

    return carried_out


FOR_ALL: Mapping[str, Handler] = {
    "mode": _by_default(mode, "mode"),
    "eagerness": _by_default(eagerness, "eagerness"),
    "quiet": _by_default(_quiet_hours, "quiet_hours"),
    "persona": _by_default(persona, "persona"),
    "reference": _by_default(replies.reference, "reply_as_reference"),
    "stream": _by_default(replies.stream, "stream_replies"),
    "threads": _by_default(replies.threads, "follow_threads"),
    "share": _by_default(limits.share, "max_share_of_voice"),
    "cooldown": _by_default(limits.cooldown, "cooldown_s"),
    "bots": _by_default(limits.bots, "answer_other_bots", "bot_loop_budget"),
    "retention": _by_default(retention, "retention_days"),
    "training": _by_default(training, "may_train"),
}
"""The channel's own commands for all channels, by the word behind `/assistant defaults`."""


def _for_all(call: Call) -> Call:
    where = call.caller.where
    key = workspace_key(where.platform, where.workspace)
    return replace(call, caller=replace(call.caller, where=key))


async def _chosen(call: Call) -> frozenset[str]:
    chosen = await call.store.channels.chosen(call.caller.where)
    return chosen & {*_SETTINGS.values()}


async def _own_choices(call: Call, defaults: ChannelSettings) -> str:
    chosen = await _chosen(call)
    if chosen:
        return f"This channel chose for itself: {_named(chosen)}."
    mode = (await call.store.channels.settings(call.caller.where)).mode
    if mode is not defaults.mode:  # in a direct chat it answers, whatever holds for channels
        return f"This chat follows all of it but the mode, which begins as {mode} here."
    return "This channel follows all of it."


def _named(chosen: Collection[str]) -> str:
    return ", ".join(name for name, setting in _SETTINGS.items() if setting in chosen)
