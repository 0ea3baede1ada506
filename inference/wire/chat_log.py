"""What a chat platform keeps of its channels, whichever platform it is: people, messages, channels.

Pure values, made by the readers of exports and of Earshot's own history; `logged_conversations`
turns them into lines of a data file.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches

MAX_CANDIDATES = 12  # more would scroll away what the error says


@dataclass(frozen=True, slots=True)
class Person:
    """A participant: `name` is what others see, `aliases` what else they may be called by."""

    id: str
    name: str
    aliases: tuple[str, ...] = ()
    is_bot: bool = False

    @property
    def called(self) -> tuple[str, ...]:
        """Every name, the shown one first, each once."""
        return tuple(dict.fromkeys(name for name in (self.name, *self.aliases) if name.strip()))


@dataclass(frozen=True, slots=True)
class LoggedMessage:
    """One message; `<@ID>` in its text stands for a mention of the person with that id.

    `left_out`: it was said, but its words must not be used; it is there so that a reply to it goes
    with it.
    """

    person_id: str
    text: str
    at: datetime
    left_out: bool = False


@dataclass(frozen=True, slots=True)
class ChatLog:
    """One channel or thread, oldest message first. `key` is unique, `place` is for people to read."""

    key: str
    place: str
    messages: tuple[LoggedMessage, ...]

    def without(self, person_ids: Collection[str]) -> "ChatLog":
        """Mark the messages of these people as left out, so that replies to them go with them."""
        marked = (
            replace(message, left_out=message.left_out or message.person_id in person_ids)
            for message in self.messages
        )
        return replace(self, messages=tuple(marked))


def chosen_person(people: Sequence[Person], logs: Iterable[ChatLog], who: str) -> Person:
    """Find a participant by id or name. Raises ValueError that lists who could be meant."""
    spoken = Counter(message.person_id for log in logs for message in log.messages)
    present = sorted(people, key=lambda person: -spoken[person.id])
    wanted = who.removeprefix("@").casefold()
    found = [person for person in present if person.id == who] or [
        person for person in present if wanted in (name.casefold() for name in person.called)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(
            f'"{who}" is the name of {len(found)} participants: name one by id: '
            + _listed(found, spoken)
        )
    near = get_close_matches(wanted, [person.name.casefold() for person in present], cutoff=0.7)
    first = [person for person in present if person.name.casefold() in near]
    rest = [person for person in present if person not in first and spoken[person.id]]
    raise ValueError(
        f'nobody is called "{who}", and it is no id; there are: '
        + _listed([*first, *rest][:MAX_CANDIDATES], spoken)
        + (", ..." if len(first) + len(rest) > MAX_CANDIDATES else "")
    )


def _listed(people: Iterable[Person], spoken: Counter[str]) -> str:
    return ", ".join(
        f"{person.name} ({person.id}{', a bot' if person.is_bot else ''}, "
        f"{spoken[person.id]} messages)"
        for person in people
    )
