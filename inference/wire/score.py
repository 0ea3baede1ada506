"""Turn the logprobs of a few first tokens into P(speak).

Pure, and the only place where the markers are matched against tokens. It serves servers that
continue the opened answer `(` with one token, and servers that cannot and begin the answer anew.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inference.wire.chat_form import RESPONSE, SILENCE, ChatForm

# The largest logprob taken for a rounding error of 0. Anything above, or no number, is nonsense.
MAX_LOGPROB = 0.01
# How servers write the token that ends an answer: "", "</s>", "<|im_end|>", "<end_of_turn>".
_END = re.compile(r"(?:</?\w+>|<\|\w+\|>)?")


class BegunAnew(ValueError):  # noqa: N818 - what the server did, named as it is told apart
    """The server did not continue the opened answer but began another one."""


@dataclass(frozen=True, slots=True)
class TokenChoice:
    """One generated token and the natural-log probabilities of the likeliest ones at its place.

    The generated token is one of them.
    """

    text: str
    top_logprobs: Mapping[str, float]


def p_speak(choices: Sequence[TokenChoice], *, form: ChatForm, opened: str) -> float:
    """Give P(speak) in 0..1.

    `opened` is the text of the answer that the server was asked to continue, "" if it could not.
    The markers' shared tokens are stepped over; at the first place where they part,
    P(speak) = p(response) / (p(response) + p(silence)), or 1 - p(silence) if the form says so. Where
    the form names the two tokens of that place they are taken, otherwise every token that begins one
    marker only. An answer that leaves the markers before that place speaks without a marker:
    1 - p(silence so far), where an answer that ends at once counts as silence. A marker that is not
    among the likeliest tokens is taken to be as likely as it can be at most. Raises BegunAnew, and
    ValueError if there is no token, if neither marker is among the likeliest ones, or if a logprob
    is no logarithm of a probability.
    """
    silence, response = SILENCE.removeprefix(opened), RESPONSE.removeprefix(opened)
    for choice in choices:
        begun = SILENCE.removesuffix(silence)
        text = (choice.text if begun else choice.text.lstrip()).casefold()
        if choice.text and silence.startswith(text) and response.startswith(text):
            silence, response = silence.removeprefix(text), response.removeprefix(text)
            continue
        if opened and text.lstrip().startswith(opened):
            raise BegunAnew("the server began a new answer instead of continuing the opened one")
        p_silence, p_response = _parting(choice, silence, response, form=form, begun=begun)
        is_marker = bool(begun) or _begins(text, silence) or _begins(text, response)
        if is_marker and p_silence + p_response > 0:
            at_most = _unlisted(choice)
            return _ratio(p_silence or at_most, p_response or at_most, form=form)
        if opened:
            break
        return 1.0 - min(1.0, _mass(choice, silence, unlike="") + _p_end(choice))
    raise ValueError("the model's first tokens hold neither marker")


def _ratio(p_silence: float, p_response: float, *, form: ChatForm) -> float:
    if form.score == "not_silence":
        return 1.0 - min(1.0, p_silence)
    return p_response / (p_response + p_silence)


def _parting(
    choice: TokenChoice, silence: str, response: str, *, form: ChatForm, begun: str
) -> tuple[float, float]:
    """Give p(silence) and p(response) at this place, both 0 where the markers have not parted."""
    if form.decision is not None and form.decision.prefix == begun:
        exact = _exact(choice, form.decision.silence), _exact(choice, form.decision.response)
        if sum(exact) > 0:
            return exact
    return _mass(choice, silence, unlike=response), _mass(choice, response, unlike=silence)


def _unlisted(choice: TokenChoice) -> float:
    """Give the largest probability that a token can have which is not listed."""
    listed = [_probability(logprob) for logprob in choice.top_logprobs.values()]
    return max(0.0, min(*listed, 1.0 - sum(listed)))


def _exact(choice: TokenChoice, token: str) -> float:
    logprob = choice.top_logprobs.get(token)
    return 0.0 if logprob is None else _probability(logprob)


def _mass(choice: TokenChoice, rest: str, *, unlike: str) -> float:
    """Sum the probabilities of tokens that begin `rest` but not `unlike`."""
    total = 0.0
    for token, logprob in choice.top_logprobs.items():
        text = token.strip().casefold()
        if _begins(text, rest) and not (unlike and unlike.startswith(text)):
            total += _probability(logprob)
    return total


def _begins(text: str, rest: str) -> bool:
    return bool(text) and (rest.startswith(text) or text.startswith(rest))


def _p_end(choice: TokenChoice) -> float:
    ends = [value for token, value in choice.top_logprobs.items() if _END.fullmatch(token)]
    return sum(_probability(logprob) for logprob in ends)


def _probability(logprob: float) -> float:
    if not logprob <= MAX_LOGPROB:  # also catches NaN, which no comparison holds for
        raise ValueError("the server's logprobs are no logarithms of probabilities")
    return math.exp(logprob)
