"""The command that shows what it would have said at other eagerness, and posts nothing."""

from datetime import timedelta

from bot.commands.answer import Call, CommandAnswer, counted
from bot.commands.definition import PREVIEW_HOURS
from bot.commands.parse import clipped
from bot.commands.times import say_span
from bot.messages import Entry
from bot.preview import LEVELS, Example, Preview, Previewer

MAX_SAID_CHARS = 120  # five examples and the counts then about fit one Discord message
MAX_WORDS_CHARS = 240

DIAL_ALONE = (
    "That is the dial alone: mode, quiet hours and limits are left out, and nothing was posted."
)


async def preview(call: Call) -> CommandAnswer:
    """Count what would have been said, with the newest examples and their words."""
    hours = call.number("hours") or PREVIEW_HOURS
    previewer = Previewer(call.store, call.model, call.me)
    since = call.caller.now - timedelta(hours=hours)
    shown = await previewer.preview(call.caller.where, since=since)
    lines = [_counts(shown, hours=hours)]
    if shown.examples:
        lines.append("The newest of them:" if len(shown.examples) > 1 else "It was this:")
        lines += [_example(example, call) for example in shown.examples]
    if shown.is_cut_short:
        lines.append("The model is busy or not to be reached, so some of my words are missing.")
    return call.answer("\n".join(lines))


def _counts(shown: Preview, *, hours: int) -> str:
    span = f"In the last {hours} h" if hours > 1 else "In the last hour"
    unscored = (
        f" {counted(shown.num_unscored, 'decision')} more had no score of the present model."
        if shown.num_unscored
        else ""
    )
    if not shown.num_scored:
        return f"{span} nothing was said here that I scored without being asked.{unscored}"
    at = ", ".join(f"{shown.num_spoken[level]} at eagerness {level}" for level in LEVELS)
    return (
        f"{span} I decided {counted(shown.num_scored, 'time')} on what nobody had asked me. "
        f"I would have spoken: {at}.{unscored} {DIAL_ALONE}"
    )


def _example(example: Example, call: Call) -> str:
    age = say_span(call.caller.now - example.decided_at)
    if example.words is None:
        words = "(not written)"
    else:
        words = clipped(example.words, MAX_WORDS_CHARS) or "(no words: I would have stayed silent)"
    return (
        f"{age} ago, from eagerness {example.level} up\n"
        f"    {_quoted(example.said)}\n"
        f"    {call.me.name}: {words}"
    )


def _quoted(said: Entry) -> str:
    words = said.text or " ".join(said.attachments)
    return f"{clipped(said.author.name)}: {clipped(words, MAX_SAID_CHARS)}"
