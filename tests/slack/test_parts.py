"""A reply in messages that are short enough, cut after it was converted."""

from hypothesis import given, strategies as st

from bot.platforms.slack.parts import MAX_CHARS, parts, quoted
from bot.split import num_units

PARAGRAPHS = "\n\n".join(" ".join([f"word{number}"] * 300) for number in range(4))


def test_a_short_reply_is_one_message():
    assert parts("**yes** & no") == ["*yes* &amp; no"]


def test_a_reply_of_nothing_that_is_seen_has_no_message():
    assert parts(" \n\u200b\n ") == []


def test_a_long_reply_is_cut_between_its_paragraphs():
    assert "\n\n".join(parts(PARAGRAPHS)) == PARAGRAPHS
    assert all(len(part) <= MAX_CHARS for part in parts(PARAGRAPHS))


def test_signs_that_grow_when_escaped_are_measured_as_they_are_sent():
    found = parts("a & b < c " * 300)

    assert len(found) > 1
    assert all(num_units(part) <= MAX_CHARS for part in found)


def test_no_entity_is_torn():
    found = parts("&" * 2000)

    assert "".join(found) == "&amp;" * 2000


def test_a_code_block_that_is_cut_is_closed_and_opened_again():
    found = parts("```py\n" + "value = 12345\n" * 600 + "```")

    assert len(found) > 1
    assert all(part.startswith("```\n") and part.endswith("\n```") for part in found)
    assert sum(part.count("value = 12345") for part in found) == 600


def test_a_table_that_is_cut_stays_in_fixed_width():
    rows = "\n".join(f"| city {number} | {number} km |" for number in range(400))
    found = parts(f"| City | km |\n|---|---|\n{rows}")

    assert len(found) > 1
    assert all(part.count("```") == 2 for part in found)


def test_a_link_is_kept_whole():
    link = "[the map of Turin](https://turin.it/map)"
    found = parts(" ".join(["word"] * 770) + " " + " ".join([link] * 5))

    assert len(found) == 2
    assert all(part.count("<") == part.count(">") for part in found)


def test_list_items_are_kept_whole():
    item = "- " + " ".join(["word"] * 100)
    found = parts("\n".join([item] * 20))

    assert all(part.startswith("• ") for part in found)


def test_the_question_of_a_command_stands_above_its_answer():
    found = parts(PARAGRAPHS, above=quoted("Mia *M* <x>", "how far\nis <!here> & Turin?"))

    assert found[0].startswith("> *Mia M &lt;x&gt;*: how far is &lt;!here&gt; &amp; Turin?\nword0")
    assert all(len(part) <= MAX_CHARS for part in found)


def test_a_long_question_is_quoted_in_part():
    assert quoted("Mia", "how far " * 100).endswith("…\n")
    assert len(quoted("Mia", "how far " * 100)) < 330
    assert len(quoted("Mia", "&" * 5000)) < 1700


def test_a_quoted_question_opens_no_code_block():
    found = parts("It is:\n```\nx = 1\n```", above=quoted("M```ia", "what does ``` mean?"))

    assert found[0].splitlines()[0].count("```") == 0
    assert found[0].count("```") == 2


@given(st.text(max_size=300), st.integers(1, 60))
def test_no_message_is_too_long_or_empty(text, times):
    for part in parts(text * times):
        assert part.strip()
        assert num_units(part) <= MAX_CHARS
