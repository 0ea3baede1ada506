"""The routes about rooms: which there are, what was said in one, its settings, the samples."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Request

from bot.commands import COMMANDS, Command
from bot.messages import Entry
from bot.platforms.room.events import Event
from bot.platforms.room.platform import PLATFORM
from bot.platforms.room.requests import ChangedSettings, NewRoom
from bot.platforms.room.room import FIRST_ROOM, Room, room_key, room_name
from bot.platforms.room.samples import samples
from bot.platforms.room.views import Json, author_view, entry_view, speakers_view, status_view

router = APIRouter(prefix="/api")
PAGE_SIZE = 200  # messages; the page asks for more of them with ?limit=
MAX_PAGE_SIZE = 5000


def the_room(request: Request) -> Room:
    """Give what the application was built with."""
    room: Room = request.app.state.room
    return room


def checked_room(room: str) -> str:
    """Give the name of the room in a path, or answer 404."""
    try:
        if room_name(room) == room:
            return room
    except ValueError:
        pass
    raise HTTPException(404, "There is no room of that name.")


TheRoom = Annotated[Room, Depends(the_room)]
RoomName = Annotated[str, Depends(checked_room)]


@router.get("/state")
async def state(earshot: TheRoom) -> Json:
    """Give what the page shows around the rooms."""
    return {
        "me": author_view(earshot.me),
        "status": status_view(earshot.status()),
        "rooms": await _rooms(earshot),
    }


@router.post("/rooms", status_code=201)
async def create(new: NewRoom, earshot: TheRoom) -> Json:
    """Create a room, or find the one of that name."""
    await earshot.store.messages.create(room_key(new.name))
    earshot.platform.events.publish(Event("rooms", None, {"name": new.name}))
    return {"name": new.name}


@router.get("/rooms/{room}")
async def show(room: RoomName, earshot: TheRoom, limit: int = PAGE_SIZE) -> Json:
    """Give the newest messages of a room, oldest first, with their marks, and its settings."""
    where, limit = room_key(room), max(1, min(limit, MAX_PAGE_SIZE))
    entries = await earshot.store.messages.recent(where, limit=limit + 1)
    return {
        "name": room,
        "has_more": len(entries) > limit,
        "messages": await _shown(earshot, entries[-limit:]),
        "settings": await earshot.settings(room),
        "speakers": speakers_view(await earshot.store.speakers.names(where)),
        "is_typing": earshot.platform.is_typing(room),
    }


@router.patch("/rooms/{room}/settings")
async def change(room: RoomName, changed: ChangedSettings, earshot: TheRoom) -> Json:
    """Change some settings of a room."""
    now = earshot.pipeline.clock()
    await earshot.store.channels.change(room_key(room), at=now, **changed.changes())
    return await publish_settings(earshot, room)


@router.get("/eagerness/{eagerness}")
async def meaning(eagerness: Annotated[int, Path(ge=0, le=100)], earshot: TheRoom) -> Json:
    """Say what a step of the dial means, before it is chosen."""
    text, threshold = await earshot.meaning(eagerness)
    return {"meaning": text, "threshold": threshold}


@router.get("/commands")
async def commands() -> list[Json]:
    """Give the slash commands for completion."""
    return [_command_view(command) for command in COMMANDS]


@router.get("/samples")
def sample_conversations() -> list[Json]:
    """Give the bundled conversations."""
    return [
        {
            "id": sample.id,
            "title": sample.title,
            "lines": [{"name": said.name, "text": said.content} for said in sample.messages],
        }
        for sample in samples()
    ]


async def publish_settings(earshot: Room, room: str) -> Json:
    """Tell every page the settings of a room and give them."""
    settings = await earshot.settings(room)
    earshot.platform.events.publish(Event("settings", room, {"settings": settings}))
    return settings


async def _rooms(earshot: Room) -> list[str]:
    found = await earshot.store.messages.conversations(PLATFORM)
    if not found:
        await earshot.store.messages.create(room_key(FIRST_ROOM))
        return [FIRST_ROOM]
    return [where.channel for where in found]


async def _shown(earshot: Room, entries: Sequence[Entry]) -> list[Json]:
    ids = {entry.decision_id for entry in entries if entry.decision_id is not None}
    decisions = await earshot.store.decisions.by_id(ids)
    return [entry_view(entry, decisions) for entry in entries]


def _command_view(command: Command) -> Json:
    return {
        "name": command.name,
        "summary": command.summary,
        "arguments": [
            {"name": arg.name, "required": arg.required, "choices": arg.choices}
            for arg in command.arguments
        ],
        "subcommands": [_command_view(sub) for sub in command.subcommands],
    }
