"""What a prompt shows of a conversation from a file, decision by decision, as serving trims it.

Pure. `bot.judge` does the same with the rows of a history; the rule itself is `inference.wire.trim`'s.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from inference.wire.conversation_file import FileConversation, FileMessage
from inference.wire.file_bursts import ASSISTANT_NAME, OWN_NAME, file_bursts
from inference.wire.speakers import is_named
from inference.wire.trim import HALF, MAX_ENTRIES, first_kept, half_budget, num_chars
from inference.wire.turns import Burst


@dataclass(frozen=True, slots=True)
class Naming:
    """What the assistant is called: in the chat, and by its model."""

    own: str = OWN_NAME
    to_model: str = ASSISTANT_NAME


class Shown:
    """A conversation as bursts; `sizes` says how many messages of people each has, one by default.

    What the assistant says before anybody else is left out: it answers nothing.
    """

    def __init__(
        self,
        conversation: FileConversation,
        naming: Naming,
        *,
        sizes: Sequence[int] | None = None,
    ) -> None:
        self.conversation = conversation
        self.naming = naming
        messages = conversation.messages
        spoken = [at for at, message in enumerate(messages) if not message.from_assistant]
        self._sizes = tuple([1] * len(spoken) if sizes is None else sizes)
        firsts = [sum(self._sizes[:number]) for number in range(len(self._sizes))]
        self._begins = [*(spoken[first] for first in firsts), len(messages)]

    def __len__(self) -> int:
        """Give the number of bursts, each of which is decided on."""
        return len(self._sizes)

    def bursts(self, first: int, end: int) -> list[Burst]:
        """Give the bursts from `first` to before `end`, people named as if nothing stood before."""
        messages = self.conversation.messages[self._begins[first] : self._begins[end]]
        singles = iter(
            file_bursts(
                replace(self.conversation, messages=messages),
                own_name=self.naming.own,
                assistant_name=self.naming.to_model,
            )
        )
        return [_joined([next(singles) for _ in range(size)]) for size in self._sizes[first:end]]

    def entries(self, first: int, last: int) -> Iterator[tuple[bool, int]]:
        """Give the messages from burst `first` to `last`, whose decision is open, by what they cost.

        The flag tells where a burst begins. Several messages of the assistant in a row are one.
        """
        for number in range(first, last + 1):
            messages = self.conversation.messages[self._begins[number] : self._begins[number + 1]]
            heard = [message for message in messages if message.name is not None]
            for at, message in enumerate(heard):
                yield at == 0, num_chars(message.name or "", message.content)
            said = "\n".join(message.content for message in messages if message.from_assistant)
            if said and number < last:
                yield False, num_chars(self.naming.own, said)

    def names_assistant(self, burst: Burst) -> bool:
        """Tell whether any message of a burst says the assistant's name."""
        return any(is_named(line.text, self.naming.to_model) for line in burst.lines)


def _joined(bursts: Sequence[Burst]) -> Burst:
    return Burst(tuple(line for burst in bursts for line in burst.lines), bursts[-1].reply)


class Window:
    """Which burst the prompt begins with, `first`, as decisions are taken one after the other."""

    def __init__(self, shown: Shown, *, max_prompt_tokens: int) -> None:
        self._shown = shown
        self._max_prompt_tokens = max_prompt_tokens
        self.first = 0

    def open(self, index: int) -> None:
        """Look at burst `index`: a history of very many messages loses its older half."""
        if len(list(self._shown.entries(self.first, index))) >= MAX_ENTRIES:
            self._cut(index, share=HALF)

    def scored(self, index: int, *, num_prompt_tokens: int) -> None:
        """Take note of the length of the prompt that decided on burst `index`."""
        share = half_budget(
            num_prompt_tokens=num_prompt_tokens, max_prompt_tokens=self._max_prompt_tokens
        )
        if share is not None:
            self._cut(index, share=share)

    def refused(self, index: int) -> bool:
        """Drop the older half of a prompt that no model took; False if it is one burst already."""
        return self._cut(index, share=HALF)

    def _cut(self, index: int, *, share: float) -> bool:
        entries = list(self._shown.entries(self.first, index))
        starts = [at for at, (begins, _) in enumerate(entries) if begins]
        kept = first_kept([cost for _, cost in entries], starts, share=share)
        if kept is None:
            return False
        self.first += starts.index(kept)
        return True


def starts_with_assistant(messages: Sequence[FileMessage]) -> bool:
    """Tell whether the assistant speaks before anybody else."""
    return bool(messages) and messages[0].from_assistant
