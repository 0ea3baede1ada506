"""The model behind every loopback server: scripted, with the same probabilities whoever asks.

It is told to answer "(silence)" or "(response)" by any system prompt that names them, and speaks up
when the last message of a person has a question mark. Prompts are rendered as ChatML.
"""

import math
import re
from dataclasses import dataclass
from itertools import accumulate

END = "<|im_end|>"
# The probabilities after "(", where the markers part.
CALLED = {"response": 0.85, "sil": 0.1, "no": 0.0499}
UNCALLED = {"sil": 0.9, "response": 0.06, "no": 0.0399}
P_CALLED = 0.85 / 0.95
P_UNCALLED = 0.06 / 0.96
RARE = {f"rare{index}": 1e-6 for index in range(40)}  # so that limits on alternatives can be told

_REST = {
    "(sil": {"ence": 0.999},
    "(silence": {")": 0.999},
    "(silence)": {END: 0.999},
    "(response": {")": 0.999},
    "(response)": {" Paris": 0.97, END: 0.02},
}


@dataclass(frozen=True)
class Drawn:
    """One generated token, and the probabilities it was drawn from, the largest first."""

    text: str
    likely: dict[str, float]


def render(messages, *, continued):
    """Put messages as ChatML, ready for the assistant; `continued`: the last one stays open."""
    turns = [f"<|im_start|>{one['role']}\n{one['content']}{END}\n" for one in messages]
    if continued:
        return "".join(turns).removesuffix(f"{END}\n")
    return "".join(turns) + "<|im_start|>assistant\n"


def num_tokens(prompt):
    return len(re.findall(r"<\|\w+\|>|\w+|\W", prompt))


def generate(prompt, *, max_tokens, at=0.5, greedy=True):
    """Draw up to `max_tokens` tokens; the last may be the end, which has no text for a client.

    A draw that is not greedy takes the token at `at` (0 to 1) of the summed probabilities.
    """
    before, _, said = prompt.rpartition("<|im_start|>assistant\n")
    drawn = []
    while len(drawn) < max_tokens and (not drawn or drawn[-1].text != END):
        likely = dict(sorted(_next(before, said).items(), key=lambda pair: -pair[1]))
        token = next(iter(likely)) if greedy else _at(likely, at)
        drawn.append(Drawn(token, likely))
        said += token
    return drawn


def logprob(p):
    return math.log(p)


def _next(before, said):
    if "(silence)" not in before:
        spoken = {"": {"Paris": 0.99}, "Paris": {".": 0.99}}
        return {**spoken.get(said, {END: 0.99}), **RARE}
    if said == "":
        return {"(": 0.9, "Hello": 0.06, END: 0.03, **RARE}
    if said == "(":
        user = before.rpartition("<|im_start|>user\n")[2]
        return {**(CALLED if "?" in user else UNCALLED), **RARE}
    reply = {"(response) Paris": {".": 0.99}}
    return {**(_REST | reply).get(said, {END: 0.99}), **RARE}


def _at(likely, share):
    total = sum(likely.values())
    for token, upto in zip(likely, accumulate(likely.values()), strict=True):
        if upto >= share * total:
            return token
    raise AssertionError("a share is 0 to 1")
