"""Makes the clients that call Slack's API: one session for all, at the address of the settings.

slack_sdk's own retries are off: after a reset it would send the same request once more, and a
message that Slack had already taken would stand there twice
(https://github.com/slackapi/python-slack-sdk/blob/v3.47.0/slack_sdk/http_retry/builtin_async_handlers.py).
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.errors import PlatformError, PlatformUnavailable
from bot.platforms.slack.refusals import cause, code, is_limited, may_pass, retry_after_s
from bot.secrets_shown import without_password

API_BASE = AsyncWebClient.BASE_URL
TIMEOUT_S = 30.0  # of one request, answer included
CONNECT_TIMEOUT_S = 10.0

# Quiet: at "debug" it logs whole requests, client secrets and refresh tokens included.
SDK_LOGGER = logging.getLogger("slack_sdk.earshot")
SDK_LOGGER.setLevel(logging.WARNING)

NOT_SLACK = "whoever answers, it is not Slack"
UNSAID_WAIT_S = 30.0  # as slack_sdk takes it
# So Slack refuses a token that was good: the app was installed anew, or removed.
ENDED = frozenset({"account_inactive", "invalid_auth", "token_expired", "token_revoked"})

Another = Callable[[str, str], Awaitable[str | None]]  # than this one, which Slack refuses so


class Refused(PlatformError):  # noqa: N818 - what Slack did, named as the logs name it
    """Slack answered, and would not; `code` is its own word for why, such as `invalid_auth`."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class Busy(PlatformUnavailable):
    """Slack asks to wait: `retry_after_s` is for how long."""

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class _LivelyClient(AsyncWebClient):
    """A client that asks for another token once, when Slack takes its own no more."""

    another: Another | None = None

    async def api_call(self, api_method: str, **given: Any) -> AsyncSlackResponse:
        """Call a method, as slack_sdk does."""
        spent = self.token or ""
        try:
            return await super().api_call(api_method, **given)
        except SlackApiError as error:
            why = code(error)
            if self.another is None or why not in ENDED:
                raise
            token = await self.another(spent, why)
            if token is None:
                raise
        self.token = token
        return await super().api_call(api_method, **given)


class _PlainClient(AsyncWebClient):
    """A client that raises what `asked` does."""

    async def api_call(self, api_method: str, **given: Any) -> AsyncSlackResponse:
        """Call a method, as slack_sdk does."""
        return await asked(super().api_call(api_method, **given), doing=api_method)


class Clients:
    """Gives a client for a token. Opens its session with the first, inside the running loop.

    `saw_date` is told the `Date` header of each answer.
    """

    def __init__(
        self, api_base: str | None, *, saw_date: Callable[[str | None], None] = lambda _: None
    ) -> None:
        self.api_base = api_base or API_BASE
        self._saw_date = saw_date
        self._session: aiohttp.ClientSession | None = None

    @property
    def shown(self) -> str:
        """The address of the API, for people to read."""
        return without_password(self.api_base)

    def client(self, token: str | None = None, another: Another | None = None) -> AsyncWebClient:
        """Make a client that calls with this token.

        `another` is asked for a newer one when Slack refuses it as ended, and told Slack's word for
        that; it gives None if there is none.
        """
        client = _LivelyClient(token=token, **self._shared())
        client.another = another
        return client

    def plain_client(self) -> AsyncWebClient:
        """Make a client that raises what `asked` does, for code that hides slack_sdk's errors."""
        return _PlainClient(**self._shared())

    async def close(self) -> None:
        """Close what the clients share."""
        if self._session is not None:
            await self._session.close()

    def _shared(self) -> dict[str, Any]:
        if self._session is None or self._session.closed:
            self._session = self._new_session()
        return {
            "base_url": self.api_base,
            "timeout": int(TIMEOUT_S),
            "session": self._session,
            "logger": SDK_LOGGER,
            "retry_handlers": [],
        }

    def _new_session(self) -> aiohttp.ClientSession:
        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(self._note_date)
        # slack_sdk leaves the time limit to a session that it is given.
        limit = aiohttp.ClientTimeout(total=TIMEOUT_S, sock_connect=CONNECT_TIMEOUT_S)
        return aiohttp.ClientSession(timeout=limit, trace_configs=[trace])

    async def _note_date(
        self,
        _session: aiohttp.ClientSession,
        _context: object,
        answered: aiohttp.TraceRequestEndParams,
    ) -> None:
        self._saw_date(answered.response.headers.get("Date"))


async def asked(question: Awaitable[AsyncSlackResponse], *, doing: str) -> AsyncSlackResponse:
    """Give Slack's answer. Raises Refused, Busy or PlatformUnavailable; `doing` tells of what."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return await question
    except SlackApiError as error:
        raise _told(error, doing) from error
    except (TimeoutError, OSError, aiohttp.ClientError) as error:
        raise PlatformUnavailable(f"{doing}: Slack cannot be reached: {cause(error)}") from error
    except (AttributeError, json.JSONDecodeError) as error:  # slack_sdk, of a page that is no JSON
        raise PlatformUnavailable(f"{doing}: {NOT_SLACK}") from error


def _told(error: SlackApiError, doing: str) -> PlatformError:
    if is_limited(error):
        said_s = retry_after_s(error)
        wait_s = UNSAID_WAIT_S if said_s is None else said_s
        return Busy(f"{doing}: Slack asks to wait {wait_s:.0f} s", retry_after_s=wait_s)
    why = code(error)
    if not may_pass(error):
        return Refused(f"{doing}: Slack refuses: {why}", code=why)
    return PlatformUnavailable(f"{doing}: {f'Slack is in trouble ({why})' if why else NOT_SLACK}")
