"""What the commands are called in other languages, for platforms that show them in the reader's.

One JSON file a language: a path of the definition to its name and summary. What is typed as text
stays English, and so do the answers, which name commands as they are typed; for that reason
`/assistant` itself has one name everywhere.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

LOCALES: Mapping[str, str] = {
    "de": "de",
    "fr": "fr",
    "es-ES": "es",
    "es-419": "es",
    "ja": "ja",
    "zh-CN": "zh",
}
"""The file of each locale, by the names that Discord has for them."""

ROOT = "assistant"  # the path of /assistant itself
MENU = "ask-about"  # the path of ASK_ABOUT, which has no summary


@dataclass(frozen=True, slots=True)
class Words:
    """A name and a summary in one language."""

    name: str
    summary: str


@cache
def translations(locale: str) -> Mapping[str, Words]:
    """Give the words of a locale by dotted path, an argument's behind that of its command.

    Such as "privacy.forget-me" and "mode.mode". A locale that nobody translated has none.
    """
    file_name = LOCALES.get(locale)
    if file_name is None:
        return {}
    text = files(__name__).joinpath(f"{file_name}.json").read_text(encoding="utf-8")
    return {path: Words(*words) for path, words in json.loads(text).items()}
