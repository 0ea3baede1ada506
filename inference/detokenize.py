"""Token ids to text piece by piece: whole characters only, and nothing of a stop string.

Pure, given a tokenizer.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_HALF = "\N{REPLACEMENT CHARACTER}"  # what an unfinished UTF-8 sequence decodes to


class Detokenizer:
    """Turns tokens into text as they come.

    Decodes from a few tokens back, since a token's text depends on the one in front (the space of
    SentencePiece), and holds text back while its last character is unfinished.
    """

    def __init__(self, tokenizer: "PreTrainedTokenizerBase", prompt_ids: Sequence[int]) -> None:
        self._tokenizer = tokenizer
        self._ids = list(prompt_ids[-4:])  # enough for any UTF-8 sequence in byte tokens
        self._begin, self._end = 0, len(self._ids)

    def push(self, token_id: int) -> str:
        """Give the text that became whole with this token, "" if none did."""
        self._ids.append(token_id)
        text = self._grown()
        if text.endswith(_HALF):
            return ""
        self._begin, self._end = self._end, len(self._ids)
        return text

    def flush(self) -> str:
        """Give what is left when no more tokens come, an unfinished character as U+FFFD."""
        text = self._grown()
        self._begin = self._end = len(self._ids)
        return text

    def _grown(self) -> str:
        known = self._decode(self._ids[self._begin : self._end])
        return self._decode(self._ids[self._begin :])[len(known) :]

    def _decode(self, ids: list[int]) -> str:
        decode = self._tokenizer.decode
        return str(decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))


class StopStrings:
    """Holds back text that may be the beginning of a stop string, and cuts at the first whole one."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = [stop for stop in stops if stop]
        self._held = ""
        self.found = False

    def push(self, text: str) -> str:
        """Give the text that is safe to show. After a stop string was found, nothing is."""
        if self.found:
            return ""
        self._held += text
        begins = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if begins:
            self.found = True
            shown, self._held = self._held[: min(begins)], ""
            return shown
        num_shown = len(self._held) - self._num_undecided()
        shown, self._held = self._held[:num_shown], self._held[num_shown:]
        return shown

    def flush(self) -> str:
        """Give what was held back, when no more text comes."""
        shown, self._held = self._held, ""
        return shown

    def _num_undecided(self) -> int:
        longest = max((len(stop) for stop in self._stops), default=0) - 1
        for size in range(min(longest, len(self._held)), 0, -1):
            if any(stop.startswith(self._held[-size:]) for stop in self._stops):
                return size
        return 0


class TokenTexts:
    """Gives the text of a single token as it reads inside a text, its leading space included."""

    def __init__(self, tokenizer: "PreTrainedTokenizerBase") -> None:
        self._tokenizer = tokenizer
        self._before = tokenizer.encode("a", add_special_tokens=False)
        self._before_text = self._decode(self._before)
        self._text = lru_cache(maxsize=65536)(self._alone)

    def __call__(self, token_id: int) -> str:
        """Give the token's text; part of a character is U+FFFD."""
        return self._text(token_id)

    def _alone(self, token_id: int) -> str:
        return self._decode([*self._before, token_id])[len(self._before_text) :]

    def _decode(self, ids: list[int]) -> str:
        return str(self._tokenizer.decode(ids, clean_up_tokenization_spaces=False))
