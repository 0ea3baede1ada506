"""How good a model's words are: right answers, replies that can be read, likely ones, clean markers."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol, TypeVar

from inference.tune.evaluation.facts import Answered, Fact, answered, facts
from inference.tune.evaluation.files import Conversations
from inference.tune.evaluation.local import LocalJudge
from inference.tune.evaluation.window import Shown
from inference.tune.evaluation.writing import Likelihood, Writer
from inference.wire.chat_form import RESPONSE, SILENCE
from inference.wire.turns import Burst

MAX_ANSWER_TOKENS = 64  # a fact is said in the first sentence or not at all
MAX_REPLY_TOKENS = 128  # enough to see a loop
MAX_REPLIES = 40  # written for each file: some seconds each on a CPU
MAX_LIKELIHOODS = 100  # replies of each file whose perplexity is taken: a pass each
SEED = 0

T = TypeVar("T")
_MARKER = re.compile(r"[(\[]\s*(?:silence|response)\b", re.IGNORECASE)
_RUN = re.compile(r"(?=[^\n]{0,79}\w)(.{4,80}?)\1{2,}", re.DOTALL)
_NGRAM = 4  # words; the same four words three times are no style
_TIMES = 3


def is_empty(text: str) -> bool:
    """Tell whether a reply says nothing."""
    return not re.search(r"\w", text)


def has_marker(text: str) -> bool:
    """Tell whether a marker stands in a reply, also a broken one."""
    return bool(_MARKER.search(text))


def has_loop(text: str) -> bool:
    """Tell whether a reply goes round: the same words again and again."""
    words = re.findall(r"\w+", text.casefold())
    grams = Counter(tuple(words[at : at + _NGRAM]) for at in range(len(words) - _NGRAM + 1))
    return any(times >= _TIMES for times in grams.values()) or bool(_RUN.search(text))


@dataclass(frozen=True, slots=True)
class Written:
    """A reply that the model wrote to a message which is due and names the assistant."""

    conversation: str
    asked: str
    text: str

    @property
    def is_clean(self) -> bool:
        """Whether it is not empty and free of loops and markers."""
        return not (is_empty(self.text) or has_marker(self.text) or has_loop(self.text))


@dataclass(frozen=True, slots=True)
class FileReplies:
    """The words of one file: replies written to direct questions, and how likely its own are."""

    file: str
    written: tuple[Written, ...]
    likelihood: Likelihood

    @property
    def clean_share(self) -> float | None:
        """The share of replies that are clean; None without any."""
        if not self.written:
            return None
        return sum(one.is_clean for one in self.written) / len(self.written)


@dataclass(frozen=True, slots=True)
class Replies:
    """All that `--replies` tells."""

    facts: tuple[Answered, ...]
    files: tuple[FileReplies, ...]

    @property
    def fact_share(self) -> float:
        """The share of questions answered right."""
        return sum(one.right for one in self.facts) / len(self.facts)


class Watcher(Protocol):
    """Hears how far it is."""

    def doing(self, what: str, *, total: int | None = None) -> None:
        """Take note of what is done now."""

    def advance(self, num: int) -> None:
        """Take note that `num` steps are done."""


def judged_replies(
    judge: LocalJudge, conversations: Sequence[Conversations], watcher: Watcher
) -> Replies:
    """Let the model answer the questions and write replies, and tell how likely given ones are."""
    writer = Writer(judge)
    return Replies(
        tuple(_answered_facts(judge, writer, watcher)),
        tuple(_file_replies(one, writer, watcher) for one in conversations),
    )


def _answered_facts(judge: LocalJudge, writer: Writer, watcher: Watcher) -> list[Answered]:
    known = facts()
    watcher.doing("facts", total=len(known))

    def answer(fact: Fact) -> str:
        bursts = fact.asked(judge.form.assistant_name)
        text = writer.reply(bursts, max_tokens=MAX_ANSWER_TOKENS)
        watcher.advance(1)
        return before_marker(text)

    return answered(known, answer)


def before_marker(text: str) -> str:
    """Give what would be posted: a reply is cut at a marker."""
    found = _MARKER.search(text)
    return text[: found.start()].strip() if found else text


@dataclass(frozen=True, slots=True)
class _Due:
    """A burst that the assistant answers in the file."""

    shown: Shown
    index: int

    def bursts(self, writer: Writer) -> list[Burst]:
        return writer.in_context(self.shown, self.index)


def _file_replies(file: Conversations, writer: Writer, watcher: Watcher) -> FileReplies:
    due, direct = _due(file)
    direct, due = _drawn(direct, MAX_REPLIES), _drawn(due, MAX_LIKELIHOODS)
    watcher.doing(f"{file.name}: replies", total=len(direct) + len(due))
    written = []
    for one in direct:
        bursts = one.bursts(writer)
        asked = "\n".join(f"{line.name}: {line.text}" for line in bursts[-1].lines)
        text = writer.reply(bursts, max_tokens=MAX_REPLY_TOKENS)
        written.append(Written(one.shown.conversation.id, asked, text))
        watcher.advance(1)
    likelihood = Likelihood()
    for one in due:
        likelihood += writer.likelihood(one.bursts(writer))
        watcher.advance(1)
    return FileReplies(file.name, tuple(written), likelihood)


def _due(file: Conversations) -> tuple[list[_Due], list[_Due]]:
    """Give all due bursts, and those that name the assistant."""
    due, direct = [], []
    for shown in file.shown:
        for index, burst in enumerate(shown.bursts(0, len(shown))):
            if burst.reply is None:
                continue
            due.append(_Due(shown, index))
            if shown.names_assistant(burst):
                direct.append(due[-1])
    return due, direct


def _drawn(all_of_them: Sequence[T], most: int) -> list[T]:
    """Draw some, in order; the same ones each time."""
    if len(all_of_them) <= most:
        return list(all_of_them)
    chosen = sorted(Random(SEED).sample(range(len(all_of_them)), most))
    return [all_of_them[at] for at in chosen]


@dataclass(frozen=True, slots=True)
class Generations:
    """How a model answers when nobody opens its answer, counted over `num` decisions of a file."""

    file: str
    num: int
    num_silence: int
    num_response: int

    @property
    def well_formed_share(self) -> float:
        """The share that is exactly `(silence)` or begins with `(response) `."""
        return (self.num_silence + self.num_response) / self.num


def judged_generations(
    judge: LocalJudge, conversations: Sequence[Conversations], num: int, watcher: Watcher
) -> list[Generations]:
    """Let the model answer `num` decisions of each file by itself."""
    writer = Writer(judge)
    counted = []
    for file in conversations:
        places = [(shown, index) for shown in file.shown for index in range(len(shown))]
        places = _drawn(places, num)
        watcher.doing(f"{file.name}: generations", total=len(places))
        texts = []
        for shown, index in places:
            texts.append(writer.answer(writer.in_context(shown, index)))
            watcher.advance(1)
        silent = sum(text.strip() == SILENCE for text in texts)
        spoken = sum(text.startswith(f"{RESPONSE} ") for text in texts)
        counted.append(Generations(file.name, len(texts), silent, spoken))
    return counted
