import pytest

from bot.settle import Settling, due_at

SETTLING = Settling(quiet_s=1.5, max_s=6.0)


@pytest.mark.parametrize(
    ("first_at", "last_at", "due"),
    [(10, 10, 11.5), (10, 11, 12.5), (10, 14.5, 16), (10, 15.9, 16), (10, 30, 16)],
)
def test_a_burst_waits_for_quiet_but_not_for_ever(first_at, last_at, due):
    assert due_at(first_at, last_at, addressed=False, settling=SETTLING) == due


def test_an_addressed_burst_is_due_at_once():
    assert due_at(10, 14, addressed=True, settling=SETTLING) == 10


def test_the_defaults_are_those_of_the_documentation():
    assert Settling() == SETTLING
