import pytest

from inference.schedule import Due, Limits, Waiting, choose

LIMITS = Limits(short_tokens=60, chunk_tokens=100, step_tokens=150, max_rows=4)


def prompt(num_pending):
    return Waiting(num_pending, is_writing=False)


WRITING = Waiting(1, is_writing=True)


@pytest.mark.parametrize(
    ("waiting", "rows"),
    [
        ([], ()),
        ([prompt(20)], ((0, 20),)),
        ([WRITING, WRITING], ((0, 1), (1, 1))),
        ([WRITING, prompt(20), WRITING], ((1, 20),)),
        ([prompt(60), prompt(60), prompt(60)], ((0, 60), (1, 60))),
        ([prompt(61), prompt(61)], ((0, 61),)),
        ([prompt(1000)], ((0, 100),)),
        ([prompt(1000), prompt(30)], ((1, 30),)),
        ([prompt(1000), prompt(2000)], ((0, 100),)),
        ([WRITING, prompt(1000)], ((0, 1), (1, 100))),
        ([WRITING] * 6, ((0, 1), (1, 1), (2, 1), (3, 1))),
        ([prompt(5)] * 6, ((0, 5), (1, 5), (2, 5), (3, 5))),
    ],
)
def test_short_prompts_come_first_and_together(waiting, rows):
    assert choose(waiting, LIMITS, Due()).rows == rows


def steps(waiting, count):
    """The rows of some steps in which the same generations wait."""
    due, rows = Due(), []
    for _ in range(count):
        chosen = choose(waiting, LIMITS, due)
        rows.append(chosen.rows)
        due = chosen.due
    return rows


def test_where_short_prompts_keep_coming_answers_go_on_in_every_other_step():
    assert steps([WRITING, prompt(30)], 4) == [((1, 30),), ((0, 1), (1, 30))] * 2


def test_where_short_prompts_keep_coming_long_ones_go_on_in_every_other_step():
    first, second = ((2, 30),), ((0, 1), (1, 100))
    assert steps([WRITING, prompt(1000), prompt(30)], 4) == [first, second] * 2


def test_beside_more_answers_than_rows_a_prompt_still_runs():
    chosen = choose([*[WRITING] * 6, prompt(5), prompt(5)], LIMITS, Due(writing=True))

    assert chosen.rows == ((0, 1), (1, 1), (2, 1), (3, 1), (6, 5))


def test_a_prompt_larger_than_a_step_still_runs():
    assert choose([prompt(90)], Limits(100, 200, 50, 4), Due()).rows == ((0, 90),)
