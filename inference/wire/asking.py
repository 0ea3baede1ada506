"""How a decision is asked for over OpenAI-compatible HTTP: in one of several ways.

Pure. Servers differ in what they take; whoever asks goes from the exact way to the merely possible.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from inference.wire.turns import Turn

CONTINUED = {"continue_final_message": True, "add_generation_prompt": False}
NUM_TOKENS_ANEW = 4  # white space, "(", and the first token of either marker


@dataclass(frozen=True, slots=True)
class Way:
    """A form of the deciding request.

    `continued`: the server goes on from the opened answer. `top_logprobs` 0: none are asked for,
    and the text is matched instead.
    """

    continued: bool
    top_logprobs: int


# From the exact to the merely possible. Some hosts allow only 5 alternatives.
WAYS = (Way(True, 20), Way(False, 20), Way(False, 5), Way(False, 0))


def ways_for(turns: Sequence[Turn]) -> Sequence[Way]:
    """Give the ways in which turns can be asked about, the best first."""
    return WAYS if opened(turns) else WAYS[1:]


def decision_fields(turns: Sequence[Turn], *, way: Way) -> dict[str, Any]:
    """Give the fields that ask for the first tokens of the assistant's answer, greedily.

    They are arguments of the `openai` client; model and session are the caller's to add.
    """
    fields: dict[str, Any] = {"temperature": 0}
    if way.continued:
        fields |= {"messages": list(turns), "max_tokens": 1, "extra_body": CONTINUED}
    else:
        fields |= {"messages": list(without_opened(turns)), "max_tokens": NUM_TOKENS_ANEW}
    if way.top_logprobs:
        fields |= {"logprobs": True, "top_logprobs": way.top_logprobs}
    return fields


def opened(turns: Sequence[Turn]) -> str:
    """Give the text of the assistant's opened answer, "" if the turns end otherwise."""
    return turns[-1]["content"] if turns and turns[-1]["role"] == "assistant" else ""


def without_opened(turns: Sequence[Turn]) -> Sequence[Turn]:
    """Leave an opened answer out."""
    return turns[:-1] if turns and turns[-1]["role"] == "assistant" else turns
