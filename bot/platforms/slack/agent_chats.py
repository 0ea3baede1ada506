"""Direct chats as agents have them: every message may begin a thread, and Slack tells what is in view.

Slack shows an app's direct chat so if its manifest has `agent_view`, and tells nobody which kind an
app is: what it says of the channel in view comes to no other. That much is kept, a note a chat.
"""

import json
from dataclasses import asdict, dataclass, field

from bot.messages import ConversationKey
from bot.platforms.in_order import InOrder
from bot.platforms.slack.keys import PLATFORM, channel_key, is_direct
from bot.platforms.slack.lenient import Payload, part_of, parts_of, text_in
from bot.store import Store

CHANNEL, MESSAGE = "slack#/types/channel_id", "slack#/types/message_context"


@dataclass(slots=True)
class AgentChat:
    """The channel in view, "" if there is none; whether Slack ever told of one in this chat."""

    in_view: str = ""
    is_agents: bool = False


@dataclass(frozen=True, slots=True)
class AgentChats:
    """Reads and writes the notes. Raises StoreError."""

    store: Store
    _turns: InOrder = field(init=False, default_factory=InOrder)

    async def get(self, where: ConversationKey) -> AgentChat:
        """Give what is known of a direct chat."""
        kept = await self.store.notes.get(PLATFORM, _name("agent", where.channel, where))
        return AgentChat(**json.loads(kept or "{}"))

    async def saw(self, where: ConversationKey, in_view: str) -> bool:
        """Note the channel that Slack says is in view; tells whether that is news."""
        async with self._turns.turn((where.workspace, where.channel)):
            before, now = await self.get(where), AgentChat(in_view, is_agents=True)
            if before == now:
                return False
            name = _name("agent", where.channel, where)
            await self.store.notes.set(PLATFORM, name, json.dumps(asdict(now)))
            return True

    async def met(self, where: ConversationKey, user_id: str) -> bool:
        """Note whose chat this is; tells whether they open it for the first time."""
        await self.store.notes.set(PLATFORM, _name("chat-of", user_id, where), where.channel)
        return await self.store.notes.claim(PLATFORM, _name("met", where.channel, where))

    async def missed(self, where: ConversationKey) -> None:
        """Note that the greeting could not be said: the next time is the first."""
        await self.store.notes.drop(PLATFORM, _name("met", where.channel, where))

    async def chat_of(self, team_id: str, user_id: str) -> ConversationKey | None:
        """Find somebody's chat with the assistant; None if they never opened it."""
        of_team = channel_key(team_id, "")
        channel_id = await self.store.notes.get(PLATFORM, _name("chat-of", user_id, of_team))
        return channel_key(team_id, channel_id) if channel_id else None

    async def has_threads(self, where: ConversationKey) -> bool:
        """Tell whether an answer in a direct chat stands in the thread of its question."""
        return (await self.get(where)).is_agents


class PlainChats:
    """Direct chats of an app that is no agent: answers stand in the chat itself."""

    async def has_threads(self, _where: ConversationKey) -> bool:
        """Tell whether an answer in a direct chat stands in the thread of its question: never."""
        return False


def in_view(context: Payload) -> str:
    """Give the channel that somebody looks at, the most relevant one; "" if it is none."""
    for entity in parts_of(context, "entities"):
        kind, channel_id = text_in(entity, "type"), ""
        if kind == CHANNEL:
            channel_id = text_in(entity, "value")
        elif kind == MESSAGE:
            channel_id = text_in(part_of(entity, "value"), "channel_id")
        if channel_id and not is_direct(channel_id):
            return channel_id
    return ""


def _name(what: str, whose: str, where: ConversationKey) -> str:
    """Name a note so that it goes with its workspace."""
    return f"{what}/{whose}/{where.workspace}"
