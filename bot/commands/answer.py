"""Who calls a command, what a handler is given, and what comes back.

It knows no platform. Answers are plain text, but for those that the model wrote: a platform that
renders Markdown escapes them, and sets the `fixed_width` ones in a fixed-width font because their
columns line up only there.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from bot.commands.grammar import TYPED, Who
from bot.commands.parse import Invocation
from bot.messages import Author, ConversationKey
from bot.model_cards import card_within
from bot.ports import Model, ModelCard
from bot.store import Store

CARD_TIMEOUT_S = 5.0
OWN_CHOICE = " That is this channel's own choice."
DEFAULT_HOLDS = " That is the default here."


@dataclass(frozen=True, slots=True)
class Caller:
    """Who typed a command, where and when.

    `may_manage`: whether the platform lets them manage the channel; `may_manage_workspace`, the
    whole workspace it belongs to, which people there call by `workspace_called`; `may_read_back`:
    whether it shows them what was said there before; `prefix` is what they type there before the
    words of a command.
    """

    where: ConversationKey
    author: Author
    may_manage: bool
    now: datetime
    may_manage_workspace: bool = False
    workspace_called: str = "server"
    may_read_back: bool = True
    prefix: str = TYPED

    def typed(self, *words: str) -> str:
        """Give a command as the caller types it there."""
        return f"{self.prefix}{' '.join(words)}"

    def may(self, needed: Who) -> bool:
        """Tell whether the caller is among these people."""
        if needed is Who.MANAGERS:
            return self.may_manage or self.may_manage_workspace
        return self.may_manage_workspace if needed is Who.WORKSPACE_MANAGERS else True


@dataclass(frozen=True, slots=True)
class Offer:
    """A button under an answer: pressed, `command` runs as the presser's own, with their rights.

    `label` says what it does; `command` are the words after `/assistant`, or whatever `prefix` is
    typed there.
    """

    label: str
    command: str
    prefix: str = TYPED


@dataclass(frozen=True, slots=True)
class CommandAnswer:
    """What a command says back. `ephemeral`: for the caller's eyes only.

    `ask` holds the caller's words that are to be sent on as a message addressed to the assistant;
    `text` is empty then. It is None for every other command. `offer` is something to do about what
    the answer says; a platform without buttons says it in words. `is_markdown`: the model wrote it.
    """

    text: str
    ephemeral: bool
    ask: str | None = None
    fixed_width: bool = False
    offer: Offer | None = None
    is_markdown: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One command on its way: what was typed, by whom, and what it may use."""

    invocation: Invocation
    caller: Caller
    store: Store
    model: Model
    me: Author

    @property
    def for_all(self) -> bool:
        """Whether it is about the defaults of the workspace, not about one channel."""
        return not self.caller.where.channel

    @property
    def here(self) -> str:
        """Where a setting holds, to be said right after its name; nothing for a default."""
        return "" if self.for_all else " here"

    async def origin(self, *names: str) -> str:
        """Say whether these settings were chosen for the channel, or by nobody but the defaults."""
        chosen = await self.store.channels.chosen(self.caller.where)
        if self.for_all:
            return "" if chosen & {*names} else " Nobody chose otherwise."
        return OWN_CHOICE if chosen & {*names} else DEFAULT_HOLDS

    def text(self, name: str) -> str:
        """Give a text or choice argument, "" if it was left out."""
        value = self.invocation.values.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> int | None:
        """Give an integer argument, None if it was left out."""
        value = self.invocation.values.get(name)
        return value if isinstance(value, int) else None

    async def card(self) -> ModelCard | None:
        """Describe the model; None if it cannot be reached right now."""
        return await card_within(self.model, timeout_s=CARD_TIMEOUT_S)

    def answer(
        self, text: str, *, fixed_width: bool = False, offer: Offer | None = None
    ) -> CommandAnswer:
        """Answer as openly as the definition says."""
        return CommandAnswer(text, self.invocation.ephemeral, fixed_width=fixed_width, offer=offer)


Handler = Callable[[Call], Awaitable[CommandAnswer]]
"""Carries a command out. May raise UsageError, StoreError, ModelError and TimeoutError."""


def counted(number: int, noun: str) -> str:
    """Say a number of things: `1 message`, `2 messages`, `no messages`."""
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def offered_in_words(answer: CommandAnswer) -> str:
    """Give the text of an answer, with its offer in a last line, where there are no buttons."""
    if answer.offer is None:
        return answer.text
    return f"{answer.text}\nTo do it, type {answer.offer.prefix}{answer.offer.command}."
