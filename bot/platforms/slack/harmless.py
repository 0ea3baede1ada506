"""Makes the model's Markdown harmless where Slack itself reads Markdown: in streams.

Pure. Slack pings there too, and entities shield nothing.
"""

import re

from bot.platforms.slack.inline import sendable

JOINER = "\N{WORD JOINER}"  # shows nothing, and ends what Slack would read as one word

# What Slack takes for a mention, a channel or a command in its Markdown; comments of HTML it does not.
# A backslash before the sign is Markdown's own, and gone once that is read.
_TOKEN = re.compile(r"<(?=\\?(?:!(?!--|doctype|\[cdata)|@[A-Z0-9]|#[A-Z0-9]))", re.IGNORECASE)
_EVERYONE = re.compile(r"(?<![^\W_])@(?=(?:channel|here|everyone)(?![a-z]))", re.IGNORECASE)
_UNDECIDED = re.compile(r"(?:<(?:!?[^\s<>]{0,8}|[@#])|@[a-z]{0,8})\Z", re.IGNORECASE)


def harmless(markdown: str) -> str:
    """Give Markdown for Slack's `markdown_text` in which nothing pings.

    Slack reads `<!here>` and its like there too, and entities do not shield code: so an unseen sign
    breaks what would ping. The links stay.
    """
    text = _TOKEN.sub(f"<{JOINER}", sendable(markdown))
    return _EVERYONE.sub(f"@{JOINER}", text)


def settled(markdown: str) -> str:
    """Give what of a growing text is harmless whatever comes next; the whole grows by appending."""
    text = harmless(markdown)
    return text[: len(text) - len(_undecided(text))].rstrip()


def _undecided(text: str) -> str:
    tail = _UNDECIDED.search(text[-12:])
    return tail.group() if tail else ""
