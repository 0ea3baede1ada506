"""Turn the logprobs of a few first tokens into P(speak).

Pure, and the only place where the markers are matched against tokens. It serves servers that
continue the opened answer `(` with one token, and servers that cannot and begin the answer anew.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inference.wire.chat_form import RESPONSE, SILENCE, ChatForm


@dataclass(frozen=True, slots=True)
class TokenChoice:
    """One generated token and the natural-log probabilities of the likeliest ones at its place."""

    text: str
    top_logprobs: Mapping[str, float]


def p_speak(choices: Sequence[TokenChoice], *, form: ChatForm, opened: str) -> float:
    """Give P(speak) in 0..1.

    `opened` is the text of the answer that the server was asked to continue, "" if it could not.
    The markers' shared tokens are stepped over; at the first place where they part,
    P(speak) = p(response) / (p(response) + p(silence)), or 1 - p(silence) if the form says so. An
    answer that leaves the markers before that place speaks without a marker: 1 - p(silence so far).
    Raises ValueError if neither marker is among the likeliest tokens, or there is no token.
    """
    silence, response = SILENCE.removeprefix(opened), RESPONSE.removeprefix(opened)
    for choice in choices:
        p_silence = _mass(choice, silence, unlike=response)
        p_response = _mass(choice, response, unlike=silence)
        if p_silence + p_response > 0:
            if form.score == "not_silence":
                return 1.0 - min(1.0, p_silence)
            return p_response / (p_response + p_silence)
        text = choice.text.lstrip() if silence == SILENCE else choice.text
        if not text or not silence.startswith(text):
            if opened:
                break
            return 1.0 - min(1.0, _mass(choice, silence, unlike=""))
        silence, response = silence.removeprefix(text), response.removeprefix(text)
    raise ValueError("the model's first tokens hold neither marker")


def _mass(choice: TokenChoice, rest: str, *, unlike: str) -> float:
    """Sum the probabilities of tokens that begin `rest` but not `unlike`."""
    total = 0.0
    for token, logprob in choice.top_logprobs.items():
        text = token.strip()
        begins = bool(text) and (rest.startswith(text) or text.startswith(rest))
        if begins and not (unlike and unlike.startswith(text)):
            total += math.exp(logprob)
    return total
