"""Messages fetched from Discord, page by page: one that cannot be read hides no other.

discord.py's own `history` ends at the first message that its parser cannot digest
(https://github.com/Rapptz/discord.py/blob/v2.7.1/discord/abc.py#L2058), and reads on beyond `after`.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import discord
from discord.abc import Messageable

from bot.platforms.discord.trying import let_others_go_on

logger = logging.getLogger(__name__)

PAGE_SIZE = 100  # the most that Discord gives at once
PAGE_TIMEOUT_S = 60.0  # discord.py's own five tries take about 25 s, its limits as long again


@dataclass(frozen=True, slots=True)
class Fetched:
    """What stands in a place, oldest first. `unread` are the ids of what could not be read.

    `is_all` tells that nothing older was left out for the limit.
    """

    messages: list[discord.Message]
    unread: frozenset[int]
    is_all: bool


async def messages(
    client: discord.Client,
    channel: Messageable,
    *,
    after: int | None = None,
    before: int | None = None,
    limit: int,
) -> list[discord.Message]:
    """Fetch as `fetched` does, and leave out what cannot be read."""
    found = await fetched(client, channel, after=after, before=before, limit=limit)
    return found.messages


async def fetched(
    client: discord.Client,
    channel: Messageable,
    *,
    after: int | None = None,
    before: int | None = None,
    limit: int,
) -> Fetched:
    """Fetch the newest `limit` messages with ids between `after` and `before`, both excluded.

    Raises TimeoutError, and what discord.py raises where Discord refuses or cannot be reached.
    """
    place = await channel._get_channel()
    found: list[Mapping[str, Any]] = []
    is_all = False
    while not is_all and len(found) < limit:
        size = min(PAGE_SIZE, limit - len(found))
        page = await _page(client, place.id, size, before)
        newer = [raw for raw in page if after is None or int(raw["id"]) > after]
        found += newer
        is_all = len(page) < size or len(newer) < len(page)
        before = int(page[-1]["id"]) if page else before
    return _digested(client, place, found[::-1], is_all=is_all)


async def _page(
    client: discord.Client, place_id: int, size: int, before: int | None
) -> list[Mapping[str, Any]]:
    """Ask for one page, newest first."""
    try:
        async with asyncio.timeout(PAGE_TIMEOUT_S):
            return list(await client.http.logs_from(place_id, size, before=before))
    except (TimeoutError, asyncio.CancelledError):
        let_others_go_on(client)
        raise


def _digested(
    client: discord.Client, place: Any, found: list[Mapping[str, Any]], *, is_all: bool
) -> Fetched:
    read: list[discord.Message] = []
    unread: set[int] = set()
    for raw in found:
        try:
            message = client._connection.create_message(channel=place, data=raw)  # type: ignore[arg-type]
        except Exception:  # whatever the parser stumbles over, it is about this one message
            logger.exception("a message of Discord's cannot be read")
            unread.add(int(raw["id"]))
        else:
            read.append(message)
    return Fetched(read, frozenset(unread), is_all)
