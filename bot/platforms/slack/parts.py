"""A reply as Slack takes it: messages in its own dialect that are short enough.

Pure. The text is converted first and cut then, so that what is measured is what is sent. Knows none
of Slack's calls.
"""

from bot.platforms.local import is_blank
from bot.platforms.slack.dialect import mrkdwn
from bot.platforms.slack.inline import escaped, unfenced
from bot.split import num_units, split

MAX_CHARS = 3900  # Slack advises to stay below 4,000, and edits no message to more
MAX_QUOTE_CHARS = 300


def parts(text: str, *, above: str = "") -> list[str]:
    """Give the messages of a reply; none if it shows nothing. `above` stands first, converted.

    A code block or quote that is cut is closed and opened again; links, emoji and list items are
    kept whole where a message has room for them.
    """
    room = MAX_CHARS - num_units(above)
    texts = split(mrkdwn(text), max_chars=MAX_CHARS, first_max_chars=room)
    found = [each for each in texts if not is_blank(each)]
    if found and above:
        found[0] = above + found[0]
    return found


def quoted(name: str, question: str) -> str:
    """Give the lines above the answer to a question that a command asked: nobody else saw it."""
    flat = " ".join(question.split())
    if num_units(flat) > MAX_QUOTE_CHARS:
        flat = split(flat, max_chars=MAX_QUOTE_CHARS - 1)[0] + "…"
    words = unfenced(escaped(flat))
    bold = unfenced(escaped(name.replace("*", "").strip()))
    return f"> *{bold}*: {words}\n" if bold else f"> {words}\n"
