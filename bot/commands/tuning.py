"""The commands that tune a channel: mode, eagerness, quiet time and quiet hours, persona.

They do the same to the defaults of a workspace, for which `defaults` calls them. Called without a
value each shows what is set. The rights are checked before, in `dispatch`.
"""

from dataclasses import replace
from datetime import datetime

from bot.commands.answer import Call, CommandAnswer
from bot.commands.times import duration, quiet_hours, say_moment, say_quiet_hours, until
from bot.eagerness import describe
from bot.messages import ChannelSettings, Mode
from bot.ports import ModelCard

DEFAULT_ZONE = "UTC"

MODE_MEANS = {
    Mode.ACTIVE: "I read everything and speak when it helps.",
    Mode.MENTION: "I read everything and speak only when I am asked.",
    Mode.LISTEN: "I read and remember everything, and answer nothing but commands.",
    Mode.OFF: "I neither read nor remember anything new, and never speak.",
}
STILL_ANSWERS = "Mention me and I still answer."


async def mode(call: Call) -> CommandAnswer:
    """Show or set how the channel is listened to."""
    where, word = call.caller.where, call.text("mode")
    settings = await call.store.channels.settings(where)
    if not word:
        origin = await call.origin("mode")
        return call.answer(f"My mode{call.here} is {_mode_in_words(settings.mode)}{origin}")
    chosen = Mode(word)
    await forget_what_was_off(call, settings.mode, chosen)
    settings = await call.store.channels.change(where, mode=chosen)
    return call.answer(f"My mode{call.here} is now {_mode_in_words(settings.mode)}")


async def forget_what_was_off(call: Call, before: Mode, after: Mode) -> None:
    """See to it that what was said while the mode was `off` is never fetched from the platform.

    Called before the change: a stop between the two must not leave the history open.
    """
    if before is Mode.OFF and after is not Mode.OFF:
        everywhere_in_it = replace(call.caller.where, thread=None)  # threads share the mode
        await call.store.marks.hear_from(everywhere_in_it, call.caller.now)


async def eagerness(call: Call) -> CommandAnswer:
    """Show or set the dial, and say what it means for this model."""
    where, level = call.caller.where, call.number("level")
    if level is None:
        settings = await call.store.channels.settings(where)
        now, origin = "", await call.origin("eagerness")
    else:
        settings = await call.store.channels.change(where, at=call.caller.now, eagerness=level)
        now, origin = "now ", ""
    meaning = eagerness_in_words(settings.eagerness, await call.card())
    return call.answer(
        f"My eagerness{call.here} is {now}{settings.eagerness} of 100. {meaning}{origin}"
    )


def eagerness_in_words(level: int, card: ModelCard | None) -> str:
    """Say what an eagerness means, also while the model cannot be asked for its calibration."""
    if card is None:
        return "The model can't be reached, so what that means in numbers has to wait."
    return describe(level, card.form.calibration, num_levels=card.num_levels)


async def quiet(call: Call) -> CommandAnswer:
    """Show or set quiet time (`2h`, `until 18:00`, `off`) and quiet hours (`hours ...`)."""
    word, _, rest = call.text("time").partition(" ")
    settings = await call.store.channels.settings(call.caller.where)
    if not word:
        return await _show_quiet(settings, call)
    if word.casefold() == "hours":
        return await set_quiet_hours(rest.strip(), settings, call)
    if word.casefold() == "off":
        settings = await call.store.channels.change(call.caller.where, quiet_until=None)
        return call.answer(f"The quiet time is over. {_hours_stay(settings)}".strip())
    zone = _zone(settings)
    moment = _read_moment(call, zone)
    await call.store.channels.change(call.caller.where, quiet_until=moment)
    told = say_moment(moment, now=call.caller.now, zone=zone)
    return call.answer(f"I'll be quiet until {told}. {STILL_ANSWERS}")


def read_quiet(call: Call) -> None:
    """Read the quiet time or the quiet hours that were typed. Raises UsageError."""
    word, _, rest = call.text("time").partition(" ")
    if word.casefold() == "hours":
        read_hours(rest.strip())
    elif word.casefold() not in ("", "off"):
        _read_moment(call, DEFAULT_ZONE)


def read_hours(text: str) -> None:
    """Read quiet hours, or the word `off`. Raises UsageError."""
    if text.casefold() not in ("", "off"):
        quiet_hours(text, zone=DEFAULT_ZONE)


def _read_moment(call: Call, zone: str) -> datetime:
    word, _, rest = call.text("time").partition(" ")
    if word.casefold() == "until":
        return until(rest, now=call.caller.now, zone=zone)
    return call.caller.now + duration(call.text("time").removeprefix("for "))


async def set_quiet_hours(text: str, settings: ChannelSettings, call: Call) -> CommandAnswer:
    """Set quiet hours, end them with the word `off`, or show them without any words."""
    where = call.caller.where
    if not text:
        return await _show_quiet(settings, call)
    if text.casefold() == "off":
        await call.store.channels.change(where, quiet_hours=None)
        return call.answer("There are no quiet hours any more.")
    hours = quiet_hours(text, zone=_zone(settings))
    await call.store.channels.change(where, quiet_hours=hours)
    return call.answer(f"Quiet hours are now {say_quiet_hours(hours)}. {STILL_ANSWERS}")


def quiet_in_words(settings: ChannelSettings, call: Call) -> str:
    """Say which quiet time and quiet hours are set, if any."""
    now = call.caller.now
    said = []
    if settings.quiet_until is not None and settings.quiet_until > now:
        moment = say_moment(settings.quiet_until, now=now, zone=_zone(settings))
        said.append(f"I'm quiet until {moment}.")
    if settings.quiet_hours is not None:
        said.append(f"Quiet hours are {say_quiet_hours(settings.quiet_hours)}.")
    return " ".join(said) or "No quiet time is set."


async def persona(call: Call) -> CommandAnswer:
    """Show, set or clear who it is in the channel."""
    where, text = call.caller.where, call.text("text")
    if not text:
        settings, origin = await call.store.channels.settings(where), await call.origin("persona")
        if not settings.persona:
            return call.answer(f"I have no persona.{origin}")
        return call.answer(f"My persona{call.here} is: {ended(settings.persona)}{origin}")
    if text.casefold() == "clear":
        await call.store.channels.change(where, persona="")
        return call.answer("I have no persona any more.")
    settings = await call.store.channels.change(where, persona=" ".join(text.split()))
    return call.answer(f"My persona{call.here} is now: {settings.persona}")


def ended(text: str) -> str:
    """End a text as a sentence, so that another can follow."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


async def _show_quiet(settings: ChannelSettings, call: Call) -> CommandAnswer:
    is_quiet = settings.quiet_until is not None and settings.quiet_until > call.caller.now
    origin = await call.origin("quiet_hours", *(("quiet_until",) if is_quiet else ()))
    return call.answer(f"{quiet_in_words(settings, call)}{origin}")


def _mode_in_words(mode: Mode) -> str:
    return f"{mode}: {MODE_MEANS[mode]}"


def _hours_stay(settings: ChannelSettings) -> str:
    if settings.quiet_hours is None:
        return ""
    return f"Quiet hours stay: {say_quiet_hours(settings.quiet_hours)}."


def _zone(settings: ChannelSettings) -> str:
    """Give the time zone people here count in: that of their quiet hours, else UTC."""
    return settings.quiet_hours.time_zone if settings.quiet_hours else DEFAULT_ZONE
