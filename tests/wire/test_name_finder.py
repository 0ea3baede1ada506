"""Names are found as whole words, however they are joined and however their accents are written."""

import unicodedata

import pytest

from inference.wire.chat_log import Person
from inference.wire.logged_conversations import names_in_data
from inference.wire.name_finder import NameFinder
from inference.wire.pseudonyms import NAMES, pseudonyms

HELPER = Person("U9", "Helper", is_bot=True)


def hidden(text, *names):
    """Give a text as it is shown when the person of these names has a pseudonym, here Noor."""
    person = Person("U1", names[0], tuple(names[1:]))
    shown = names_in_data([person, HELPER], HELPER, with_pseudonyms=True)
    return shown.in_text(text).replace(shown.shown["U1"], "Noor")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ana_smith wrote it", "Noor wrote it"),
        ("[ana_smith_cv.pdf]", "[Noor_cv.pdf]"),
        ("_Ana_, __smith__", "_Noor_, __Noor__"),
        ("draft_ana-smith.txt", "draft_Noor-Noor.txt"),
        ("Ana\nSmith", "Noor"),
        ("banana_smithy", "banana_smithy"),
    ],
)
def test_an_underscore_ends_a_name(text, expected):
    assert hidden(text, "Ana Smith") == expected


def test_the_parts_of_a_handle_are_names_but_for_numbers_and_plain_words():
    assert hidden("ana? in 2024 the real dev", "the_real_ana_2024_dev") == (
        "Noor? in 2024 the real dev"
    )
    assert hidden("Rose rose, said rose_smith", "rose_smith") == "Noor rose, said Noor"


@pytest.mark.parametrize("name", ["José", "Zoë Ångström", "김민준"])
@pytest.mark.parametrize("in_name", ["NFC", "NFD"])
@pytest.mark.parametrize("in_text", ["NFC", "NFD"])
def test_a_name_is_found_in_either_form_of_its_accents(name, in_name, in_text):
    written = unicodedata.normalize(in_text, f"thanks {name}!")

    assert hidden(written, unicodedata.normalize(in_name, name)) == "thanks Noor!"


def test_a_part_of_a_handle_is_nobody_s_pseudonym():
    given = pseudonyms([Person("U1", f"{NAMES[0].lower()}_khan"), Person("U2", "Ben")])

    assert set(given.values()) == set(NAMES[1:3])


def test_a_name_that_is_no_word_changes_nothing():
    finder = NameFinder()
    finder.add(["__", "★"], "Noor")

    assert finder.replaced("__ ★", {}) == "__ ★"
