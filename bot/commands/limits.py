"""The commands that bound how much is said in a channel: a share of the talk, a rest, other bots.

Called without a value each shows what is set. Limits only ever silence what nobody asked for, but
for the one on other bots, which are not answered even when they ask.
"""

from datetime import timedelta

from bot.commands.answer import Call, CommandAnswer, counted
from bot.commands.parse import UsageError
from bot.commands.times import duration, say_span
from bot.decide import SHARE_WINDOW
from bot.messages import ChannelSettings
from bot.store.setting_values import MAX_COOLDOWN_S


async def share(call: Call) -> CommandAnswer:
    """Show or set which part of the last messages may be the assistant's."""
    where, percent = call.caller.where, call.number("percent")
    if percent is None:
        settings = await call.store.channels.settings(where)
        origin = await call.origin("max_share_of_voice")
        return call.answer(f"{share_in_words(settings, call)}{origin}")
    limit = percent / 100 if percent else None
    settings = await call.store.channels.change(where, max_share_of_voice=limit)
    return call.answer(share_in_words(settings, call))


async def cooldown(call: Call) -> CommandAnswer:
    """Show or set how long it rests after it spoke."""
    where, text = call.caller.where, call.text("time")
    if not text:
        settings = await call.store.channels.settings(where)
        return call.answer(f"{cooldown_in_words(settings, call)}{await call.origin('cooldown_s')}")
    settings = await call.store.channels.change(where, cooldown_s=read_rest(call))
    return call.answer(cooldown_in_words(settings, call))


def read_rest(call: Call) -> float:
    """Read the rest that was typed, in seconds. Raises UsageError."""
    text = call.text("time")
    rest_s = 0.0 if text.casefold() in ("off", "0") else duration(text).total_seconds()
    if rest_s > MAX_COOLDOWN_S:
        longest = say_span(timedelta(seconds=MAX_COOLDOWN_S))
        for_good = call.caller.typed("mode mention")
        raise UsageError(f"I can rest at most {longest}. {for_good} is for good.")
    return rest_s


async def bots(call: Call) -> CommandAnswer:
    """Show or set how many times in a row it answers other bots."""
    where, times = call.caller.where, call.number("times")
    if times is None:
        settings = await call.store.channels.settings(where)
        origin = await call.origin("answer_other_bots", "bot_loop_budget")
        return call.answer(f"{bots_in_words(settings, call)}{origin}")
    # The budget stays as it was where bots are not answered at all.
    changes = {"bot_loop_budget": times} if times else {}
    settings = await call.store.channels.change(
        where, at=call.caller.now, answer_other_bots=times > 0, **changes
    )
    return call.answer(bots_in_words(settings, call))


def limits_in_words(settings: ChannelSettings, call: Call) -> str:
    """Say all three."""
    each = (share_in_words, cooldown_in_words, bots_in_words)
    return " ".join(in_words(settings, call) for in_words in each)


def share_in_words(settings: ChannelSettings, call: Call) -> str:
    """Say which part of the talk may be the assistant's."""
    limit = settings.max_share_of_voice
    if limit is None:
        return f"No limit is set on how much of the talk{call.here} may be mine."
    return f"At most {limit:.0%} of the last {SHARE_WINDOW} messages{call.here} may be mine."


def cooldown_in_words(settings: ChannelSettings, call: Call) -> str:
    """Say how long it rests."""
    if not settings.cooldown_s:
        return f"I need no rest{call.here} after I spoke."
    rest = say_span(timedelta(seconds=settings.cooldown_s))
    return f"After I spoke I rest for {rest} before I speak unasked again."


def bots_in_words(settings: ChannelSettings, call: Call) -> str:
    """Say whether other bots are answered."""
    if not settings.answer_other_bots or not settings.bot_loop_budget:
        return f"I don't answer other bots{call.here}."
    times = counted(settings.bot_loop_budget, "time")
    return f"I answer other bots{call.here}, at most {times} in a row."
