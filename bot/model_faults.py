"""What went wrong between Earshot and a model server, told to the person who runs Earshot.

Pure: an exception in, a ModelError out, with a sentence that says what to do. The server's own words
are quoted on one line, without the key that a server may repeat in them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from openai import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
)

from bot.errors import ConfigError, ModelBusy, ModelError, ModelRefused, ModelUnavailable
from inference.wire.refusals import WayRefused, is_too_long
from inference.wire.server_address import address_of, is_local

MAX_QUOTED_CHARS = 300


class NotUnderstood(ModelRefused, WayRefused):
    """The request was not taken in this way; a simpler one may be."""

    def __init__(self, message: str, *, words: str, lasting: bool) -> None:
        super().__init__(message)
        self.words = words
        self.lasting = lasting


class TooLong(ModelRefused):
    """The prompt is longer than the model takes; a shorter one will do."""


@dataclass(frozen=True, slots=True)
class Server:
    """A model server as it may be shown: `address` has no password, `secret` never shows."""

    address: str
    secret: str | None
    timeout_s: float

    @classmethod
    def at(cls, url: str, *, secret: str | None, timeout_s: float) -> "Server":
        """Check the URL. Raises ConfigError if no server can be meant by it."""
        try:
            return cls(address_of(url), secret, timeout_s)
        except ValueError as error:
            raise ConfigError(f"EARSHOT_MODEL_URL {error}") from None

    @property
    def is_local(self) -> bool:
        """Whether it runs on this machine, where no proxy must be asked."""
        return is_local(self.address)

    def fault(self, error: Exception) -> ModelError:
        """Say what an exception of the `openai` client, a timeout or a bad answer means."""
        if isinstance(error, TimeoutError | APITimeoutError):
            return ModelUnavailable(
                f"the model server at {self.address} gave no answer for {self.timeout_s:g} s: "
                "see whether it hangs or is overloaded, or raise EARSHOT_MODEL_TIMEOUT_S"
            )
        if isinstance(error, APIConnectionError):
            return ModelUnavailable(
                f"no model server answers at {self.address}, or it broke off: "
                "wait if it is starting, start it if not, or correct EARSHOT_MODEL_URL"
            )
        if isinstance(error, APIStatusError):
            return self._refusal(error)
        if isinstance(error, APIError):
            return ModelRefused(
                f"the model server at {self.address} gave up while it answered{self._words(error)}: "
                "see its log"
            )
        return ModelRefused(
            f"the answer of the model server at {self.address} is no chat completion: "
            "see whether EARSHOT_MODEL_URL is the OpenAI-compatible address, which often ends in /v1"
        )

    def _refusal(self, error: APIStatusError) -> ModelError:
        who, words = f"the model server at {self.address}", self._words(error)
        match error.status_code:
            case 503:
                return ModelUnavailable(f"{who} is not ready{words}: wait until it has loaded")
            case 429:
                return ModelBusy(
                    f"{who} is busy or over its limit{words}: try again later",
                    retry_after_s=retry_after_s(error.response.headers),
                )
            case status if status >= 500 and "not supported" in words:  # of llama-cpp-python
                return NotUnderstood(
                    f"{who} refused the request (HTTP {status}){words}",
                    words=str(error.body),
                    lasting=True,
                )
            case status if status >= 500 or status == 408:
                return ModelUnavailable(f"{who} failed with HTTP {status}{words}: see its log")
            case 401 | 403 as status:
                return ModelRefused(
                    f"{who} refused the key (HTTP {status}){words}: set EARSHOT_MODEL_API_KEY"
                )
            case 404:
                return ModelRefused(
                    f"{who} has no such address or model{words}: "
                    "correct EARSHOT_MODEL_URL, which often ends in /v1, or EARSHOT_MODEL"
                )
            case status:
                message, said = f"{who} refused the request (HTTP {status}){words}", str(error.body)
                if is_too_long(said):
                    return TooLong(message)
                return NotUnderstood(message, words=said, lasting=True)

    def _words(self, error: APIError) -> str:
        """Give what the server said, as " (...)", or "" if it said nothing a person could read."""
        body = error.body
        if isinstance(body, Mapping):
            body = body.get("message") or body.get("detail")
        if not isinstance(body, str) or "<html" in body.casefold():
            return ""
        words = " ".join(body.split())
        if self.secret:
            words = words.replace(self.secret, "***")
        return f" ({words[:MAX_QUOTED_CHARS]})" if words else ""


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Give how long a server wants to be left alone, in seconds; None if it does not say.

    `Retry-After` may also be a date, which needs a clock: that is taken as not said.
    """
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            wanted_s = float(headers.get(name, "")) * unit_s
        except ValueError:
            continue
        if 0 <= wanted_s < math.inf:
            return wanted_s
    return None
