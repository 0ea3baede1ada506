"""What admins set for a channel; its threads share it."""

from typing import Any

from sqlalchemy import ColumnElement, and_, select, update

from bot.messages import ChannelSettings, ConversationKey, Mode, QuietHours
from bot.store.database import Database, carried_through, insert_or_skip
from bot.store.setting_values import stored_value
from bot.store.tables import AnyRow, channels

_KEY = (channels.c.platform, channels.c.workspace, channels.c.channel)
_SETTINGS = tuple(column for column in channels.c if column not in set(_KEY))


@carried_through
class Channels:
    """The settings of every channel. Each method is a transaction of its own."""

    def __init__(self, database: Database, *, default_mode: Mode) -> None:
        self._database = database
        self._defaults = ChannelSettings(mode=default_mode)

    async def settings(self, where: ConversationKey) -> ChannelSettings:
        """Give the settings of the conversation's channel; the defaults where nobody changed any."""
        async with self._database.reading() as connection:
            row = (await connection.execute(select(*_SETTINGS).where(_is_at(where)))).first()
        return self._defaults if row is None else self._read(row)

    async def change(self, where: ConversationKey, **changes: object) -> ChannelSettings:
        """Change some settings by their names, and give all of them.

        Raises ValueError that names the setting, for an unknown one and for a bad value.
        """
        values = {name: stored_value(name, value) for name, value in changes.items()}
        async with self._database.writing() as connection:
            await connection.execute(insert_or_skip(connection, channels).values(_unchanged(where)))
            changed = await connection.execute(
                update(channels)
                .where(_is_at(where))
                .values(eagerness=channels.c.eagerness)  # so that no change is a statement too
                .values(values)
                .returning(*_SETTINGS)
            )
            return self._read(changed.one())

    def _read(self, row: AnyRow) -> ChannelSettings:
        values = dict(row._mapping)
        values["mode"] = Mode(row.mode) if row.mode else self._defaults.mode
        values["quiet_hours"] = _quiet_hours(row.quiet_hours)
        return ChannelSettings(**values)


def _key(where: ConversationKey) -> dict[str, str]:
    return {"platform": where.platform, "workspace": where.workspace, "channel": where.channel}


def _is_at(where: ConversationKey) -> ColumnElement[bool]:
    return and_(*(channels.c[name] == value for name, value in _key(where).items()))


def _unchanged(where: ConversationKey) -> dict[str, Any]:
    # The mode stays empty until someone chooses one, so that it follows EARSHOT_DEFAULT_MODE.
    defaults = ChannelSettings()
    values = {column.name: getattr(defaults, column.name) for column in _SETTINGS}
    return {**_key(where), **values, "mode": None}


def _quiet_hours(value: dict[str, Any] | None) -> QuietHours | None:
    if value is None:
        return None
    return QuietHours(**{**value, "weekdays": frozenset(value["weekdays"])})
