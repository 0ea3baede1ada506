"""A model that answers nonsense holds up nobody, and forges no line by it."""

import pytest

from bot.cut import Growing, shown


def cut(output, *, whole):
    names = {"speakers": ["Ana"], "assistant": "assistant"}
    return shown(output, **names) if whole else Growing(**names).grow(output)


@pytest.mark.parametrize("noise", ["\n", "\r", "\u2028", "\n ", " ", "(", "\nAna", "Ana\n"])
@pytest.mark.parametrize("tail", ["", "x"])
def test_a_reply_of_noise_is_read_at_once(noise, tail):
    """2,000 carriage returns and a letter once took a minute, in which no room was answered."""
    assert cut(noise * 16_000 + tail, whole=False).ended is False


@pytest.mark.parametrize("breaks", ["\n\n\n", "\n  \n\t", "\r\n\r\n", "\u2028 \u2028"])
def test_a_forged_line_behind_empty_lines_is_cut_all_the_same(breaks):
    assert cut(f"Yes.{breaks}Ana: no", whole=True).text == "Yes."
    assert cut(f"Yes.{breaks}An", whole=False).text == "Yes."
    assert cut(f"Yes.{breaks}An", whole=True).text == f"Yes.{breaks}An"
