"""Runs `earshot data import history`: writes what may be trained on into a data file.

Nothing is read without the statement of the right to use it, and no channel that does not allow it.
"""

import asyncio
import contextlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bot.cli.terminal import out as console
from bot.config import Settings
from bot.errors import ConfigError
from bot.store import Store
from bot.training_log import earshot, person_id, training_log
from inference.wire.chat_log import ChatLog, Person, chosen_person
from inference.wire.data_rights import REFUSAL
from inference.wire.logged_conversations import (
    Cuts,
    LoggedConversation,
    logged_conversations,
    names_in_data,
)

NONE_ALLOWED = (
    "No channel allows training, so nothing was written. Somebody who may manage a channel allows it "
    "there with: /assistant privacy training on"
)


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What the command line asked for. `assistant` None is Earshot itself."""

    out: Path
    assistant: str | None
    left_out: tuple[str, ...]
    with_pseudonyms: bool
    has_right: bool
    cuts: Cuts


def export(settings: Settings, options: ExportOptions) -> None:
    """Write the conversations and say how many. Raises ConfigError and StoreError."""
    if not options.has_right:
        raise ConfigError(REFUSAL)
    if options.out.exists():
        raise ConfigError(f"{options.out} exists already: name another file, or move it away")
    people, logs = asyncio.run(_read(settings))
    if not logs:
        raise ConfigError(NONE_ALLOWED)
    conversations = _conversations(people, logs, options)
    if not conversations:
        raise ConfigError("Nothing is left to learn from: no conversation is long enough.")
    _write(options.out, conversations)
    lines = [line for conversation in conversations for line in conversation["messages"]]
    num_replies = sum(line["role"] == "assistant" for line in lines)
    console().print(
        f"{options.out}: {len(conversations):,} conversations, {len(lines) - num_replies:,} messages "
        f"of people, {num_replies:,} of them followed by the assistant.\n"
        f"Look at it before you train on it: earshot data check {options.out}"
    )


async def _read(settings: Settings) -> tuple[list[Person], list[ChatLog]]:
    store = await Store.open(settings.database_url, default_mode=settings.default_mode)
    try:
        return await _people_and_logs(store, name=settings.name)
    finally:
        await store.close()


async def _people_and_logs(store: Store, *, name: str) -> tuple[list[Person], list[ChatLog]]:
    people: dict[str, Person] = {}
    logs: list[ChatLog] = []
    own_names: list[str] = []
    own_ids: set[str] = set()
    for where in await store.training.conversations():
        entries = await store.training.entries(where)
        own = [entry.author for entry in entries if entry.from_assistant]
        own_names += [author.name for author in own]
        own_ids |= {person_id(where, author) for author in own}
        authors = [entry.author for entry in entries]
        for author in [*await store.training.people(where.platform, where.workspace), *authors]:
            found = person_id(where, author)
            people.setdefault(found, Person(found, author.name or "someone", is_bot=author.is_bot))
        logs.append(training_log(where, entries))
    others = [person for person in people.values() if person.id not in own_ids]
    return [earshot(name, own_names), *others], logs


def _conversations(
    people: list[Person], logs: list[ChatLog], options: ExportOptions
) -> list[LoggedConversation]:
    try:
        assistant = (
            chosen_person(people, logs, options.assistant) if options.assistant else people[0]
        )
        left_out = {chosen_person(people, logs, who).id for who in options.left_out}
    except ValueError as error:
        raise ConfigError(str(error)) from error
    names = names_in_data(people, assistant, with_pseudonyms=options.with_pseudonyms)
    usable = [log.without(left_out) for log in logs]
    made = logged_conversations(
        usable, names, assistant_id=assistant.id, source="history", cuts=options.cuts
    )
    return list(made)


def _write(file: Path, conversations: Iterable[LoggedConversation]) -> None:
    """Write the file whole or not at all."""
    unfinished = file.with_name(f".{file.name}.unfinished")
    try:
        with unfinished.open("w", encoding="utf-8") as lines:
            for conversation in conversations:
                lines.write(json.dumps(conversation, ensure_ascii=False) + "\n")
            lines.flush()
            os.fsync(lines.fileno())
        unfinished.replace(file)
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be written: {error.strerror or error}; nothing was written"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
