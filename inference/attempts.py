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
    for is_last in (False, True):
        try:
            return act()
        except InferenceError as error:
            return error
        except Exception as error:
            told = out_of_memory(error, "the model ran", remedy=LESS)
            if told is None or is_last:
                logger.exception("the engine failed on a request")
                stopped = "the model failed on this request; see the worker's log"
                return told or EngineStopped(stopped)
        # Not while the error is handled: its traceback would hold what the failed pass had allocated.
        free_memory()
    raise AssertionError("the last try gives something")
