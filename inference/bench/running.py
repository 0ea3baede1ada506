"""Run engine requests to their ends, all together."""

from collections.abc import Sequence

from inference.engine import Engine
from inference.errors import InferenceError
from inference.generation import Request, Step


def run_all(engine: Engine, requests: Sequence[Request]) -> None:
    """Run all requests to their ends, in as few steps as the engine can. Raises InferenceError."""
    errors: list[InferenceError] = []

    def on_end(error: InferenceError | None) -> None:
        if error is not None:
            errors.append(error)

    for request in requests:
        engine.add(request, on_step=_unheard, on_end=on_end)
    while engine.step():
        pass
    if errors:
        raise errors[0]


def _unheard(step: Step) -> None: ...
