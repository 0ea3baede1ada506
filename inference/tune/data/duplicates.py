"""Find conversations that say the same: exactly, under another id, or nearly.

Pure. Names and case, spaces and marks do not count: the same chat with other names is no new lesson.
"""

import hashlib
import re
from collections import Counter, defaultdict
from dataclasses import dataclass

from inference.wire.conversation_file import FileConversation

MIN_TELLING_CHARS = 16  # shorter messages ("ok thanks") stand in unrelated chats
NEAR_SHARE = 0.7  # of the telling messages of the shorter one
MIN_SHARED = 3
MAX_SHARERS = 50  # a message in more conversations than this tells nothing


@dataclass(frozen=True, slots=True)
class Place:
    """Where a conversation was seen. `file` is "" where there is only one."""

    file: str
    line: int
    id: str

    def __str__(self) -> str:
        """Say where it stands."""
        where = f"line {self.line}" if self.line else "another conversation"
        return f"{where} of {self.file}" if self.file else where


class Seen:
    """The conversations seen so far, to compare the next one with."""

    def __init__(self) -> None:
        self._ids: dict[str, Place] = {}
        self._whole: dict[bytes, Place] = {}
        self._places: list[Place] = []
        self._num_telling: list[int] = []
        self._sharers: defaultdict[bytes, list[int]] = defaultdict(list)

    def has_id(self, conversation_id: str) -> bool:
        """Tell whether a conversation of this id was seen."""
        return conversation_id in self._ids

    def add(self, conversation: FileConversation, *, file: str = "") -> list[str]:
        """Remember a conversation, and say of which ones before it is a copy; [] if of none."""
        whole, telling = _digests(conversation)
        place = Place(file, conversation.line, conversation.id)
        reasons = self._reasons(place, whole, telling)
        number = len(self._places)
        self._places.append(place)
        self._num_telling.append(len(telling))
        for digest in telling:
            if len(self._sharers[digest]) < MAX_SHARERS:
                self._sharers[digest].append(number)
        return reasons

    def is_copy(self, conversation: FileConversation) -> bool:
        """Tell whether one before says the same, or nearly; remembers nothing."""
        whole, telling = _digests(conversation)
        return whole in self._whole or self._near(telling) is not None

    def _reasons(self, place: Place, whole: bytes, telling: set[bytes]) -> list[str]:
        reasons = []
        same_id = self._ids.setdefault(place.id, place)
        if same_id is not place:
            reasons.append(f'the id "{place.id}" was used before, in {same_id}')
        same = self._whole.setdefault(whole, place)
        if same is not place:
            other = "" if same.id == place.id else f', there with the id "{same.id}"'
            reasons.append(f"says the same as {same}{other}")
        elif near := self._near(telling):
            reasons.append(f'says nearly the same as {near}, there with the id "{near.id}"')
        return reasons

    def _near(self, telling: set[bytes]) -> Place | None:
        shared = Counter(number for digest in telling for number in self._sharers.get(digest, ()))
        for number, count in shared.most_common(1):
            if count >= max(MIN_SHARED, NEAR_SHARE * min(len(telling), self._num_telling[number])):
                return self._places[number]
        return None


def _digests(conversation: FileConversation) -> tuple[bytes, set[bytes]]:
    """Give what stands for all that is said, and for each message that tells something."""
    texts = [_plain(message.content) for message in conversation.messages]
    telling = {_digest(text) for text in texts if len(text) >= MIN_TELLING_CHARS}
    return _digest("\n".join(texts)), telling


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=12).digest()
