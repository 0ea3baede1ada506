"""The commands about how replies look: what they point to, whether they show early, threads.

Called without a word each shows what is set.
"""

from dataclasses import dataclass

from bot.commands.answer import Call, CommandAnswer
from bot.messages import ChannelSettings


@dataclass(frozen=True, slots=True)
class _Switch:
    """A setting that is on or off, and what each means, for people.

    `{here}` says where it holds. Only some platforms show the difference, if not `is_everywhere`.
    """

    name: str
    on: str
    off: str
    is_everywhere: bool = False


_REFERENCE = _Switch(
    "reply_as_reference",
    on="My answers{here} show which message they answer.",
    off="My answers{here} stand alone, without a reference to a message.",
)
_STREAM = _Switch(
    "stream_replies",
    on="My replies to you show{here} while I write them.",
    off="My replies appear{here} once they are whole.",
)
_THREADS = _Switch(
    "follow_threads",
    on="In threads I speak as in the channel.",
    off="In threads I speak only when I am asked.",
    is_everywhere=True,
)

# Our own room and the terminal have one look.
_WITH_LOOKS = frozenset({"discord", "slack"})
_ONLY_THERE = " That holds on Discord and Slack only."


async def reference(call: Call) -> CommandAnswer:
    """Show or set whether an answer refers to the message it answers."""
    return await _switched(call, _REFERENCE)


async def stream(call: Call) -> CommandAnswer:
    """Show or set whether a reply is shown while it is written."""
    return await _switched(call, _STREAM)


async def threads(call: Call) -> CommandAnswer:
    """Show or set whether threads are followed."""
    return await _switched(call, _THREADS)


async def _switched(call: Call, switch: _Switch) -> CommandAnswer:
    where, word = call.caller.where, call.text("switch")
    if word:
        await call.store.channels.change(where, at=call.caller.now, **{switch.name: word == "on"})
    settings = await call.store.channels.settings(where)
    note = "" if _shows(switch, call) else _ONLY_THERE
    origin = "" if word else await call.origin(switch.name)
    return call.answer(f"{_in_words(switch, settings, call)}{note}{origin}")


def replies_in_words(settings: ChannelSettings, call: Call) -> str:
    """Say how replies look, as far as the platform shows it."""
    switches = (_REFERENCE, _STREAM, _THREADS)
    return " ".join(_in_words(each, settings, call) for each in switches if _shows(each, call))


def _in_words(switch: _Switch, settings: ChannelSettings, call: Call) -> str:
    is_on = {
        _REFERENCE: settings.reply_as_reference,
        _STREAM: settings.stream_replies,
        _THREADS: settings.follow_threads,
    }[switch]
    return (switch.on if is_on else switch.off).format(here=call.here)


def _shows(switch: _Switch, call: Call) -> bool:
    return switch.is_everywhere or call.caller.where.platform in _WITH_LOOKS
