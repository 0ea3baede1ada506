"""A chat around a real pipeline and a real store, so that tests read like the chat itself."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.messages import Author, ConversationKey, Message
from bot.pipeline import Pipeline
from bot.settle import Settling
from bot.store import Store
from tests.fakes import FakeModel, FakePlatform

BEGINNING = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
LOUNGE = ConversationKey("room", "local", "lounge")
KITCHEN = ConversationKey("room", "local", "kitchen")
ME = Author("earshot", "Earshot", is_bot=True)


@dataclass
class Scene:
    """Who says what, and what came of it. Every message is a second after the one before."""

    store: Store
    model: FakeModel = field(default_factory=FakeModel)
    platform: FakePlatform = field(default_factory=FakePlatform)
    now: datetime = BEGINNING
    num_said: int = 0
    settling: Settling = field(default_factory=lambda: Settling(quiet_s=0, max_s=0))
    pipeline: Pipeline = field(init=False)

    def __post_init__(self):
        self.restart()

    def restart(self):
        """Begin anew with the history as it is, as after a stop of the bot."""
        self.pipeline = Pipeline(
            store=self.store,
            model=self.model,
            platform=self.platform,
            me=ME,
            clock=lambda: self.now,
            settling=self.settling,
            max_age_s=300.0,
        )

    def message(self, name, text, *, where=LOUNGE, **fields):
        self.num_said += 1
        self.now += timedelta(seconds=1)
        author = Author(f"id-{name}", name, is_bot=name.endswith("bot"))
        message_id = fields.pop("id", f"m{self.num_said}")
        sent_at = fields.pop("sent_at", self.now)
        return Message(where, message_id, author, text, sent_at, **fields)

    async def hears(self, name, text, **fields):
        """Receive a message and do not wait for what comes of it."""
        return await self.pipeline.receive(self.message(name, text, **fields))

    async def says(self, name, text, **fields):
        """Receive a message and wait until it is decided on."""
        heard = await self.hears(name, text, **fields)
        await self.settled()
        return heard

    async def asks(self, name, text, **fields):
        """Say something to the assistant."""
        return await self.says(name, text, addressed=True, **fields)

    async def happened_before(self, *messages):
        """Record messages that nobody has decided on yet."""
        await self.store.messages.record_all(messages)

    async def settled(self):
        await self.pipeline.conversations.drain()

    async def change(self, where=LOUNGE, **settings):
        await self.store.channels.change(where, at=self.now, **settings)

    async def entries(self, where=LOUNGE):
        return await self.store.messages.recent(where, limit=1000)

    async def decisions(self, where=LOUNGE):
        """Give what was decided as (action, rule), oldest first."""
        kept = await self.store.decisions.last(where, 1000)
        return [(str(each.decision.action), str(each.decision.rule)) for each in kept[::-1]]

    @property
    def posts(self):
        return self.platform.posts

    @property
    def notices(self):
        return self.platform.notices

    @property
    def prompt(self):
        """The turns the model was asked with last, as one text."""
        return "\n".join(f"<{turn['role']}> {turn['content']}" for turn in self.model.asked[-1])
