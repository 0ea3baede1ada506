"""Answers of `/assistant` as a chat platform that renders marks shows them: escaped, and in parts.

Pure. Knows no platform: the caller says how long a part may be and how its marks are escaped.
"""

from collections.abc import Callable

from bot.commands import CommandAnswer, offered_in_words
from bot.split import split

BROKEN_FENCE = "`\N{ZERO WIDTH SPACE}``"  # looks like the end of a code block and ends none


def shown_parts(
    answer: CommandAnswer,
    *,
    has_button: bool,
    max_chars: int,
    escaped: Callable[[str], str],
    escaped_code: Callable[[str], str] = str,
) -> list[str]:
    """Give an answer in parts that are short enough.

    An offer that gets no button is said in words. What is to line up stands in a code block, which
    nothing in the answer can end; `escaped_code` is for what a platform reads even there.
    """
    text = answer.text if has_button else offered_in_words(answer)
    if not answer.fixed_width:
        return split(escaped(text), max_chars=max_chars)
    code = escaped_code(text).replace("```", BROKEN_FENCE)
    return split(f"```\n{code}\n```", max_chars=max_chars)
