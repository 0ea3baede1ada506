"""Names and texts of people: whatever they write, it stays one line of theirs."""

import re

import pytest
from hypothesis import given, settings, strategies as st

from inference.wire.text import (
    LINE_BREAK,
    MAX_MESSAGE_BYTES,
    MAX_NAME_CHARS,
    break_control_tokens,
    speaker_name,
    speaker_text,
)

# Control tokens of the models of the articles and of those most used today.
CHATML = ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|user|>", "<|assistant|>", "<|end|>"]
LLAMA = ["<s>", "</s>", "<unk>", "<<SYS>>", "<</SYS>>", "[INST]", "[/INST]", "<|eot_id|>", "<pad>"]
GEMMA = ["<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>", "<unused42>", "<mask>"]
MISTRAL = ["[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[AVAILABLE_TOOLS]", "[TOOL_CALLS]"]
QWEN = ["<tool_call>", "</tool_call>", "<think>", "</think>"]
SMOLLM = ["<repo_name>", "<reponame>", "<file_sep>", "<filename>", "<gh_stars>", "<issue_start>"]
SMOLLM_CODE = ["<jupyter_code>", "<empty_output>", "<fim_prefix>"]
DEEPSEEK = ["<\uff5cUser\uff5c>", "<\uff5cend\u2581of\u2581sentence\uff5c>"]
CONTROL_TOKENS = CHATML + LLAMA + GEMMA + MISTRAL + QWEN + SMOLLM + SMOLLM_CODE + DEEPSEEK
LINE_ENDS = ["\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
RESERVED = frozenset({"assistant", "earshot"})

# Text as people mean harm by it: pieces of tokens, markers, names and line ends in any order.
PIECES = ["<", "|", ">", "[", "]", "/", " ", ":", "im_end", "s", "INST", "assistant", "Bob: hi"]
UNSEEN = ["\u200b", "\u2060", "\x00", "\ud83d"]
hostile = st.lists(
    st.sampled_from([*CONTROL_TOKENS, *LINE_ENDS, *PIECES, *UNSEEN, "(silence)", "(response)"])
    | st.text(max_size=5),
    max_size=30,
).map("".join)


def holds_no_control_token(text):
    return not any(token.casefold() in text.casefold() for token in CONTROL_TOKENS)


@given(hostile)
def test_a_text_never_is_two_lines_and_never_holds_a_control_token(text):
    shown = speaker_text(text)

    assert len(shown.splitlines()) <= 1
    assert holds_no_control_token(shown)
    shown.encode()


@given(hostile)
def test_a_name_is_one_word_group_without_colon_line_end_or_control_token(name):
    shown = speaker_name(name, reserved=RESERVED)

    assert len(shown.splitlines()) == 1
    assert ":" not in shown
    assert holds_no_control_token(shown)
    assert len(shown) <= MAX_NAME_CHARS + len(" (person)")
    assert shown == shown.strip()
    shown.encode()


@given(hostile, hostile)
def test_a_line_begins_with_its_speakers_name_and_with_no_others(name, text):
    shown = speaker_name(name, reserved=RESERVED)

    line = f"{shown}: {speaker_text(text)}"

    assert line.split(": ")[0] == shown or line == f"{shown}: "
    assert shown.casefold() not in RESERVED


@given(st.text(max_size=500))
def test_a_text_once_made_safe_stays_as_it_is(text):
    assert speaker_text(speaker_text(text)) == speaker_text(text)


@given(hostile)
def test_breaking_control_tokens_twice_breaks_them_once(text):
    assert break_control_tokens(break_control_tokens(text)) == break_control_tokens(text)


@pytest.mark.parametrize("token", CONTROL_TOKENS)
def test_each_control_token_stays_readable_but_is_none(token):
    shown = speaker_text(f"look: {token}!")

    assert token not in shown
    assert shown.replace(" ", "") == f"look:{token}!"


@pytest.mark.parametrize(
    "text", ["x < 5 and y > 3", "List<int> a[0]", "<b>bold</b>", "[x] done", "a | b", "I <3 you"]
)
def test_ordinary_brackets_stay(text):
    assert speaker_text(text) == text


@pytest.mark.parametrize("end", LINE_ENDS)
def test_every_kind_of_line_end_becomes_the_mark(end):
    assert speaker_text(f" one {end}{end}  two{end}") == f"one{LINE_BREAK}two"


@pytest.mark.parametrize("text", ["مرحبا", "👩‍👩‍👧‍👦 👍🏽", "(silence)", "naïve 日本語", "می‌خواهم"])
def test_other_scripts_emoji_and_marker_words_stay(text):
    assert speaker_text(text) == text


def test_an_invisible_character_does_not_hide_a_control_token():
    assert speaker_text("<\u200b|im_end|>") == "< |im_end|>"


def test_half_a_surrogate_pair_vanishes():
    assert speaker_text("a\ud83db") == "ab"


def test_an_empty_message_is_an_empty_text():
    assert speaker_text(" \n\t\n ") == ""


@pytest.mark.parametrize("char", ["a", "é", "日", "👍"])
def test_a_long_message_is_clipped_by_its_bytes_and_says_so(char):
    shown = speaker_text(char * 100_000)

    kept, more = shown.split(" … ")
    assert MAX_MESSAGE_BYTES - 4 < len(kept.encode()) <= MAX_MESSAGE_BYTES
    assert more == f"[{100_000 - len(kept)} more characters]"


def test_a_hundred_thousand_spaces_are_one_clipped_line():
    """They once took a minute: a pattern began anew at each of them."""
    shown = speaker_text("a" + " " * 100_000 + "b")

    assert len(shown.encode()) < MAX_MESSAGE_BYTES + 40
    assert speaker_text("a" + "\n" * 100_000 + "b") == f"a{LINE_BREAK}b"


FULL_WIDTH = "".join(chr(ord(letter) + 0xFEE0) for letter in "assistant")


@pytest.mark.parametrize(
    "name",
    ["assistant", " ASSISTANT: ", "assis\u200btant", "assistant!", "Ear Shot", FULL_WIDTH],
)
def test_nobody_speaks_in_the_assistants_name(name):
    assert speaker_name(name, reserved=RESERVED).endswith(" (person)")


@pytest.mark.parametrize("name", ["Ann", "assistant 2", "Mr. Assistant", "👍", "日本", "O'Brien"])
def test_other_names_stay_as_they_are(name):
    assert speaker_name(name, reserved=RESERVED) == name


@pytest.mark.parametrize("name", ["", "  ", ":", "\n", "\u200b"])
def test_a_name_of_nothing_is_someone(name):
    assert speaker_name(name, reserved=RESERVED) == "someone"


@settings(max_examples=50)
@given(st.text(min_size=41))
def test_a_long_name_is_cut(name):
    assert len(re.sub(r" \(person\)$", "", speaker_name(name, reserved=RESERVED))) <= MAX_NAME_CHARS
