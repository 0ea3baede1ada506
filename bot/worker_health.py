"""What the worker says of itself on /health: how far it is, or that it is ready, failed or hung."""

from dataclasses import dataclass
from types import TracebackType
from typing import Self

from openai import APIError, APIStatusError
from pydantic import BaseModel, ValidationError

from bot.model_client import open_client
from bot.model_faults import Server


@dataclass(frozen=True, slots=True)
class Health:
    """One answer. `status` is the worker's word, "silent" if there was none or one of no sense.

    `progress` is how much is loaded, from 0 to 1, None where that is not known.
    """

    status: str
    detail: str = ""
    progress: float | None = None


SILENT = Health("silent")


class _Body(BaseModel):
    status: str
    detail: str = ""
    progress: float | None = None


class HealthProbe:
    """Asks a worker on this machine how it is, as an async context manager.

    Never raises for what the worker does.
    """

    def __init__(self, port: int, timeout_s: float) -> None:
        url = f"http://127.0.0.1:{port}"
        self._client = open_client(url, server=Server.at(url, secret=None, timeout_s=timeout_s))

    async def ask(self) -> Health:
        """Ask once."""
        try:
            body: object = await self._client.get("/health", cast_to=object)
        except APIStatusError as error:
            body = error.body
        except (APIError, ValueError):
            return SILENT
        try:
            answer = _Body.model_validate(body)
        except ValidationError:
            return SILENT
        return Health(answer.status, answer.detail, answer.progress)

    async def __aenter__(self) -> Self:
        """Prepare, without connecting."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        await self._client.close()
