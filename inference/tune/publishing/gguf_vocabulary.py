"""The tokenizer of a model as llama.cpp wants it in a GGUF file.

Two kinds: byte-level BPE with merges (SmolLM2, Qwen2, Llama 3), there called gpt2, and
SentencePiece-like BPE with scores (Llama 2, Mistral, Zephyr), there called llama.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inference.errors import TuneRefused

if TYPE_CHECKING:
    from gguf import GGUFWriter, TokenType
    from transformers import PreTrainedTokenizerBase

_CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_WORDS = r"|[^\r\n\p{L}\p{N}]?\p{L}+"
# llama.cpp knows how a tokenizer cuts text into words by name only: these expressions, as they
# stand in tokenizer.json, have these names.
_SPLITS = {
    _CONTRACTIONS + _WORDS + r"|\p{N}" + _REST: "qwen2",
    _CONTRACTIONS + _WORDS + r"|\p{N}{1,3}" + _REST: "llama-bpe",
}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The tokens in the order of their ids.

    `kind` is llama.cpp's name of the algorithm, `pre` that of the way text is cut into words. A
    "gpt2" has `merges`, a "llama" has `scores`. `special` maps bos, eos, unk and pad to ids.
    """

    kind: str
    pre: str
    tokens: Sequence[str]
    types: Sequence["TokenType"]
    merges: Sequence[str]
    scores: Sequence[float]
    special: Mapping[str, int]
    adds_bos: bool
    adds_eos: bool
    adds_space: bool


def vocabulary_of(tokenizer: "PreTrainedTokenizerBase", *, num_rows: int) -> Vocabulary:
    """Take a tokenizer apart; `num_rows` is the number of rows of the model's embeddings.

    Raises TuneRefused, naming the part, for a tokenizer that llama.cpp would read differently.
    """
    raw = _raw(tokenizer)
    kind = _kind(raw)
    added = {int(id_): token for id_, token in tokenizer.added_tokens_decoder.items()}
    by_id = {id_: token for token, id_ in tokenizer.get_vocab().items()}
    if max(by_id) >= num_rows:
        raise TuneRefused(
            f"the tokenizer has {max(by_id) + 1} tokens, the model only {num_rows}: they do not fit"
        )
    specials = {id_ for id_, token in added.items() if token.special}
    types = _types(by_id, num_rows, specials=specials, added=set(added), is_bytes=kind == "gpt2")
    tokens = [by_id.get(id_, f"[PAD{id_}]") for id_ in range(num_rows)]
    pairs = [_pair(merge) for merge in raw["model"]["merges"]]
    begins, ends = _additions(tokenizer)
    return Vocabulary(
        kind=kind,
        pre=_pre(raw) if kind == "gpt2" else "default",
        tokens=tokens,
        types=types,
        merges=[" ".join(pair) for pair in pairs] if kind == "gpt2" else (),
        scores=_scores(tokens, pairs) if kind == "llama" else (),
        special=_special(tokenizer),
        adds_bos=begins,
        adds_eos=ends,
        adds_space=_adds_space(raw),
    )


def add_vocabulary(writer: "GGUFWriter", vocabulary: Vocabulary) -> None:
    """Put a vocabulary into the header of a GGUF file."""
    writer.add_tokenizer_model(vocabulary.kind)
    writer.add_tokenizer_pre(vocabulary.pre)
    writer.add_token_list(list(vocabulary.tokens))
    writer.add_token_types(list(vocabulary.types))
    if vocabulary.kind == "gpt2":
        writer.add_token_merges(list(vocabulary.merges))
    else:
        writer.add_token_scores(list(vocabulary.scores))
        writer.add_add_space_prefix(vocabulary.adds_space)
    add_id = {
        "bos": writer.add_bos_token_id,
        "eos": writer.add_eos_token_id,
        "unk": writer.add_unk_token_id,
        "pad": writer.add_pad_token_id,
    }
    for name, id_ in vocabulary.special.items():
        add_id[name](id_)
    writer.add_add_bos_token(vocabulary.adds_bos)
    writer.add_add_eos_token(vocabulary.adds_eos)


def _raw(tokenizer: "PreTrainedTokenizerBase") -> dict[str, Any]:
    backend = vars(tokenizer).get("_tokenizer")
    if backend is None:
        raise TuneRefused(
            "a GGUF file needs a fast tokenizer (tokenizer.json); this model has none"
        )
    raw: dict[str, Any] = json.loads(backend.to_str())
    return raw


def _kind(raw: Mapping[str, Any]) -> str:
    model = raw["model"]
    if model["type"] != "BPE":
        raise TuneRefused(
            f"a tokenizer of type {model['type']} cannot be written as GGUF, only a BPE one; "
            "publish with --merged and convert the folder with llama.cpp"
        )
    return "llama" if model.get("byte_fallback") else "gpt2"


def _pre(raw: Mapping[str, Any]) -> str:
    """Name the way a byte-level tokenizer cuts text into words."""
    parts = _parts(raw.get("pre_tokenizer"), "pretokenizers")
    kinds = [part["type"] for part in parts]
    if kinds == ["ByteLevel"] and parts[0]["use_regex"]:
        return "gpt-2"
    if kinds == ["Digits", "ByteLevel"] and parts[0]["individual_digits"]:
        return "smollm"
    if kinds == ["Split", "ByteLevel"]:
        split = parts[0]["pattern"].get("Regex")
        if split in _SPLITS:
            return _SPLITS[split]
    raise TuneRefused(
        "this tokenizer cuts text into words in a way we have no llama.cpp name for "
        f"({', '.join(kinds) or 'not at all'}); publish with --merged and convert the folder with "
        "llama.cpp"
    )


def _parts(part: Mapping[str, Any] | None, inner: str) -> list[Mapping[str, Any]]:
    if part is None:
        return []
    return list(part[inner]) if part["type"] == "Sequence" else [part]


def _types(
    by_id: Mapping[int, str], num_rows: int, *, specials: set[int], added: set[int], is_bytes: bool
) -> list["TokenType"]:
    from gguf import TokenType

    def type_of(id_: int) -> TokenType:
        if id_ not in by_id:
            return TokenType.UNUSED
        if not is_bytes and by_id[id_] == "<unk>":
            return TokenType.UNKNOWN
        if id_ in specials:
            return TokenType.CONTROL
        if id_ in added:
            return TokenType.USER_DEFINED
        is_byte = not is_bytes and by_id[id_].startswith("<0x") and len(by_id[id_]) == len("<0x00>")
        return TokenType.BYTE if is_byte else TokenType.NORMAL

    return [type_of(id_) for id_ in range(num_rows)]


def _pair(merge: str | Sequence[str]) -> tuple[str, str]:
    left, right = merge.split(" ") if isinstance(merge, str) else merge
    return left, right


def _scores(tokens: Sequence[str], pairs: Sequence[tuple[str, str]]) -> list[float]:
    """Give each token the score by which llama.cpp merges in the order of the merges.

    It joins two pieces whose text is a token, the highest score first. So a token scores the less,
    the later its first merge comes, and what no merge makes scores least.
    """
    rank: dict[str, int] = {}
    for at, (left, right) in enumerate(pairs):
        rank.setdefault(left + right, at)
    return [-float(rank.get(token, len(pairs))) for token in tokens]


def _special(tokenizer: "PreTrainedTokenizerBase") -> dict[str, int]:
    ids = {
        "bos": tokenizer.bos_token_id,
        "eos": tokenizer.eos_token_id,
        "unk": tokenizer.unk_token_id,
        "pad": tokenizer.pad_token_id,
    }
    return {name: id_ for name, id_ in ids.items() if isinstance(id_, int)}


def _additions(tokenizer: "PreTrainedTokenizerBase") -> tuple[bool, bool]:
    """Tell whether the tokenizer itself puts a first and a last token around a text."""
    ids: list[int] = tokenizer("a")["input_ids"]
    begins = len(ids) > 1 and ids[0] == tokenizer.bos_token_id
    return begins, len(ids) > 1 and ids[-1] == tokenizer.eos_token_id


def _adds_space(raw: Mapping[str, Any]) -> bool:
    normalizers = _parts(raw.get("normalizer"), "normalizers")
    pre_tokenizers = _parts(raw.get("pre_tokenizer"), "pretokenizers")
    return any(part["type"] == "Prepend" for part in normalizers) or any(
        part["type"] == "Metaspace" and part.get("prepend_scheme") != "never"
        for part in pre_tokenizers
    )
