"""From history to what the model sees: bursts of `Name: text` lines, each with its reply or silence.

Pure and append-only: as long as nothing is edited, deleted or trimmed, the next prompt extends this
one. `inference.wire.turns` makes chat turns of the bursts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bot.messages import Author, Entry
from inference.wire.speakers import SpeakerNames, own_mentions_shown
from inference.wire.text import break_control_tokens, speaker_text
from inference.wire.turns import Burst, Line

DELETED = "[deleted]"
MAX_QUOTED_CHARS = 300  # of a message that a question is about; a prompt is small


@dataclass(slots=True)
class _Open:
    """A burst in the making. `decision_id` is None while it waits."""

    decision_id: int | None
    entries: list[Entry] = field(default_factory=list)
    reply: str | None = None


def bursts(entries: Sequence[Entry], *, me: Author, assistant_name: str) -> list[Burst]:
    """Give the bursts of a history, oldest first, the undecided messages as the last one.

    `assistant_name` is the name by which the model knows the assistant: mentions of `me` are shown
    as that name. Deleted messages vanish, unless a reply to them stands.
    """
    names = speaker_names(entries, me=me, assistant_name=assistant_name)
    shown = []
    for opened in _grouped(entries):
        lines = tuple(
            Line(names[entry.author.id], _text(entry, me=me, assistant_name=assistant_name))
            for entry in opened.entries
            if not entry.deleted
        )
        if not lines and opened.reply is not None:
            lines = (Line(names[opened.entries[-1].author.id], DELETED),)
        if lines:
            shown.append(Burst(lines, opened.reply))
    return shown


def speaker_names(entries: Iterable[Entry], *, me: Author, assistant_name: str) -> dict[str, str]:
    """Give each person's name in the prompt by author id; two people of one name stay apart."""
    names = SpeakerNames(own_name=me.name, assistant_name=assistant_name)
    for entry in entries:
        if not entry.from_assistant:
            names.of(entry.author.id, entry.author.name)
    return names.all()


def _grouped(entries: Sequence[Entry]) -> list[_Open]:
    groups: list[_Open] = []
    by_decision: dict[int, _Open] = {}
    for entry in entries:
        if entry.hidden:
            continue
        if entry.from_assistant:
            _add_reply(groups, by_decision, entry)
            continue
        if entry.decision_id is None:
            group = _last_waiting(groups)
        else:
            group = by_decision.get(entry.decision_id)
        if group is None:
            group = _Open(entry.decision_id)
            groups.append(group)
            if entry.decision_id is not None:
                by_decision[entry.decision_id] = group
        group.entries.append(entry)
    return sorted(groups, key=_is_waiting)


def _last_waiting(groups: list[_Open]) -> _Open | None:
    """Give the group that waits; what was overheard meanwhile may stand behind it."""
    return next((group for group in reversed(groups) if _is_waiting(group)), None)


def _is_waiting(group: _Open) -> bool:
    return group.decision_id is None and group.reply is None


def _add_reply(groups: list[_Open], by_decision: dict[int, _Open], entry: Entry) -> None:
    """Put a reply behind the burst it answers, wherever later messages stand.

    A reply whose burst was trimmed away is dropped with it. One that no decision of ours stands
    behind (fetched from the platform) belongs to what was said before it.
    """
    if entry.deleted:
        return
    if entry.decision_id is not None:
        group = by_decision.get(entry.decision_id)
    else:
        group = groups[-1] if groups else None
    if group is not None:
        text = break_control_tokens(entry.text.strip())
        group.reply = text if group.reply is None else f"{group.reply} {text}"


def _text(entry: Entry, *, me: Author, assistant_name: str) -> str:
    text = own_mentions_shown(entry.text, own_name=me.name, assistant_name=assistant_name)
    quoted = with_attachments(entry.quoted, entry.quoted_attachments)
    if quoted:
        text = f'{text}\n"{_clipped(quoted)}"'
    return speaker_text(with_attachments(text, entry.attachments))


def with_attachments(text: str, attachments: Sequence[str]) -> str:
    """Give a text with what else was posted, each described in brackets behind it."""
    return text + "".join(f" [{attachment}]" for attachment in attachments)


def _clipped(quoted: str) -> str:
    flat = " ".join(quoted.split())
    return flat if len(flat) <= MAX_QUOTED_CHARS else f"{flat[:MAX_QUOTED_CHARS]}…"
