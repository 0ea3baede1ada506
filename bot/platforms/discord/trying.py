"""Calls to Discord, each tried until it is done, refused, or patience is at its end.

discord.py itself tries 500, 502, 504 and 524 five times, and waits where Discord's limits say so.
It does not try 503 and other 5xx again, a 429 of the guard before Discord, or a connection that
breaks: https://github.com/Rapptz/discord.py/blob/v2.7.1/discord/http.py#L740. That is done here.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

import discord

from bot.errors import PlatformError, PlatformUnavailable
from bot.messages import ConversationKey
from bot.patience import Patience
from bot.platforms.discord.refusals import (
    FAILURES,
    UNKNOWN_CHANNEL,
    UNKNOWN_MESSAGE,
    cause,
    may_pass,
    place_name,
    refusal,
    retry_after_s,
)

logger = logging.getLogger(__name__)

TIMEOUT_S = 60.0  # of one try: discord.py's own five take about 25 s, its limits as long again
PATIENCE_S = 60.0  # waited in all between the tries

Result = TypeVar("Result")


class Gone(PlatformError):  # noqa: N818 - a state of the message
    """The message or its channel is no longer there."""


class Trying:
    """Calls with patience. `client` gives the one that is logged in now, None if none is.

    `sleep` waits between tries, `patience_s` in all; no try takes longer than `timeout_s`.
    """

    def __init__(
        self,
        client: Callable[[], discord.Client | None],
        *,
        timeout_s: float = TIMEOUT_S,
        patience_s: float = PATIENCE_S,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._timeout_s = timeout_s
        self._patience_s = patience_s
        self._sleep = sleep

    async def tried(
        self,
        call: Callable[[discord.Client], Awaitable[Result]],
        where: ConversationKey,
        doing: str,
        *,
        insist: bool = True,
    ) -> Result:
        """Call until it is done; `doing` names it in errors. Without `insist` only once.

        Raises Gone or another PlatformError for a refusal, PlatformUnavailable where a later try
        may help.
        """
        patience = Patience(left_s=self._patience_s if insist else 0.0)
        num_tries = 0
        while True:
            num_tries += 1
            try:
                return await self._once(call, where, doing)
            except PlatformUnavailable as error:
                failure = error.__cause__
                wait_s = patience.next_wait_s(retry_after_s(failure) if failure else None)
                if wait_s is None:
                    tries = "once" if num_tries == 1 else f"{num_tries} times"
                    raise PlatformUnavailable(f"{error} (tried {tries})") from failure
                logger.warning("%s; trying again in %.1f s", error, wait_s)
            await self._sleep(wait_s)

    async def _once(
        self,
        call: Callable[[discord.Client], Awaitable[Result]],
        where: ConversationKey,
        doing: str,
    ) -> Result:
        client = self._client()
        if client is None or client.user is None or client.is_closed():
            raise PlatformUnavailable(
                f"Earshot cannot {doing} in {where}: not connected to Discord"
            )
        try:
            async with asyncio.timeout(self._timeout_s):
                return await call(client)
        except FAILURES as error:
            if isinstance(error, TimeoutError):
                let_others_go_on(client)
            raise _told(error, client, where, doing) from error
        except asyncio.CancelledError:
            let_others_go_on(client)
            raise
        except Exception as error:
            if client.is_closed():  # by the supervisor, after we looked
                message = f"Earshot cannot {doing} in {where}: the connection to Discord was closed"
                raise PlatformUnavailable(message) from error
            # A defect of ours or of discord.py's, which must not keep other places waiting.
            message = f"Earshot failed to {doing} in {where}"
            logger.exception(message)
            raise PlatformError(f"{message}: {cause(error)}") from error


def _told(
    error: BaseException, client: discord.Client, where: ConversationKey, doing: str
) -> PlatformError:
    if may_pass(error) or not isinstance(error, discord.HTTPException):
        place = place_name(client, where)
        return PlatformUnavailable(f"Earshot could not {doing} in {place}: {cause(error)}")
    told = refusal(error, client, where, doing)
    return Gone(told) if error.code in (UNKNOWN_MESSAGE, UNKNOWN_CHANNEL) else PlatformError(told)


def let_others_go_on(client: discord.Client) -> None:
    """Open the gate that discord.py closes while Discord limits all calls.

    Only the call that closed it opens it, and not if it is cut short: every other call would wait
    for ever (https://github.com/Rapptz/discord.py/blob/v2.7.1/discord/http.py#L752). Opened too
    early, it costs one more refusal.
    """
    client.http._global_over.set()
