"""Calls to Discord with patience: what discord.py raises, and what it means for the next try.

discord.py itself tries 500, 502, 504 and 524 five times, and waits where Discord's limits say so.
It does not try 503 and other 5xx again, a 429 of the guard before Discord, or a connection that
breaks: https://github.com/Rapptz/discord.py/blob/v2.7.1/discord/http.py#L740. That is done here.
"""

import asyncio
from collections.abc import Awaitable, Callable

import discord

from bot.errors import PlatformError, PlatformUnavailable
from bot.messages import ConversationKey
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
from bot.platforms.trying import PATIENCE_S, Gone, Trying

TIMEOUT_S = 60.0  # of one try: discord.py's own five take about 25 s, its limits as long again

DiscordTrying = Trying[discord.Client]


class DiscordDialect:
    """What discord.py raises, and what it means."""

    failures = FAILURES

    def retry_after_s(self, error: BaseException) -> float | None:
        """Give how long Discord wants us to wait, None where it does not say."""
        return retry_after_s(error)

    def told(
        self, error: BaseException, client: discord.Client, where: ConversationKey, doing: str
    ) -> PlatformError:
        """Say what a failure means."""
        if may_pass(error) or not isinstance(error, discord.HTTPException):
            place = place_name(client, where)
            return PlatformUnavailable(f"Earshot could not {doing} in {place}: {cause(error)}")
        told = refusal(error, client, where, doing)
        is_gone = error.code in (UNKNOWN_MESSAGE, UNKNOWN_CHANNEL)
        return Gone(told) if is_gone else PlatformError(told)

    def cut_short(self, client: discord.Client) -> None:
        """Keep the others going, whose calls have nothing to do with it."""
        let_others_go_on(client)

    def is_closed(self, client: discord.Client) -> bool:
        """Tell whether the supervisor closed a client."""
        return client.is_closed()


def trying(
    client: Callable[[], discord.Client | None],
    *,
    timeout_s: float = TIMEOUT_S,
    patience_s: float = PATIENCE_S,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> DiscordTrying:
    """Make calls with patience. `client` gives the one that is logged in now, None if none is."""

    async def logged_in(_: ConversationKey) -> discord.Client:
        found = client()
        if found is None or found.user is None or found.is_closed():
            raise PlatformUnavailable("not connected to Discord")
        return found

    dialect = DiscordDialect()
    return Trying(logged_in, dialect, timeout_s=timeout_s, patience_s=patience_s, sleep=sleep)


def let_others_go_on(client: discord.Client) -> None:
    """Open the gate that discord.py closes while Discord limits all calls.

    Only the call that closed it opens it, and not if it is cut short: every other call would wait
    for ever (https://github.com/Rapptz/discord.py/blob/v2.7.1/discord/http.py#L752). Opened too
    early, it costs one more refusal.
    """
    client.http._global_over.set()
