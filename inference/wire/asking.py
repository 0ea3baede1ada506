"""How a decision is asked for over OpenAI-compatible HTTP: in one of several ways.

Pure. Servers differ in what they take; `inference.wire.refusals` finds a way that a server takes, and
`inference.wire.probing` the best one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Literal

from inference.wire.answers import Completion
from inference.wire.chat_form import ChatForm
from inference.wire.score import p_speak
from inference.wire.turns import Turn

CONTINUED = {"continue_final_message": True, "add_generation_prompt": False}
# llama.cpp's name. Its Python server penalises tokens of the prompt by 1.1 unless told not to, and
# every "(silence)" that stands there makes the next one less likely.
UNPENALIZED = {"repeat_penalty": 1.0}
NUM_TOKENS_ANEW = 4  # white space, "(", and the first token of either marker
MAX_LOGPROBS = 20  # what OpenAI, vLLM and Ollama allow at most
FEW_LOGPROBS = 5  # what some hosts allow at most
NUM_VOTES = 8  # answers drawn where no logprobs come: the prompt counts once, 4 tokens each
CHARS_PER_TOKEN = 3  # where a server does not count; English has 4, and too many is the safe side


@dataclass(frozen=True, slots=True)
class Way:
    """What a request may hold.

    `continued`: the server goes on from the opened answer. `top_logprobs` 0: none are asked for, and
    the words decide; then `num_answers` are drawn and counted, or the likeliest one is read if it
    is 1. `limit` is what the server calls the number of tokens. `without` are the fields that the
    server refuses.
    """

    continued: bool = True
    top_logprobs: int = MAX_LOGPROBS
    num_answers: int = 1
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    without: frozenset[str] = frozenset()


def decision_fields(turns: Sequence[Turn], *, way: Way) -> dict[str, Any]:
    """Give the fields that ask for the first tokens of the assistant's answer.

    They are arguments of the `openai` client; model and session are the caller's to add.
    """
    fields: dict[str, Any] = {"temperature": 0}
    if way.continued:
        fields |= {"messages": list(turns), "max_tokens": 1, "extra_body": CONTINUED}
    else:
        fields |= {"messages": list(without_opened(turns)), "max_tokens": NUM_TOKENS_ANEW}
        fields["extra_body"] = UNPENALIZED
    if way.top_logprobs:
        fields |= {"logprobs": True, "top_logprobs": way.top_logprobs}
    elif way.num_answers > 1:
        fields |= {"n": way.num_answers, "temperature": 1}
    return fields


def fitted(fields: Mapping[str, Any], *, way: Way) -> dict[str, Any]:
    """Give a request's fields as the server takes them: renamed, and without those it refuses."""
    fields = {name: value for name, value in fields.items() if name not in way.without}
    if "max_tokens" in fields and way.limit != "max_tokens":
        fields[way.limit] = fields.pop("max_tokens")
    if "extra_body" in fields:
        body = fields.pop("extra_body")
        if extra := {name: value for name, value in body.items() if name not in way.without}:
            fields["extra_body"] = extra
    return fields


def score_of(completion: Completion, turns: Sequence[Turn], *, form: ChatForm, way: Way) -> float:
    """Read P(speak) off the answer to a deciding request; the mean where several were drawn.

    Raises BegunAnew where the opened answer was not continued, ValueError where no marker is found.
    """
    start = opened(turns) if way.continued else ""
    return fmean(p_speak(answer, form=form, opened=start) for answer in completion.answers())


def num_prompt_tokens(completion: Completion, turns: Sequence[Turn]) -> int:
    """Give the length of the prompt; estimated from the characters where the server did not count."""
    if completion.usage is not None:
        return completion.usage.prompt_tokens
    return sum(len(turn["content"]) for turn in turns) // CHARS_PER_TOKEN


def opened(turns: Sequence[Turn]) -> str:
    """Give the text of the assistant's opened answer, "" if the turns end otherwise."""
    return turns[-1]["content"] if turns and turns[-1]["role"] == "assistant" else ""


def without_opened(turns: Sequence[Turn]) -> Sequence[Turn]:
    """Leave an opened answer out."""
    return turns[:-1] if turns and turns[-1]["role"] == "assistant" else turns
