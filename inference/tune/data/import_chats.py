"""Turn exported chats into a data file, with an account of what came of them.

Nothing is read before the caller states the right to use the data.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from inference.errors import DataBroken
from inference.tune.data.duplicates import Seen
from inference.tune.data.line_file import refuse_to_overwrite, write_new
from inference.tune.data.logged_chats import LoggedChats
from inference.tune.data.schema import check_content
from inference.wire.chat_log import Person, chosen_person
from inference.wire.data_rights import REFUSAL
from inference.wire.logged_conversations import (
    Cuts,
    LoggedConversation,
    logged_conversations,
    names_in_data,
)


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What an import was asked for. `assistant` and `left_out` are ids or names of participants."""

    assistant: str
    source: str
    out: Path
    has_right: bool
    with_pseudonyms: bool = False
    left_out: tuple[str, ...] = ()
    cuts: Cuts = field(default_factory=Cuts)


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import. `answered` counts the messages of people that got a reply."""

    assistant: Person
    num_conversations: int
    num_messages: int
    num_answered: int
    num_copies: int
    left_aside: dict[str, int]


def refuse_without_right(options: ImportOptions) -> None:
    """Raise DataBroken unless the right to use the data was stated, or if the output stands there."""
    if not options.has_right:
        raise DataBroken(REFUSAL)
    refuse_to_overwrite(options.out)


def import_chats(chats: LoggedChats, options: ImportOptions) -> Imported:
    """Write the conversations of an export. Raises DataBroken, with nothing written."""
    refuse_without_right(options)
    try:
        assistant = chosen_person(chats.people, chats.logs, options.assistant)
        left_out = {chosen_person(chats.people, chats.logs, who).id for who in options.left_out}
    except ValueError as error:
        raise DataBroken(str(error)) from error
    names = names_in_data(chats.people, assistant, with_pseudonyms=options.with_pseudonyms)
    made = logged_conversations(
        [log.without(left_out) for log in chats.logs],
        names,
        assistant_id=assistant.id,
        source=options.source,
        cuts=options.cuts,
    )
    kept, num_copies = _usable(made)
    if not kept:
        raise DataBroken(
            f"nothing is left to learn from: no conversation of {options.cuts.min_messages} messages "
            "or more"
        )
    write_new(options.out, kept)
    lines = [line for conversation in kept for line in conversation["messages"]]
    answered = sum(line["role"] == "assistant" for line in lines)
    return Imported(
        assistant=assistant,
        num_conversations=len(kept),
        num_messages=len(lines) - answered,
        num_answered=answered,
        num_copies=num_copies,
        left_aside=dict(chats.left_aside.most_common()),
    )


def _usable(made: Iterable[LoggedConversation]) -> tuple[Sequence[LoggedConversation], int]:
    """Keep what passes the checks and was not there before; give the number of copies too."""
    seen = Seen()
    kept = []
    num_copies = 0
    for conversation in made:
        checked = check_content(conversation, 0).conversation
        if checked is not None:
            if seen.add(checked):
                num_copies += 1
            else:
                kept.append(conversation)
    return kept, num_copies
