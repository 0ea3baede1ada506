"""A failing history is asked until it answers."""

from bot.errors import StoreError
from bot.platforms.insist import MAX_WAIT_S, insisted


async def test_a_failing_history_is_asked_again_and_again(caplog):
    answers, waits = iter([StoreError("full")] * 8 + ["kept"]), []

    async def ask():
        answer = next(answers)
        if isinstance(answer, StoreError):
            raise answer
        return answer

    async def sleep(seconds):
        waits.append(seconds)

    assert await insisted(ask, "a message", sleep=sleep) == "kept"
    assert waits == [0.5, 1, 2, 4, 8, 16, MAX_WAIT_S, MAX_WAIT_S]
    assert caplog.messages[0] == "a message waits for the history, 0.5 s: full"
