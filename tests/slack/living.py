"""The whole bot on a loopback Slack, in this process: what scenes of a chat are made of."""

from bot.platforms.slack.keys import PLATFORM, channel_key
from bot.platforms.slack.run import SlackBot
from tests.living import GREETING, Living
from tests.slack_server import Message, SlackServer

COMMAND = "/assistant"


class Chat(Living):
    """A Slack, a model and the bot, which can be stopped and started again."""

    platform = PLATFORM

    @property
    def slack(self) -> SlackServer:
        return self.server

    def given(self):
        return {
            "slack_api_base": self.slack.api_url,
            "slack_bot_token": self.slack.token,
            "slack_app_token": self.slack.app_token,
        }

    def new_bot(self, settings, served, **surroundings):
        return SlackBot(settings, self.store, served, self.say, **surroundings)

    async def serve(self):
        await self.bot.serve()

    def is_connected(self):
        return bool(self.slack.sockets.connections)

    def place(self, channel="general", *, thread=None):
        """Name a conversation as the history does, in the workspace that its channel is of."""
        found = self.slack.channel(channel)
        return channel_key(found.team_id, found.id, thread_ts=thread)

    async def settled(self):
        """Wait until nothing is left to decide, and nothing that somebody asked for to be done."""
        await self.bot.tasks.idle()
        await self.bot.pipeline.conversations.drain()

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

    def messages(self, channel="general"):
        """List the messages of the bot, the greeting left out."""
        return [each for each in self.slack.posts(channel) if not each.text.startswith(GREETING)]

    def posts(self, channel="general"):
        """List what the bot posted, the greeting left out."""
        return [each.text for each in self.messages(channel)]
