"""What /openapi.json says of the bodies: the routes read them themselves, to bound and check them."""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from inference.server.adapters import AdapterToLoad, AdapterToUnload
from inference.server.schema import CompletionRequest

_BODIES: dict[str, type[BaseModel]] = {
    "/v1/chat/completions": CompletionRequest,
    "/v1/load_lora_adapter": AdapterToLoad,
    "/v1/unload_lora_adapter": AdapterToUnload,
}
_FAULT: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": "string"},
            },
        }
    },
}
# What a client may get instead of an answer, at any route.
_FAULTS = ("400", "403", "404", "405", "408", "413", "422", "429", "500", "503", "504")


def described(app: FastAPI) -> None:
    """Add the bodies and the errors to an application's description of itself."""
    make = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(make())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _completed(schema: dict[str, Any]) -> dict[str, Any]:
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    schemas["Fault"] = _FAULT
    for path, kind in _BODIES.items():
        own = kind.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= own.pop("$defs", {})
        schemas[kind.__name__] = own
        body = {"schema": {"$ref": f"#/components/schemas/{kind.__name__}"}}
        schema["paths"][path]["post"]["requestBody"] = {
            "required": True,
            "content": {"application/json": body},
        }
    answers = schema["paths"]["/v1/chat/completions"]["post"]["responses"]["200"]["content"]
    answers["text/event-stream"] = {}  # events of JSON objects, and "[DONE]"
    fault = {"application/json": {"schema": {"$ref": "#/components/schemas/Fault"}}}
    for operations in schema["paths"].values():
        for operation in operations.values():
            told = {code: {"description": "A fault", "content": fault} for code in _FAULTS}
            operation["responses"] = {**operation["responses"], **told}
    return schema
