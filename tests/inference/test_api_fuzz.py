"""Whatever a client sends, the worker answers in its own form and lives on."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from inference.server.worker import Worker
from tests.inference.serving import Served, runtime_of

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
MAX_TOKENS = 4


@pytest.fixture(scope="module")
def served(tiny_model):
    runtime = runtime_of(tiny_model, can_change=True)
    with Served(Worker(lambda _: runtime)) as served:
        yield served.wait_until("ready")


@pytest.fixture
def described(served):
    return schemathesis.openapi.from_url(f"{served.url}/openapi.json")


OPERATIONS = [
    ("/health", "GET"),
    ("/metrics", "GET"),
    ("/v1/models", "GET"),
    ("/v1/chat/completions", "POST"),
    ("/v1/load_lora_adapter", "POST"),
    ("/v1/unload_lora_adapter", "POST"),
]


def test_every_route_is_tried(described):
    routes = [(path, method.upper()) for path, methods in described.items() for method in methods]
    assert sorted(routes) == sorted(OPERATIONS)


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_answer_is_one_that_is_described(served, described, path, method):
    @given(case=described[path][method].as_strategy())
    @settings(
        max_examples=60,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def answers(case):
        if isinstance(case.body, dict):
            short(case.body)
        case.call_and_validate(checks=CHECKS)

    answers()

    assert served.get("/health").json()["status"] == "ready"


def short(body):
    """Make a body one of a known model, and its answer a short one, whatever else it says."""
    if isinstance(body.get("model"), str):
        body["model"] = "tiny"
    for field in ("max_tokens", "min_tokens", "max_completion_tokens"):
        if isinstance(body.get(field), int) and body[field] > MAX_TOKENS:
            body[field] = MAX_TOKENS
    if "max_completion_tokens" not in body:
        body.setdefault("max_tokens", MAX_TOKENS)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b'{"model": 1}',
        b'{"model": "tiny", "messages": {}}',
        b'{"model": "tiny", "messages": [[]]}',
        b'{"model": "tiny", "messages": [{"role": "user", "content": "\\ud800"}]}',
        b'{"model": "tiny", "messages": [{"role": "user", "content": "a\\u0000b"}], "max_tokens": 1}',
        b'{"model": "tiny", "messages": [{"role": "user", "content": "x"}], "seed": 1e400}',
        b'{"model": "tiny", "messages": [{"role": "user", "content": "x"}], "max_tokens": NaN}',
        b'{"model": "tiny", "messages": [{"role": "user", "content": "x"}], "stop": [""]}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"model": "tiny", "user": "' + b"u" * 100_000 + b'", "messages": []}',
    ],
    ids=range(16),
)
def test_a_malformed_body_gets_an_error_in_openais_form(served, raw):
    import httpx

    response = httpx.post(f"{served.url}/v1/chat/completions", content=raw, timeout=30)

    assert response.status_code in (200, 400)
    if response.status_code == 400:
        assert set(response.json()["error"]) == {"message", "type", "param", "code"}
    assert served.get("/health").status_code == 200
