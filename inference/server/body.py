"""The body of a request: read within bounds, and checked against what it may say."""

import asyncio
from typing import TypeVar

from fastapi import Request as HttpRequest
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from inference.server.faults import Fault, Faulty, validation_fault

MAX_BODY_BYTES = 8 * 2**20  # a full context is well under 1 MiB
BODY_TIMEOUT_S = 30.0  # for a client that begins a request and does not go on

ModelT = TypeVar("ModelT", bound=BaseModel)


async def parsed(http: HttpRequest, kind: type[ModelT]) -> ModelT:
    """Read a body of a kind. Raises Faulty."""
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            raw = await _read(http)
    except TimeoutError:
        message = f"the request was not complete after {BODY_TIMEOUT_S:g} s"
        raise Faulty(Fault(408, message, "request_timeout")) from None
    except ClientDisconnect:
        raise Faulty(Fault(499, "the client left", "client_closed_request")) from None
    try:
        return kind.model_validate_json(raw)
    except ValidationError as error:
        raise Faulty(validation_fault(error)) from error


async def _read(http: HttpRequest) -> bytes:
    body = bytearray()
    async for chunk in http.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            message = f"the request is larger than {MAX_BODY_BYTES // 2**20} MiB"
            raise Faulty(Fault(413, message, "request_too_large"))
    return bytes(body)
