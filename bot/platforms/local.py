"""What the room and the terminal share: one visitor plays everybody, and the ids are our own."""

import re

from bot.messages import Author

WORKSPACE = "local"
REPLY_PREFIX = "reply-"  # of the assistant's message ids; nobody else's may begin with it


def person(name: str) -> Author:
    """Give the author of that name; case does not matter."""
    return Author(f"person:{name.casefold()}", name)


def mentions(text: str, name: str) -> bool:
    """Tell whether `name` is mentioned with an @; the bare name is not a mention."""
    mention = rf"(?<![\w.@])@{re.escape(name)}(?![\w-])"
    return re.search(mention, text, re.IGNORECASE) is not None


def reply_id(key: str) -> str:
    """Give the message id under which a reply of the outbox stands in the history."""
    return f"{REPLY_PREFIX}{key}"
