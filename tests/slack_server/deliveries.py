"""What is on its way to the app, over whichever transport it has, until it is acknowledged or lost."""

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.slack_server.world import Json

if TYPE_CHECKING:
    from tests.slack_server.server import SlackServer

EVENTS = "events_api"


@dataclass(eq=False)
class Delivery:
    """One event, command or interaction.

    `answer` is what the app acknowledged it with, `tries` how it went each time: "ok" or the
    reason for which it is sent again. `lost` means that Slack gave up.
    """

    id: str
    kind: str
    payload: Json
    attempt: int = 0
    acknowledged: bool = False
    lost: bool = False
    answer: Any = None
    tries: list[str] = field(default_factory=list)

    @property
    def retried(self) -> bool:
        return self.kind == EVENTS

    @property
    def over(self) -> bool:
        return self.acknowledged or self.lost


class Deliveries:
    """`all` are the deliveries of both transports; HTTP is used while there is a request URL."""

    def __init__(self, server: "SlackServer") -> None:
        self._server = server
        self.all: list[Delivery] = []
        self._open: list[Delivery] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def send(self, kind: str, payload: Json) -> Delivery:
        """Send something to the app; give what becomes of it."""
        delivery = self.make(kind, payload)
        self.start(delivery)
        return delivery

    def make(self, kind: str, payload: Json) -> Delivery:
        """Make what is sent only when it is started."""
        delivery = Delivery(self._server.stamps.id("E").lower(), kind, payload)
        self.all.append(delivery)
        self._open.append(delivery)
        return delivery

    def start(self, delivery: Delivery) -> None:
        """Send it over the transport that the app has for it."""
        if delivery.kind not in self._server.http.urls:
            self._server.sockets.send(delivery)
            return
        task = asyncio.get_running_loop().create_task(self._server.http.deliver(delivery))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def open(self) -> list[Delivery]:
        self._open = [one for one in self._open if not one.over]
        return self._open

    async def stop(self) -> None:
        """Give up what is on its way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
