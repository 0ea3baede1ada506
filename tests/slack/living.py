"""The whole bot on a loopback Slack, in this process: what scenes of a chat are made of."""

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from bot.config import Settings
from bot.messages import ChannelSettings, Mode
from bot.platforms.slack.keys import channel_key
from bot.platforms.slack.run import SlackBot
from bot.runtime import ServedModel
from bot.store import Store
from tests.fakes import FakeModel
from tests.slack_server import Message, SlackServer

COMMAND = "/assistant"
GREETING = "Hello, I'm"
PATIENCE_S = 5.0


@dataclass
class Chat:
    """A Slack, a model and the bot, which can be stopped and started again."""

    slack: SlackServer
    database_url: str
    model: FakeModel = field(default_factory=FakeModel)
    told: list[str] = field(default_factory=list)
    changes: dict[str, object] = field(default_factory=dict)  # of the settings
    store: Store | None = None
    bot: SlackBot | None = None
    serving: asyncio.Task[None] | None = None

    @property
    def settings(self) -> Settings:
        given = {
            "database_url": self.database_url,
            "slack_api_base": self.slack.api_url,
            "slack_bot_token": self.slack.token,
            "slack_app_token": self.slack.app_token,
            "new_channel_mode": Mode.ACTIVE,
            "burst_quiet_s": 0.0,
            "burst_max_s": 0.0,
        }
        return Settings(_env_file=None, **{**given, **self.changes})

    @asynccontextmanager
    async def running(self):
        """Run the bot as one process would, from its start to its stop."""
        settings = self.settings
        self.store = await Store.open(
            settings.database_url, platform_modes={"slack": settings.new_channel_mode}
        )
        served = ServedModel(self.model, None, patience_s=PATIENCE_S)
        self.told.clear()
        try:
            self.bot = SlackBot(settings, self.store, served, self.told.append)
            self.serving = asyncio.create_task(self.bot.serve())
            try:
                await self.connected()
                yield self
            finally:
                self.serving.cancel()
                with suppress(asyncio.CancelledError):
                    await self.serving
        finally:
            await self.store.close()

    async def connected(self):
        """Wait until the bot has its connection, and has looked for what it missed."""
        connecting = asyncio.create_task(self.slack.until_connected())
        await asyncio.wait({connecting, self.serving}, return_when=asyncio.FIRST_COMPLETED)
        connecting.cancel()
        if self.serving.done():
            self.serving.result()

    async def settled(self):
        """Wait until nothing is left to decide, and nothing that somebody asked for to be done."""
        await self.bot.tasks.idle()
        await self.bot.pipeline.conversations.drain()

    def place(self, channel="general", *, thread=None):
        """Name a conversation as the history does, in the workspace that its channel is of."""
        found = self.slack.channel(channel)
        return channel_key(found.team_id, found.id, thread_ts=thread)

    async def history(self, channel="general", *, thread=None):
        """List what the history holds of a conversation: (name, text), tombstones left out."""
        where = self.place(channel, thread=thread)
        entries = await self.store.messages.recent(where, limit=1000)
        return [(entry.author.name, entry.text) for entry in entries if not entry.deleted]

    async def says(self, who, text, *, where="general", thread=None, **how) -> Message:
        """Let somebody say something, and wait until that is heard and decided on."""
        said = await self.slack.says(who, where, text, thread=thread, **how)
        await self.heard(said)
        return said

    async def asks(self, who, text, *, where="general", thread=None) -> Message:
        """Let somebody mention the bot."""
        mention = self.slack.bot.mention
        return await self.says(who, f"{mention} {text}", where=where, thread=thread)

    async def types(self, who, text, where="general", *, team=None) -> str:
        """Let somebody use `/assistant`, and give what only they, or all, see of its answer."""
        before = len(self.slack.posts(where)), len(self.slack.whispers(where))
        done = await self.slack.slash(who, where, COMMAND, text, team=team)
        await self.slack.until_delivered()
        await self.settled()
        shown = [
            *done.shown,
            *self.slack.posts(where)[before[0] :],
            *self.slack.whispers(where)[before[1] :],
        ]
        return "\n".join(each.text for each in dict.fromkeys(shown))

    async def heard(self, message: Message):
        """Wait until a message is delivered, and nothing is left to decide."""
        await self.slack.until_delivered()
        await self.settled()

    async def set(self, channel="general", **changes) -> ChannelSettings:
        """Change a channel's settings, as its managers do by commands."""
        return await self.store.channels.change(self.place(channel), **changes)

    def shown(self):
        """Give the last prompt, turn by turn, without the system turn."""
        return [turn["content"] for turn in self.model.asked[-1] if turn["role"] != "system"]

    def messages(self, channel="general"):
        """List the messages of the bot, the greeting left out."""
        return [each for each in self.slack.posts(channel) if not each.text.startswith(GREETING)]

    def posts(self, channel="general"):
        """List what the bot posted, the greeting left out."""
        return [each.text for each in self.messages(channel)]

    async def until(self, found):
        """Wait until an awaited look into the store finds something, and give that."""
        async with asyncio.timeout(10):
            while not (seen := await found()):  # noqa: ASYNC110 - the store tells nobody
                await asyncio.sleep(0.01)
        return seen
