"""Whatever the text: its parts fit, nothing is lost, and a long one takes no longer than it must."""

import itertools
import re

import pytest
from hypothesis import example, given, settings, strategies as st

from bot.split import num_units, split
from tests.growth import is_subquadratic


def letters(text):
    """Give what must not get lost; the marks of code and quotes may be written again, or anew."""
    return re.sub(r"[\s`>]", "", text)


def is_within(letters, others):
    """Tell whether the letters stand among the others, in their order."""
    rest = iter(others)
    return all(letter in rest for letter in letters)


LINES = st.sampled_from(
    [
        "```", "```py", "````", "> ```", "  ```  ", "- ```sh", "code```", "x = 1", "    indented",
        "- item", "12. item", "> quote", ">>> quote", "# head", "", " ", "\t",
        "Some words. And more!", "`code`", "``", "[a](b c", "[a](https://b.c)", "<:a:1>", ":ok:",
        "**bold**", "*", "_", "😀👨‍👩‍👧", "e\u0301", "\u200d", "今日。", "a" * 90, "🇩🇪" * 20, "\x1c", "\xa0",
    ]
)  # fmt: skip
ODD_TEXTS = st.one_of(
    st.lists(LINES, max_size=30).map("\n".join),
    st.lists(LINES, max_size=30).map(" ".join),
    st.lists(LINES, max_size=30).map("".join),
    st.text(max_size=300),
    st.text(alphabet="`>- \n\ta1.*_[]()<:😀\u0301", max_size=400),
)


@given(text=ODD_TEXTS, max_chars=st.integers(20, 120), first=st.integers(20, 120))
@settings(max_examples=400, deadline=None)
@example(text="```\nab" + " " * 60 + "\n" + " " * 15 + "```", max_chars=20, first=20)
def test_every_part_fits_and_shows_something(text, max_chars, first):
    found = split(text, max_chars=max_chars, first_max_chars=first)

    limits = itertools.chain([first], itertools.repeat(max_chars))
    assert all(num_units(part) <= limit for part, limit in zip(found, limits, strict=False))
    assert all(part.strip() for part in found)
    assert bool(found) == bool(text.strip())


@given(text=ODD_TEXTS, max_chars=st.integers(20, 120))
@settings(max_examples=400, deadline=None)
def test_nothing_is_lost_but_white_space(text, max_chars):
    found = split(text, max_chars=max_chars)

    assert is_within(letters(text), letters("".join(found)))
    if "```" not in text:
        assert letters("".join(found)) == letters(text)


@given(
    text=st.lists(st.text("ab", min_size=1, max_size=70), max_size=30).map(" ".join),
    max_chars=st.integers(20, 60),
)
def test_plain_words_come_back_as_they_were(text, max_chars):
    found = split(text, max_chars=max_chars)

    assert "".join(found).replace(" ", "") == text.replace(" ", "")


@given(text=ODD_TEXTS, max_chars=st.integers(20, 120))
@settings(deadline=None)
def test_every_part_closes_its_code(text, max_chars):
    for part in split(text, max_chars=max_chars):
        again = split(part, max_chars=10_000)

        assert again == [part] or "```" in part.splitlines()[-1]


FEW_CHARS = 8_000
ODD_TEXTS = [
    "a", "`", "` ``  ", "[x](", "<a", "*a ", "\n", "```\n", "```py\nx\n```\n", "> ", "word ", "1. x\n",
    "\u0301", "🇩🇪", "https://", "a```\n", "a\xa0",
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD_TEXTS)
def test_a_long_text_takes_no_time_by_the_square_of_its_size(odd):
    def text_of(size):
        return "x" + (odd * size)[:size] + "x"

    assert is_subquadratic(lambda text: split(text, max_chars=2000), text_of, FEW_CHARS)
