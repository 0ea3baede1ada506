"""The commands about how replies look: what they point to, whether they show early, threads.

Called without a word each shows what is set.
"""

from dataclasses import dataclass

from bot.commands.answer import Call, CommandAnswer


@dataclass(frozen=True, slots=True)
class _Switch:
    """A setting that is on or off, and what each means, for people."""

    name: str
    on: str
    off: str


_REFERENCE = _Switch(
    "reply_as_reference",
    on="My answers here show which message they answer.",
    off="My answers here stand alone, without a reference to a message.",
)
_STREAM = _Switch(
    "stream_replies",
    on="My replies to you show here while I write them.",
    off="My replies appear here once they are whole.",
)
_THREADS = _Switch(
    "follow_threads",
    on="In threads I speak as in the channel.",
    off="In threads I speak only when I am asked.",
)


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
        await call.store.channels.change(where, **{switch.name: word == "on"})
        return call.answer(switch.on if word == "on" else switch.off)
    settings = await call.store.channels.settings(where)
    is_on = {
        _REFERENCE: settings.reply_as_reference,
        _STREAM: settings.stream_replies,
        _THREADS: settings.follow_threads,
    }[switch]
    return call.answer(f"{switch.on if is_on else switch.off}{await call.origin(switch.name)}")
