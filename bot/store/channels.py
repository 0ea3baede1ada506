"""What admins choose: for a channel, which its threads share, and for all of a workspace.

The workspace's defaults are the row without a channel. What neither level chose is the built-in
default, setting by setting.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import ChannelSettings, ConversationKey, Mode
from bot.store.database import Database, carried_through, insert_or_skip
from bot.store.setting_values import chosen_value, known_name, stored_value
from bot.store.tables import channels, conversations

_NAMES = tuple(field.name for field in fields(ChannelSettings))
_NOTHING_CHOSEN = (None,) * len(_NAMES)
# Made once: this is read for every message, and making it takes longer than reading it.
_LEVELS = select(channels.c.channel, *(channels.c[name] for name in _NAMES)).where(
    channels.c.platform == bindparam("platform"),
    channels.c.workspace == bindparam("workspace"),
    or_(channels.c.channel == "", channels.c.channel == bindparam("channel")),
)


@carried_through
class Channels:
    """The settings of every channel. Each method is a transaction of its own.

    `platform_modes` are the modes that hold on some platforms where none was chosen, in place of
    `default_mode`. In a chat that `is_direct`, all is said to the assistant: it answers there, in
    whatever mode its workspace's channels are, unless another was chosen for that chat.
    """

    def __init__(
        self,
        database: Database,
        *,
        default_mode: Mode,
        platform_modes: Mapping[str, Mode],
        is_direct: Callable[[ConversationKey], bool],
    ) -> None:
        self._database = database
        self._default_mode = default_mode
        self._platform_modes = platform_modes
        self._is_direct = is_direct

    async def settings(self, where: ConversationKey) -> ChannelSettings:
        """Give what holds in the conversation's channel; without a channel, the workspace's defaults."""
        async with self._database.reading() as connection:
            return await self._settings(connection, where)

    async def change(
        self, where: ConversationKey, *, at: datetime | None = None, **changes: object
    ) -> ChannelSettings:
        """Choose some settings by their names, and give all that hold there.

        Without a channel it chooses for the workspace. None is a choice too, where a setting can be
        none. `at` is when it is chosen, which is to be told of an eagerness. Raises ValueError that
        names the setting, for an unknown one and for a bad value.
        """
        values = {name: stored_value(name, value) for name, value in changes.items()}
        if "eagerness" in values:
            values["eagerness_at"] = _when_changed(values["eagerness"], at)
        async with self._database.writing() as connection:
            if values:
                await set_level(connection, where, values)
            return await self._settings(connection, where)

    async def chosen(self, where: ConversationKey) -> frozenset[str]:
        """Name the settings that were chosen at exactly this level: the channel, or the workspace."""
        query = select(*(channels.c[name] for name in _NAMES)).where(_is_level(where))
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).first()
        stored = row or _NOTHING_CHOSEN
        return frozenset(
            name for name, value in zip(_NAMES, stored, strict=True) if value is not None
        )

    async def reset(
        self, where: ConversationKey, *names: str, at: datetime | None = None
    ) -> ChannelSettings:
        """Take back what was chosen at this level, all of it if none is named; give what holds now.

        `at` is when that is, which is to be told of an eagerness. Raises ValueError that names the
        setting, for an unknown one.
        """
        values: dict[str, object] = {known_name(name): None for name in names or _NAMES}
        if "eagerness" in values:
            values["eagerness_at"] = _when_changed(None, at)
        async with self._database.writing() as connection:
            await connection.execute(update(channels).where(_is_level(where)).values(values))
            return await self._settings(connection, where)

    async def eagerness_since(self, where: ConversationKey) -> datetime | None:
        """Give when the eagerness was last changed in a channel or for its workspace; None: never."""
        query = select(func.max(channels.c.eagerness_at)).where(
            channels.c.platform == where.platform,
            channels.c.workspace == where.workspace,
            or_(channels.c.channel == "", channels.c.channel == where.channel),
        )
        async with self._database.reading() as connection:
            since: datetime | None = await connection.scalar(query)
        return since

    async def _settings(
        self, connection: AsyncConnection, where: ConversationKey
    ) -> ChannelSettings:
        mode = self._platform_modes.get(where.platform, self._default_mode)
        values: dict[str, Any] = {"mode": mode}
        levels = {level: row for level, *row in await connection.execute(_LEVELS, _key(where))}
        for level in ("", where.channel):
            if level and self._is_direct(where):
                values["mode"] = Mode.MENTION
            for name, stored in zip(_NAMES, levels.get(level, _NOTHING_CHOSEN), strict=True):
                if stored is not None:
                    values[name] = chosen_value(name, stored)
        return ChannelSettings(**values)


async def set_level(
    connection: AsyncConnection, where: ConversationKey, values: Mapping[str, object]
) -> None:
    """Write columns of a channel's row, or without a channel of the workspace's; make it if new."""
    await connection.execute(insert_or_skip(connection, channels).values(_key(where)))
    await connection.execute(update(channels).where(_is_level(where)).values(values))


def inherited(name: str) -> ColumnElement[Any]:
    """Stand for a setting in a query of conversations: NULL where neither level chose it."""

    def at(channel: ColumnElement[str] | str) -> ColumnElement[Any]:
        chosen = select(channels.c[name]).where(
            channels.c.platform == conversations.c.platform,
            channels.c.workspace == conversations.c.workspace,
            channels.c.channel == channel,
        )
        return chosen.correlate(conversations).scalar_subquery()

    return func.coalesce(at(conversations.c.channel), at(""))


def _when_changed(eagerness: object, at: datetime | None) -> ColumnElement[datetime]:
    """Stand for the time of the newest change: another eagerness than there is now makes one."""
    if at is None:
        raise ValueError("nobody told when the eagerness was chosen")
    is_other = channels.c.eagerness.is_distinct_from(eagerness)
    return case(
        (is_other, literal(at, channels.c.eagerness_at.type)), else_=channels.c.eagerness_at
    )


def _key(where: ConversationKey) -> dict[str, str]:
    return {"platform": where.platform, "workspace": where.workspace, "channel": where.channel}


def _is_level(where: ConversationKey) -> ColumnElement[bool]:
    return and_(*(channels.c[name] == value for name, value in _key(where).items()))
