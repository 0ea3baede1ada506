"""Try something on the model that may fail, and once more where only the memory ran out."""

import logging
from collections.abc import Callable
from typing import TypeVar

from inference.errors import EngineStopped, InferenceError
from inference.out_of_memory import out_of_memory

LESS = "ask for less at once, or start the worker with fewer --max-cached-tokens"
logger = logging.getLogger(__name__)

ResultT = TypeVar("ResultT")


def attempt(
    act: Callable[[], ResultT], free_memory: Callable[[], None]
) -> ResultT | InferenceError:
    """Give what `act` gives, or what is wrong; after `free_memory` it may try a second time.

    `act` must be such that it can be called again after it failed.
    """
    failed = _once(act, log_memory=False)
    if not (isinstance(failed, _Failed) and failed.is_memory):
        return failed.error if isinstance(failed, _Failed) else failed
    # Not while the error is handled: its traceback would hold what the failed pass had allocated.
    free_memory()
    again = _once(act, log_memory=True)
    return again.error if isinstance(again, _Failed) else again


class _Failed:
    def __init__(self, error: InferenceError, *, is_memory: bool) -> None:
        self.error = error
        self.is_memory = is_memory


def _once(act: Callable[[], ResultT], *, log_memory: bool) -> "ResultT | _Failed":
    try:
        return act()
    except InferenceError as error:
        return _Failed(error, is_memory=False)
    except Exception as error:
        told = out_of_memory(error, "the model ran", remedy=LESS)
        if told is None or log_memory:
            logger.exception("the engine failed on a request")
        stopped = EngineStopped("the model failed on this request; see the worker's log")
        return _Failed(told or stopped, is_memory=told is not None)
