"""A client's session and the connection it is on; sends payloads in order and keeps them."""

import asyncio
import json
import zlib
from dataclasses import dataclass, field

from aiohttp import ClientConnectionResetError, web

from tests.discord_server.intents import Intent
from tests.discord_server.snowflakes import shard_of
from tests.discord_server.world import Json
from tests.faults import reset_connection

DISPATCH = 0


class Connection:
    """One websocket. What is sent goes out in order, by `write_all`."""

    def __init__(self, request: web.Request, ws: web.WebSocketResponse) -> None:
        self._request, self._ws = request, ws
        compressed = request.query.get("compress") == "zlib-stream"
        # One for the whole connection: that is what makes it a stream.
        self._compressor = zlib.compressobj() if compressed else None
        self._outgoing: asyncio.Queue[Json] = asyncio.Queue()
        self.closed_by_us = False

    @property
    def compressed(self) -> bool:
        return self._compressor is not None

    @property
    def open(self) -> bool:
        return not self._ws.closed and not self.closed_by_us

    def send(self, op: int, data: object = None) -> None:
        """Send what is no event."""
        self.put({"op": op, "s": None, "t": None, "d": data})

    def put(self, payload: Json) -> None:
        self._outgoing.put_nowait(payload)

    async def write_all(self) -> None:
        """Send what is put here until cancelled or until nobody reads."""
        while True:
            words = json.dumps(await self._outgoing.get())
            try:
                await self._write(words)
            except (ClientConnectionResetError, ConnectionResetError):
                return

    async def _write(self, words: str) -> None:
        if self._compressor is None:
            await self._ws.send_str(words)
            return
        compressed = self._compressor.compress(words.encode())
        await self._ws.send_bytes(compressed + self._compressor.flush(zlib.Z_SYNC_FLUSH))

    async def close(self, code: int) -> None:
        """Say goodbye with this code."""
        self.closed_by_us = True
        await self._ws.close(code=code)

    def drop(self) -> None:
        """Break the TCP connection with no goodbye."""
        self.closed_by_us = True
        reset_connection(self._request)


@dataclass(eq=False)
class Session:
    """What a client identified as. Events wait here while it has no connection."""

    id: str
    intents: Intent
    shard: tuple[int, int]
    connection: Connection | None
    sent: list[Json] = field(default_factory=list)

    @property
    def seq(self) -> int:
        return len(self.sent)

    def hears_of(self, guild_id: str | None) -> bool:
        """Whether this is the shard of a guild or, for None, that of DMs."""
        number, num_shards = self.shard
        return number == (0 if guild_id is None else shard_of(guild_id, num_shards))

    def dispatch(self, event: str, data: object) -> None:
        """Send an event, now or at the next RESUME."""
        payload = {"op": DISPATCH, "s": self.seq + 1, "t": event, "d": data}
        self.sent.append(payload)
        if self.connection is not None:
            self.connection.put(payload)

    def replay(self, after_seq: int) -> None:
        """Send once more what came after this number, then say that this was all."""
        assert self.connection is not None
        for payload in self.sent[after_seq:]:
            self.connection.put(payload)
        self.dispatch("RESUMED", {"_trace": []})
