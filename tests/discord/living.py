"""The whole bot on the loopback Discord, with a scripted model, so that tests read like a chat."""

from contextlib import asynccontextmanager, contextmanager

from bot.messages import ConversationKey
from bot.platforms.discord import run
from bot.platforms.discord.address import use_addresses
from bot.platforms.discord.client import EarshotClient
from bot.platforms.discord.keys import PLATFORM
from bot.platforms.discord.run import DiscordBot
from tests.living import GREETING, Living

# discord.py waits so long for one more server before it is ready: 2 s; here they come at once.
GUILD_READY_TIMEOUT_S = 0.02


class HastyClient(EarshotClient):
    """Waits for nothing that only Discord's own limits make it wait for."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self._connection.guild_ready_timeout = GUILD_READY_TIMEOUT_S

    async def before_identify_hook(self, shard_id, *, initial=False):
        """Identify at once: the loopback server sets no limit."""


@contextmanager
def in_haste():
    """Let the bot take a client that is hasty."""
    before, run.EarshotClient = run.EarshotClient, HastyClient
    try:
        yield
    finally:
        run.EarshotClient = before


class Chat(Living):
    """A server, a model and the bot, which can be stopped and started again."""

    platform = PLATFORM

    def given(self):
        return {
            "discord_api_base": self.server.api_url,
            "discord_gateway": self.server.gateway_url,
        }

    @asynccontextmanager
    async def running(self, *, connects=True):
        use_addresses(self.settings)
        with in_haste():
            async with super().running(connects=connects):
                yield self

    def new_bot(self, settings, served, **surroundings):
        return DiscordBot(settings, self.store, served, self.say, **surroundings)

    async def serve(self):
        await self.bot.serve(self.server.token)

    def is_connected(self):
        """Tell whether the bot knows its servers and its commands are there."""
        is_ready = any(words.startswith("Connected") for words in self.told)
        told = self.server.asked("PUT", "/commands")  # once, if Discord took them
        if not is_ready or all(call.status is None for call in told):
            return False
        client = self.bot.client  # it is ready before all of its servers were told of, if need be
        return client is not None and not any(each.unavailable for each in client.guilds)

    def place(self, channel=None):
        """Name a channel's conversation as the history does."""
        channel = channel or self.server.general
        guild = channel.guild.id if channel.guild else "@me"
        parent = getattr(channel, "parent_id", None)
        return (
            ConversationKey(PLATFORM, guild, parent, channel.id)
            if parent
            else ConversationKey(PLATFORM, guild, channel.id)
        )

    async def settled(self):
        """Wait until nothing is left to decide."""
        await self.bot.pipeline.conversations.drain()

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

    def messages(self, channel=None):
        """List the messages of the bot, the greeting left out."""
        said = self.server.posts(channel or self.server.general)
        return [each for each in said if not each.content.startswith(GREETING)]

    def posts(self, channel=None):
        """List what the bot posted, the greeting left out."""
        return [each.content for each in self.messages(channel)]
