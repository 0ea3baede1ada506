"""Make people's names and words safe to show to a model, the same way in serving and in training.

Pure: text in, text out. After this no name and no message can pass for a control token, for another
speaker's line, or for a second line.
"""

import re
import unicodedata

LINE_BREAK = " ⏎ "
MAX_NAME_CHARS = 40  # Discord allows 32 characters, Slack 80; longer names only cost tokens
# Discord's limit is 2000 characters. Counted in UTF-8 bytes, since a byte-level tokenizer may spend a
# token on each: one message alone stays within a context of 4,096 tokens.
MAX_MESSAGE_BYTES = 2000

# Control tokens of the chat templates in use (ChatML, Llama 2 and 3, Zephyr, Gemma, Mistral,
# DeepSeek, SmolLM2's and Qwen's own). The worker tokenises content without them; other servers may
# not, so they are broken here as well.
_TAGS = (
    "s|unk|pad|bos|eos|mask|SYS|start_of_turn|end_of_turn|start_of_image|end_of_image|image_soft_token"
    r"|unused\d+|think|tool_call|tool_response|tools|fim_\w+|repo_?name|filename|file_sep|gh_stars"
    r"|issue_\w+|jupyter_\w+|empty_output"
)
_BLOCKS = (
    "INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|ARGS|CALL_ID"
    "|IMG|IMG_BREAK|IMG_END|PREFIX|MIDDLE|SUFFIX|THINK"
)
_CONTROL = re.compile(
    rf"<(?=[|\uff5c])|<(?=/?(?:{_TAGS})>)|<(?=</?SYS>>)|\[(?=/?(?:{_BLOCKS})\])", re.IGNORECASE
)
# Control characters, invisible ones and marks that turn the direction of text; half a surrogate
# pair, which no server could be sent. Joiners stay: emoji and Persian need them.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0e-\x1b\x1f\x7f\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def speaker_name(name: str, *, reserved: frozenset[str]) -> str:
    """Give the name a speaker has in the prompt.

    Line breaks and colons go, and a name that reads like one in `reserved` (the assistant's, the
    bot's) gets " (person)", so that nobody speaks in the assistant's name.
    """
    flat = " ".join(_UNSEEN.sub("", name).replace(":", " ").split())
    shown = break_control_tokens(flat)[:MAX_NAME_CHARS].strip() or "someone"
    taken = {_read_aloud(other) for other in reserved}
    return f"{shown} (person)" if _read_aloud(shown) in taken else shown


def speaker_text(text: str) -> str:
    """Give a message as one line: line breaks become a mark, control tokens are broken."""
    lines = (line.strip() for line in _UNSEEN.sub("", text).splitlines())
    return break_control_tokens(_clipped(LINE_BREAK.join(line for line in lines if line)))


def break_control_tokens(text: str) -> str:
    """Put a space into whatever a chat template could take for a control token."""
    return _CONTROL.sub(lambda match: f"{match.group()} ", text)


def _clipped(text: str) -> str:
    shown = text.encode()[:MAX_MESSAGE_BYTES].decode(errors="ignore")
    left_out = len(text) - len(shown)
    return f"{shown} … [{left_out} more characters]" if left_out else shown


def _read_aloud(name: str) -> str:
    """Give what is left of a name without case, spaces, signs and look-alike letter forms."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(char for char in folded if char.isalnum()) or folded
