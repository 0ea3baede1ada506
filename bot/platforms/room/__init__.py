"""The room: a local web page with a group chat, in which the visitor plays everyone but Earshot.

`room_app` serves it, `RoomPlatform` puts Earshot's words there. Nothing here decides anything.
"""

from bot.platforms.room.app import room_app
from bot.platforms.room.events import Events
from bot.platforms.room.platform import RoomPlatform
from bot.platforms.room.room import Room, room_key

__all__ = ["Events", "Room", "RoomPlatform", "room_app", "room_key"]
