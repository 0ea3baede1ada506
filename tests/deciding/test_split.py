import pytest

from bot.code_blocks import code_blocks
from bot.split import split

STORY = "The fox sat down. It looked at the grapes! Were they ripe? Nobody knew."


def parts(text, max_chars=60, **first):
    return split(text, max_chars=max_chars, **first)


def test_a_text_that_fits_is_one_part_as_it_stands():
    text = "Hello,\n\n  ```py\n  x = 1\n  ```\n> and more"

    found = split(text, max_chars=2000)

    assert found == [text]


@pytest.mark.parametrize("text", ["", "  ", "\n\n\t"])
def test_nothing_to_say_is_no_part(text):
    assert split(text, max_chars=2000) == []


@pytest.mark.parametrize("limits", [{"max_chars": 19}, {"max_chars": 99, "first_max_chars": 0}])
def test_a_limit_without_room_is_refused(limits):
    with pytest.raises(ValueError, match="at least 20"):
        split("Hello", **limits)


def test_paragraphs_are_kept_whole_before_lines_and_sentences():
    text = "One line of a paragraph.\nAnother one.\n\nA second paragraph. It goes on and on."

    found = parts(text)

    assert found == [
        "One line of a paragraph.\nAnother one.",
        "A second paragraph. It goes on and on.",
    ]


def test_lines_are_kept_whole_before_sentences():
    found = parts("A line. With two sentences.\nA line. With two other sentences in it.")

    assert found == ["A line. With two sentences.", "A line. With two other sentences in it."]


def test_sentences_are_kept_whole_before_words():
    assert parts(STORY) == [
        "The fox sat down. It looked at the grapes! Were they ripe?",
        "Nobody knew.",
    ]


def test_words_are_kept_whole():
    found = parts("one two three four five six", max_chars=20)

    assert found == ["one two three four", "five six"]


def test_a_word_longer_than_a_part_is_cut():
    assert parts("a" * 50, max_chars=20) == ["a" * 20, "a" * 20, "a" * 10]


def test_a_heading_stays_with_what_follows_it():
    text = "A first paragraph, which is quite long already.\n\n## Next\n\nAnother paragraph."

    assert parts(text) == [
        "A first paragraph, which is quite long already.",
        "## Next\n\nAnother paragraph.",
    ]


def test_chinese_is_cut_after_its_full_stops():
    found = parts("今天天气很好。我们去公园吧。你想一起去吗?我想去。", max_chars=20)

    assert found == ["今天天气很好。我们去公园吧。", "你想一起去吗?我想去。"]


def test_the_first_part_may_have_less_room():
    assert parts(STORY, first_max_chars=30) == [
        "The fox sat down.",
        "It looked at the grapes! Were they ripe? Nobody knew.",
    ]


def test_length_is_counted_in_utf_16_code_units():
    found = parts("😀" * 40, max_chars=20)

    assert found == ["😀" * 10] * 4


def test_a_family_is_not_torn_apart():
    family = "👨‍👩‍👧"

    found = parts(family * 6, max_chars=20)

    assert found == [family * 2] * 3


def test_a_letter_keeps_its_accents():
    letter = "e\u0301\u0323"

    assert all(part.startswith("e") for part in parts(letter * 30, max_chars=20))


def test_one_letter_with_endless_accents_is_cut_anywhere():
    found = parts("e" + "\u0301" * 50, max_chars=20)

    assert [len(part) for part in found] == [20, 20, 11]


def test_code_is_closed_at_the_end_of_a_part_and_opened_in_the_next():
    text = "Look:\n```python\ndef first():\n    return 1\n\ndef second():\n    return 2\n```\nThat is all."

    assert parts(text) == [
        "Look:\n```python\ndef first():\n    return 1\n```",
        "```python\ndef second():\n    return 2\n```\nThat is all.",
    ]


def test_code_keeps_its_indentation():
    text = "```py\nif True:\n    first_of_the_lines = 1\n    second_of_the_lines = 2\n```"

    assert parts(text) == [
        "```py\nif True:\n    first_of_the_lines = 1\n```",
        "```py\n    second_of_the_lines = 2\n```",
    ]


def test_a_part_does_not_end_with_empty_code():
    text = "Some words before the code, quite a lot of them.\n```py\n" + "x = 1\n" * 7 + "```"

    assert parts(text)[0] == "Some words before the code, quite a lot of them."
    assert parts(text)[1] == "```py\n" + "x = 1\n" * 7 + "```"


def test_a_part_does_not_begin_with_empty_code():
    text = "```py\n" + "x = 12345\n" * 5 + "```\nThat is all there is to say about it."

    assert parts(text) == [
        "```py\n" + "x = 12345\n" * 5 + "```",
        "That is all there is to say about it.",
    ]


def test_code_in_a_quote_stays_in_the_quote():
    text = "> ```py\n" + "> some_name = 1\n" * 4 + "> ```"

    assert parts(text) == [
        "> ```py\n> some_name = 1\n> some_name = 1\n> ```",
        "> ```py\n> some_name = 1\n> some_name = 1\n> ```",
    ]


def test_code_that_is_left_open_is_closed():
    assert parts("Look:\n```py\nx = 1") == ["Look:\n```py\nx = 1\n```"]


def test_a_fence_longer_than_three_ticks_holds_others():
    text = "````md\n```py\n" + "x = 12345\n" * 6 + "```\n````"

    found = parts(text)

    assert all(part.startswith("````md\n") and part.endswith("\n````") for part in found)


@pytest.mark.parametrize(
    "whole",
    [
        "`some inline code`",
        "``code with a ` in it``",
        "[a link to read](https://example.com/a_(b))",
        "https://example.com/path/to/a/long/page?x=1",
        "<https://example.com/a page>",
        "<:earshot_nods:1234567890123>",
        ":a_quite_long_emoji_name:",
        "**some bold words here**",
        "_some words in italics_",
        "~~struck out for good~~",
        "||a secret that is not told||",
    ],
)
def test_what_belongs_together_is_not_cut(whole):
    for length in range(10, 60):
        text = f"{'x' * length} {whole} and then some more words"

        assert any(whole in part for part in parts(text))


def test_list_items_are_not_cut_and_keep_their_numbers():
    items = [
        f"{number}. Item with number {number}.\n   It has two lines." for number in range(8, 13)
    ]

    found = parts("\n".join(items))

    assert found == items


def test_a_list_item_longer_than_a_part_is_cut_between_words():
    found = parts("- " + "word " * 20 + "`x y`")

    assert found == ["- " + " ".join(["word"] * 11), " ".join(["word"] * 9) + " `x y`"]


def test_a_quote_that_is_cut_goes_on_as_a_quote():
    assert parts(f"> {STORY}") == [
        "> The fox sat down. It looked at the grapes! Were they ripe?",
        "> Nobody knew.",
    ]


@pytest.mark.parametrize("start", ["# ", "- ", "1990. ", "> ", "-# ", "```"])
def test_a_cut_makes_no_heading_list_or_quote_of_plain_words(start):
    for length in range(10, 60):
        text = f"{'x' * length} {start}is in the middle of this line, where it means nothing"

        assert not any(part.startswith(start) for part in parts(text))


def test_code_blocks_are_found_with_what_is_behind_their_fence():
    text = "a\n```py\nx\n```\nb\n- ```\n  y\n  ```\n```js\nz"

    found = list(code_blocks(text))

    assert [block.info for block in found] == ["py", "", "js"]
    assert [text[block.open_end + 1 : block.code_end].strip() for block in found] == ["x", "y", "z"]
