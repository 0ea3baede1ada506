"""The model's Markdown as Slack's own dialect, mrkdwn, and made harmless for Slack's Markdown.

Pure. Whatever the model writes, nothing of it pings: in mrkdwn `&`, `<` and `>` are escaped, so that
only the links made here stand in angle brackets. What Slack cannot show is shown as well as it can:
headings are bold lines, tables stand in fixed width, pictures are links.
"""

import html
import re
from collections.abc import Iterator, Sequence

from bot.platforms.slack.tables import as_lines, is_row, is_rule

JOINER = "\N{WORD JOINER}"  # shows nothing, and ends what Slack would read as one word
GAP = "\N{ZERO WIDTH SPACE}"  # shows nothing, and lets emphasis begin or end within a word
LIKE_A_TICK = "\N{MODIFIER LETTER GRAVE ACCENT}"  # Slack ends code in a line at any backtick
RULE = "─" * 10
MAX_URL_CHARS = 700  # of which none is longer than a message, however much has to be escaped
MAX_DEPTH = 6  # of emphasis in emphasis; deeper marks stay as they are written
BULLETS = ("•", "◦", "▪")

_FENCE = re.compile(
    r"^(?P<lead>[ \t]*)(?P<item>(?:[-*+]|\d{1,9}[.)])[ \t]{1,4})?(?P<ticks>`{3,}|~{3,})[^`]*$"
)
_QUOTE = re.compile(r"^[ \t]{0,3}(?:>[ \t]?)+")
_HEADING = re.compile(r"^[ \t]{0,3}#{1,6}[ \t]+(?P<words>.*)$")
_LINE = re.compile(r"^[ \t]{0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})$")
_ITEM = re.compile(r"^(?P<lead>[ \t]*)(?P<mark>[-*+]|\d{1,9}[.)])[ \t]+(?P<words>.*)$")
_TASK = re.compile(r"^\[(?P<done>[ xX])\][ \t]+")
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

# What Slack takes for a mention, a channel or a command in its Markdown; comments of HTML it does not.
# A backslash before the sign is Markdown's own, and gone once that is read.
_TOKEN = re.compile(r"<(?=\\?(?:!(?!--|doctype|\[cdata)|@[A-Z0-9]|#[A-Z0-9]))", re.IGNORECASE)
_EVERYONE = re.compile(r"(?<![^\W_])@(?=(?:channel|here|everyone)(?![a-z]))", re.IGNORECASE)
_UNDECIDED = re.compile(r"(?:<(?:!?[^\s<>]{0,8}|[@#])|@[a-z]{0,8})\Z", re.IGNORECASE)


def mrkdwn(text: str) -> str:
    """Give a text of the model's as Slack's `text` takes it. Code keeps its characters."""
    return "\n".join(_blocks(_sendable(text).split("\n")))


def escaped(text: str) -> str:
    """Give plain words for Slack's `text`, in which nothing means anything but itself."""
    return html.escape(_sendable(text), quote=False)


def harmless(markdown: str) -> str:
    """Give Markdown for Slack's `markdown_text` in which nothing pings.

    Slack reads `<!here>` and its like there too, and entities do not shield code: so an unseen sign
    breaks what would ping. The links stay.
    """
    text = _TOKEN.sub(f"<{JOINER}", _sendable(markdown))
    return _EVERYONE.sub(f"@{JOINER}", text)


def settled(markdown: str) -> str:
    """Give what of a growing text is harmless whatever comes next; the whole grows by appending."""
    text = harmless(markdown)
    return text[: len(text) - len(_undecided(text))].rstrip()


def _undecided(text: str) -> str:
    tail = _UNDECIDED.search(text[-12:])
    return tail.group() if tail else ""


def _blocks(lines: Sequence[str]) -> Iterator[str]:
    """Convert lines, block by block."""
    at = 0
    while at < len(lines):
        fence = _FENCE.match(lines[at])
        if fence:
            end = _fence_end(lines, at, fence)
            yield from _code(lines[at + 1 : end], fence)
            at = end + 1
        elif _QUOTE.match(lines[at]):
            end = at
            while end < len(lines) and _QUOTE.match(lines[end]):
                end += 1
            inner = [_QUOTE.sub("", line, count=1) for line in lines[at:end]]
            yield from (f"> {line}".rstrip() for line in _blocks(inner))
            at = end
        elif is_row(lines[at]) and at + 1 < len(lines) and is_rule(lines[at + 1]):
            end = at + 2
            while end < len(lines) and is_row(lines[end]):
                end += 1
            yield from _table(lines[at:end])
            at = end
        else:
            yield _line(lines[at])
            at += 1


def _fence_end(lines: Sequence[str], at: int, fence: re.Match[str]) -> int:
    ticks = fence["ticks"]
    for number in range(at + 1, len(lines)):
        line = lines[number].strip()
        if len(line) >= len(ticks) and set(line) == {ticks[0]}:
            return number
    return len(lines)


def _code(lines: Sequence[str], fence: re.Match[str]) -> Iterator[str]:
    """Give a code block without its language, which Slack would show as code."""
    lead = len(fence["lead"] + (fence["item"] or ""))
    if fence["item"]:
        yield f"{fence['lead']}{_bullet(fence['item'].strip(), 0)}"
    yield "```"
    for line in lines:
        spaces = len(line) - len(line.lstrip(" \t"))
        yield _in_code(line[min(lead, spaces) :])
    yield "```"


def _in_code(line: str) -> str:
    return escaped(line).replace("```", f"``{GAP}`")


def _table(lines: Sequence[str]) -> Iterator[str]:
    yield "```"
    yield from (_in_code(line) for line in as_lines(lines, _plain))
    yield "```"


def _line(line: str) -> str:
    if heading := _HEADING.match(line):
        return _bold(_unclosed(heading["words"].strip()))
    if _LINE.match(line):
        return RULE
    item = _ITEM.match(line)
    if item is None:
        return _inline(line)
    words = item["words"]
    bullet = _bullet(item["mark"], _depth(item["lead"]))
    if task := _TASK.match(words):
        bullet = "☐" if task["done"] == " " else "☑"
        words = words[task.end() :]
    return f"{'    ' * _depth(item['lead'])}{bullet} {_inline(words)}"


def _depth(lead: str) -> int:
    return min(len(lead.expandtabs(4)) // 2, 2 * MAX_DEPTH)


def _bullet(mark: str, depth: int) -> str:
    return mark if mark[0].isdigit() else BULLETS[min(depth, len(BULLETS) - 1)]


def _unclosed(heading: str) -> str:
    """Take off the signs that may stand behind a heading; those of a word, as in C#, stay."""
    words = heading.rstrip("#")
    return words.rstrip() if not words or words[-1].isspace() else heading


def _bold(words: str) -> str:
    """Give a heading as a bold line; marks within it would end the bold."""
    shown = _inline(words, within=frozenset({"bold", "both"}))
    return f"*{shown}*" if shown.strip() else shown


def _inline(text: str, within: frozenset[str] = frozenset()) -> str:
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
        return _link(match["target"], _plain(match["label"]))
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
        return _inline(inner, within) if kind in within else _words(match.group())
    opened, closed = _MARKS[kind]
    before = GAP if match.start() and text[match.start() - 1].isalnum() else ""
    after = GAP if text[match.end() : match.end() + 1].isalnum() else ""
    shown = _inline(inner, within | {kind} | ({"bold", "italic"} if kind == "both" else set()))
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
        return escaped(f"{label} ({target})" if target and target != label else label)
    if not label or label == target:
        return f"<{_address(target)}>"
    return f"<{_address(target)}|{escaped(label)}>"


def _address(url: str) -> str:
    return escaped(url).replace("|", "%7C")


def _plain(text: str) -> str:
    """Give the words of a text without its marks."""
    return _INLINE.sub(_unmarked, _BREAK.sub(" ", _ENTITY.sub(_character, text)))


def _unmarked(match: re.Match[str]) -> str:
    for name in ("escaped", "inner", "label", "auto", "url"):
        if match[name] is not None:
            return match[name]
    return next(
        _plain(match[n]) for names in _INNER.values() for n in names if match[n] is not None
    )


def _words(text: str) -> str:
    """Escape words, in which the model may have written entities and line breaks of HTML."""
    lines = _BREAK.sub("\n", text).split("\n")
    return "\n".join(escaped(_ENTITY.sub(_character, line)) for line in lines)


def _character(entity: re.Match[str]) -> str:
    char = html.unescape(entity.group())
    return char if char.isprintable() else " "


def _sendable(text: str) -> str:
    """Replace halves of characters, which no JSON of Slack's may hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
