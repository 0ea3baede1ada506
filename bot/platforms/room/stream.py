"""The stream of events: one connection a page, for all rooms, and how the model is doing."""

from collections.abc import AsyncIterator

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from bot.platforms.room.events import Event
from bot.platforms.room.room import Room
from bot.platforms.room.room_routes import TheRoom
from bot.platforms.room.views import status_view

router = APIRouter(prefix="/api")
TICK_S = 1.0  # how soon a page sees that the model is ready
NUM_SILENT_TICKS = 15  # a comment after so many, so that a dead connection is noticed
RETRY_MS = 1000


@router.get("/events")
async def events(earshot: TheRoom) -> StreamingResponse:
    """Stream what happens until the page goes or the server stops."""
    return StreamingResponse(_stream(earshot), media_type="text/event-stream")


async def _stream(earshot: Room) -> AsyncIterator[str]:
    with earshot.platform.events.subscribe() as subscription:
        yield f"retry: {RETRY_MS}\n\n"
        last, num_silent = "", 0
        while True:
            status = _status(earshot)
            if status != last:
                yield (last := status)
            try:
                event = await subscription.next(timeout_s=TICK_S)
            except TimeoutError:
                num_silent += 1
                if num_silent % NUM_SILENT_TICKS == 0:
                    yield ": still here\n\n"
                continue
            if event is None:
                return
            yield event.encoded()


def _status(earshot: Room) -> str:
    return Event("status", None, status_view(earshot.status())).encoded()
