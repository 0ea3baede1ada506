"""The chat form of a model: how it wants conversations put, and how its scores are calibrated.

One small JSON object, the file `earshot.json` beside a model or adapter, and the field `earshot` of
`/v1/models`. This module reads and writes it; it knows nothing of HTTP or of tokenizers.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any, Literal, Self

FILE_NAME = "earshot.json"
SILENCE = "(silence)"
RESPONSE = "(response)"


@dataclass(frozen=True, slots=True)
class DecisionTokens:
    """Where the two markers part, in the tokenizer of the model.

    `prefix` is the text both share; `silence` and `response` are the texts of the first tokens that
    differ. For SmolLM2: "(", "sil", "response".
    """

    prefix: str
    silence: str
    response: str


@dataclass(frozen=True, slots=True)
class CalibrationStep:
    """One point of the dial: at `eagerness` speak from `threshold` up.

    `ambient_share` is the expected share (0 to 1) of ambient messages answered there.
    """

    eagerness: int
    threshold: float
    ambient_share: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """The map from eagerness to threshold, rising in eagerness and falling in threshold.

    Raises ValueError for fewer than two steps, steps out of order or out of range.
    """

    steps: tuple[CalibrationStep, ...]

    def __post_init__(self) -> None:
        """Refuse a map that is not monotone: the dial would lie."""
        if len(self.steps) < 2:
            raise ValueError("a calibration needs at least two steps")
        for step in self.steps:
            shares = (step.eagerness / 100, step.threshold, step.ambient_share)
            if not all(0 <= share <= 1 for share in shares):
                raise ValueError("a calibration's eagerness is 0 to 100, all else in it 0 to 1")
        for lower, upper in pairwise(self.steps):
            if lower.eagerness >= upper.eagerness or lower.threshold < upper.threshold:
                raise ValueError("calibration steps must rise in eagerness and fall in threshold")


@dataclass(frozen=True, slots=True)
class Sampling:
    """How replies are drawn; the names are those of the OpenAI and vLLM request fields.

    Raises ValueError for a number out of its range.
    """

    temperature: float = 0.7
    top_p: float = 0.9
    repetition_penalty: float = 1.0
    max_tokens: int = 256

    def __post_init__(self) -> None:
        """Refuse what every server would refuse, one request after the other."""
        if not 0 <= self.temperature <= 2:
            raise ValueError("chat form field 'sampling': temperature is 0 to 2")
        if not 0 < self.top_p <= 1:
            raise ValueError("chat form field 'sampling': top_p is above 0, at most 1")
        if not 0 < self.repetition_penalty <= 10:
            raise ValueError(
                "chat form field 'sampling': repetition_penalty is above 0, at most 10"
            )
        if self.max_tokens < 1 or self.max_tokens % 1:
            raise ValueError("chat form field 'sampling': max_tokens is a whole number from 1")


@dataclass(frozen=True, slots=True)
class ChatForm:
    """How a model wants its conversations.

    `decide_prompt` and `reply_prompt` are system prompts; `{name}` and `{persona}` in them are
    filled in, and an empty prompt means no system turn. A tuned model has `reply_prompt` None: it
    replies from the very turns it decides on, continued after `(response)`. A prompted one replies
    to a plain prompt that names no marker, and sees the last `reply_bursts` bursts only (None: all):
    a small model loses its way in talk that is not about the question. `reply_names` false leaves
    out who spoke, for a model that would go on in their names. `score` says which probability is
    the better one for this model: the ratio of the two marker tokens, or one minus that of silence.
    `system_role` false folds the system prompt into the first user turn. `chat_template` is a Jinja
    template, or None for the tokenizer's own. `decision` is None where the tokenizer is unknown.
    """

    assistant_name: str = "assistant"
    decide_prompt: str = ""
    reply_prompt: str | None = None
    reply_bursts: int | None = None
    reply_names: bool = True
    score: Literal["ratio", "not_silence"] = "ratio"
    system_role: bool = True
    chat_template: str | None = None
    stop: tuple[str, ...] = ()
    sampling: Sampling = field(default_factory=Sampling)
    decision: DecisionTokens | None = None
    calibration: Calibration | None = None

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a chat form. Raises ValueError that names the faulty field."""
        return cls.from_dict(json.loads(text))

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Self:
        """Build a chat form from parsed JSON. Raises ValueError that names the faulty field."""
        if not isinstance(raw, Mapping):
            raise ValueError("a chat form is a JSON object")
        if unknown := set(raw) - set(_READ):
            raise ValueError(
                f"unknown chat form field {sorted(unknown)[0]!r}; known: {sorted(_READ)}"
            )
        values = {}
        for name, value in raw.items():
            try:
                values[name] = _READ[name](value)
            except (TypeError, KeyError) as error:
                raise ValueError(f"chat form field {name!r}: {error}") from error
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Give the form as plain JSON values."""
        return asdict(self)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("should be a text")
    return value


def _text_or_none(value: object) -> str | None:
    return None if value is None else _text(value)


def _count_or_none(value: object) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise TypeError("should be a whole number from 1, or null")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("should be true or false")
    return value


def _score(value: object) -> str:
    if value not in ("ratio", "not_silence"):
        raise TypeError('should be "ratio" or "not_silence"')
    return str(value)


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError("should be a list of texts")
    return tuple(_text(one) for one in value)


def _numbers(value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError("should be an object of numbers")
    for name, number in value.items():
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise TypeError(f"{name} should be a number")
    return dict(value)


def _sampling(value: object) -> Sampling:
    return Sampling(**_numbers(value))


def _decision(value: object) -> DecisionTokens | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise TypeError("should be an object of texts")
    return DecisionTokens(**{name: _text(token) for name, token in value.items()})


def _calibration(value: Any) -> Calibration | None:
    if value is None:
        return None
    return Calibration(tuple(CalibrationStep(**_numbers(step)) for step in value["steps"]))


# How each field of the JSON object is read; raises TypeError, KeyError or ValueError.
_READ: dict[str, Callable[[Any], Any]] = {
    "assistant_name": _text,
    "decide_prompt": _text,
    "reply_prompt": _text_or_none,
    "reply_names": _flag,
    "reply_bursts": _count_or_none,
    "score": _score,
    "system_role": _flag,
    "chat_template": _text_or_none,
    "stop": _texts,
    "sampling": _sampling,
    "decision": _decision,
    "calibration": _calibration,
}
