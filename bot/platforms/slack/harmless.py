"""Makes the model's Markdown harmless where Slack itself reads Markdown: in streams.

Pure. Slack pings there too, and entities shield nothing.
"""

import re

from bot.platforms.slack.inline import sendable

JOINER = "\N{WORD JOINER}"  # shows nothing, and ends what Slack would read as one word

# What Slack takes for a mention, a channel or a command in its Markdown; comments of HTML it does not.
# A backslash before the sign is Markdown's own, and gone once that is read.
# An entity may stand for the sign: a reader of Markdown takes it for the same.
_LESS, _AT = r"(?:<|&(?:lt|#0{0,5}60|#x0{0,5}3c);)", r"(?:@|&(?:commat|#0{0,5}64|#x0{0,5}40);)"
_TOKEN = re.compile(
    rf"({_LESS})(?=\\?(?:!(?!--|doctype|\[cdata)|{_AT}[A-Z0-9]|#[A-Z0-9]))", re.IGNORECASE
)
_EVERYONE = re.compile(rf"(?<![^\W_])({_AT})(?=(?:channel|here|everyone)(?![a-z]))", re.IGNORECASE)
_UNDECIDED = re.compile(
    rf"(?:{_LESS}(?:!?[^\s<>]{{0,8}}|[@#]|{_AT})|{_AT}[a-z]{{0,8}}|&(?:#x?)?\w{{0,8}})\Z",
    re.IGNORECASE,
)
MAX_UNDECIDED = 32  # characters of two entities and what may follow them


def harmless(markdown: str) -> str:
    """Give Markdown for Slack's `markdown_text` in which nothing pings.

    Slack reads `<!here>` and its like there too, and entities do not shield code: so an unseen sign
    breaks what would ping. The links stay.
    """
    text = _TOKEN.sub(rf"\1{JOINER}", sendable(markdown))
    return _EVERYONE.sub(rf"\1{JOINER}", text)


def settled(markdown: str) -> str:
    """Give what of a growing text is harmless whatever comes next; the whole grows by appending."""
    text = harmless(markdown)
    return text[: len(text) - len(_undecided(text))].rstrip()


def _undecided(text: str) -> str:
    tail = _UNDECIDED.search(text[-MAX_UNDECIDED:])
    return tail.group() if tail else ""
