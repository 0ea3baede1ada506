"""Runs something until it ends or the process is told to stop, so that everything is closed in order."""

import asyncio
import signal
from collections.abc import Coroutine

SIGNALS = (signal.SIGINT, signal.SIGTERM)


async def until_told_to_stop(work: Coroutine[object, object, object]) -> None:
    """Run `work`; SIGINT and SIGTERM cancel it, which is no error. Raises what it raises."""
    task = asyncio.ensure_future(work)
    is_told = False

    def stop() -> None:
        nonlocal is_told
        is_told = True
        task.cancel()

    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, stop)
    try:
        await task
    except asyncio.CancelledError:
        if not is_told:
            raise
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
