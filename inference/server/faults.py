"""Errors as OpenAI's API gives them: an HTTP status and {"error": {message, type, param, code}}."""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from starlette.responses import JSONResponse

from inference.errors import (
    AdapterGone,
    BadRequest,
    EngineStopped,
    InferenceError,
    OutOfMemory,
    PromptTooLong,
    QueueFull,
    RequestTimeout,
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong with a request, told to the client."""

    status: int
    message: str
    code: str
    param: str | None = None
    retry_after_s: int | None = None

    def body(self) -> dict[str, Any]:
        """Give the JSON body."""
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        if self.status == 429:
            kind = "rate_limit_error"
        error = {"message": self.message, "type": kind, "param": self.param, "code": self.code}
        return {"error": error}

    def response(self) -> JSONResponse:
        """Give the whole HTTP answer."""
        wait_s = self.retry_after_s or (1 if self.status == 503 else None)
        headers = None if wait_s is None else {"Retry-After": str(wait_s)}
        return JSONResponse(self.body(), status_code=self.status, headers=headers)


class Faulty(Exception):  # noqa: N818 - carries a Fault
    """Ends a request with a fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def fault_of(error: InferenceError) -> Fault:
    """Say in HTTP terms what an error of the engine means."""
    match error:
        case PromptTooLong():
            return Fault(400, str(error), "context_length_exceeded", error.param)
        case BadRequest():
            return Fault(400, str(error), "invalid_value", error.param)
        case AdapterGone():
            return Fault(404, str(error), "model_not_found", "model")
        case QueueFull():
            return Fault(429, str(error), "queue_full", retry_after_s=error.retry_after_s)
        case OutOfMemory():
            return Fault(503, str(error), "out_of_memory", retry_after_s=5)
        case RequestTimeout():
            return Fault(504, str(error), "timeout")
        case EngineStopped():
            return Fault(500, str(error), "engine_failed")
        case _:
            return Fault(500, str(error), "internal_error")


def validation_fault(error: ValidationError) -> Fault:
    """Name the first faulty field of a request body and what it should be."""
    first = error.errors(include_url=False, include_context=False)[0]
    path = ".".join(str(part) for part in first["loc"])
    message = str(first["msg"]).removeprefix("Value error, ")
    if first["type"] == "json_invalid":
        return Fault(400, f"the body is not JSON: {message}", "invalid_json")
    return Fault(400, f"{path}: {message}" if path else message, "invalid_value", path or None)
