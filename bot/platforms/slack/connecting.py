"""Keeps the app connected over Socket Mode, whatever ends a connection.

1. What only a person can mend ends the run with a ConfigError that says what to do.
2. Everything else ends one client of slack_sdk's at most; a new one is made after a wait that grows.
3. While Slack cannot be reached, one line says so, and one when it can be again.
4. Whoever asks is told of each connection that came about: something may have been missed before it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from slack_bolt.async_app import AsyncApp

from bot.config import variable
from bot.errors import ConfigError
from bot.platforms.slack.clients import Clients, Refused
from bot.platforms.slack.credentials import APP_TOKEN_PLACE, APPS
from bot.platforms.slack.outage import Crowded, Ended, Failed, Outage, Quiet, SwitchedOff
from bot.platforms.slack.socket import SDK_LOGGER, Pace, SocketClient, close_client, serve_client

logger = logging.getLogger(__name__)

FIRST_WAIT_S = 1.0
MAX_WAIT_S = 60.0
SLOW_S = 60.0  # while somebody has to do something at Slack
STEADY_S = 300.0  # a client that ran so long was no failed start: the waits begin anew

SWITCHED_OFF = (
    f"Slack: Socket Mode is switched off for this app, so nothing reaches it. On {APPS}, your app, "
    "Socket Mode, switch on Enable Socket Mode; trying again every minute"
)
CROWDED = (
    "Slack: this app has more connections than Slack allows, which is ten: stop processes that are "
    "not needed; trying again"
)
TOKEN_REFUSED = (
    f"Slack refused the app-level token of {variable('slack_app_token')} ({{}}): make a new one. "
    f"{APP_TOKEN_PLACE}."
)
# https://docs.slack.dev/reference/methods/apps.connections.open#errors
TOKEN_FAULTS = frozenset(
    {
        "account_inactive",
        "invalid_auth",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "token_expired",
        "token_revoked",
    }
)

OnGap = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class SocketMode:
    """Events over connections that this process opens.

    `on_gap` is awaited after each connection that came about, the first included, one at a time;
    `began` is called at once, before anything that came over it is heard.
    """

    app: AsyncApp
    app_token: str
    clients: Clients
    on_gap: OnGap
    began: Callable[[], None] = lambda: None
    pace: Pace = field(default_factory=Pace)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _outage: Outage = field(init=False, default_factory=Outage)
    _is_new: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _was_connected: bool = field(init=False, default=False)  # this client

    @property
    def is_connected(self) -> bool:
        """Tell whether there is a connection now, but for one that was dropped this moment."""
        return self._was_connected and self._outage.told is None

    async def serve(self) -> None:
        """Stay connected until cancelled. Raises ConfigError for what a person has to mend."""
        quiet = Quiet(self._outage)
        SDK_LOGGER.addFilter(quiet)
        gaps = asyncio.create_task(self._tell_gaps(), name="gaps")
        try:
            await self._serve()
        finally:
            SDK_LOGGER.removeFilter(quiet)
            gaps.cancel()
            await asyncio.gather(gaps, return_exceptions=True)

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        wait_s = FIRST_WAIT_S
        while True:
            began, self._was_connected = loop.time(), False
            ended = await self._run_one()
            has_failed = isinstance(ended, Failed)
            if loop.time() - began > STEADY_S or (has_failed and self._was_connected):
                wait_s = FIRST_WAIT_S
            if isinstance(ended, SwitchedOff | Refused):  # somebody has to do something
                await self.sleep(SLOW_S)
            else:
                await self.sleep(min(wait_s, self.pace.again_s) if has_failed else wait_s)
            wait_s = min(2 * wait_s, MAX_WAIT_S)

    async def _run_one(self) -> Exception | None:
        """Run a client to its end; give why it ended, None if by a defect."""
        client = SocketClient(
            self.app_token,
            self.clients,
            connected=self._connected,
            ping_s=self.pace.ping_s,
            sleep=self.sleep,
        )
        try:
            await serve_client(client, self.app, self._outage, self.pace)
        except (Ended, Refused) as error:
            self._tell(error)
            return error
        except Exception:  # a defect of the client must not end the bot
            logger.exception("Slack's client failed")
        finally:
            await close_client(client)
        return None

    def _tell(self, error: Ended | Refused) -> None:
        """Tell why a client ended, if somebody has to know. Raises ConfigError if nothing else helps."""
        match error:
            case SwitchedOff():
                self._outage.tell(SWITCHED_OFF)
            case Crowded():
                self._outage.tell(CROWDED)
            case Refused() if error.code in TOKEN_FAULTS:
                raise ConfigError(TOKEN_REFUSED.format(error.code)) from error
            case Refused():
                self._outage.lost(str(error))
            case _:
                logger.debug("Slack: a new client, for %s", error)

    def _connected(self) -> None:
        self._was_connected = True
        self._outage.over()
        self.began()
        self._is_new.set()

    async def _tell_gaps(self) -> None:
        while True:
            await self._is_new.wait()
            self._is_new.clear()
            try:
                await self.on_gap()
            except Exception:  # the top of a task: the next connection tells again
                logger.exception("Slack: what was missed could not be fetched")
