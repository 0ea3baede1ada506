"""Ask an OpenAI-compatible server to write, in the best way that it understands.

Structured output is asked for first; a field that the server refuses is left out from then on. The
client tries again by itself what may pass: a busy server, a broken connection.
"""

from collections.abc import Mapping
from typing import Any

from openai import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AsyncOpenAI,
    DefaultAsyncHttpxClient,
)

from inference.errors import ServerFailed
from inference.tune.data.brief import RESPONSE_FORMAT
from inference.tune.model_server import message_of, words_of
from inference.wire.server_address import address_of, is_local

MAX_MODELS_NAMED = 10
# Words by which a server names a field it does not want, and the field.
_NAMED_BY = (
    ("max_tokens", ("max_tokens",)),
    ("temperature", ("temperature",)),
    ("seed", ("seed",)),
    ("response_format", ("response_format", "json_schema", "schema", "structured", "grammar")),
)
_SAYS_SO = (400, 415, 422, 500, 501)  # some servers break where others refuse


class WritingFailed(Exception):  # noqa: N818 - what happened, not what is wrong
    """One answer could not be had; the next one may."""


class ModelWriter:
    """A server and a model on it. `close` it in the end."""

    def __init__(  # noqa: PLR0913 - the settings of one server, each by name
        self,
        url: str,
        *,
        model: str,
        api_key: str | None,
        max_tokens: int,
        temperature: float,
        timeout_s: float,
        max_retries: int,
    ) -> None:
        """Prepare, without connecting. Raises ServerFailed for a URL that is none."""
        self._address = _checked(url)
        self._secret = api_key
        self._timeout_s = timeout_s
        self.model = model
        self.num_tokens = 0
        self._options: dict[str, Any] = {
            "max_tokens": max_tokens,
            "temperature": temperature,
            "response_format": RESPONSE_FORMAT,
        }
        self._refused: set[str] = set()
        self._client = AsyncOpenAI(
            base_url=url,
            api_key=api_key or "none",  # not unset: OPENAI_API_KEY is not for any server
            max_retries=max_retries,
            timeout=timeout_s,
            http_client=DefaultAsyncHttpxClient(trust_env=not is_local(self._address)),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def write(self, prompt: str, *, seed: int) -> str:
        """Give what the model writes, "" for nothing.

        Raises WritingFailed where another request may fare better, ServerFailed where none will.
        """
        while True:
            options = self._asked(seed)
            try:
                return await self._write(prompt, options)
            except APIStatusError as error:
                field = _unwanted(error, options)
                if field is None:
                    raise await self._fault(error) from error
                self._refused.add(field)
            except APIError as error:
                raise await self._fault(error) from error
            except (ValueError, AttributeError, TypeError, IndexError) as error:
                raise ServerFailed(
                    f"the answer of {self._address} is no chat completion: is this the "
                    "OpenAI-compatible address? It often ends in /v1"
                ) from error

    async def _write(self, prompt: str, options: Mapping[str, Any]) -> str:
        completion = await self._client.chat.completions.create(
            model=self.model, messages=[{"role": "user", "content": prompt}], **options
        )
        if completion.usage is not None:
            self.num_tokens += completion.usage.total_tokens or 0
        return completion.choices[0].message.content or ""

    def _asked(self, seed: int) -> dict[str, Any]:
        asked = {**self._options, "seed": seed}
        if "max_tokens" in self._refused:  # OpenAI's newer models know it by this name only
            asked["max_completion_tokens"] = asked["max_tokens"]
        return {name: value for name, value in asked.items() if name not in self._refused}

    async def _fault(self, error: APIError) -> Exception:
        who = f"the model server at {self._address}"
        if isinstance(error, APITimeoutError):
            return WritingFailed(f"no answer within {self._timeout_s:g} s")
        if isinstance(error, APIConnectionError):
            return ServerFailed(f"{who} cannot be reached: start it, or correct --url")
        if not isinstance(error, APIStatusError):
            return WritingFailed(f"the server broke off{self._words(error)}")
        match error.status_code:
            case 401 | 403 as status:
                return ServerFailed(
                    f"{who} refused the key (HTTP {status}){self._words(error)}: set "
                    "EARSHOT_MODEL_API_KEY or --api-key"
                )
            case 404:
                return ServerFailed(
                    f'{who} has no such address, or no model "{self.model}"{self._words(error)}'
                    f"{await self._offered()}"
                )
            case status if status in (408, 429) or status >= 500:
                return WritingFailed(f"HTTP {status}{self._words(error)}")
            case status:
                return ServerFailed(
                    f"{who} refused the request (HTTP {status}){self._words(error)}"
                )

    async def _offered(self) -> str:
        """Say which models there are, "" if the server does not tell."""
        try:
            listed = [model.id async for model in self._client.models.list()]
        except (APIError, ValueError, AttributeError, TypeError):
            return ": the address often ends in /v1"
        more = ", ..." if len(listed) > MAX_MODELS_NAMED else ""
        return f"; it has: {', '.join(sorted(listed)[:MAX_MODELS_NAMED])}{more}"

    def _words(self, error: APIError) -> str:
        return words_of(error, secret=self._secret)


def _checked(url: str) -> str:
    try:
        return address_of(url)
    except ValueError as error:
        raise ServerFailed(f"--url {error}") from None


def _unwanted(error: APIStatusError, options: Mapping[str, Any]) -> str | None:
    """Name the field that the server does not want, None if it is something else."""
    if error.status_code not in _SAYS_SO:
        return None
    said = f"{error.param or ''} {message_of(error)}".casefold()
    for field, words in _NAMED_BY:
        if field in options and any(word in said for word in words):
            return field
    # A server that does not say what it minds: most often it is the newest thing.
    is_unsaid = error.status_code < 500
    return "response_format" if is_unsaid and "response_format" in options else None
