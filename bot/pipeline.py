"""The path of a message: recorded, put to the model, decided, and only then perhaps answered.

    receive -> record -> settle -> recent -> prompt -> score -> decide -> write -> outbox -> post

Knows one platform and one model by their ports. Addressed messages never vanish: where no reply can
be given, a notice is. A failure is kept as a failure, never as silence.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.acting import Acting
from bot.conversations import Conversations
from bot.delivery import Delivery
from bot.judge import Judge
from bot.leftovers import Leftovers
from bot.messages import Author, ConversationKey, Message, Mode
from bot.notices import OPTED_OUT, SAID_BEFORE, Told
from bot.ports import Model, Platform
from bot.settle import Settling
from bot.signs import Signs
from bot.store import Store
from bot.writer import Writer


async def _at_once() -> None:
    """Wait for nothing."""


def everything(where: ConversationKey) -> bool:
    """Own every conversation of the platform, as the only process that serves it."""
    return True


@dataclass(slots=True)
class Pipeline:
    """Runs the messages of one platform through one model.

    `clock` gives aware UTC times. A burst older than `max_age_s` is recorded, never answered.
    Decisions wait for `ready`, so that what is said while the model loads is decided on after it.
    `owns` tells which conversations are this process's own, where several share the history.
    Every method raises StoreError where the history cannot be read or written.
    """

    store: Store
    model: Model
    platform: Platform
    me: Author
    clock: Callable[[], datetime]
    settling: Settling = field(default_factory=Settling)
    max_age_s: float = 300.0
    ready: Callable[[], Awaitable[None]] = _at_once
    owns: Callable[[ConversationKey], bool] = everything
    previews: bool = True
    conversations: Conversations = field(init=False)
    judge: Judge = field(init=False)
    signs: Signs = field(init=False)
    delivery: Delivery = field(init=False)
    leftovers: Leftovers = field(init=False)
    acting: Acting = field(init=False)
    told: Told = field(init=False, default_factory=Told)
    _missed: dict[ConversationKey, set[str]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Make the parts that need the same store and model."""
        self.conversations = Conversations(self.respond, settling=self.settling)
        self.signs = Signs(self.platform)
        self.judge = Judge(
            self.store,
            self.model,
            self.me,
            self.clock,
            self.max_age_s,
            self.previews,
            place=self.signs.place,
        )
        self.delivery = Delivery(
            store=self.store,
            platform=self.platform,
            signs=self.signs,
            me=self.me,
            clock=self.clock,
            max_age_s=self.max_age_s,
            owns=self.owns,
        )
        self.leftovers = Leftovers(
            store=self.store,
            delivery=self.delivery,
            platform=self.platform.name,
            clock=self.clock,
            max_age_s=self.max_age_s,
            owns=self.owns,
            is_busy=self.conversations.is_busy,
        )
        self.acting = Acting(
            store=self.store,
            judge=self.judge,
            writer=Writer(self.model, self.me, self.signs.draft),
            signs=self.signs,
            delivery=self.delivery,
            leftovers=self.leftovers,
            told=self.told,
            clock=self.clock,
        )

    async def receive(self, message: Message) -> bool:
        """Record a message and see to it that it is decided on.

        False: seen before, the assistant's own, or said where nothing, or nothing so old, is kept.
        """
        if message.author.id == self.me.id:
            return False
        where = message.conversation
        if not (await self.kept(where, [message]) and await self.store.messages.record(message)):
            return False
        self.conversations.wake(where, addressed=message.addressed)
        excuse = await self._unread(message) if message.addressed else None
        if excuse is not None and self.told.is_news(where, message, excuse, now=self.clock()):
            telling = self.signs.notice(where, excuse, reply_to=message.id)
            self.conversations.aside(telling, name=f"a notice in {where}")
        return True

    async def overhear(self, message: Message) -> bool:
        """Record a message that nobody is to decide on, now or later; False: seen before, or not kept."""
        if not await self.kept(message.conversation, [message]):
            return False
        return await self.store.messages.record(replace(message, overheard=True))

    async def catch_up(self, where: ConversationKey, missed: Sequence[Message]) -> int:
        """Record what was said during a downtime; give the number of messages that were new.

        They are decided on once, together, if the newest is young enough.
        """
        missed = await self.kept(where, missed)
        self.note_missed(where, missed)
        num_new = await self.store.messages.record_all(missed)
        if num_new:
            self.conversations.wake(where, addressed=False)
        return num_new

    async def kept(self, where: ConversationKey, said: Sequence[Message]) -> list[Message]:
        """Leave out what is older than its channel keeps things; one that is off records nothing."""
        settings, now = await self.store.channels.settings(where), self.clock()
        if settings.mode is Mode.OFF:
            return []
        return [each for each in said if settings.keeps(each.sent_at, now=now)]

    def note_missed(self, where: ConversationKey, missed: Sequence[Message]) -> None:
        """Let messages of a gap have one answer together; to be called before they are recorded."""
        self._missed.setdefault(where, set()).update(message.id for message in missed)

    async def edit(
        self,
        where: ConversationKey,
        message_id: str,
        text: str,
        *,
        attachments: Sequence[str] | None = None,
    ) -> bool:
        """Take over an edit; the next prompt has the new text. False: unknown or unchanged.

        Without `attachments` those stay as they are.
        """
        return await self.store.messages.edit(
            where, message_id, text, at=self.clock(), attachments=attachments
        )

    async def delete(self, where: ConversationKey, message_id: str) -> bool:
        """Forget a message's text; the reply to it goes too, in a moment. False: unknown."""
        was_known = await self.store.messages.delete(where, message_id, at=self.clock())
        if was_known or await self.store.messages.find(where, message_id) is not None:
            self._look_after_reply(where, message_id)
        return was_known

    async def resume(self) -> None:
        """Take up what a stop left behind: replies not posted or not written, undecided messages.

        To be awaited before the first message is received.
        """
        await self.tidy()
        await self.delivery.try_again()
        for where in await self.waiting():
            self.conversations.wake(where, addressed=False)

    async def tidy(self) -> None:
        """Do of `resume` what comes before the first message; the rest is left to the caller."""
        await self.leftovers.take_up_all()
        for where, question_id in await self.store.messages.deleted(
            self.platform.name, since=self.leftovers.since
        ):
            if self.owns(where):
                self._look_after_reply(where, question_id)

    async def waiting(self) -> list[ConversationKey]:
        """List where something is undecided, or was left half answered: `wake` takes it up."""
        return await self.leftovers.waiting()

    async def respond(self, where: ConversationKey) -> None:
        """Decide on what waits in a conversation, and carry the decision out.

        No other process does either there meanwhile. Of what is to be answered in several places,
        one after the other: the rest comes next. Raises StoreError if it could not be decided on: it
        still waits then.
        """
        await self.ready()
        async with self.store.turns.alone(where) as was_taken:
            if was_taken or self.leftovers.is_noticed(where):
                await self.leftovers.take_up(where)
            await self.delivery.post_waiting(where)
            missed = frozenset(self._missed.get(where, ()))  # more may come while this is decided
            considered = await self.judge.consider(where, missed=missed)
            if considered is not None and considered.leaves_more:
                self.conversations.wake(where, addressed=True)
            elif left := self._missed.pop(where, set()) - missed:
                self._missed[where] = left
            if considered is not None:
                await self.acting.carry_out(considered)

    def _look_after_reply(self, where: ConversationKey, question_id: str) -> None:
        looking = self.delivery.look_after_reply(where, question_id)
        self.conversations.aside(looking, name=f"the reply to what was deleted in {where}")

    async def _unread(self, message: Message) -> str | None:
        """Say why a message is not read that its author wanted none of kept; None if it is."""
        where, speakers = message.conversation, self.store.speakers
        person = (where.platform, where.workspace, message.author.id)
        if await speakers.is_opted_out(*person):
            return OPTED_OUT
        is_kept = await speakers.keeps(*person, said_at=message.sent_at)
        return None if is_kept else SAID_BEFORE
