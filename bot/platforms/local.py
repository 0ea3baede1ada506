"""What the room and the terminal share: one visitor plays everybody, and the ids are our own."""

import re
import unicodedata

from bot.messages import Author

WORKSPACE = "local"
REPLY_PREFIX = "reply-"  # of the assistant's message ids; nobody else's may begin with it
_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})  # categories of controls, format marks, spaces
_FILLERS = frozenset("\u034f\u115f\u1160\u2800\u3164\uffa0")  # letters and signs that show nothing


def person(name: str) -> Author:
    """Give the author of that name; case does not matter."""
    return Author(f"person:{name.casefold()}", name)


def is_blank(text: str) -> bool:
    """Tell whether nothing of a text can be seen, such as one of spaces and zero-width signs."""
    return all(char in _FILLERS or unicodedata.category(char) in _UNSEEN for char in text)


def is_same_name(name: str, other: str) -> bool:
    """Tell whether two names read alike: neither case, letter forms nor unseen signs matter."""
    return _read(name) == _read(other)


def mentions(text: str, name: str) -> bool:
    """Tell whether `name` is mentioned with an @; the bare name is not a mention."""
    mention = rf"(?<![\w.@])@{re.escape(name)}(?![\w-])"
    return re.search(mention, text, re.IGNORECASE) is not None


def reply_id(key: str) -> str:
    """Give the message id under which a reply of the outbox stands in the history."""
    return f"{REPLY_PREFIX}{key}"


def _read(name: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join(
        "".join(char for char in folded if char.isspace() or not is_blank(char)).split()
    )
