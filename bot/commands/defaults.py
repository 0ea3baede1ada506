"""The commands about a server's defaults: what holds in every channel that chose nothing itself.

They are the channel's own commands, carried out on the key of the workspace.
"""

from collections.abc import Collection
from dataclasses import replace

from bot.commands.answer import Call, CommandAnswer, Handler
from bot.commands.privacy import how_long, retention as channel_retention
from bot.commands.tuning import (
    MODE_MEANS,
    eagerness as channel_eagerness,
    forget_what_was_off,
    mode as channel_mode,
    persona as channel_persona,
    quiet_in_words,
    set_quiet_hours,
)
from bot.messages import workspace_key

_SETTINGS = {
    "mode": "mode",
    "eagerness": "eagerness",
    "quiet time": "quiet_until",
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
"""The settings by the names that people know them by."""


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
    )
    lines = ["What holds in channels that chose nothing themselves:"]
    lines += [f"{name}: {value}" for name, value in rows]
    return call.answer("\n".join([*lines, await _own_choices(call)]))


async def mode(call: Call) -> CommandAnswer:
    """Show or set the mode."""
    return await _by_default(call, channel_mode, "mode")


async def eagerness(call: Call) -> CommandAnswer:
    """Show or set the dial."""
    return await _by_default(call, channel_eagerness, "eagerness")


async def quiet(call: Call) -> CommandAnswer:
    """Show or set the quiet hours; a quiet time is for one channel."""
    return await _by_default(call, _quiet_hours, "quiet_hours")


async def persona(call: Call) -> CommandAnswer:
    """Show, set or clear who it is."""
    return await _by_default(call, channel_persona, "persona")


async def retention(call: Call) -> CommandAnswer:
    """Show or set for how many days messages are kept."""
    return await _by_default(call, channel_retention, "retention_days")


async def follow(call: Call) -> CommandAnswer:
    """Let the channel forget its own choices."""
    where = call.caller.where
    chosen = await call.store.channels.chosen(where)
    if not chosen:
        return call.answer("This channel chose nothing itself: it follows the defaults already.")
    before = await call.store.channels.settings(where)
    defaults = await call.store.channels.settings(_for_all(call).caller.where)
    await forget_what_was_off(call, before.mode, defaults.mode)
    settings = await call.store.channels.reset(where)
    # At once, so that a shorter retention is true when it is read.
    await call.store.messages.purge(call.caller.now)
    return call.answer(
        f"This channel forgot its own choices ({_named(chosen)}) and follows the defaults. "
        f"My mode here is {settings.mode}, my eagerness {settings.eagerness} of 100. "
        f"{how_long(settings)}"
    )


async def _quiet_hours(call: Call) -> CommandAnswer:
    settings = await call.store.channels.settings(call.caller.where)
    words = call.text("hours").split()
    if words and words[0].casefold() == "hours":  # as it is typed for a channel
        del words[0]
    return await set_quiet_hours(" ".join(words), settings, call)


async def _by_default(call: Call, handler: Handler, setting: str) -> CommandAnswer:
    answer = await handler(_for_all(call))
    text = f"By default: {answer.text}"
    chosen = await call.store.channels.chosen(call.caller.where)
    if setting in chosen and not call.invocation.only_shows:
        text += " This channel keeps its own choice; /assistant defaults follow ends that."
    return replace(answer, text=text)


def _for_all(call: Call) -> Call:
    where = call.caller.where
    key = workspace_key(where.platform, where.workspace)
    return replace(call, caller=replace(call.caller, where=key))


async def _own_choices(call: Call) -> str:
    chosen = await call.store.channels.chosen(call.caller.where)
    if not chosen:
        return "This channel follows all of it."
    return f"This channel chose for itself: {_named(chosen)}."


def _named(chosen: Collection[str]) -> str:
    return ", ".join(name for name, setting in _SETTINGS.items() if setting in chosen)
