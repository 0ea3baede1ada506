"""The chat form of a model: how it wants conversations put, and how its scores are calibrated.

One small JSON object, the file `earshot.json` beside a model or adapter, and the field `earshot` of
`/v1/models`. This module reads and writes it; it knows nothing of HTTP or of tokenizers.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
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

    Raises ValueError for fewer than two steps or steps out of order.
    """

    steps: tuple[CalibrationStep, ...]

    def __post_init__(self) -> None:
        """Refuse a map that is not monotone: the dial would lie."""
        if len(self.steps) < 2:
            raise ValueError("a calibration needs at least two steps")
        for lower, upper in pairwise(self.steps):
            if lower.eagerness >= upper.eagerness or lower.threshold < upper.threshold:
                raise ValueError("calibration steps must rise in eagerness and fall in threshold")


@dataclass(frozen=True, slots=True)
class Sampling:
    """How replies are drawn; the names are those of the OpenAI and vLLM request fields."""

    temperature: float = 0.7
    top_p: float = 0.9
    repetition_penalty: float = 1.0
    max_tokens: int = 256


@dataclass(frozen=True, slots=True)
class ChatForm:
    """How a model wants its conversations.

    `decide_prompt` and `reply_prompt` are system prompts; `{name}` and `{persona}` in them are
    filled in, and an empty prompt means no system turn. A tuned model has `reply_prompt` None: it
    replies from the very turns it decides on, continued after `(response)`. A prompted one replies
    to a plain prompt that names no marker. `score` says which probability is the better one for
    this model: the ratio of the two marker tokens, or one minus that of silence.
    `system_role` false folds the system prompt into the first user turn. `chat_template` is a Jinja
    template, or None for the tokenizer's own. `decision` is None where the tokenizer is unknown.
    """

    assistant_name: str = "assistant"
    decide_prompt: str = ""
    reply_prompt: str | None = None
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
        known = {f.name for f in fields(cls)}
        if unknown := set(raw) - known:
            raise ValueError(
                f"unknown chat form field {sorted(unknown)[0]!r}; known: {sorted(known)}"
            )
        values = dict(raw)
        try:
            if values.get("decision") is not None:
                values["decision"] = DecisionTokens(**values["decision"])
            if values.get("calibration") is not None:
                steps = values["calibration"]["steps"]
                values["calibration"] = Calibration(tuple(CalibrationStep(**s) for s in steps))
            if "sampling" in values:
                values["sampling"] = Sampling(**values["sampling"])
        except (TypeError, KeyError) as error:
            raise ValueError(f"chat form: {error}") from error
        values["stop"] = tuple(values.get("stop", ()))
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Give the form as plain JSON values."""
        return asdict(self)
