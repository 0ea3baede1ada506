"""Which messages and files a reply becomes."""

import pytest
from hypothesis import given, strategies as st

from bot.platforms.discord.nonces import nonce
from bot.platforms.discord.parts import IN_FILE, MAX_PARTS, Part, parts, text_parts
from bot.split import num_units

LONG_CODE = "\n".join(f"line_{number} = {number}" for number in range(200))


def test_a_short_reply_is_one_message_as_it_stands():
    assert parts("About 250 km.\n\n- by train") == [Part("About 250 km.\n\n- by train")]


def test_a_long_reply_is_several_messages():
    paragraph = " ".join(["word"] * 250)

    found = parts("\n\n".join([paragraph] * 4))

    assert found == [Part(paragraph)] * 4


@pytest.mark.parametrize("text", ["", " \n", "\u200b", "\u2800 \u3164"])
def test_what_shows_nothing_is_no_message(text):
    assert parts(text) == []


def test_code_that_fits_stays_in_the_text():
    text = "So:\n```py\nx = 1\n```"

    assert parts(text) == [Part(text)]


def test_code_too_long_for_a_message_is_a_file_beside_the_text_before_it():
    found = parts(f"Here it is:\n```python\n{LONG_CODE}\n```\nThat is all.")

    assert found == [Part("Here it is:", "code.py", LONG_CODE + "\n"), Part("That is all.")]


def test_a_reply_of_code_alone_is_a_file_alone():
    assert parts(f"```\n{LONG_CODE}\n```") == [Part("", "code.txt", LONG_CODE + "\n")]


def test_long_code_that_is_not_closed_is_a_file():
    assert parts(f"So:\n```js\n{LONG_CODE}") == [Part("So:", "code.js", LONG_CODE + "\n")]


@pytest.mark.parametrize(
    ("info", "name"),
    [
        ("Rust", "code.rs"),
        ("c++", "code.cpp"),
        ("python title=a.py", "code.py"),
        ("brainwave", "code.txt"),
        ("../../etc/passwd", "code.txt"),
    ],
)
def test_the_language_names_the_file(info, name):
    (part,) = parts(f"```{info}\n{LONG_CODE}\n```")

    assert part.file_name == name


def test_each_file_has_a_name_of_its_own():
    block = f"```py\n{LONG_CODE}\n```"

    found = parts(f"{block}\nand\n{block}\n{block}")

    assert [part.file_name for part in found] == ["code.py", "code2.py", "code3.py"]
    assert [part.text for part in found] == ["", "and", ""]


def test_quoted_code_is_a_file_without_the_marks_of_the_quote():
    quoted = "\n".join(f"> {line}" for line in LONG_CODE.split("\n"))

    (part,) = parts(f"> ```py\n{quoted}\n> ```")

    assert part.file_content == LONG_CODE + "\n"


def test_code_in_a_list_keeps_its_own_indentation_only():
    indented = "\n".join(f"  {line}" for line in ["if x:", "    y()", *LONG_CODE.split("\n")])

    (part,) = parts(f"- ```py\n{indented}\n  ```")

    assert part.file_content.startswith("if x:\n    y()\nline_0")


def test_a_reply_of_too_many_messages_is_a_file_with_its_beginning():
    text = "\n\n".join(f"{number}: " + "word " * 300 for number in range(MAX_PARTS + 5))

    (part,) = parts(text)

    assert part.text.startswith("0: word")
    assert part.text.endswith(f"\n\n{IN_FILE}")
    assert (part.file_name, part.file_content) == ("reply.md", text)


def test_a_reply_to_a_command_leaves_room_for_the_question():
    found = text_parts("word " * 700, first_max_chars=1690)

    assert num_units(found[0].text) <= 1690 < num_units(found[1].text)


def test_half_a_character_is_replaced():
    assert parts("a\ud83d") == [Part("a\ufffd")]


@given(st.lists(st.sampled_from(["```py", "```", "x = 1", "word " * 80, "😀" * 99, "\u200b"])))
def test_every_message_fits_and_shows_something(lines):
    for part in parts("\n".join(lines * 3)):
        assert num_units(part.text) <= 2000
        assert part.text.strip() or part.file_name


def test_the_nonce_of_every_part_is_another_and_fits():
    key = "0123456789abcdef01234567"

    nonces = {nonce(key, number) for number in range(40)}

    assert len(nonces) == 40
    assert all(len(each) == 25 and each.startswith(key[:22]) for each in nonces)
