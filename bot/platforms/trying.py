"""Calls to a chat platform, each tried until it is done, refused, or patience is at its end.

Knows no platform: what its client raises, and what that means, its dialect tells.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

from bot.errors import PlatformError, PlatformUnavailable
from bot.messages import ConversationKey
from bot.patience import Patience

logger = logging.getLogger(__name__)

TIMEOUT_S = 60.0  # of one try, with what the client library tries by itself
PATIENCE_S = 60.0  # waited in all between the tries

Again = Callable[[BaseException], bool]


def always(_error: BaseException) -> bool:
    """Try again after any failure."""
    return True


Result = TypeVar("Result")
Client = TypeVar("Client")
AnyClient = TypeVar("AnyClient", contravariant=True)


class Gone(PlatformError):  # noqa: N818 - a state of the message
    """The message or its channel is no longer there."""


class Dialect(Protocol[AnyClient]):
    """What a platform's client raises, and what it means."""

    @property
    def failures(self) -> tuple[type[BaseException], ...]:
        """What a call may raise; whatever else it raises is a defect."""
        ...

    def retry_after_s(self, error: BaseException) -> float | None:
        """Give how long the platform wants us to wait, None where it does not say."""
        ...

    def told(
        self, error: BaseException, client: AnyClient, where: ConversationKey, doing: str
    ) -> PlatformError:
        """Say what a failure means: Gone, PlatformUnavailable if it may pass, or PlatformError."""
        ...

    def cut_short(self, client: AnyClient) -> None:
        """Mend what a call leaves behind in the client that was cut short."""
        ...

    def is_closed(self, client: AnyClient) -> bool:
        """Tell whether a client was closed, so that another has to be asked."""
        ...


class Trying(Generic[Client]):
    """Calls with patience. `client` gives the one to call for a conversation.

    It raises PlatformUnavailable where there is none now, PlatformError where there is none at all.
    `sleep` waits between tries, `patience_s` in all; no try takes longer than `timeout_s`.
    """

    def __init__(
        self,
        client: Callable[[ConversationKey], Awaitable[Client]],
        dialect: Dialect[Client],
        *,
        timeout_s: float = TIMEOUT_S,
        patience_s: float = PATIENCE_S,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._dialect = dialect
        self._timeout_s = timeout_s
        self._patience_s = patience_s
        self._sleep = sleep

    async def tried(
        self,
        call: Callable[[Client], Awaitable[Result]],
        where: ConversationKey,
        doing: str,
        *,
        insist: bool = True,
        again: Again = always,
    ) -> Result:
        """Call until it is done; `doing` names it in errors. Without `insist` only once.

        What may have been done nevertheless, `again` tells by the client's error not to try again.
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
                wait_s = patience.next_wait_s(
                    self._dialect.retry_after_s(failure) if failure else None
                )
                if wait_s is None or (failure is not None and not again(failure)):
                    tries = "once" if num_tries == 1 else f"{num_tries} times"
                    raise PlatformUnavailable(f"{error} (tried {tries})") from failure
                logger.warning("%s; trying again in %.1f s", error, wait_s)
            await self._sleep(wait_s)

    async def _once(
        self, call: Callable[[Client], Awaitable[Result]], where: ConversationKey, doing: str
    ) -> Result:
        failures: tuple[type[BaseException], ...] = (TimeoutError, *self._dialect.failures)
        client = await self._found(where, doing)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await call(client)
        except failures as error:
            if isinstance(error, TimeoutError):
                self._dialect.cut_short(client)
            raise self._dialect.told(error, client, where, doing) from error
        except asyncio.CancelledError:
            self._dialect.cut_short(client)
            raise
        except Exception as error:
            if self._dialect.is_closed(client):  # after we looked
                message = f"Earshot cannot {doing} in {where}: the connection was closed"
                raise PlatformUnavailable(message) from error
            # A defect of ours or of the client's, which must not keep other places waiting.
            message = f"Earshot failed to {doing} in {where}"
            logger.exception(message)
            raise PlatformError(f"{message}: {in_one_line(error)}") from error

    async def _found(self, where: ConversationKey, doing: str) -> Client:
        cannot = f"Earshot cannot {doing} in {where}"
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._client(where)
        except TimeoutError as error:
            raise PlatformUnavailable(f"{cannot}: no answer in time") from error
        except PlatformUnavailable as error:
            raise PlatformUnavailable(f"{cannot}: {error}") from error.__cause__
        except PlatformError as error:
            raise PlatformError(f"{cannot}: {error}") from error


def in_one_line(error: BaseException) -> str:
    """Say in one line what went wrong, as far as the error tells by itself."""
    return " ".join(str(error).split()) or type(error).__name__
