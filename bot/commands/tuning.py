"""The commands that tune a channel: mode, eagerness, quiet time and quiet hours, persona.

Called without a value each shows what is set. The rights are checked before, in `dispatch`.
"""

from bot.commands.answer import Call, CommandAnswer
from bot.commands.times import duration, quiet_hours, say_moment, say_quiet_hours, until
from bot.eagerness import describe
from bot.messages import ChannelSettings, Mode
from bot.ports import ModelCard

DEFAULT_ZONE = "UTC"

MODE_MEANS = {
    Mode.ACTIVE: "I read everything and speak when it helps.",
    Mode.MENTION: "I read everything and speak only when I am asked.",
    Mode.LISTEN: "I read and remember everything, and never speak.",
    Mode.OFF: "I neither read nor remember anything new, and never speak.",
}
STILL_ANSWERS = "Mention me and I still answer."


async def mode(call: Call) -> CommandAnswer:
    """Show or set how the channel is listened to."""
    chosen = call.text("mode")
    if not chosen:
        settings = await call.store.channels.settings(call.caller.where)
        return call.answer(f"My mode here is {settings.mode}: {MODE_MEANS[settings.mode]}")
    settings = await call.store.channels.change(call.caller.where, mode=Mode(chosen))
    return call.answer(f"My mode here is now {settings.mode}: {MODE_MEANS[settings.mode]}")


async def eagerness(call: Call) -> CommandAnswer:
    """Show or set the dial, and say what it means for this model."""
    level = call.number("level")
    if level is None:
        settings, now = await call.store.channels.settings(call.caller.where), ""
    else:
        settings, now = await call.store.channels.change(call.caller.where, eagerness=level), "now "
    meaning = eagerness_in_words(settings.eagerness, await call.card())
    return call.answer(f"My eagerness here is {now}{settings.eagerness} of 100. {meaning}")


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
        return call.answer(quiet_in_words(settings, call))
    if word.casefold() == "hours":
        return await _set_quiet_hours(rest.strip(), settings, call)
    if word.casefold() == "off":
        settings = await call.store.channels.change(call.caller.where, quiet_until=None)
        return call.answer(f"The quiet time is over. {_hours_stay(settings)}".strip())
    now = call.caller.now
    zone = _zone(settings)
    if word.casefold() == "until":
        moment = until(rest, now=now, zone=zone)
    else:
        moment = now + duration(call.text("time").removeprefix("for "))
    settings = await call.store.channels.change(call.caller.where, quiet_until=moment)
    return call.answer(
        f"I'll be quiet until {say_moment(moment, now=now, zone=zone)}. {STILL_ANSWERS}"
    )


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
    text = call.text("text")
    if not text:
        settings = await call.store.channels.settings(call.caller.where)
        return call.answer(
            f"My persona here is: {settings.persona}" if settings.persona else "I have no persona."
        )
    if text.casefold() == "clear":
        await call.store.channels.change(call.caller.where, persona="")
        return call.answer("I have no persona any more.")
    settings = await call.store.channels.change(call.caller.where, persona=" ".join(text.split()))
    return call.answer(f"My persona here is now: {settings.persona}")


async def _set_quiet_hours(text: str, settings: ChannelSettings, call: Call) -> CommandAnswer:
    where = call.caller.where
    if not text:
        return call.answer(quiet_in_words(settings, call))
    if text.casefold() == "off":
        await call.store.channels.change(where, quiet_hours=None)
        return call.answer("There are no quiet hours any more.")
    hours = quiet_hours(text, zone=_zone(settings))
    await call.store.channels.change(where, quiet_hours=hours)
    return call.answer(f"Quiet hours are now {say_quiet_hours(hours)}. {STILL_ANSWERS}")


def _hours_stay(settings: ChannelSettings) -> str:
    if settings.quiet_hours is None:
        return ""
    return f"Quiet hours stay: {say_quiet_hours(settings.quiet_hours)}."


def _zone(settings: ChannelSettings) -> str:
    """Give the time zone people here count in: that of their quiet hours, else UTC."""
    return settings.quiet_hours.time_zone if settings.quiet_hours else DEFAULT_ZONE
