"""Who is who in the prompt: unique names of people, and the name that the model knows us by.

Pure, and the same in serving, training and evaluation: what differs here is a decision that differs.
"""

import re

from inference.wire.text import speaker_name


class SpeakerNames:
    """Gives each person one name in the prompt; two people of one name stay apart.

    Nobody gets a name that reads like `own_name` (the bot's on its platform) or `assistant_name`
    (the model's word for itself).
    """

    def __init__(self, *, own_name: str, assistant_name: str) -> None:
        self._reserved = frozenset({own_name.casefold(), assistant_name.casefold()})
        self._names: dict[str, str] = {}
        self._taken: set[str] = set()

    def of(self, author_id: str, name: str) -> str:
        """Give the name of a person, the one given first if asked again."""
        if author_id not in self._names:
            self._names[author_id] = self._unique(speaker_name(name, reserved=self._reserved))
        return self._names[author_id]

    def all(self) -> dict[str, str]:
        """Give the names given so far, by author id."""
        return dict(self._names)

    def _unique(self, name: str) -> str:
        number, shown = 2, name
        while shown.casefold() in self._taken:
            shown, number = f"{name} ({number})", number + 1
        self._taken.add(shown.casefold())
        return shown


def own_mentions_shown(text: str, *, own_name: str, assistant_name: str) -> str:
    """Put the model's word for the assistant wherever a text names it by its platform name."""
    mention = re.compile(rf"(?<!\w)@?{re.escape(own_name)}(?!\w)", re.IGNORECASE)
    return mention.sub(lambda _: assistant_name, text)


def is_named(text: str, assistant_name: str) -> bool:
    """Tell whether a text says the assistant's name, as a call or not."""
    return bool(re.search(rf"(?<!\w){re.escape(assistant_name)}(?!\w)", text, re.IGNORECASE))
