"""The whole bot on the loopback Discord, with a scripted model, so that tests read like a chat."""

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from bot.config import Settings
from bot.messages import ConversationKey, Mode
from bot.platforms.discord.address import use_addresses
from bot.platforms.discord.run import DiscordBot, bot_of
from bot.runtime import ServedModel
from bot.store import Store
from tests.discord_server import DiscordServer
from tests.fakes import FakeModel


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
        try:
            async with bot_of(
                settings, store=self.store, served=served, say=self.told.append
            ) as bot:
                self.bot = bot
                self.serving = asyncio.create_task(bot.serve(self.server.token))
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
        await self.server.until(lambda: self.serving.done() or self.server.commands)
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

    async def heard(self, channel, message):
        """Wait until a message is in the history."""
        where = self.place(channel)
        async with asyncio.timeout(10):
            while await self.store.messages.find(where, message.id) is None:
                await asyncio.sleep(0.01)
        await self.settled()

    def posts(self, channel=None):
        """List what the bot posted, the greeting left out."""
        said = self.server.posts(channel or self.server.general)
        return [each.content for each in said if not each.content.startswith("Hello, I'm")]
