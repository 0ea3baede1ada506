"""The whole bot on the loopback Discord, with a scripted model, so that tests read like a chat."""

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from bot.config import Settings
from bot.messages import ChannelSettings, ConversationKey, Mode
from bot.platforms.discord import run
from bot.platforms.discord.address import use_addresses
from bot.platforms.discord.client import EarshotClient
from bot.platforms.discord.run import DiscordBot
from bot.runtime import ServedModel
from bot.store import Store
from tests.discord_server import DiscordServer
from tests.fakes import FakeModel

GREETING = "Hello, I'm"
# discord.py waits so long for one more server before it is ready: 2 s; here they come at once.
GUILD_READY_TIMEOUT_S = 0.02


@dataclass
class Chat:
    """A server, a model and the bot, which can be stopped and started again."""

    server: DiscordServer
    database_url: str
    model: FakeModel = field(default_factory=FakeModel)
    told: list[str] = field(default_factory=list)
    changes: dict[str, object] = field(default_factory=dict)  # of the settings
    store: Store | None = None
    bot: DiscordBot | None = None
    serving: asyncio.Task[None] | None = None

    @property
    def settings(self) -> Settings:
        given = {
            "database_url": self.database_url,
            "discord_api_base": self.server.api_url,
            "discord_gateway": self.server.gateway_url,
            "new_channel_mode": Mode.ACTIVE,
            "burst_quiet_s": 0.0,
            "burst_max_s": 0.0,
        }
        return Settings(_env_file=None, **{**given, **self.changes})

    @asynccontextmanager
    async def running(self):
        """Run the bot as one process would, from its start to its stop."""
        settings = self.settings
        use_addresses(settings)
        self.store = await Store.open(
            settings.database_url, platform_modes={"discord": settings.new_channel_mode}
        )
        served = ServedModel(self.model, None, patience_s=5.0)
        self.told.clear()
        try:
            async with soon_ready():
                self.bot = DiscordBot(settings, self.store, served, self._tell)
                self.serving = asyncio.create_task(self.bot.serve(self.server.token))
                try:
                    await self.connected()
                    yield self
                finally:
                    self.serving.cancel()
                    with suppress(asyncio.CancelledError):
                        await self.serving
        finally:
            await self.store.close()
            use_addresses(Settings(_env_file=None))

    async def connected(self):
        """Wait until the bot knows its servers and its commands are there."""
        await self.server.until(lambda: self.serving.done() or self._is_ready())
        if self.serving.done():
            self.serving.result()

    async def settled(self):
        """Wait until nothing is left to decide."""
        await self.bot.pipeline.conversations.drain()

    def place(self, channel):
        """Name a channel's conversation as the history does."""
        guild = channel.guild.id if channel.guild else "@me"
        parent = getattr(channel, "parent_id", None)
        return (
            ConversationKey("discord", guild, parent, channel.id)
            if parent
            else ConversationKey("discord", guild, channel.id)
        )

    async def history(self, channel):
        """List what the history holds of a channel: (name, text), tombstones left out."""
        entries = await self.store.messages.recent(self.place(channel), limit=1000)
        return [(entry.author.name, entry.text) for entry in entries if not entry.deleted]

    async def says(self, person, text, *, where=None, **how):
        """Let somebody say something, and wait until that is heard and decided on."""
        channel = where or self.server.general
        message = await person.says(channel, text, **how)
        await self.heard(channel, message)
        return message

    async def asks(self, person, text, *, where=None):
        """Let somebody mention the bot."""
        return await self.says(person, text, where=where, mentions=[self.server.bot])

    async def heard(self, channel, message):
        """Wait until a message is in the history, and nothing is left to decide."""
        where = self.place(channel)
        await self.until(lambda: self.store.messages.find(where, message.id))
        async with self.bot.parts.ears.turns.turn(int(channel.id)):
            pass  # it is written down before those are woken who decide on it
        await self.settled()

    async def forgotten(self, message):
        """Wait until a message is known to be deleted."""

        async def is_deleted():
            entry = await self.store.messages.find(self.place(message.channel), message.id)
            return entry is not None and entry.deleted

        await self.until(is_deleted)

    async def until(self, found):
        """Wait until an awaited look into the store finds something, and give that."""
        async with asyncio.timeout(10):
            while not (seen := await found()):  # noqa: ASYNC110 - the store tells nobody
                await asyncio.sleep(0.01)
        return seen

    def shown(self):
        """Give the last prompt, turn by turn, without the system turn."""
        return [turn["content"] for turn in self.model.asked[-1] if turn["role"] != "system"]

    async def set(self, channel=None, **changes) -> ChannelSettings:
        """Change a channel's settings, as its managers do by commands."""
        where = self.place(channel or self.server.general)
        return await self.store.channels.change(where, **changes)

    def messages(self, channel=None):
        """List the messages of the bot, the greeting left out."""
        said = self.server.posts(channel or self.server.general)
        return [each for each in said if not each.content.startswith(GREETING)]

    def posts(self, channel=None):
        """List what the bot posted, the greeting left out."""
        return [each.content for each in self.messages(channel)]

    def _tell(self, words):
        self.told.append(words)
        self.server.changed()

    def _is_ready(self):
        is_connected = any(words.startswith("Connected") for words in self.told)
        told = self.server.asked("PUT", "/commands")  # once, if Discord took them
        return is_connected and any(call.status is not None for call in told)


@asynccontextmanager
async def soon_ready():
    """Let the client of the bot wait less for servers that do not come."""

    def made(*args, **options):
        client = EarshotClient(*args, **options)
        client._connection.guild_ready_timeout = GUILD_READY_TIMEOUT_S
        return client

    run.EarshotClient = made
    try:
        yield
    finally:
        run.EarshotClient = EarshotClient
