"""The whole bot in bad weather: its waits pass when a test lets them, and its clock may be wrong."""

from dataclasses import dataclass, field, replace

from tests.naps import Rests
from tests.slack.connected import QUICK
from tests.slack.living import Chat

QUESTION = "what is the capital of France?"
TAKEN_AT = "Slack's requests are taken at "


@dataclass
class Weather(Chat):
    """A chat whose bot comes by either transport, by halves, more than once at a time.

    Over HTTP, where Slack tells of no connection, it counts as connected once it takes requests.
    """

    naps: Rests = field(default_factory=Rests)

    @property
    def over_http(self) -> bool:
        return "slack_signing_secret" in self.changes

    def new_bot(self, settings, served, **surroundings):
        bot = super().new_bot(settings, served, **surroundings)
        bot.connection.pace = replace(QUICK, told_s=0.1)
        return bot

    def is_connected(self):
        return bool(self._address) if self.over_http else super().is_connected()

    async def connected(self):
        await super().connected()
        if self.over_http:
            self.slack.http.use(f"{self._address}/slack/events")

    async def greeted(self, channel="general"):
        """Wait until the bot has looked for what it missed, and said in the channel who it is."""
        await self.slack.until(lambda: self.slack.posts(channel))

    async def until_answered(self, num=1, *, where="general"):
        """Wait until so many replies are posted, and nothing is left to do; give their texts."""
        await self.slack.until(lambda: len(self.posts(where)) >= num)
        await self.settled()
        return self.posts(where)

    async def pending(self):
        """List what waits in the outbox."""
        return await self.store.outbox.pending(self.platform)

    @property
    def _address(self) -> str:
        lines = (line for line in self.told if line.startswith(TAKEN_AT))
        return next(lines, "").removeprefix(TAKEN_AT).rstrip(".")


def question(chat: Weather) -> str:
    """Give a question to the bot, as people type it."""
    return f"{chat.slack.bot.mention} {QUESTION}"


async def asks(chat: Weather, where="general"):
    """Let somebody ask the bot, and wait until that is delivered."""
    said = await chat.slack.says("Alice", where, question(chat))
    await chat.slack.until_delivered()
    return said
