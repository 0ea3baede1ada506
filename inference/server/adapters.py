"""Adapters added and removed while the worker runs, by the requests that vLLM has for it."""

import asyncio
from pathlib import Path
from typing import Annotated

from fastapi import Request as HttpRequest
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from inference.errors import InferenceError
from inference.server.body import parsed
from inference.server.faults import Fault, Faulty, fault_of
from inference.server.worker import Runtime

Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


class AdapterToLoad(BaseModel):
    """The body of POST /v1/load_lora_adapter."""

    model_config = ConfigDict(extra="ignore", strict=True)

    lora_name: Name
    lora_path: Annotated[str, Field(min_length=1, max_length=4096)]


class AdapterToUnload(BaseModel):
    """The body of POST /v1/unload_lora_adapter."""

    model_config = ConfigDict(extra="ignore", strict=True)

    lora_name: Name


class Adapters:
    """What clients may do to the adapters of a worker."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def load(self, http: HttpRequest) -> Response:
        """Load an adapter from a folder of the worker's machine. Raises Faulty."""
        self._check_allowed()
        wanted = await parsed(http, AdapterToLoad)
        if self._runtime.models.find(wanted.lora_name) is not None:
            message = f"there is a model {wanted.lora_name!r} already; unload it first"
            raise Faulty(Fault(400, message, "name_taken", "lora_name"))
        try:
            await self._done(wanted.lora_name, _folder(wanted.lora_path))
        except InferenceError as error:
            fault = fault_of(error)
            status = 400 if fault.status == 500 else fault.status
            raise Faulty(Fault(status, str(error), "adapter_not_loaded", "lora_path")) from error
        return JSONResponse({"status": "loaded", "model": wanted.lora_name})

    async def unload(self, http: HttpRequest) -> Response:
        """Forget an adapter; what runs with it ends with an error. Raises Faulty."""
        self._check_allowed()
        wanted = await parsed(http, AdapterToUnload)
        name, models = wanted.lora_name, self._runtime.models
        if not models.is_adapter(name):
            message = f"there is no adapter {name!r} to unload"
            raise Faulty(Fault(404, message, "adapter_not_found", "lora_name"))
        models.remove(name)
        engine = self._runtime.engine
        await asyncio.wrap_future(self._runtime.loop.call(lambda: engine.remove_adapter(name)))
        return JSONResponse({"status": "unloaded", "model": name})

    async def _done(self, name: str, folder: Path) -> None:
        adapters = self._runtime.engine.adapters
        await asyncio.wrap_future(self._runtime.loop.call(lambda: adapters.add(name, folder)))
        self._runtime.models.add(name, folder)

    def _check_allowed(self) -> None:
        if not self._runtime.can_change:
            message = (
                "this worker's adapters cannot be changed while it runs: "
                "start it with --dynamic-adapters"
            )
            raise Faulty(Fault(403, message, "adapters_are_fixed"))


def _folder(path: str) -> Path:
    try:
        return Path(path).expanduser().resolve()
    except (ValueError, RuntimeError, OSError) as error:
        message = f"lora_path is no path: {error}"
        raise Faulty(Fault(400, message, "invalid_value", "lora_path")) from error
