import pytest

from inference.schedule import Limits, Waiting, choose

LIMITS = Limits(short_tokens=60, chunk_tokens=100, step_tokens=150, max_rows=4)


def prompt(num_pending):
    return Waiting(num_pending, is_writing=False)


WRITING = Waiting(1, is_writing=True)


@pytest.mark.parametrize(
    ("waiting", "rows"),
    [
        ([], ()),
        ([prompt(20)], ((0, 20),)),
        ([WRITING, prompt(20), WRITING], ((0, 1), (2, 1), (1, 20))),
        ([prompt(60), prompt(60), prompt(60)], ((0, 60), (1, 60))),
        ([prompt(61), prompt(61)], ((0, 61),)),
        ([prompt(1000)], ((0, 100),)),
        ([prompt(1000), prompt(30)], ((1, 30),)),
        ([prompt(1000), prompt(2000)], ((0, 100),)),
        ([WRITING, prompt(1000)], ((0, 1), (1, 100))),
        ([WRITING] * 6, ((0, 1), (1, 1), (2, 1), (3, 1))),
        ([WRITING] * 6 + [prompt(5), prompt(5)], ((0, 1), (1, 1), (2, 1), (3, 1), (6, 5))),
        ([prompt(5)] * 6, ((0, 5), (1, 5), (2, 5), (3, 5))),
    ],
)
def test_short_prompts_run_together_beside_what_is_written(waiting, rows):
    assert choose(waiting, LIMITS, long_is_due=False).rows == rows


def test_a_long_prompt_that_was_passed_over_comes_next():
    waiting = [prompt(1000), prompt(30), WRITING]

    first = choose(waiting, LIMITS, long_is_due=False)
    second = choose(waiting, LIMITS, long_is_due=first.long_is_due)
    third = choose(waiting, LIMITS, long_is_due=second.long_is_due)

    assert first.rows == third.rows == ((2, 1), (1, 30))
    assert second.rows == ((2, 1), (0, 100))


def test_a_prompt_larger_than_a_step_still_runs():
    assert choose([prompt(90)], Limits(100, 200, 50, 4), long_is_due=False).rows == ((0, 90),)
