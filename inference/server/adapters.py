"""Adapters added and removed while the worker runs, by the requests that vLLM has for it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from fastapi import Request as HttpRequest
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from inference.errors import AdapterBroken, InferenceError, ModelBroken
from inference.mixable import MixableAdapter
from inference.server.body import parsed
from inference.server.faults import Fault, Faulty, fault_of
from inference.server.models import MAX_NAME_CHARS, NAME, Served
from inference.server.worker import Runtime

Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS, pattern=NAME)]


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
        async with self._runtime.models.changing:
            self._check_free(wanted.lora_name)
            try:
                await self._serve(wanted)
            except InferenceError as error:
                is_theirs = isinstance(error, AdapterBroken | ModelBroken)
                status = 400 if is_theirs else fault_of(error).status
                fault = Fault(status, str(error), "adapter_not_loaded", "lora_path")
                raise Faulty(fault) from error
        return JSONResponse({"status": "loaded", "model": wanted.lora_name})

    async def unload(self, http: HttpRequest) -> Response:
        """Forget an adapter; what runs with it ends with an error. Raises Faulty."""
        self._check_allowed()
        wanted = await parsed(http, AdapterToUnload)
        name, models = wanted.lora_name, self._runtime.models
        async with models.changing:
            if not models.is_adapter(name):
                message = f"there is no adapter {name!r} to unload"
                raise Faulty(Fault(404, message, "adapter_not_found", "lora_name"))
            models.remove(name)
            engine = self._runtime.engine
            try:
                await self._between_steps(lambda: engine.remove_adapter(name))
            except InferenceError as error:
                raise Faulty(fault_of(error)) from error
        return JSONResponse({"status": "unloaded", "model": name})

    async def _serve(self, wanted: AdapterToLoad) -> None:
        """Read all there is to read, then let the engine have the adapter, then requests."""
        name, adapters = wanted.lora_name, self._runtime.engine.adapters
        adapter, served = await asyncio.to_thread(self._read, name, wanted.lora_path)
        await self._between_steps(lambda: adapters.put_on(name, adapter))
        self._runtime.models.publish(served)

    def _read(self, name: str, path: str) -> tuple[MixableAdapter, Served]:
        folder = _folder(path)
        adapter = self._runtime.engine.adapters.read(folder)
        return adapter, self._runtime.models.adapted(name, folder)

    async def _between_steps(self, act: Callable[[], None]) -> None:
        await asyncio.wrap_future(self._runtime.loop.call(act))

    def _check_free(self, name: str) -> None:
        if self._runtime.models.find(name) is not None:
            message = f"there is a model {name!r} already; unload it first"
            raise Faulty(Fault(400, message, "name_taken", "lora_name"))

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
