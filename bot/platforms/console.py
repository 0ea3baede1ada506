"""Earshot in a terminal: several people typed by one, and Earshot among them.

A line `Name: text` is said by Name, a bare line by the current speaker, `Name:` alone changes who
that is. Under each message stands what was decided on it. The conversation is kept in the store.
"""

import re
import secrets
import unicodedata
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.commands import PREFIX, Caller, Commands, offered_in_words
from bot.errors import StoreError
from bot.messages import (
    Action,
    ConversationKey,
    Decision,
    KeptDecision,
    Message,
    OutboxItem,
    Rule,
)
from bot.pipeline import Pipeline
from bot.platforms.local import WORKSPACE, is_blank, is_same_name, mentions, person, reply_id
from bot.platforms.screen import Lines, Screen
from inference.wire.text import MAX_NAME_CHARS

PLATFORM = "console"
CHAT = ConversationKey(PLATFORM, WORKSPACE, "chat")
FIRST_SPEAKER = "You"
MAX_NAME_WORDS = 3  # "Remember this for later: ..." is said, not a name
NUM_SHOWN_AT_START = 10

ASSISTANT_STYLE = "bold magenta"
PERSON_STYLES = ("cyan", "green", "yellow", "blue", "red", "bright_cyan", "bright_green")
MARK_STYLE = "dim"
NOTICE_STYLE = "yellow"

HELP = """\
  Mia: hi all           say it as Mia
  Mia:                  be Mia from now on
  hi all                say it as the current speaker
  @{name} ...          ask {name}, who then answers; all else it answers only if it helps
  {prefix} ...        settings and questions; {prefix} help lists them
  clear                 forget this conversation
  exit                  leave (or Ctrl-D); the conversation is kept"""

_NAMED = re.compile(r"([^\s:/@#>*(\"'-][^:\n]*?)\s*:(?:\s+(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Typed:
    """A typed line taken apart. `name` is None for the current speaker; `text` may be empty."""

    name: str | None
    text: str


class ConsolePlatform:
    """Puts Earshot's words on the screen. `me` is how it is called there."""

    def __init__(self, screen: Screen, *, me: str) -> None:
        self._screen = screen
        self._me = me
        self._posted: set[str] = set()

    @property
    def name(self) -> str:
        """The platform part of its conversation keys."""
        return PLATFORM

    async def place(self, where: ConversationKey, reply_to: str) -> ConversationKey:
        """Give the conversation itself: there every reply stands."""
        return where

    @asynccontextmanager
    async def typing(self, where: ConversationKey) -> AsyncIterator[None]:
        """Say beside the prompt that a reply is on its way, until the context ends."""
        self._screen.status(f"{self._me} is writing …")
        try:
            yield
        finally:
            self._screen.status("")

    async def draft(self, item: OutboxItem, text: str) -> None:
        """Show the text written so far."""
        self._screen.stream(text, name=self._me, name_style=ASSISTANT_STYLE)

    async def post(self, item: OutboxItem, *, is_new: bool = False) -> str:
        """Print the reply, once for a key, and give its message id."""
        if item.key not in self._posted:
            self._posted.add(item.key)
            self._screen.finish(item.text, name=self._me, name_style=ASSISTANT_STYLE)
        return reply_id(item.key)

    async def withdraw(self, item: OutboxItem) -> None:
        """Do nothing: what was printed stays, and the mark that follows says what became of it."""

    async def remove(self, where: ConversationKey, message_ids: Sequence[str]) -> None:
        """Do nothing: what was printed stays."""

    async def notice(self, where: ConversationKey, text: str, *, reply_to: str | None) -> None:
        """Print a line that is not a message."""
        self._screen.line(f"  {text}", style=NOTICE_STYLE)

    async def decided(
        self, where: ConversationKey, decision: KeptDecision, message_ids: Sequence[str]
    ) -> None:
        """Print the quiet mark."""
        self._screen.line(mark(decision.decision, num_messages=len(message_ids)), style=MARK_STYLE)


class Chat:
    """One sitting at the terminal."""

    def __init__(self, pipeline: Pipeline, commands: Commands, screen: Screen) -> None:
        self._pipeline = pipeline
        self._commands = commands
        self._screen = screen
        self._me = pipeline.me.name
        self._speaker = FIRST_SPEAKER

    async def run(self, lines: Lines) -> None:
        """Take lines until `exit` or the end; in a pipe, stay until all is decided."""
        await self._open()
        while (line := await lines.read(f"{self._speaker}> ")) is not None:
            if line.strip().casefold().lstrip("/") in ("exit", "quit"):
                break
            try:
                await self._take(line.strip())
            except StoreError as error:
                self._screen.line(f"  {error}", style="red")
        if not self._screen.is_terminal:
            await self._pipeline.conversations.drain()

    async def _open(self) -> None:
        if not self._screen.is_terminal:
            return
        for entry in await self._pipeline.store.messages.recent(CHAT, limit=NUM_SHOWN_AT_START):
            if entry.text:
                self._screen.line(
                    entry.text, style=MARK_STYLE, name=entry.author.name, name_style=MARK_STYLE
                )
        self._screen.line(
            f"  Write as anybody: Mia: hi all. Ask with @{self._me}. help tells more.",
            style=MARK_STYLE,
        )

    async def _take(self, line: str) -> None:
        word = line.casefold().removeprefix("/")
        if word == "help":
            self._screen.line(HELP.format(name=self._me, prefix=PREFIX))
        elif word == "clear":
            # What is being decided on would come after: it would speak of what is gone.
            await self._pipeline.conversations.drain()
            self._screen.clear()
            await self._command("clear confirm", self._speaker)
        elif not is_blank(line):
            await self._spoken(typed(line))

    async def _spoken(self, said: Typed) -> None:
        name = self._speaker if said.name is None else said.name
        if is_same_name(name, self._me):
            self._screen.line(
                f"  {self._me} speaks for itself. To ask it, write @{self._me} and your question.",
                style=NOTICE_STYLE,
            )
        elif is_blank(said.text):
            self._speaker = name
        elif said.text.startswith("/"):
            await self._slash(said.text, name)
        else:
            await self._say(said.text, name, addressed=mentions(said.text, self._me))

    async def _slash(self, text: str, name: str) -> None:
        prefix, _, rest = text.partition(" ")
        if prefix.casefold() != PREFIX:
            self._screen.line(f"  Commands begin with {PREFIX}; try help.", style=NOTICE_STYLE)
            return
        if not self._screen.is_terminal:
            # In a pipe the lines come at once: a command speaks of what was said before it.
            await self._pipeline.conversations.drain()
        self._screen.line(text, name=name, name_style=person_style(name))
        await self._command(rest, name)

    async def _command(self, text: str, name: str) -> None:
        now = self._pipeline.clock()
        caller = Caller(CHAT, person(name), may_manage=True, now=now, may_manage_workspace=True)
        answer = await self._commands.run(text, caller)
        if answer.ask is not None:
            await self._say(answer.ask, name, addressed=True)
        else:
            self._screen.line(
                "\n".join(f"  {row}" for row in offered_in_words(answer).splitlines())
            )

    async def _say(self, text: str, name: str, *, addressed: bool) -> None:
        self._screen.line(text, name=name, name_style=person_style(name))
        message = Message(
            conversation=CHAT,
            id=secrets.token_hex(8),
            author=person(name),
            text=text,
            sent_at=self._pipeline.clock(),
            addressed=addressed,
        )
        if not await self._pipeline.receive(message):
            self._screen.line("  · not kept: the mode is off", style=MARK_STYLE)


def typed(line: str) -> Typed:
    """Take a line apart: `Name: text`, `Name:`, or a bare text."""
    match = _NAMED.fullmatch(line.strip())
    if match is None or not _is_name(match[1]):
        return Typed(None, line.strip())
    return Typed(unicodedata.normalize("NFC", " ".join(match[1].split())), (match[2] or "").strip())


def mark(decision: Decision, *, num_messages: int) -> str:
    """Say what was decided and why, on one line."""
    did = {Action.SPEAK: "speaks", Action.SILENT: "silent", Action.FAILED: "failed"}
    together = f" on {num_messages} messages" if num_messages > 1 else ""
    score = ""
    if decision.p_speak is not None and decision.rule is not Rule.THRESHOLD:
        needed = "" if decision.threshold is None else f", threshold {decision.threshold:.2f}"
        score = f" (P(speak) {decision.p_speak:.2f}{needed})"
    return f"  · {did[decision.action]}{together}: {decision.reason}{score}"


def person_style(name: str) -> str:
    """Give a person the same colour in every sitting."""
    return PERSON_STYLES[sum(name.casefold().encode()) % len(PERSON_STYLES)]


def _is_name(text: str) -> bool:
    words = text.split()
    return (
        not is_blank(text)
        and len(text) <= MAX_NAME_CHARS
        and len(words) <= MAX_NAME_WORDS
        and not text.replace(" ", "").isdigit()
    )
