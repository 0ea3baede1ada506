"""The threads of Slack's pane for assistants, as the history's notes keep them: a note a direct chat."""

import json
from dataclasses import asdict, dataclass

from bot.messages import ConversationKey
from bot.platforms.slack.keys import PLATFORM
from bot.store import Store

MAX_KEPT = 20  # threads a direct chat, the newest


@dataclass(slots=True)
class PaneThread:
    """The channel in view, "" if there is none; whether the thread was greeted and has its title."""

    in_view: str = ""
    is_greeted: bool = False
    is_titled: bool = False


@dataclass(frozen=True, slots=True)
class PaneThreads:
    """Reads and writes the notes. To be called in the turn of the direct chat; raises StoreError."""

    store: Store

    async def all(self, where: ConversationKey) -> dict[str, PaneThread]:
        """Give the threads of a direct chat by their time stamps, the newest last."""
        kept = await self.store.notes.get(PLATFORM, _name(where))
        return {ts: PaneThread(**each) for ts, each in json.loads(kept or "{}").items()}

    async def keep(self, where: ConversationKey, threads: dict[str, PaneThread]) -> None:
        """Note them, no more than the newest."""
        newest = list(threads.items())[-MAX_KEPT:]
        value = json.dumps({ts: asdict(each) for ts, each in newest})
        await self.store.notes.set(PLATFORM, _name(where), value)


def _name(where: ConversationKey) -> str:
    """Name the note so that it goes with its workspace."""
    return f"pane/{where.channel}/{where.workspace}"
