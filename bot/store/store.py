"""The history store: opens the database and gives its nouns."""

from collections.abc import Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import Self, TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.messages import ConversationKey, Mode
from bot.store.channels import Channels
from bot.store.database import Database
from bot.store.decisions import Decisions
from bot.store.feedback import Feedbacks
from bot.store.late import Late
from bot.store.marks import Marks
from bot.store.messages import Messages
from bot.store.moves import Moves
from bot.store.notes import Notes
from bot.store.outbox import Outbox
from bot.store.schema import create_or_check, upgrade_to_head
from bot.store.slack_installations import SlackInstallations
from bot.store.slack_states import SlackStates
from bot.store.speakers import Speakers
from bot.store.training import Training
from bot.store.turns import Turns
from bot.store.workspaces import Workspaces

Result = TypeVar("Result")

_NO_MODES: Mapping[str, Mode] = MappingProxyType({})


def _is_none(_: ConversationKey) -> bool:
    """Know no direct chats."""
    return False


class Store:
    """All that is kept, by noun. Every method of every noun may raise StoreError."""

    def __init__(self, database: Database, channels: Channels) -> None:
        self._database = database
        self.messages = Messages(database)
        self.marks = Marks(database)
        self.late = Late(database)
        self.decisions = Decisions(database)
        self.outbox = Outbox(database)
        self.moves = Moves(database)
        self.channels = channels
        self.speakers = Speakers(database)
        self.training = Training(database)
        self.feedback = Feedbacks(database)
        self.workspaces = Workspaces(database)
        self.notes = Notes(database)
        self.turns = Turns(database)
        self.slack_states = SlackStates(database)
        self.slack_installations = SlackInstallations(database)

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        default_mode: Mode = Mode.ACTIVE,
        platform_modes: Mapping[str, Mode] = _NO_MODES,
        is_direct: Callable[[ConversationKey], bool] = _is_none,
    ) -> Self:
        """Open the database, creating it if absent.

        Where no mode was chosen, that of the platform in `platform_modes` holds, or `default_mode`;
        in a chat that `is_direct`, MENTION. Raises StoreError that says what to do, also for a database
        that is not at head.
        """
        database = Database(url)
        try:
            await database.connect()
            await create_or_check(database)
        except BaseException:
            await database.close()
            raise
        channels = Channels(
            database,
            default_mode=default_mode,
            platform_modes=platform_modes,
            is_direct=is_direct,
        )
        return cls(database, channels)

    @property
    def engine(self) -> AsyncEngine:
        """Give the engine for slack_sdk's own stores, and for nothing else; `Store` closes it.

        What they do goes through `carry_through`. On SQLite each of their transactions takes its
        turn on the one connection that writes.
        """
        return self._database.writer

    async def carry_through(self, work: Coroutine[object, object, Result]) -> Result:
        """Run work over `engine` to its end, even if its caller is cancelled; raises StoreError."""
        with self._database.told_plainly():
            return await self._database.carry_through(work)

    async def close(self) -> None:
        """Write what was brought, and close every connection."""
        await self.messages.close()
        await self.turns.close()
        await self._database.close()


async def upgrade(url: str) -> None:
    """Bring a database to the newest form, creating it if absent; raises StoreError."""
    database = Database(url)
    try:
        await database.connect()
        await upgrade_to_head(database)
    finally:
        await database.close()
