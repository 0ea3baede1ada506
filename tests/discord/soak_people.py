"""People who talk in several servers, threads and direct messages, and what they said in truth."""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from tests.discord_server import Channel, ChannelType, DiscordServer, Interaction, Message, Person

NAMES = ["Mia", "Ben", "Ana", "Tom", "Zoe", "Kim"]
NUM_GUILDS, NUM_CHANNELS, NUM_DMS, MAX_THREADS = 3, 6, 3, 12
RECENT = 6  # messages of a place that people still edit, delete, react or reply to
EMOJI = ["👍", "👎", "🎉"]
ACTS = {
    "say": 50,
    "wonder": 4,
    "mention": 13,
    "reply": 8,
    "edit": 8,
    "delete": 4,
    "delete_some": 0.5,
    "react": 6,
    "ask": 3,
    "open_thread": 0.7,
}


@dataclass(eq=False)
class Said:
    """A message of a person; `question` is its number, such as q17, if it needs an answer."""

    message: Message
    question: str | None

    @property
    def is_deleted(self) -> bool:
        return self.message.deleted


@dataclass(eq=False)
class Asked:
    """A question asked by a command."""

    interaction: Interaction
    question: str
    at: datetime


@dataclass
class People:
    """Does what people do, drawn from `rng`. `said` and `asked` are the truth to compare with."""

    server: DiscordServer
    rng: random.Random
    said: dict[str, Said] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    places: list[Channel] = field(default_factory=list)
    starters: dict[str, Message] = field(default_factory=dict)  # by thread
    counts: Counter[str] = field(default_factory=Counter)
    _forums: list[Channel] = field(default_factory=list)
    _number: int = 0

    async def settle_in(self) -> None:
        """Found servers, channels and threads; write to the bot once."""
        guilds = [self.server.guild, *map(self.server.add_guild, ["Bakery", "Choir"])]
        for guild in guilds[:NUM_GUILDS]:
            for name in NAMES:
                self.server.member(name, guild=guild)
            for number in range(NUM_CHANNELS):
                self.places.append(self.server.add_channel(f"room-{number}", guild=guild))
            forum = self.server.add_channel("forum", ChannelType.FORUM, guild=guild)
            self._forums.append(forum)
            thread = self.server.add_thread(self.places[-1], "aside", by=self._one(forum))
            self.places.append(thread)
        self.places += [self.server.member(name).dm for name in NAMES[:NUM_DMS]]

    async def write_first(self) -> None:
        """Write in each direct chat, of which the bot learns only so, and in each forum."""
        for forum in self._forums:
            name, by = self._next("m"), self._one(forum)
            post = await self.server.add_post(forum, "a post", f"{name} hello", by=by)
            self._keep(post.messages[post.id], None)
            self.places.append(post)
        for place in self.places:
            if place.is_dm:
                await self._say(place, question=self._next("q"))

    async def talk(self, *, until_s: float, per_s: float) -> None:
        """Go on until then, with so many acts a second."""
        next_s = time.monotonic()
        while next_s < until_s:
            act = self.rng.choices(list(ACTS), list(ACTS.values()))[0]
            await getattr(self, f"_{act}")(self.rng.choice(self.places))
            next_s += self.rng.expovariate(per_s)
            await asyncio.sleep(max(0.0, next_s - time.monotonic()))

    async def _say(self, place: Channel, *, question: str | None = None) -> None:
        is_private = place.is_dm and question is None
        name = question or self._next("q" if is_private else "m")
        message = await self._one(place).says(place, f"{name} {self._words()}")
        self._keep(message, name if is_private or question else None)

    async def _wonder(self, place: Channel) -> None:
        if not place.is_dm:
            name = self._next("m")
            self._keep(await self._one(place).says(place, f"{name} {self._words()}?"), None)

    async def _mention(self, place: Channel) -> None:
        name = self._next("q")
        bot = [self.server.bot]
        message = await self._one(place).says(place, f"{name} {self._words()}?", mentions=bot)
        self._keep(message, name)
        self.counts["mentions"] += 1

    async def _reply(self, place: Channel) -> None:
        recent = [one for one in place.newest_first[:RECENT] if one.author is self.server.bot]
        recent = [one for one in recent if not one.loading]
        if recent:
            name = self._next("q")
            message = await self._one(place).replies(recent[0], f"{name} {self._words()}")
            self._keep(message, name)
            self.counts["mentions"] += 1

    async def _edit(self, place: Channel) -> None:
        if one := self._recent(place):
            head = one.content.partition(" then")[0]
            await self._author(one).edits(one, f"{head} then {self._words()}")
            self.counts["edits"] += 1

    async def _delete(self, place: Channel) -> None:
        if one := self._recent(place):
            await self._author(one).deletes(one)
            self.counts["deletions"] += 1

    async def _delete_some(self, place: Channel) -> None:
        some = [one for one in place.newest_first[:RECENT] if one.id in self.said][:3]
        if place.guild is not None and len(some) > 1:
            self.server.acts.delete_many(place, some)
            self.counts["deletions"] += len(some)

    async def _react(self, place: Channel) -> None:
        if recent := place.newest_first[:RECENT]:
            await self._one(place).reacts(self.rng.choice(recent), self.rng.choice(EMOJI))
            self.counts["reactions"] += 1

    async def _ask(self, place: Channel) -> None:
        if place.is_dm:
            return
        name = self._next("q")
        asking = self._one(place).slash("assistant ask", where=place, wait=False, question=name)
        self.asked.append(Asked(await asking, name, self.server.clock.now()))
        self.counts["commands"] += 1

    async def _open_thread(self, place: Channel) -> None:
        starter = self._recent(place)
        is_room = place.type is ChannelType.TEXT and len(self.starters) < MAX_THREADS
        if is_room and starter is not None and starter.id not in self.starters:
            by = self._one(place)
            thread = self.server.add_thread(place, "on that", by=by, starter=starter)
            self.starters[thread.id] = starter
            self.places.append(thread)

    def _keep(self, message: Message, question: str | None) -> None:
        self.said[message.id] = Said(message, question)
        self.counts["messages"] += 1

    def _recent(self, place: Channel) -> Message | None:
        own = [one for one in place.newest_first[:RECENT] if one.id in self.said]
        return self.rng.choice(own) if own else None

    def _one(self, place: Channel) -> Person:
        if place.recipient is not None:
            return Person(self.server, place.recipient, self.server.guild)
        return self.server.member(self.rng.choice(NAMES), guild=place.guild)

    def _author(self, message: Message) -> Person:
        return Person(self.server, message.author, message.channel.guild or self.server.guild)

    def _next(self, letter: str) -> str:
        self._number += 1
        return f"{letter}{self._number}"

    def _words(self) -> str:
        return " ".join(self.rng.choices(["well", "the", "boat", "is", "late", "again"], k=4))
