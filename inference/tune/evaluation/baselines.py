"""What needs no language model: judges that any adapter has to beat everywhere.

Four rules, and a logistic regression on the words of the last two messages and a few flags, trained
on exactly what an adapter learns from.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inference.tune.calibrate import calibration_of, threshold_of
from inference.tune.evaluation.files import Conversations
from inference.tune.evaluation.judging import judged
from inference.tune.evaluation.window import Naming, Shown
from inference.tune.lessons import Source, read_curriculum
from inference.wire.conversation_file import FileConversation
from inference.wire.turns import Burst

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

_MAX_FEATURES = 50_000  # words and pairs of them; more only makes it slower
_MANY = 1000  # decisions from which on a word said once tells nothing


@dataclass(frozen=True, slots=True)
class Situation:
    """What a baseline looks at when one message, or burst, is decided on."""

    text: str
    before: str
    named: bool
    asks: bool
    to_another: bool
    spoke_last: bool


def situations(shown: Shown) -> list[Situation]:
    """Give the situation of each burst of a conversation."""
    bursts = shown.bursts(0, len(shown))
    found: list[Situation] = []
    heard: set[str] = set()
    for number, burst in enumerate(bursts):
        earlier = bursts[number - 1] if number else None
        text = _text(burst)
        heard |= {line.name for line in burst.lines}
        others = heard - {line.name for line in burst.lines}
        found.append(
            Situation(
                text=text,
                before=_text(earlier) if earlier else "",
                named=shown.names_assistant(burst),
                asks="?" in text,
                to_another=_calls(burst.lines[-1].text, others),
                spoke_last=earlier is not None and earlier.reply is not None,
            )
        )
    return found


def _text(burst: Burst) -> str:
    return "\n".join(line.text for line in burst.lines)


def _calls(text: str, names: set[str]) -> bool:
    """Tell whether a text begins with, or sets off after @, the name of somebody in the chat."""
    if not names:
        return False
    anyone = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return bool(re.search(rf"@(?:{anyone})\b|^\W*(?:{anyone})\s*[,:]", text, re.IGNORECASE))


@dataclass(frozen=True, slots=True)
class Baseline:
    """A judge without a language model. It speaks from `threshold` up."""

    name: str
    scores_of: Callable[[Sequence[Situation]], list[float]]
    threshold: float = 0.5

    def scores(self, conversations: Sequence[Shown]) -> list[list[float]]:
        """Score each burst of each conversation."""
        return [self.scores_of(situations(shown)) for shown in conversations]


def _by(rule: Callable[[Situation], bool]) -> Callable[[Sequence[Situation]], list[float]]:
    return lambda seen: [float(rule(one)) for one in seen]


RULES = (
    Baseline("always silent", _by(lambda _: False)),
    Baseline("when named", _by(lambda one: one.named)),
    Baseline("on a question mark", _by(lambda one: one.asks)),
    Baseline(
        "named, or asked and not of another",
        _by(lambda one: one.named or (one.asks and not one.to_another)),
    ),
)


def trained(sources: Sequence[Source], *, hold_out: float, naming: Naming) -> Baseline:
    """Train the regression on what an adapter would learn from these sources.

    Its threshold is chosen as a model's is, on what they hold out. Raises DataBroken, TuneRefused.
    """
    curriculum = read_curriculum(sources, (), hold_out=hold_out)
    seen: list[Situation] = []
    due: list[bool] = []
    weights: list[float] = []
    for lesson in curriculum.lessons:
        shown = Shown(lesson.conversation, naming)
        seen += situations(shown)
        due += [burst.reply is not None for burst in shown.bursts(0, len(shown))]
        weights += [lesson.weight] * len(shown)
    model = _fitted(seen, due, weights)

    def scores(asked: Sequence[Situation]) -> list[float]:
        probabilities: list[float] = model.predict_proba(list(asked))[:, 1].tolist()
        return probabilities

    plain = Baseline("TF-IDF and flags", scores)
    held_out = [_as_shown(file.name, file.conversations, naming) for file in curriculum.dev]
    files = [judged(one, plain.scores(one.shown)) for one in held_out]
    threshold = threshold_of(calibration_of(files)) if files else 0.5
    return Baseline(plain.name, scores, threshold)


def _as_shown(
    name: str, conversations: Sequence[FileConversation], naming: Naming
) -> Conversations:
    return Conversations(name, tuple(Shown(one, naming) for one in conversations))


def _fitted(seen: Sequence[Situation], due: Sequence[bool], weights: Sequence[float]) -> "Pipeline":
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline

    model = Pipeline(
        [("features", _features(len(seen))), ("decision", LogisticRegression(C=4.0, max_iter=2000))]
    )
    model.fit(list(seen), list(due), decision__sample_weight=list(weights))
    return model


def _features(num_seen: int) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import FeatureUnion, Pipeline
    from sklearn.preprocessing import FunctionTransformer

    min_df = 2 if num_seen >= _MANY else 1

    def words_of(part: Callable[[Situation], str]) -> Pipeline:
        texts = FunctionTransformer(lambda seen: [part(one) for one in seen])
        words = TfidfVectorizer(
            ngram_range=(1, 2), min_df=min_df, max_features=_MAX_FEATURES, sublinear_tf=True
        )
        return Pipeline([("texts", texts), ("words", words)])

    return FeatureUnion(
        [
            ("last", words_of(lambda one: one.text)),
            ("before", words_of(lambda one: one.before)),
            ("flags", FunctionTransformer(_flags)),
        ]
    )


def _flags(seen: Sequence[Situation]) -> Any:
    import numpy as np

    rows = [
        (one.named, one.asks, one.to_another, one.spoke_last, np.log1p(len(one.text)) / 5)
        for one in seen
    ]
    return np.array(rows, dtype=np.float64)


def sources_of(files: Sequence[str]) -> list[Source]:
    """Read `FILE` or `FILE=WEIGHT` as `earshot train` does."""
    return [Source.parse(text) for text in files]
