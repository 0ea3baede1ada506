"""What stands within a line, from the model's Markdown to Slack's own dialect: code, links, emphasis.

Pure. In mrkdwn `&`, `<` and `>` are escaped, so that only the links made here stand in angle brackets.
"""

import html
import re
from functools import partial

GAP = "\N{ZERO WIDTH SPACE}"  # shows nothing, and lets emphasis begin or end within a word
LIKE_A_TICK = "\N{MODIFIER LETTER GRAVE ACCENT}"  # Slack ends code in a line at any backtick
MAX_URL_CHARS = 700  # of which none is longer than a message, however much has to be escaped
MAX_DEPTH = 6  # of emphasis in emphasis; deeper marks stay as they are written

_SCHEME = r"(?:https?://|mailto:|tel:)"
_URL = re.compile(rf"{_SCHEME}[^\s<>|]+", re.IGNORECASE)
_BREAK = re.compile(r"<br[ \t]*/?>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#\d{1,6}|#[xX][\da-fA-F]{1,5});")
_SPECIAL = "*_~`"  # Slack knows no escapes for these

# Each alternative ends in its line, and after some hundred characters: a long row of marks takes no
# longer than any other text.
_INLINE = re.compile(
    r"(?P<code>(?<!`)(?P<ticks>`+)(?!`)(?P<inner>[^\n]{1,600}?)(?<!`)(?P=ticks)(?!`))"
    r"|\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|!?\[(?P<label>(?:[^\[\]\n\\]|\\.|\[[^\[\]\n]{0,200}\]){0,400})\]"
    r"\([ \t]*<?(?P<target>(?:[^()\s<>]|\([^()\s<>]{0,200}\)){0,2000})>?"
    r"(?:[ \t]+(?:\"[^\"\n]{0,300}\"|'[^'\n]{0,300}'))?[ \t]*\)"
    rf"|<(?P<auto>{_SCHEME}[^\s<>|]{{1,2000}}|[\w.+-]{{1,64}}@[\w-]{{1,64}}(?:\.[\w-]{{1,64}}){{1,6}})>"
    rf"|(?P<url>\b{_SCHEME}[^\s<>|]{{1,2000}})"
    r"|(?P<both>\*\*\*(?=[^\s*])(?P<in_both>[^\n]{1,400}?)(?<=[^\s*])\*\*\*(?!\*))"
    r"|(?P<bold>\*\*(?=\S)(?P<in_bold>[^\n]{1,400}?)(?<=\S)\*\*(?!\*)"
    r"|(?<!\w)__(?=\S)(?P<in_bold2>[^\n]{1,400}?)(?<=\S)__(?!\w))"
    r"|(?P<italic>(?<!\*)\*(?=[^\s*])(?P<in_italic>[^*\n]{1,400}?)(?<=\S)\*(?!\*)"
    r"|(?<!\w)_(?=[^\s_])(?P<in_italic2>[^\n]{1,400}?)(?<=[^\s])_(?!\w))"
    r"|(?P<strike>~~(?=\S)(?P<in_strike>[^\n]{1,400}?)(?<=\S)~~)",
    re.IGNORECASE,
)
_MARKS = {"both": ("*_", "_*"), "bold": ("*", "*"), "italic": ("_", "_"), "strike": ("~", "~")}
_INNER = {
    "both": ("in_both",),
    "bold": ("in_bold", "in_bold2"),
    "italic": ("in_italic", "in_italic2"),
    "strike": ("in_strike",),
}


def escaped(text: str) -> str:
    """Give plain words for Slack's `text`, in which nothing means anything but itself."""
    return html.escape(sendable(text), quote=False)


def unfenced(text: str) -> str:
    """Give a text that neither opens nor ends a block of code."""
    return text.replace("```", f"``{GAP}`")


def inline(text: str, within: frozenset[str] = frozenset()) -> str:
    """Convert what stands in a line. `within` are the marks that are open: none opens twice."""
    out, at = [], 0
    for match in _INLINE.finditer(text):
        out.append(_words(text[at : match.start()]))
        out.append(_converted(match, text, within))
        at = match.end()
    out.append(_words(text[at:]))
    return "".join(out)


def _converted(match: re.Match[str], text: str, within: frozenset[str]) -> str:
    if match["code"]:
        return _inline_code(match["inner"])
    if match["escaped"]:
        sign = match["escaped"]
        return f"{sign}{GAP}" if sign in _SPECIAL else escaped(sign)
    if match["target"] is not None:
        return _link(match["target"], plain(match["label"]))
    if match["auto"]:
        address = match["auto"]
        return _link(address if _URL.match(address) else f"mailto:{address}", address)
    if match["url"]:
        return _bare(match["url"])
    return _emphasis(match, text, within)


def _emphasis(match: re.Match[str], text: str, within: frozenset[str]) -> str:
    kind = next(kind for kind in _MARKS if match[kind])
    inner = next(match[name] for name in _INNER[kind] if match[name] is not None)
    if kind in within or len(within) >= MAX_DEPTH:
        return inline(inner, within) if kind in within else _words(match.group())
    opened, closed = _MARKS[kind]
    before = GAP if match.start() and text[match.start() - 1].isalnum() else ""
    after = GAP if text[match.end() : match.end() + 1].isalnum() else ""
    shown = inline(inner, within | {kind} | ({"bold", "italic"} if kind == "both" else set()))
    return f"{before}{opened}{shown}{closed}{after}"


def _inline_code(inner: str) -> str:
    """Give code in a line; Slack's own knows only single backticks around it."""
    if inner.strip() and inner[0] == inner[-1] == " ":
        inner = inner[1:-1]
    return f"`{escaped(inner).replace('`', LIKE_A_TICK)}`" if inner.strip() else escaped(inner)


def _bare(url: str) -> str:
    """Link an address in a sentence, without the signs that belong to the sentence."""
    end = len(url.rstrip(".,;:!?'\"*_~`)]}"))
    while end < len(url) and url[end] in ")" and url.count("(", 0, end) > url.count(")", 0, end):
        end += 1
    if not _URL.fullmatch(url[:end]) or end > MAX_URL_CHARS:
        return _words(url)
    return f"<{_address(url[:end])}>{_words(url[end:])}"


def _link(target: str, label: str) -> str:
    """Give a link, or label and target as words where it leads nowhere on the web."""
    target = html.unescape(target)
    label = " ".join(label.split()).replace("|", "¦")
    if not _URL.fullmatch(target) or len(target) > MAX_URL_CHARS:
        return escaped(_spelled(target, label))
    if not label or label == target:
        return f"<{_address(target)}>"
    return f"<{_address(target)}|{escaped(label)}>"


def _address(url: str) -> str:
    return escaped(url).replace("|", "%7C")


def plain(text: str, *, with_addresses: bool = False) -> str:
    """Give the words of a text without its marks, or with where its links lead behind their words."""
    words = _BREAK.sub(" ", _ENTITY.sub(_character, text))
    return _INLINE.sub(partial(_unmarked, with_addresses=with_addresses), words)


def _unmarked(match: re.Match[str], *, with_addresses: bool) -> str:
    if with_addresses and match["target"]:
        return _spelled(match["target"], plain(match["label"]))
    for name in ("escaped", "inner", "label", "auto", "url"):
        if match[name] is not None:
            return match[name]
    inner = next(match[n] for names in _INNER.values() for n in names if match[n] is not None)
    return plain(inner, with_addresses=with_addresses)


def _spelled(target: str, label: str) -> str:
    return f"{label} ({target})" if label and target not in ("", label) else label or target


def _words(text: str) -> str:
    """Escape words, in which the model may have written entities and line breaks of HTML."""
    lines = _BREAK.sub("\n", text).split("\n")
    return "\n".join(escaped(_ENTITY.sub(_character, line)) for line in lines)


def _character(entity: re.Match[str]) -> str:
    char = html.unescape(entity.group())
    return char if char.isprintable() else " "


def sendable(text: str) -> str:
    """Replace halves of characters, which no JSON of Slack's may hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
