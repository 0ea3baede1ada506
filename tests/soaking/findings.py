"""What a soak found. `Findings.faults` are one line for each thing amiss; the rest are counts.

The checks here compare the history with itself, or with what a platform's check hands in.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from bot.notices import CANNOT_THINK, LISTENING, NO_ANSWER, NOT_POSTED, OPTED_OUT
from tests.soaking.history import Row, Rows

NOTICES = {CANNOT_THINK, LISTENING, NO_ANSWER, NOT_POSTED, OPTED_OUT}
GREETING = "Hello, I'm"


@dataclass
class Findings:
    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    waits_s: list[float] = field(default_factory=list)  # from a question to its reply

    def fault(self, kind: str, what: str) -> None:
        self.counts[kind] += 1
        self.faults.append(f"{kind}: {what}")


def outcome(found: Findings, question: str, row: Row, rows: Rows, *, has_notice: bool) -> None:
    """Check that a question was answered once, or told that it is not; `question` names it."""
    statuses = rows.statuses(row["decision_id"])
    if row["rule"] == "too old":
        found.counts["too old"] += 1
    elif row["action"] == "speak" and statuses.count("posted") == 1:
        found.counts["answered"] += 1
    elif row["action"] == "speak" and statuses == ["withdrawn"]:
        found.counts["too old"] += 1
    elif row["action"] == "failed" and has_notice:
        found.counts["answered by a notice"] += 1
    else:
        found.fault("unanswered", f"{question}: {row['action']}, {row['rule']}, {statuses}")


def outbox_is_empty(found: Findings, rows: Rows) -> None:
    """Check that nothing is left to be posted."""
    for reply in rows.replies:
        if reply["status"] in ("pending", "draft"):
            found.fault("left in the outbox", f"{reply['status']} {reply['key']}")


def same_words(shown: str, kept: str) -> bool:
    """Tell whether what is shown ends with what is kept, whatever stands between the words."""
    return "".join(shown.split()).endswith("".join(kept.split()))


def whole(
    found: Findings,
    rows: Rows,
    shown: Callable[[Row, str], str | None],
    *,
    is_same: Callable[[str, str], bool] = same_words,
) -> None:
    """Check that each reply stands there as the history has it.

    `shown` gives what a message of a reply shows, None if it does not stand there.
    """
    texts = {row["id"]: row for row in rows.messages if row["from_assistant"]}
    for reply in rows.replies:
        ids = rows.parts.get(reply["key"], [])
        row = texts.get(ids[0]) if ids else None
        if reply["status"] != "posted" or row is None or row["deleted"]:
            continue
        stand = "".join(filter(None, (shown(reply, one) for one in ids)))
        if not is_same(stand, row["text"]):
            found.fault("not whole", f"{row['text'][:60]!r}, {len(ids)} parts: {stand[-60:]!r}")


def answered_twice(found: Findings, answers: Iterable[tuple[object, str]]) -> None:
    """Check that no question is answered by two replies; an answer is a place and its words.

    A thread that was made of a question may take it up again: it is a place of its own.
    """
    by_question = defaultdict(list)
    for place, text in answers:
        for question in set(re.findall(r"\bq\d+\b", text.rpartition("As to ")[2])):
            by_question[place, question].append(text)
    for (place, question), texts in by_question.items():
        if len(texts) > 1:
            found.fault("answered twice", f"{question} in {place}: {texts}")


def bereft(found: Findings, rows: Rows, stands: Callable[[Row, str], bool]) -> None:
    """Check that no reply stands there of which every question is gone."""
    bursts: dict[int | None, list[Row]] = defaultdict(list)
    for row in rows.messages:
        if not row["from_assistant"]:
            bursts[row["decision_id"]].append(row)
    for reply in rows.replies:
        burst = bursts.get(reply["decision_id"], [])
        asked = [row for row in burst if row["addressed"]] or burst
        if not asked or not all(row["deleted"] for row in asked):
            continue
        found.counts["withdrawn or removed"] += 1
        for message_id in rows.parts.get(reply["key"], []):
            if stands(reply, message_id):
                found.fault(
                    "not removed", f"{reply['status']} {message_id} of {asked[0]['text']!r}"
                )


def doubled(found: Findings, seen: Sequence[tuple[object, str]]) -> None:
    """Check that no reply stands twice; `seen` are places with what stands there."""
    for (place, text), times in Counter(seen).items():
        if times > 1:
            found.fault("doubled replies", f"{times} times in {place}: {text[:60]!r}")
