"""The routes about messages: saying, editing, deleting, and the slash commands typed as text."""

from fastapi import APIRouter, HTTPException

from bot.commands import Caller, offered_in_words
from bot.messages import Author, Message
from bot.platforms.local import mentions
from bot.platforms.room.events import REFETCH, Event
from bot.platforms.room.requests import CommandLine, EditedMessage, NewMessage
from bot.platforms.room.room import Room, room_key
from bot.platforms.room.room_routes import RoomName, TheRoom, publish_settings
from bot.platforms.room.views import Json, message_view

router = APIRouter(prefix="/api/rooms/{room}")


@router.post("/messages", status_code=201)
async def say(room: RoomName, new: NewMessage, earshot: TheRoom) -> Json:
    """Say something; sending the same id again says it once."""
    author = _speaker(earshot, new.name)
    is_reply = new.reply_to is not None and await _is_ours(earshot, room, new.reply_to)
    message = Message(
        room_key(room),
        new.id,
        author,
        new.text,
        earshot.pipeline.clock(),
        addressed=is_reply or mentions(new.text, earshot.me.name),
        reply_to=new.reply_to,
    )
    return await _receive(earshot, message)


@router.patch("/messages/{message_id}")
async def edit(room: RoomName, message_id: str, edited: EditedMessage, earshot: TheRoom) -> Json:
    """Change the text of a person's message."""
    await _check_editable(earshot, room, message_id)
    await earshot.pipeline.edit(room_key(room), message_id, edited.text)
    body = {"id": message_id, "text": edited.text}
    earshot.platform.events.publish(Event("edited", room, body))
    return {"id": message_id}


@router.delete("/messages/{message_id}")
async def delete(room: RoomName, message_id: str, earshot: TheRoom) -> Json:
    """Delete a person's message; a place where it stood remains."""
    await _check_editable(earshot, room, message_id)
    await earshot.pipeline.delete(room_key(room), message_id)
    earshot.platform.events.publish(Event("deleted", room, {"id": message_id}))
    return {"id": message_id}


@router.post("/commands")
async def command(room: RoomName, line: CommandLine, earshot: TheRoom) -> Json:
    """Run what stands after `/assistant`.

    An answer for everyone is also told to the other pages; `ask` is said as an addressed message.
    """
    where, author, now = room_key(room), _speaker(earshot, line.name), earshot.pipeline.clock()
    caller = Caller(where, author, may_manage=True, now=now, may_manage_workspace=True)
    answer = await earshot.commands.run(line.text, caller)
    if answer.ask is not None:
        await _receive(earshot, Message(where, line.id, author, answer.ask, now, addressed=True))
    elif not answer.ephemeral:
        await earshot.platform.notice(where, offered_in_words(answer), reply_to=None)
    if answer.ask is None:
        await publish_settings(earshot, room)
        earshot.platform.events.publish(REFETCH)  # it may have cleared or forgotten messages
    return {
        "text": offered_in_words(answer),
        "ephemeral": answer.ephemeral,
        "fixed_width": answer.fixed_width,
    }


async def _receive(earshot: Room, message: Message) -> Json:
    is_new = await earshot.pipeline.receive(message)
    is_kept = is_new or (
        await earshot.store.messages.find(message.conversation, message.id) is not None
    )
    view = message_view(message, is_kept=is_kept)
    earshot.platform.events.publish(
        Event("message", message.conversation.channel, {"message": view})
    )
    return view


async def _is_ours(earshot: Room, room: str, message_id: str) -> bool:
    entry = await earshot.store.messages.find(room_key(room), message_id)
    return entry is not None and entry.from_assistant


async def _check_editable(earshot: Room, room: str, message_id: str) -> None:
    entry = await earshot.store.messages.find(room_key(room), message_id)
    if entry is None or entry.deleted:
        raise HTTPException(404, "This message is no longer there.")
    if entry.from_assistant:
        raise HTTPException(403, f"What {earshot.me.name} said cannot be changed.")


def _speaker(earshot: Room, name: str) -> Author:
    try:
        return earshot.speaker(name)
    except ValueError as error:
        raise HTTPException(422, str(error)) from error
