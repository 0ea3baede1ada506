"""A reply as Discord takes it: messages that are short enough, and files for what is too long.

Pure. Knows Discord's limits, and none of its calls. Mentions stay as they are written: what pings is
said beside the text (`allowed_mentions`), never by changing it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bot.code_blocks import CodeBlock, code_blocks
from bot.platforms.local import is_blank
from bot.split import num_units, split

MAX_CHARS = 2000  # Discord rejects longer posts with HTTP 400
MAX_CODE_CHARS = 1900  # a longer code block would be cut, and nobody copies code from two messages
MAX_PARTS = 10  # more would bury what others say
MAX_REPAIR = 200  # of a fence's own length; a longer one is no fence

IN_FILE = "The whole reply is in the attached file."
WHOLE_NAME = "reply.md"

# Languages that models name behind a fence, by the ending of their files.
_ENDINGS = {
    "bash": "sh", "c": "c", "c#": "cs", "c++": "cpp", "cpp": "cpp", "cs": "cs", "csharp": "cs",
    "css": "css", "csv": "csv", "dart": "dart", "diff": "diff", "elixir": "ex", "go": "go",
    "golang": "go", "haskell": "hs", "hs": "hs", "html": "html", "ini": "ini", "java": "java",
    "javascript": "js", "js": "js", "json": "json", "jsx": "jsx", "julia": "jl", "kotlin": "kt",
    "kt": "kt", "latex": "tex", "lua": "lua", "markdown": "md", "md": "md", "nix": "nix",
    "perl": "pl", "php": "php", "powershell": "ps1", "ps1": "ps1", "py": "py", "python": "py",
    "python3": "py", "r": "r", "rb": "rb", "rs": "rs", "ruby": "rb", "rust": "rs", "scala": "scala",
    "sh": "sh", "shell": "sh", "sql": "sql", "svg": "svg", "swift": "swift", "tex": "tex",
    "toml": "toml", "ts": "ts", "tsx": "tsx", "typescript": "ts", "xml": "xml", "yaml": "yaml",
    "yml": "yml", "zig": "zig", "zsh": "sh",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """One message: a text, a file, or both. Never neither."""

    text: str
    file_name: str | None = None
    file_content: str = ""


def parts(text: str) -> list[Part]:
    """Give the messages of a reply; none if it shows nothing.

    Code too long for a message becomes a file beside the text before it. A reply of more than
    `MAX_PARTS` messages becomes a file as a whole, with its beginning as text.
    """
    text = _sendable(text)
    found = list(_numbered(_parts(text)))
    return found if len(found) <= MAX_PARTS else [_whole(text)]


def text_parts(text: str, *, first_max_chars: int = MAX_CHARS) -> list[Part]:
    """Give the messages of a reply without files, however many: drafts, and answers to commands."""
    texts = split(_sendable(text), max_chars=MAX_CHARS, first_max_chars=first_max_chars)
    return [Part(each) for each in texts if not is_blank(each)]


def _parts(text: str) -> Iterator[Part]:
    position = 0
    for block in code_blocks(text, max_repair=MAX_REPAIR):
        if num_units(text[block.start : block.end]) <= MAX_CODE_CHARS:
            continue
        *before, last = text_parts(text[position : block.start]) or [Part("")]
        yield from before
        yield replace(
            last, file_name=f"code.{_ending(block.info)}", file_content=_code(text, block)
        )
        position = block.end
    yield from text_parts(text[position:])


def _numbered(found: Iterator[Part]) -> Iterator[Part]:
    """Give each file after the first a name of its own."""
    num_files = 0
    for part in found:
        if part.file_name is not None:
            num_files += 1
            if num_files > 1:
                part = replace(part, file_name=part.file_name.replace(".", f"{num_files}.", 1))
        yield part


def _whole(text: str) -> Part:
    texts = split(text, max_chars=MAX_CHARS - len(IN_FILE) - 2)
    begin = next(each for each in texts if not is_blank(each))
    return Part(f"{begin}\n\n{IN_FILE}", WHOLE_NAME, text)


def _ending(info: str) -> str:
    language = info.split()[0].lower() if info.strip() else ""
    return _ENDINGS.get(language, "txt")


def _code(text: str, block: CodeBlock) -> str:
    """Give a block's code without the marks of the list or quote that it stands in."""
    lines = text[block.open_end + 1 : block.code_end].split("\n")
    marks = block.lead.rstrip()
    lines = [
        line.removeprefix(block.lead) if line.startswith(block.lead) else line for line in lines
    ]
    if marks:  # the mark of an empty line has no space behind it
        lines = ["" if line == marks else line for line in lines]
    return "\n".join(lines) + "\n"


def _sendable(text: str) -> str:
    """Replace halves of characters, which no JSON of Discord's may hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
