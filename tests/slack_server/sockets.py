"""Socket Mode: tickets, connections, envelopes, acknowledgements, redelivery."""

import asyncio
import json
import uuid
from typing import TYPE_CHECKING

from aiohttp import ClientConnectionResetError, WSMsgType, web

from tests.faults import reset_connection
from tests.slack_server.deliveries import EVENTS, Delivery
from tests.slack_server.world import Json
from tests.waiting import WITHIN_S

if TYPE_CHECKING:
    from tests.slack_server.server import SlackServer

MAX_CONNECTIONS = 10
MAX_RETRIES = 3
GOODBYES = "warning", "refresh_requested", "link_disabled", "too_many_websockets"


class Connection:
    """One WebSocket. What is sent goes out in order, by `write_all`."""

    def __init__(self, request: web.Request, ws: web.WebSocketResponse) -> None:
        self._request, self._ws = request, ws
        self._outgoing: asyncio.Queue[Json] = asyncio.Queue()
        self.unacknowledged: dict[str, Delivery] = {}

    def put(self, payload: Json) -> None:
        self._outgoing.put_nowait(payload)

    def drop(self) -> None:
        """Break the connection with no goodbye."""
        reset_connection(self._request)

    async def write_all(self) -> None:
        """Send what is put here until cancelled or until nobody reads."""
        while True:
            words = json.dumps(await self._outgoing.get())
            try:
                await self._ws.send_str(words)
            except (ClientConnectionResetError, ConnectionResetError):
                return


class Sockets:
    """`ack_within_s` is how long an envelope waits before it is sent again; see also `redeliver`.

    For real that is three seconds, which a busy machine may take. What happens while the app has no
    connection waits for the next one, once there was any; `forget` lets it be lost, as in a long
    downtime. `opened` counts connections, `refused` are the statuses with which handshakes were
    turned away (499 for a reset), `acknowledged` all that came back.
    """

    def __init__(self, server: "SlackServer") -> None:
        self._server = server
        self.connections: list[Connection] = []
        self.opened = 0
        self.refused: list[int] = []
        self.acknowledged: list[Json] = []
        self.num_pings = 0
        self.answers_pings = True
        self.ack_within_s = WITHIN_S
        self._tickets: set[str] = set()
        self._waiting: list[Delivery] = []
        self._turn = 0

    def new_url(self) -> str:
        """Give an address that is good for one connection."""
        ticket = uuid.uuid4().hex
        self._tickets.add(ticket)
        return f"ws://{self._server.address}/link/?ticket={ticket}&app_id={self._server.app_id}"

    # What tests do.

    def disconnect(self, reason: str, *, which: int = -1) -> None:
        """Tell a connection to go; the app closes it and opens another."""
        assert reason in GOODBYES, reason
        debug = {"host": "loopback"}
        self.connections[which].put({"type": "disconnect", "reason": reason, "debug_info": debug})

    def drop(self, *, which: int | None = None) -> None:
        """Break one connection, or all, with no goodbye."""
        for connection in self.connections if which is None else [self.connections[which]]:
            connection.drop()

    def redeliver(self) -> None:
        """Send again at once what nobody acknowledged, as after three seconds."""
        for connection in list(self.connections):
            for delivery in list(connection.unacknowledged.values()):
                self._give_up(connection, delivery, "timeout")

    def forget(self) -> None:
        """Lose what waits for a connection, as Slack does after a long downtime."""
        for delivery in self._waiting:
            delivery.lost = True
        self._waiting.clear()

    def send_raw(self, payload: Json, *, which: int = -1) -> None:
        """Send anything, such as what no well-behaved Slack would."""
        self.connections[which].put(payload)

    # Envelopes.

    def send(self, delivery: Delivery) -> None:
        """Send something on one of the connections, each in its turn."""
        if not self.connections:
            self._keep(delivery)
            return
        self._turn = (self._turn + 1) % len(self.connections)
        connection = self.connections[self._turn]
        connection.unacknowledged[delivery.id] = delivery
        connection.put(self._envelope(delivery))
        loop = asyncio.get_running_loop()
        loop.call_later(self.ack_within_s, self._give_up, connection, delivery, "timeout")
        self._server.changed()

    def _keep(self, delivery: Delivery) -> None:
        """Let it wait for a connection, if the app ever had one and it is an event."""
        if self.opened and delivery.retried:
            self._waiting.append(delivery)
        else:
            delivery.lost = True
        self._server.changed()

    def _envelope(self, delivery: Delivery) -> Json:
        envelope = {
            "envelope_id": delivery.id,
            "type": delivery.kind,
            "payload": delivery.payload,
            "accepts_response_payload": delivery.kind != EVENTS,
        }
        if delivery.kind == EVENTS:
            reason = delivery.tries[-1] if delivery.tries else ""
            envelope |= {"retry_attempt": delivery.attempt, "retry_reason": reason}
        return envelope

    def _give_up(self, connection: Connection, delivery: Delivery, reason: str) -> None:
        """Send again what was not acknowledged there, or lose it after the last try."""
        if connection.unacknowledged.pop(delivery.id, None) is None:
            return
        delivery.tries.append(reason)
        if not delivery.retried or delivery.attempt >= MAX_RETRIES:
            delivery.lost = True
            self._server.changed()
            return
        delivery.attempt += 1
        self.send(delivery)

    # Connections.

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Take a connection that comes with a fresh ticket."""
        ticket = request.query.get("ticket", "")
        is_fresh = ticket in self._tickets
        self._tickets.discard(ticket)
        turned_away = await self._server.meet_handshake(request)
        if turned_away is not None or not is_fresh:
            return self._refuse(turned_away or web.Response(status=403))
        ws = web.WebSocketResponse(autoping=False)
        await ws.prepare(request)
        connection = Connection(request, ws)
        await self._converse(connection, ws)
        return ws

    def _refuse(self, response: web.Response) -> web.Response:
        self.refused.append(response.status)
        self._server.changed()
        return response

    async def _converse(self, connection: Connection, ws: web.WebSocketResponse) -> None:
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(connection.write_all())
            self._open(connection)
            try:
                async for message in ws:
                    if message.type is WSMsgType.PING:
                        await self._pong(ws, message.data)
                    elif message.type is WSMsgType.TEXT:
                        self._acknowledge(json.loads(message.data))
            finally:
                writing.cancel()
                self._close(connection)

    def _open(self, connection: Connection) -> None:
        self.connections.append(connection)
        self.opened += 1
        debug = {"host": "loopback", "build_number": 1, "approximate_connection_time": 18060}
        hello = {"type": "hello", "num_connections": len(self.connections), "debug_info": debug}
        connection.put({**hello, "connection_info": {"app_id": self._server.app_id}})
        if len(self.connections) > MAX_CONNECTIONS:
            self.disconnect("too_many_websockets")
        waiting, self._waiting = self._waiting, []
        for delivery in waiting:
            delivery.tries.append("connection_failed")
            delivery.attempt += 1
            self.send(delivery)
        self._server.changed()

    def _close(self, connection: Connection) -> None:
        self.connections.remove(connection)
        for delivery in list(connection.unacknowledged.values()):
            self._give_up(connection, delivery, "connection_failed")
        self._server.changed()

    async def _pong(self, ws: web.WebSocketResponse, data: bytes) -> None:
        self.num_pings += 1
        self._server.changed()
        if self.answers_pings:
            await ws.pong(data)  # unchanged: the client looks for what it sent

    def _acknowledge(self, answer: Json) -> None:
        self.acknowledged.append(answer)
        for connection in self.connections:
            delivery = connection.unacknowledged.pop(answer.get("envelope_id", ""), None)
            if delivery is not None:
                delivery.tries.append("ok")
                delivery.acknowledged, delivery.answer = True, answer.get("payload")
                self._server.answered(delivery)
        self._server.changed()
