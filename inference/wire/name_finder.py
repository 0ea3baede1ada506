"""Find the names of people in what others write, and put other names there.

Pure. A name is found as whole words, in one pass, so that a name put in is never taken for another
person's; `_` ends a word, and accents are composed (NFC) in names and texts alike. It errs on the
side of replacing too much: a word too many is odd, a name too many is a leak.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping

_WORD = re.compile(r"[^\W_]+")
_BETWEEN_WORDS = re.compile(r"[\s_]+")
_MENTION = re.compile(r"<@([\w-]+)>")
# Scripts that put no space between words: their names are looked for inside them.
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
MIN_ANY_CASE = 3  # characters; "Al" and "Bo" are too often parts of something else
# Names that are words too: only found as they are written in the name, so "will" stays, "Will" not.
_ALSO_WORDS_TEXT = (
    "amber angel april art august autumn bill bob bot bud case chance chase chip daisy dan dawn de"
    " den der dot drew duke earl ella eve faith fern frank gene ginger glen grace grant guy hank"
    " harmony heath holly hope hunter iris ivy jack jade jasmine jay jean jet jim john joy june"
    " justice king lane lily major mark marina mason max may melody miles misty nick olive pam pat"
    " pearl penny pepper peter ray rich river rob robin rock rose ruby rusty sage sandy scout sky"
    " sonny star sterling storm sue sunny summer ted the tim tony ty van victor violet von ward"
    " wade will winter woody young"
)
# Parts of handles such as the_real_ana_from_support, which alone mean nobody.
_NOT_NAMES_TEXT = (
    "admin and bot data dev for from guest help its just not official ops real support team test the"
    " user with work"
)
_NOT_NAMES = frozenset(_NOT_NAMES_TEXT.split())
_ALSO_WORDS = frozenset(_ALSO_WORDS_TEXT.split()) | _NOT_NAMES


def name_words(name: str) -> list[str]:
    """Give all words of a name or a handle."""
    return _WORD.findall(unicodedata.normalize("NFC", name))


def words_of(names: Iterable[str]) -> list[str]:
    """Give the words of names that may stand for the whole, as in "thanks Ana"."""
    return [_as_name(word) for name in names for word in name_words(name) if _may_stand_alone(word)]


def _may_stand_alone(word: str) -> bool:
    return len(word) >= MIN_ANY_CASE and not word.isdigit() and word.casefold() not in _NOT_NAMES


def _as_name(word: str) -> str:
    """Give the part of a handle as people would write it where only that tells it from a word."""
    return word.capitalize() if word.casefold() in _ALSO_WORDS else word


class NameFinder:
    """Replaces names by what is shown for them. Build it once; `replaced` is then quick."""

    def __init__(self) -> None:
        self._any_case: dict[str, str] = {}
        self._exact: dict[str, str] = {}
        self._inside: dict[str, str] = {}
        self._max_words = 1

    def add(self, names: Iterable[str], shown: str) -> None:
        """Look for these names; one that was added before keeps what it shows."""
        for name in names:
            self._add(name, shown)

    def replaced(self, text: str, mentions: Mapping[str, str], *, bare: str = "") -> str:
        """Give the text with names replaced, and `<@ID>` turned into `@` and what `mentions` shows.

        What is shown as `bare` loses the @ before it.
        """
        text = unicodedata.normalize("NFC", text)
        pieces = []
        end = 0
        for mention in _MENTION.finditer(text):
            shown = mentions.get(mention[1], "someone")
            pieces += [self._words(text[end : mention.start()], bare)]
            pieces += [shown if shown == bare else f"@{shown}"]
            end = mention.end()
        return "".join([*pieces, self._words(text[end:], bare)])

    def _add(self, name: str, shown: str) -> None:
        name = unicodedata.normalize("NFC", name)
        words = list(_WORD.finditer(name))
        if not words:
            return
        core = _joined(name[words[0].start() : words[-1].end()])
        if _UNSPACED.search(core):
            if len(core) > 1:
                self._inside.setdefault(core, shown)
            return
        self._max_words = max(self._max_words, len(words))
        if len(core) < MIN_ANY_CASE or core.casefold() in _ALSO_WORDS:
            self._exact.setdefault(core, shown)
        else:
            self._any_case.setdefault(core.casefold(), shown)

    def _words(self, text: str, bare: str) -> str:
        for name in sorted(self._inside, key=len, reverse=True):
            text = text.replace(name, self._inside[name])
        words = list(_WORD.finditer(text))
        pieces: list[str] = []
        end = number = 0
        while number < len(words):
            start = words[number].start()
            length, shown = self._longest(text, words, number)
            if shown is not None:
                between = text[end:start]
                pieces += [between.removesuffix("@") if shown == bare else between, shown]
                end = words[number + length - 1].end()
            number += length
        return "".join([*pieces, text[end:]])

    def _longest(
        self, text: str, words: list[re.Match[str]], number: int
    ) -> tuple[int, str | None]:
        """Give how many words the longest name that begins here has, and what to show; else 1, None."""
        for length in range(min(self._max_words, len(words) - number), 0, -1):
            found = _joined(text[words[number].start() : words[number + length - 1].end()])
            shown = self._exact.get(found) or self._any_case.get(found.casefold())
            if shown is not None:
                return length, shown
        return 1, None


def _joined(words: str) -> str:
    """Give a name of several words in one form: ana_smith is Ana Smith."""
    return _BETWEEN_WORDS.sub(" ", words)
