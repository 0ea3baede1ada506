"""The model card of an adapter: what it learned from, how well it decides, how to use it.

Pure: facts in, Markdown with the model hub's front matter out. Nothing is looked up, measured or
guessed here, and a figure that is not known is left out or shown as a dash.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from inference.tune.card_base import (
    base_entries,
    base_link,
    base_name,
    base_setting,
    base_terms,
    front_lines,
)
from inference.wire.chat_form import FILE_NAME, Calibration

CARD_NAME = "README.md"  # as the hub wants it
METRICS_NAME = "metrics.json"  # the figures that a card shows, as plain values

# The columns of the table of figures: the name in `earshot evaluate --json`, and how it is headed.
COLUMNS = {
    "n": "decisions",
    "speak_rate": "due",
    "auroc": "AUROC",
    "average_precision": "average precision",
    "f1": "F1",
    "macro_f1": "macro F1",
    "balanced_accuracy": "balanced accuracy",
    "over_talk": "over-talk",
    "miss_direct": "miss on direct address",
    "ece": "calibration error",
}
_FIGURES = "## Figures"
_CALIBRATION = "## Calibration"
_USE = "## How to use it"
# Where a dial stands in a card that was written before, and where it would: up to the next heading.
_CALIBRATION_PART = re.compile(rf"^{_CALIBRATION}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_BEFORE_USE = re.compile(rf"^(?={_USE}$)", re.MULTILINE)
_SHARES = {"speak_rate", "over_talk", "miss_direct"}


@dataclass(frozen=True, slots=True)
class CardData:
    """A file the adapter learned from. The numbers are of the whole file, held-out share included.

    `license` is how its licence is called, "" if nobody said; `hub_id` its id where it is a data set
    of the hub; `weight` how often a conversation was shown an epoch. `when_only`: its replies were
    not imitated, only when they came.
    """

    name: str
    num_conversations: int
    num_decisions: int
    speak_share: float
    license: str = ""
    hub_id: str | None = None
    weight: float = 1.0
    when_only: bool = False


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a card tells.

    `base` is the public name of the model, `base_license` and `license` (the adapter's own) are
    names of licences as the hub spells them, "" if not known. `settings` are shown in their order.
    `figures` has one mapping a dev file, keyed as `earshot evaluate --json` does ("file", "n",
    "auroc", ...), taken with the adapter; `prompted` the like without it. `summary` is a sentence or
    two in front of everything.
    """

    name: str
    base: str
    base_license: str = ""
    license: str = ""
    summary: str = ""
    data: Sequence[CardData] = ()
    hold_out: float = 0.0
    settings: Mapping[str, object] = field(default_factory=dict)
    figures: Sequence[Mapping[str, object]] = ()
    prompted: Sequence[Mapping[str, object]] = ()
    calibration: Calibration | None = None
    languages: Sequence[str] = ("en",)


def model_card(facts: CardFacts) -> str:
    """Render the card as Markdown, front matter first."""
    parts = [
        _front_matter(facts),
        f"# {_inline(facts.name)}",
        _introduction(facts),
        _uses(),
        _data(facts),
        _settings(facts),
        _figures(facts),
        _calibration_section(facts.calibration) if facts.calibration else "",
        _how_to_use(facts),
        _licences(facts),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def recalibrated(card: str, calibration: Calibration, *, files: Sequence[str]) -> str:
    """Give a card with another dial, set on `files`; what else people wrote into it stays.

    One that is none of ours, with neither a dial nor a place for it, stays as it is.
    """
    note = f"It was set anew after training, on {', '.join(map(_inline, files))}"
    note += (
        "; the figures above are at the threshold that training chose." if _FIGURES in card else "."
    )
    section = _calibration_section(calibration, note) + "\n\n"
    for place in (_CALIBRATION_PART, _BEFORE_USE):
        if place.search(card):
            return place.sub(lambda _: section, card, count=1).rstrip("\n") + "\n"
    return card


def _front_matter(facts: CardFacts) -> str:
    entries: dict[str, object] = {
        **base_entries(facts.base),
        "library_name": "peft",
        "pipeline_tag": "text-generation",
        "license": facts.license or None,
        "language": list(facts.languages),
        "datasets": [one.hub_id for one in facts.data if one.hub_id],
        "tags": ["earshot", "lora", "group-chat", "when-to-speak"],
    }
    known = {key: value for key, value in entries.items() if value}
    return "\n".join(["---", *front_lines(known), "---"])


def _introduction(facts: CardFacts) -> str:
    text = (
        f"A LoRA adapter for {base_link(facts.base)} that teaches it when to speak in a group chat: "
        "after each message it answers `(silence)`, or `(response)` and a reply. It is made for "
        "Earshot, a chat assistant that listens to everything and speaks only when it should."
    )
    return f"{facts.summary}\n\n{text}" if facts.summary else text


def _uses() -> str:
    return (
        "## What it is for, and what not\n\n"
        "For deciding, message by message, whether an assistant in a chat of two or more people "
        "has something to say, and for saying it shortly.\n\n"
        "Not for deciding anything about people, not for moderation, and not as a source of facts: "
        "what it says is the base model's knowledge, and a small base knows little. It has learned "
        "the kinds of chat listed below; in others its judgement is worse, so look at the figures "
        "on a file of your own (`earshot evaluate`) before you trust it. Chats hold personal data: "
        "use it only where the people in the chat know that it reads along."
    )


def _data(facts: CardFacts) -> str:
    if not facts.data:
        return ""
    rows = [
        [
            one.name,
            f"{one.num_conversations:,}",
            f"{one.num_decisions:,}",
            f"{one.speak_share:.1%}",
            f"{one.weight:g}",
            "when to speak" if one.when_only else "when to speak, and the replies",
            one.license or "not stated",
        ]
        for one in facts.data
    ]
    head = ["file", "conversations", "decisions", "due", "weight", "learned from it", "licence"]
    note = "A decision is one message of a person; it is due where the assistant spoke next."
    if facts.hold_out:
        note += (
            f" Of each file {facts.hold_out:.0%} of the conversations, chosen by a hash of their ids, "
            "were held out and never trained on; of a folder with files named as held out, those."
        )
    return f"## Data\n\n{_table(head, rows)}\n\n{note}"


def _settings(facts: CardFacts) -> str:
    if not facts.settings:
        return ""
    rows = [[name, _shown(value)] for name, value in facts.settings.items()]
    return f"## Training\n\n{_table(['setting', 'value'], rows)}"


def _figures(facts: CardFacts) -> str:
    if not facts.figures:
        return ""
    parts = [_FIGURES, "On conversations it was not trained on, each file for itself."]
    parts.append(_figure_table(facts.figures))
    if facts.prompted:
        parts += ["The base model prompted, without the adapter:", _figure_table(facts.prompted)]
    parts.append(
        "AUROC says how well due messages are told from others at any threshold; the interval is 95% "
        "by bootstrap over conversations. All from F1 on is at one threshold for all files. Over-talk "
        "is the share of messages that need no answer and do not name the assistant on which it "
        "speaks; miss on direct address the share of due messages naming it on which it is silent."
    )
    return "\n\n".join(parts)


def _figure_table(figures: Sequence[Mapping[str, object]]) -> str:
    used = [key for key in COLUMNS if any(row.get(key) is not None for row in figures)]
    rows = [[str(row.get("file", "")), *(_figure(row, key) for key in used)] for row in figures]
    return _table(["file", *(COLUMNS[key] for key in used)], rows)


def _figure(row: Mapping[str, object], key: str) -> str:
    value = row.get(key)
    if not isinstance(value, int | float):
        return "-"
    if key == "n":
        return f"{value:,}"
    if key in _SHARES:
        return f"{value:.1%}"
    low, high = row.get(f"{key}_low"), row.get(f"{key}_high")
    if isinstance(low, int | float) and isinstance(high, int | float):
        return f"{value:.3f} ({low:.3f} to {high:.3f})"
    return f"{value:.3f}"


def _calibration_section(calibration: Calibration, note: str = "") -> str:
    """Render the dial under its heading; `note` is a sentence more on where it comes from."""
    rows = [
        [str(step.eagerness), f"{step.threshold:.3f}", f"{step.ambient_share:.1%}"]
        for step in calibration.steps
    ]
    text = (
        "The dial of Earshot, 0 to 100, as thresholds on P(speak), with the share of messages not "
        "addressed to it that it is then expected to answer. 50 is the default."
    )
    told = f"{text} {note}" if note else text
    table = _table(["eagerness", "threshold", "answered"], rows)
    return f"{_CALIBRATION}\n\n{told}\n\n{table}"


def _how_to_use(facts: CardFacts) -> str:
    return (
        f"{_USE}\n\n"
        "With Earshot's own worker: download this folder and set, in the environment or in `.env`\n\n"
        f"{base_setting(facts.base)}    EARSHOT_ADAPTER=/path/to/this/folder\n\n"
        "With vLLM, which then serves base and adapter to Earshot (`--max-lora-rank` is at least the "
        "rank of this adapter)\n\n"
        f"    vllm serve {base_name(facts.base)} --enable-lora --max-lora-rank {_rank(facts)} "
        "--lora-modules earshot=/path/to/this/folder\n\n"
        "    EARSHOT_MODEL_URL=http://127.0.0.1:8000/v1\n"
        "    EARSHOT_MODEL=earshot\n"
        f"    EARSHOT_CHAT_FORM=/path/to/this/folder/{FILE_NAME}\n\n"
        f"`{FILE_NAME}` is how the adapter wants its conversations put, with the calibration above; "
        "a program other than Earshot has to put them the same way."
    )


def _licences(facts: CardFacts) -> str:
    base = facts.base_license or base_terms(facts.base)
    own = facts.license or "not stated"
    return (
        f"## Licences\n\nThis adapter: {_inline(own)}. The base model: {_inline(base)}. "
        "The data: in the table above; texts under a share-alike or attribution licence keep it."
    )


# vLLM's own steps: it takes no other maximum.
_VLLM_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)


def _rank(facts: CardFacts) -> int:
    rank = facts.settings.get("rank")
    wanted = rank if isinstance(rank, int) else 64
    return next((step for step in _VLLM_RANKS if step >= wanted), wanted)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_inline(cell) for cell in line)} |" for line in lines)


def _inline(text: str) -> str:
    """Keep a text from breaking out of its table cell or line."""
    return " ".join(text.split()).replace("|", "\\|")
