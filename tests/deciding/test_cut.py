import re

import pytest
from hypothesis import given, strategies as st

from bot.cut import Growing, Shown, shown

SPEAKERS = ("Ana", "Bob (2)", "Straße", "李雷", "Ian", "C++")


def cut(output, *, whole=True, speakers=SPEAKERS):
    names = {"speakers": speakers, "assistant": "assistant"}
    return shown(output, **names) if whole else Growing(**names).grow(output)


def streamed(output):
    """Give what stands on the screen after each character, as the writer shows it."""
    growing, texts = Growing(speakers=SPEAKERS, assistant="assistant"), []
    for char in output:
        part = growing.grow(char)
        texts.append(part.text)
        if part.ended:
            return texts
    return [*texts, cut(output).text]


MARKERS = [
    "(silence)",
    "(response)",
    "(Silence)",
    "(SILENCE)",
    "( silence )",
    "[silence]",
    "[response]",
    "**(silence)**",
    "*(silence)*",
    "`(silence)`",
    "_(response)_",
    '"(silence)"',
    "(*silence*)",
    "(**Silence**)",
    "(silence.)",
    "(silence...)",
    "(Silence!)",
    "\\(silence\\)",
    "(silence\u200b)",
    "\uff08silence\uff09",
    "\uff08\uff53\uff49\uff4c\uff45\uff4e\uff43\uff45\uff09",
    "\u3010silence\u3011",
    "<silence>",
    "{silence}",
    "(\nsilence\n)",
]


@pytest.mark.parametrize("marker", MARKERS)
def test_no_spelling_of_a_marker_is_ever_shown(marker):
    output = f"Paris. {marker} more"

    assert cut(output) == Shown("Paris.", ended=True)
    assert set(streamed(output)) <= {"", *("Paris."[:end] for end in range(7))}


@pytest.mark.parametrize("marker", MARKERS)
def test_an_output_that_begins_with_silence_shows_nothing(marker):
    if "response" not in marker:
        assert not any(streamed(f"{marker} I should not say this"))


@pytest.mark.parametrize(
    "output",
    [
        "(response) Paris.",
        "(response)Paris.",
        " (Response)  Paris.",
        "**(response)** Paris.",
        "(response)\nassistant: Paris.",
        "assistant: Paris.",
        "Assistant : Paris.",
        "**assistant:** Paris.",
        "**assistant**: Paris.",
        "assistant: (response) Paris.",
        "(response) (response) Paris.",
        "assistant\uff1aParis.",
    ],
)
def test_a_leading_response_and_the_own_name_are_dropped(output):
    assert cut(output) == Shown("Paris.", ended=False)
    assert streamed(output)[-1] == "Paris."


def test_markdown_behind_the_marker_belongs_to_the_reply():
    assert cut("(response) **Yes**, at 8.").text == "**Yes**, at 8."
    assert cut("(response)**Yes**, at 8.").text == "**Yes**, at 8."
    assert cut("assistant:**Yes**").text == "**Yes**"


@pytest.mark.parametrize("tail", ["(silence", "(respons", "[Silence ", "**(silence"])
def test_a_marker_that_the_token_limit_cut_off_is_not_shown(tail):
    complete = "silence" in tail.casefold()

    text = cut(f"Paris. {tail}").text

    assert text == "Paris." if complete else text.startswith("Paris.")


@pytest.mark.parametrize(
    "text",
    [
        "Note: the train is late.",
        "Two things:\nFirst: pack.\nSecond: go.",
        "See https://example.org/a:b and http://x",
        "I asked Ana: she agrees.",
        "Thanks Ana",
        "Anabel: is not Ana",
        "an\nAnne: hm",
        "Bob: the other Bob is not here",
        "12:30 works",
        "(silenced) guns are quiet",
        "silence is golden (really)",
        "a long silence, then a response",
        "Use f'{response}' or <response> in the template",
        "f(x) = [1, 2] (see below",
        "* one\n* two",
        "```python\nprint('(x)')\n```",
        "C: is a drive",
        "שלום: עולם",
        "🎉 party: tonight",
    ],
)
def test_other_words_with_a_colon_brackets_and_links_stay(text):
    assert cut(text) == Shown(text, ended=False)
    assert streamed(text)[-1] == text


@pytest.mark.parametrize(
    "line",
    [
        "Ana: and me?",
        "ana: and me?",
        "ANA : and me?",
        "**Ana**: and me?",
        "**Ana:** and me?",
        "  Ana: and me?",
        "Ana\uff1aand me?",
        "Bob (2): and me?",
        "straße: and me?",
        "李雷: 我呢?",
        "C++: and me?",
        "\u0131an: a dotless i matches too",
        "assistant: and more",
    ],
)
@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\n\n", "\r", "\u2028", "\v"])
def test_a_reply_ends_before_a_line_in_a_known_speakers_name(line, line_break):
    output = f"At 8.{line_break}{line}"

    assert cut(output) == Shown("At 8.", ended=True)
    assert streamed(output)[-1] == "At 8."


def test_a_reply_that_is_all_in_somebody_elses_name_is_empty():
    assert cut("Ana: I'd say yes") == Shown("", ended=True)
    assert cut("(response) Ana: I'd say yes") == Shown("", ended=True)


def test_a_tail_that_may_become_a_marker_or_a_line_is_held_back():
    assert cut("At 8. (sil", whole=False).text == "At 8."
    assert cut("At 8. **", whole=False).text == "At 8."
    assert cut("At 8.\nAn", whole=False).text == "At 8."
    assert cut("At 8.\nAna ", whole=False).text == "At 8."
    assert cut("assis", whole=False).text == ""
    assert cut("At 8. (see", whole=False).text == "At 8. (see"


def test_nothing_is_held_back_from_a_whole_reply():
    assert cut("Ask Ana").text == "Ask Ana"
    assert cut("Who?\nAna").text == "Who?\nAna"
    assert cut("2 * (1").text == "2 * (1"


def test_a_long_reply_is_cut_quickly():
    text = "*" * 3000 + "(" * 3000 + " " * 3000

    assert cut(text, whole=False).ended is False


PIECES = st.sampled_from(
    ["(", ")", "[", "sil", "ence", "silence", "resp", "onse", "(silence)", "(response)", "*", "**",
     "`", "_", " ", "  ", "\n", "\r", "\u2028", "\n\n", ":", "\uff1a", "A", "na", "Ana", "ana:",
     "Ana:", "Bob (2)", "Bob", " (2)", "assistant", "assis", "tant:", "李雷", "Note:", "https:",
     "\\", ".", "…", "\uff08", "\uff09", "\u017f", "K", "\u0131", "\u200b", "!", "{", "}", "<", ">", "hi",
     "STRASSE", "straße", "C+", "+:"]
)  # fmt: skip
OUTPUTS = st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=14).map("".join)
PLAIN = str.maketrans("\uff08\uff09\uff1a", "():")
DRESS = " \n\r\u2028\u200b*_`.…!\\"


def is_forged(line):
    """Tell it in another way than the code: a name, then a colon, dressed in Markdown or not."""
    head, colon, _ = line.translate(PLAIN).partition(":")
    named = head.strip().strip("*_").strip().casefold()
    return bool(colon) and named in {name.casefold() for name in (*SPEAKERS, "assistant")}


def holds_marker(text):
    """Tell it in another way than the code: a marker's word alone between brackets."""
    bracketed = re.findall(r"(?=[(\[]([^()\[\]]*)[)\]])", text.translate(PLAIN))
    return any(each.strip(DRESS).casefold() in ("silence", "response") for each in bracketed)


@given(OUTPUTS)
def test_what_is_shown_of_a_growing_output_only_grows_and_holds_no_marker(output):
    before = ""
    for text in streamed(output):
        assert text.startswith(before)
        assert not holds_marker(text)
        before = text


@given(OUTPUTS, st.data())
def test_in_which_pieces_a_reply_comes_makes_no_difference(output, data):
    growing, end, part = Growing(speakers=SPEAKERS, assistant="assistant"), 0, None
    while end < len(output) and not (part and part.ended):
        before, end = end, data.draw(st.integers(end + 1, len(output)))
        part = growing.grow(output[before:end])

        assert part == cut(output[:end], whole=False)


@given(OUTPUTS)
def test_no_line_that_is_shown_begins_with_a_speakers_name_and_a_colon(output):
    for text in streamed(output):
        assert not any(is_forged(line) for line in text.splitlines())
