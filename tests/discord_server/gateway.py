"""The gateway: what a client says over its websocket, and which events it is told.

The faults of a gateway are here as well: refused and dropped connections, lost sessions,
held back acknowledgements, events twice.
"""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import WSMessage, WSMsgType, web

from tests.discord_server.intents import PRIVILEGED, Intent, application_flags, needed
from tests.discord_server.sessions import Connection, Session
from tests.discord_server.views import guild_json, user_json
from tests.discord_server.world import Guild, Json

if TYPE_CHECKING:
    from tests.discord_server.server import DiscordServer

HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME, RECONNECT = 1, 2, 3, 4, 6, 7
REQUEST_MEMBERS, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 8, 9, 10, 11
UNKNOWN_OPCODE, DECODE_ERROR, NOT_AUTHENTICATED = 4001, 4002, 4003
AUTHENTICATION_FAILED, ALREADY_AUTHENTICATED, INVALID_SEQ = 4004, 4005, 4007
INVALID_SHARD, INVALID_INTENTS, DISALLOWED_INTENTS = 4010, 4013, 4014
ENDS_SESSION = {1000, 1001}  # a client that closes with one of these cannot resume


class Closing(Exception):  # noqa: N818 - the code says if it is an error
    """The client said what ends its connection."""

    def __init__(self, code: int) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


@dataclass(eq=False)
class Gateway:
    """`heard` is all that clients said, as (op, data); `connections` the queries they came with.

    `num_replayed_twice` events come again after a RESUME although the client had them.
    """

    server: "DiscordServer"
    heartbeat_interval_s: float = 20.0
    acks: bool = True
    num_replayed_twice: int = 0
    granted: Intent = PRIVILEGED
    sessions: dict[str, Session] = field(default_factory=dict)
    heard: list[tuple[int, Any]] = field(default_factory=list)
    connections: list[dict[str, str]] = field(default_factory=list)
    _open: list[Connection] = field(default_factory=list)
    _refused: list[int] = field(default_factory=list)

    # What a client does.

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Talk with one client for as long as it is connected."""
        self.connections.append(dict(request.query))
        if self._refused:
            self.server.changed()
            return web.Response(status=self._refused.pop(0))
        ws = web.WebSocketResponse(timeout=1.0)
        await ws.prepare(request)
        connection = Connection(request, ws)
        self._open.append(connection)
        writer = asyncio.create_task(connection.write_all())
        try:
            await self._converse(ws, connection)
        except Exception as crash:
            self.server.crashes.append(crash)
            raise
        finally:
            writer.cancel()
            with suppress(asyncio.CancelledError):
                await writer
            self._open.remove(connection)
            self._part(connection, ws.close_code)
        return ws

    async def _converse(self, ws: web.WebSocketResponse, connection: Connection) -> None:
        connection.send(HELLO, {"heartbeat_interval": int(self.heartbeat_interval_s * 1000)})
        async for frame in ws:
            try:
                self._hear(connection, frame)
            except Closing as closing:
                await connection.close(closing.code)
            self.server.changed()

    def _hear(self, connection: Connection, frame: WSMessage) -> None:
        if frame.type is not WSMsgType.TEXT:
            raise Closing(DECODE_ERROR)
        op, data = _parsed(frame.data)
        self.heard.append((op, data))
        session = self._session_on(connection)
        if op == HEARTBEAT:
            if self.acks:
                connection.send(HEARTBEAT_ACK)
        elif op == IDENTIFY:
            if session is not None:
                raise Closing(ALREADY_AUTHENTICATED)
            self._identify(connection, data)
        elif op == RESUME:
            self._resume(connection, data)
        elif session is None:
            raise Closing(NOT_AUTHENTICATED)
        elif op == REQUEST_MEMBERS:
            self._send_members(session, data)
        elif op not in (PRESENCE, VOICE):
            raise Closing(UNKNOWN_OPCODE)

    def _identify(self, connection: Connection, asked: Json) -> None:
        if asked["token"] != self.server.token:
            raise Closing(AUTHENTICATION_FAILED)
        intents, shard = asked["intents"], tuple(asked.get("shard", (0, 1)))
        if not isinstance(intents, int) or intents < 0:
            raise Closing(INVALID_INTENTS)
        if intents & int(PRIVILEGED & ~self.granted):
            raise Closing(DISALLOWED_INTENTS)
        if len(shard) != 2 or not 0 <= shard[0] < shard[1]:
            raise Closing(INVALID_SHARD)
        session_id = self.server.ids.next()
        session = Session(session_id, Intent(intents), (shard[0], shard[1]), connection)
        self.sessions[session.id] = session
        self._welcome(session)

    def _welcome(self, session: Session) -> None:
        guilds = [one for one in self.server.guilds_of_bot() if session.hears_of(one.id)]
        bot = {**user_json(self.server.bot), "verified": True, "mfa_enabled": False, "flags": 0}
        flags = application_flags(self.granted)
        ready = {
            "v": 10,
            "user": {**bot, "email": None},
            "guilds": [{"id": one.id, "unavailable": True} for one in guilds],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self.server.gateway_url,
            "shard": list(session.shard),
            "application": {"id": self.server.application_id, "flags": flags},
            "private_channels": [],
            "relationships": [],
            "presences": [],
            "user_settings": {},
            "_trace": [],
        }
        session.dispatch("READY", ready)
        if Intent.GUILDS in session.intents:
            for guild in guilds:
                if not guild.unavailable:
                    shown = guild_json(guild, {self.server.bot.id})
                    session.dispatch("GUILD_CREATE", shown)

    def _resume(self, connection: Connection, asked: Json) -> None:
        if asked["token"] != self.server.token:
            raise Closing(AUTHENTICATION_FAILED)
        session = self.sessions.get(asked["session_id"])
        if session is None:
            connection.send(INVALID_SESSION, data=False)
            return
        if asked["seq"] is None or asked["seq"] > session.seq:
            raise Closing(INVALID_SEQ)
        session.connection = connection
        session.replay(max(0, asked["seq"] - self.num_replayed_twice))

    def _send_members(self, session: Session, asked: Json) -> None:
        guild = self.server.world.guilds[str(asked["guild_id"])]
        chunk = {
            "guild_id": guild.id,
            "members": guild_json(guild, set(guild.members))["members"],
            "chunk_index": 0,
            "chunk_count": 1,
            "nonce": asked.get("nonce"),
        }
        session.dispatch("GUILD_MEMBERS_CHUNK", chunk)

    def _session_on(self, connection: Connection) -> Session | None:
        return next((one for one in self.sessions.values() if one.connection is connection), None)

    def _part(self, connection: Connection, code: int | None) -> None:
        session = self._session_on(connection)
        if session is not None:
            session.connection = None
            if code in ENDS_SESSION and not connection.closed_by_us:
                self.sessions.pop(session.id, None)
        self.server.changed()

    # What a client is told.

    def emit(self, event: str, data: object, *, guild: Guild | None) -> None:
        """Send an event to those sessions that asked for it; `data` may depend on the session."""
        intent = needed(event, in_dm=guild is None)
        for session in self.sessions.values():
            if session.hears_of(guild.id if guild else None) and intent in session.intents:
                session.dispatch(event, data(session) if callable(data) else data)
        self.server.changed()

    def emit_raw(self, event: str, data: object) -> None:
        """Send an event to every session whatever it asked for, such as one no parser digests."""
        for session in self.sessions.values():
            session.dispatch(event, data)
        self.server.changed()

    def again(self, event: str) -> None:
        """Send the last event of this name a second time, under a number of its own."""
        for session in self.sessions.values():
            sent = [payload["d"] for payload in session.sent if payload["t"] == event]
            if sent:
                session.dispatch(event, sent[-1])
        self.server.changed()

    # What goes wrong.

    def refuse_next(self, times: int, *, status: int = 503) -> None:
        """Answer the next connections with an HTTP error instead of a websocket."""
        self._refused += [status] * times

    def drop_connections(self) -> None:
        """Break every connection with no goodbye; sessions stay and can be resumed."""
        for connection in self._open:
            connection.drop()

    async def close_connections(self, code: int) -> None:
        """Say goodbye to all with this code."""
        for connection in list(self._open):
            await connection.close(code)

    def ask_to_reconnect(self) -> None:
        """Send op 7 to all."""
        for connection in self._open:
            connection.send(RECONNECT)

    def invalidate_sessions(self, *, resumable: bool) -> None:
        """Send op 9 to all; sessions that are not resumable are gone."""
        if not resumable:
            self.forget_sessions()
        for connection in self._open:
            connection.send(INVALID_SESSION, data=resumable)

    def forget_sessions(self) -> None:
        """Lose every session: the next RESUME fails."""
        self.sessions.clear()

    # What can be asked.

    @property
    def num_connected(self) -> int:
        """How many sessions are connected."""
        return sum(one.connection is not None for one in self.sessions.values())

    def num_heard(self, op: int) -> int:
        """How often clients sent this op."""
        return sum(heard == op for heard, _ in self.heard)

    def events(self, name: str) -> list[Json]:
        """Give what was sent under this name, over all sessions."""
        sent = (payload for one in self.sessions.values() for payload in one.sent)
        return [payload["d"] for payload in sent if payload["t"] == name]


def _parsed(words: str) -> tuple[int, Any]:
    try:
        payload = json.loads(words)
        return payload["op"], payload.get("d")
    except (ValueError, KeyError, TypeError) as error:
        raise Closing(DECODE_ERROR) from error
