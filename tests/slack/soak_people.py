"""People who talk in channels, threads and direct chats of Slack, and what they said in truth."""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from bot.platforms.slack.ask_form import ASK
from bot.platforms.slack.interactions import ASK_ABOUT
from tests.slack_server import Channel, Kind, Message, SlackServer, User
from tests.slack_server.desk import Interaction

NAMES = ["Mia", "Ben", "Ana", "Tom", "Zoe", "Kim"]
NUM_DMS = 3
RECENT = 8  # messages of a channel that people still edit, delete, react or reply to
EMOJI = ["+1", "-1", "tada"]
COMMAND = "/assistant"
ACTS = {
    "say": 40,
    "wonder": 4,
    "mention": 10,
    "follow_up": 5,
    "reply": 14,
    "broadcast": 1,
    "upload": 1.5,
    "me": 1,
    "edit": 8,
    "delete": 4,
    "react": 6,
    "unreact": 1,
    "ask": 3,
    "ask_about": 1.5,
    "command": 1.5,
    "webhook": 1,
    "come_and_go": 1,
    "look_around": 1,
}


@dataclass(eq=False)
class Said:
    """A message of a person; `question` is its number, such as q17, if it needs an answer."""

    message: Message
    question: str | None
    expected: str  # what the history is to hold of it
    file: str = ""

    @property
    def place(self) -> tuple[str, str]:
        """The conversation: a channel and a thread, "" if it stands in the channel itself."""
        return self.message.channel.id, self.message.thread_ts or ""


@dataclass(eq=False)
class Asked:
    """A question asked by a command or about a message; `row_id` is its name in the history."""

    interaction: Interaction
    question: str
    at: datetime
    row_id: str


@dataclass
class People:
    """Does what people do, drawn from `rng`. `said` and `asked` are the truth to compare with."""

    slack: SlackServer
    rng: random.Random
    said: dict[str, Said] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    places: list[Channel] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    _late: set[asyncio.Task[None]] = field(default_factory=set)
    _number: int = 0

    async def settle_in(self) -> None:
        """Found channels of every kind; nobody says anything yet."""
        add, everybody = self.slack.add_channel, [self.slack.member(name) for name in NAMES]
        self.slack.commands = {COMMAND}
        self.places += [add(f"room-{number}", members=everybody) for number in range(6)]
        for number in range(3):
            self.places.append(add(f"den-{number}", Kind.PRIVATE, members=everybody[number:]))
        for number in range(2):
            some = everybody[number : number + 3]
            self.places.append(add(f"mpdm-{number}", Kind.MPIM, members=some))
        self.places += [self.slack.dm(name) for name in NAMES[:NUM_DMS]]

    async def talk(self, *, until_s: float, per_s: float) -> None:
        """Go on until then, with so many acts a second."""
        next_s = time.monotonic()
        while next_s < until_s:
            act = self.rng.choices(list(ACTS), list(ACTS.values()))[0]
            await getattr(self, f"_{act}")(self.rng.choice(self.places))
            next_s += self.rng.expovariate(per_s)
            await asyncio.sleep(max(0.0, next_s - time.monotonic()))

    # Words.

    async def _say(self, place: Channel) -> None:
        await self._keep(place, thread=None, is_question=_is_dm(place))

    async def _wonder(self, place: Channel) -> None:
        await self._keep(place, thread=None, is_question=_is_dm(place), end="?")

    async def _mention(self, place: Channel, *, thread: Message | None = None) -> None:
        await self._keep(place, thread=thread, is_question=True, mentions=True, end="?")
        self.counts["mentions"] += 1

    async def _follow_up(self, place: Channel) -> None:
        """Mention the bot in a thread, mostly in one in which it has spoken."""
        if (root := self._root(place)) is not None:
            await self._mention(place, thread=root)

    async def _reply(self, place: Channel) -> None:
        if (root := self._root(place)) is not None:
            await self._keep(place, thread=root, is_question=_is_dm(place))

    async def _broadcast(self, place: Channel) -> None:
        root = self._root(place)
        if root is not None and not _is_dm(place):
            await self._keep(place, thread=root, is_question=False, broadcast=True)

    async def _upload(self, place: Channel) -> None:
        await self._keep(place, thread=None, is_question=_is_dm(place), has_file=True)
        self.counts["files"] += 1

    async def _keep(  # noqa: PLR0913 - each is named in the call
        self,
        place: Channel,
        *,
        thread: Message | None,
        is_question: bool,
        mentions: bool = False,
        broadcast: bool = False,
        has_file: bool = False,
        end: str = "",
    ) -> None:
        name = self._next("q" if is_question else "m")
        words = f"{name} {self._words()}{end}"
        head = f"{self.slack.bot.mention} " if mentions else ""
        files = [(f"{name}.txt", f"notes of {name}".encode())] if has_file else []
        by = self._one(place)
        message = await self.slack.says(
            by, place, head + words, thread=thread, broadcast=broadcast, files=files
        )
        expected = f"@Earshot {words}" if mentions else words
        file = files[0][0] if files else ""
        self.said[message.ts] = Said(message, name if is_question else None, expected, file)
        self.counts["messages"] += 1

    async def _me(self, place: Channel) -> None:
        if not _is_dm(place):
            text = f"{self._next('m')} {self._words()}"
            message = await self.slack.says_me(self._one(place), place, text)
            self.said[message.ts] = Said(message, None, f"_{text}_")
            self.counts["messages"] += 1

    async def _webhook(self, place: Channel) -> None:
        if not _is_dm(place):
            text = f"{self._next('m')} {self._words()}"
            message = await self.slack.webhook_says("Build", place, text)
            self.said[message.ts] = Said(message, None, text)
            self.counts["messages"] += 1

    # What becomes of words.

    async def _edit(self, place: Channel) -> None:
        said = self._recent(place)
        if said is not None and said.message.subtype in (None, "thread_broadcast"):
            text, words = said.message.text, self._words()
            await self.slack.edits(said.message, f"{text.partition(' then')[0]} then {words}")
            said.expected = f"{said.expected.partition(' then')[0]} then {words}"
            self.counts["edits"] += 1

    async def _delete(self, place: Channel) -> None:
        said = self._recent(place)
        if said is not None and said.message.user is not None:
            await self.slack.deletes(said.message)
            self.counts["deletions"] += 1

    async def _react(self, place: Channel) -> None:
        if recent := _newest(place):
            who = self._one(place)
            await self.slack.reacts(who, self.rng.choice(recent), self.rng.choice(EMOJI))
            self.counts["reactions"] += 1

    async def _unreact(self, place: Channel) -> None:
        for message in _newest(place):
            for name, users in list(message.reactions.items()):
                await self.slack.unreacts(users[0], message, name)
                self.counts["reactions taken back"] += 1
                return

    # Commands.

    async def _ask(self, place: Channel) -> None:
        name = self._next("q")
        asked = f"ask {name} {self._words()}?"
        interaction = await self.slack.slash(self._one(place), place, COMMAND, asked)
        self._asked(interaction, name, interaction.trigger_id)

    async def _ask_about(self, place: Channel) -> None:
        """Choose the shortcut of a message, and ask in the form, if it comes."""
        said = self._recent(place)
        if said is not None:
            who = self._one(place)
            await self.slack.message_shortcut(who, said.message, ASK_ABOUT)
            task = asyncio.create_task(self._fill_in(who, self._next("q")))
            self._late.add(task)
            task.add_done_callback(self._late.discard)

    async def _fill_in(self, who: User, name: str) -> None:
        for _ in range(50):
            view = self.slack.modal(who)
            if view is not None and view.shown.get("callback_id") == ASK:
                question = f"{name} {self._words()}?"
                interaction = await self.slack.submits(who, view, question=question)
                self._asked(interaction, name, view.id)
                self.slack.desk.modals[who.id] = []
                return
            await asyncio.sleep(0.1)
        self.counts["forms that did not open"] += 1

    async def _command(self, place: Channel) -> None:
        """Give a command where Slack knows none: in a thread, by a mention."""
        root = self._root(place)
        if root is not None and not _is_dm(place):
            text = f"{self.slack.bot.mention} !why"
            await self.slack.says(self._one(place), place, text, thread=root)
            self.counts["commands by mention"] += 1

    def _asked(self, interaction: Interaction, name: str, row_id: str) -> None:
        self.asked.append(Asked(interaction, name, self.slack.clock.now(), row_id))
        self.counts["commands"] += 1

    # Whatever else there is.

    async def _come_and_go(self, place: Channel) -> None:
        if place.kind is Kind.PUBLIC:
            await self.slack.joins("Olaf", place)
            await self.slack.leaves("Olaf", place)
            await self.slack.sets_topic(self._one(place), place, self._words())

    async def _look_around(self, place: Channel) -> None:
        await self.slack.opens_home(self._one(place))

    def _recent(self, place: Channel) -> Said | None:
        own = [one for one in _newest(place) if one.ts in self.said]
        return self.said[self.rng.choice(own).ts] if own else None

    def _root(self, place: Channel) -> Message | None:
        """Give a message on which a thread hangs or may hang."""
        newest = [one for one in _newest(place) if one.ts in self.said]
        roots = [place.messages.get(one.thread_ts or one.ts) for one in newest]
        there = [one for one in roots if one is not None and one.subtype != "bot_message"]
        return self.rng.choice(there) if there else None

    def _one(self, place: Channel) -> User:
        members = [self.slack.user(one) for one in place.members]
        return self.rng.choice([one for one in members if one.real_name in NAMES])

    def _next(self, letter: str) -> str:
        self._number += 1
        return f"{letter}{self._number}"

    def _words(self) -> str:
        return " ".join(self.rng.choices(["well", "the", "boat", "is", "late", "again"], k=4))


def _is_dm(place: Channel) -> bool:
    return place.kind is Kind.IM


def _newest(place: Channel) -> list[Message]:
    return place.oldest_first()[-RECENT:]
