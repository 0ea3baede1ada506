"""The server itself: where it listens and what was seen; who does what comes on top."""

import asyncio
from collections.abc import Callable

from aiohttp import web

from tests.faults import reset_connection
from tests.slack_server import rest
from tests.slack_server.acts import Acts
from tests.slack_server.calls import Call
from tests.slack_server.consent import Consent
from tests.slack_server.deliveries import Deliveries, Delivery
from tests.slack_server.desk import Desk
from tests.slack_server.events import Events
from tests.slack_server.faults import Faults
from tests.slack_server.http import Http
from tests.slack_server.limits import Limits
from tests.slack_server.scenery import Scenery, Where, Who
from tests.slack_server.sockets import Sockets
from tests.slack_server.world import Message
from tests.waiting import WITHIN_S, Happenings


class Site(Scenery):
    """A Slack with one app.

    It listens between `start` and `stop`. `calls` are all HTTP requests, `refusals` the methods
    and errors of those that were refused, `unknown_methods` those that this server does not have.
    """

    def __init__(self) -> None:
        super().__init__()
        self.faults = Faults()
        self.acts = Acts(self)
        self.events = Events(self)
        self.deliveries = Deliveries(self)
        self.sockets = Sockets(self)
        self.http = Http(self)
        self.limits = Limits(self)
        self.desk = Desk(self)
        self.calls: list[Call] = []
        self.refusals: list[tuple[str, str]] = []
        self.unknown_methods: list[str] = []
        self.crashes: list[Exception] = []
        self.commands: set[str] = set()  # those of the app; none means any
        self.callbacks: set[str] = set()  # those of its shortcuts; none means any
        self.has_pane = True  # of an app made before the summer of 2026; later ones are agents
        self.is_agent = False
        self.is_new_app = True
        self.consents: dict[str, Consent] = {}  # by code
        self.rotates_tokens = False
        self.redirect_uri = "http://127.0.0.1/slack/oauth_redirect"
        self.history_free_at_s: dict[tuple[str, str], float] = {}
        self.pages_from_oldest = False
        self.mention_first = False
        self._address = ""
        self._runner: web.AppRunner | None = None
        self._happenings = Happenings()

    # Where it is.

    async def start(self) -> None:
        """Listen on a free port of the loopback."""
        self._runner = web.AppRunner(rest.application(self), access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._address = f"127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Break all connections and stop listening."""
        self.faults.clear()
        await self.deliveries.stop()
        self.sockets.drop()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def address(self) -> str:
        return self._address

    @property
    def url(self) -> str:
        return f"http://{self._address}"

    @property
    def api_url(self) -> str:
        """The base_url of a client; it ends with a slash."""
        return f"{self.url}/api/"

    @property
    def tells_context(self) -> bool:
        """Whether the app is told what people look at."""
        return self.is_agent and "app_context_changed" in self.events.subscribed

    # What was seen.

    def posts(self, where: Where, *, thread: Message | str | None = None) -> list[Message]:
        """Give what the bot posted for all in a channel, the oldest first; or in one thread."""
        channel = self.channel(where)
        bots = [one.bot for one in self.world.teams.values()]
        said = [one for one in channel.oldest_first() if one.subtype != "assistant_app_thread"]
        own = [one for one in said if one.bot in bots]
        if thread is None:
            return own
        ts = thread if isinstance(thread, str) else thread.ts
        return [one for one in own if one.thread_ts == ts]

    def whispers(self, where: Where, who: Who | None = None) -> list[Message]:
        """Give what the bot showed one person alone in a channel."""
        seen = self.channel(where).whispers
        return [one for one in seen if who is None or one.seen_by is self.user(who)]

    def asked(self, method: str) -> list[Call]:
        """Give the calls of a method."""
        return [one for one in self.calls if one.name == method]

    @property
    def pinged(self) -> list[str]:
        """Everybody whom the bot ever pinged: ids of users and groups, `channel`, `here`."""
        own = [
            one.ever_pinged
            for channel in self.world.channels.values()
            for one in [*channel.messages.values(), *channel.whispers]
            if one.bot is not None and one.bot.app_id == self.app_id
        ]
        return [ping for pings in own for ping in pings]

    async def until(self, true: Callable[[], object], *, within_s: float = WITHIN_S) -> None:
        """Wait until something is true; it is asked after everything that happens here.

        Raises AssertionError with the last calls if it stays false.
        """
        if not await self._happenings.until(true, within_s=within_s):
            last = [f"{one.name} -> {one.error or one.status}" for one in self.calls[-8:]]
            raise AssertionError(f"not true within {within_s} s; last: {last}")

    async def until_posted(
        self, where: Where, num: int = 1, *, within_s: float = WITHIN_S
    ) -> list[Message]:
        """Wait until the bot posted so many messages in a channel; give them."""
        await self.until(lambda: len(self.posts(where)) >= num, within_s=within_s)
        return self.posts(where)

    async def until_connected(self, num: int = 1, *, within_s: float = WITHIN_S) -> None:
        """Wait until the app has so many sockets."""
        await self.until(lambda: len(self.sockets.connections) >= num, within_s=within_s)

    async def until_delivered(self, *, within_s: float = WITHIN_S) -> None:
        """Wait until everything that was sent to the app is acknowledged or lost."""
        await self.until(lambda: not self.deliveries.open, within_s=within_s)

    def changed(self) -> None:
        """Wake those who wait: something happened."""
        self._happenings.changed()

    # What the parts of the server share.

    def answered(self, delivery: Delivery) -> None:
        """Do what the app asked for in the acknowledgement of a command or an interaction."""

    async def meet_handshake(self, request: web.Request) -> web.Response | None:
        """Give the answer of the fault that a handshake meets; faults know it as "socket"."""
        call = Call("socket", dict(request.query), request.headers.copy(), self.loop_time())
        self.calls.append(call)
        fault = self.faults.meet(call)
        if fault is not None and fault.gate is not None:
            self.changed()
            await fault.gate.passed()
        if fault is not None and fault.resets:
            reset_connection(request)
            return web.Response(status=499)  # goes nowhere
        if fault is None or fault.answer is None:
            return None
        call.status = fault.answer.status
        return rest.respond(self, fault.answer.status, fault.answer.body)

    def loop_time(self) -> float:
        return asyncio.get_running_loop().time()
