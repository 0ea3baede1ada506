import pytest
from hypothesis import given, settings, strategies as st

from inference.detokenize import Detokenizer, StopStrings, TokenTexts
from tests.inference.tiny import chatml_tokenizer, mistral_tokenizer

TOKENIZERS = {"bytes": chatml_tokenizer(), "pieces": mistral_tokenizer()}
every_tokenizer = pytest.mark.parametrize("name", TOKENIZERS)
text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20)


@every_tokenizer
@given(answer=text)
@settings(max_examples=50, deadline=None)
def test_the_pieces_make_up_the_text(name, answer):
    tokenizer = TOKENIZERS[name]
    prompt, whole = (
        tokenizer.encode(t, add_special_tokens=False) for t in ("so: ", f"so: {answer}")
    )
    ids = whole[len(prompt) :]
    detokenizer = Detokenizer(tokenizer, prompt)

    pieces = [detokenizer.push(token_id) for token_id in ids]

    joined = "".join(pieces) + detokenizer.flush()
    assert tokenizer.decode(whole[: len(prompt)]) + joined == tokenizer.decode(whole)


def test_no_piece_holds_half_a_character():
    tokenizer = TOKENIZERS["bytes"]
    detokenizer = Detokenizer(tokenizer, [])
    ids = tokenizer.encode("🇫🇷é", add_special_tokens=False)
    assert len(ids) > 4

    pieces = [detokenizer.push(token_id) for token_id in ids]

    assert "".join(pieces) == "🇫🇷é"
    assert not any("\N{REPLACEMENT CHARACTER}" in piece for piece in pieces)


def test_a_character_that_is_never_finished_is_shown_as_such_in_the_end():
    tokenizer = TOKENIZERS["bytes"]
    detokenizer = Detokenizer(tokenizer, [])
    begun = tokenizer.encode("🙂", add_special_tokens=False)[0]

    assert detokenizer.push(begun) == ""
    assert detokenizer.flush() == "\N{REPLACEMENT CHARACTER}"


def test_control_tokens_are_not_shown():
    tokenizer = TOKENIZERS["bytes"]

    assert Detokenizer(tokenizer, []).push(tokenizer.convert_tokens_to_ids("<|im_start|>")) == ""


def test_text_is_cut_at_the_first_stop_string():
    stops = StopStrings(["\nAlice:", "END"])

    shown = [stops.push(part) for part in ("hi\nAl", "ice", ": what", "more")]

    assert (shown, stops.found) == (["hi", "", "", ""], True)


def test_what_only_looked_like_a_stop_string_is_shown_after_all():
    stops = StopStrings(["\nAlice:"])

    shown = [stops.push(part) for part in ("hi\nAl", "bert", "\n")]

    assert shown == ["hi", "\nAlbert", ""]
    assert stops.flush() == "\n"


def test_of_several_stop_strings_the_earliest_counts():
    stops = StopStrings(["b", "a"])

    assert stops.push("xab") == "x"


def test_without_stop_strings_all_is_shown_at_once():
    assert StopStrings(["", ""]).push("text") == "text"


def test_a_single_token_reads_as_it_does_inside_a_text():
    tokenizer = TOKENIZERS["pieces"]
    piece, token_id = next(
        (piece, token_id) for piece, token_id in tokenizer.get_vocab().items() if piece[0] == "▁"
    )

    assert TokenTexts(tokenizer)(token_id) == piece.replace("▁", " ")
