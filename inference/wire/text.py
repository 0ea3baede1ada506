"""Make people's names and words safe to show to a model, the same way in serving and in training.

Pure: text in, text out. After this no name and no message can pass for a control token, for another
speaker's line, or for a second line.
"""

import re

LINE_BREAK = " ⏎ "
MAX_NAME_CHARS = 40  # Discord allows 32 characters, Slack 80; longer names only cost tokens
MAX_MESSAGE_CHARS = 4000  # twice Discord's limit of 2000; a pasted log must not fill the prompt

# Control tokens of the chat templates in use (ChatML, Llama 2 and 3, Zephyr, Gemma, Mistral). The
# worker tokenises content without them; other servers may not, so they are broken here as well.
_CONTROL = re.compile(
    r"<(?=\|)|<(?=/?(?:s|unk|pad|bos|eos|start_of_turn|end_of_turn|SYS)>)|<(?=</?SYS>>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\])",
    re.IGNORECASE,
)
_BREAKS = re.compile(r"\s*(?:\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])\s*")
_UNSEEN = re.compile(r"[\x00-\x08\x0e-\x1b\x7f\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069]")


def speaker_name(name: str, *, reserved: frozenset[str]) -> str:
    """Give the name a speaker has in the prompt.

    Line breaks and colons go, and a name in `reserved` (casefolded: the assistant's, the bot's) gets
    " (person)", so that nobody speaks in the assistant's name.
    """
    flat = _UNSEEN.sub("", _BREAKS.sub(" ", name)).replace(":", " ")
    shown = " ".join(_CONTROL.sub(_spaced, flat).split())[:MAX_NAME_CHARS].strip() or "someone"
    return f"{shown} (person)" if shown.casefold() in reserved else shown


def speaker_text(text: str) -> str:
    """Give a message as one line: line breaks become a mark, control tokens are broken."""
    clipped = text[:MAX_MESSAGE_CHARS]
    if len(text) > len(clipped):
        clipped += f" … [{len(text) - len(clipped)} more characters]"
    flat = _BREAKS.sub(LINE_BREAK, _UNSEEN.sub("", clipped.strip()))
    return _CONTROL.sub(_spaced, flat)


def _spaced(match: re.Match[str]) -> str:
    return f"{match.group()} "
