"""Read the files to judge by: a file, or a folder of files of which the held-out ones count."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random

from inference.errors import DataBroken
from inference.tune.evaluation.window import Naming, Shown, starts_with_assistant
from inference.tune.lessons import HELD_OUT
from inference.tune.split import HOLD_OUT, is_held_out
from inference.tune.variation import merged
from inference.wire.conversation_file import FileConversation, parse_conversations

MERGE_SHARE = 0.3  # of messages without a reply, joined to the next: as in training
BURST_SEED = 0
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    """How files are read; `limit` is a file's.

    `held_out` leaves out what `earshot train --hold-out HOLD_OUT` would learn.
    """

    naming: Naming
    limit: int | None = None
    bursts: bool = False
    held_out: bool = False
    hold_out: float = HOLD_OUT


@dataclass(frozen=True, slots=True)
class Conversations:
    """The conversations of one file, as they are shown. `path` is that of the file, as it was given."""

    name: str
    shown: tuple[Shown, ...]
    path: Path = Path()

    @property
    def num_decisions(self) -> int:
        """How many messages, or bursts, there are to decide on."""
        return sum(len(shown) for shown in self.shown)


def read_files(paths: Sequence[Path], reading: Reading) -> list[Conversations]:
    """Read all files, named by their stem, or by their path where two have the same.

    Raises DataBroken that names the file, the line and the fault. A conversation that starts with
    the assistant is read without its first words, with a warning.
    """
    files = list(dict.fromkeys(paths))
    stems = [path.stem for path in files]
    return [
        _read(path, path.stem if stems.count(path.stem) == 1 else str(path), reading)
        for path in files
    ]


def _read(path: Path, name: str, reading: Reading) -> Conversations:
    found = (one for file in _files(path) for one in _chosen(file, reading))
    shown = [_shown(one, reading) for one in islice(found, reading.limit)]
    conversations = Conversations(name, tuple(one for one in shown if len(one)), path)
    if not conversations.num_decisions:
        held_out = " that training holds out" if reading.held_out else ""
        raise DataBroken(f"{path} holds no message of a person{held_out}: nothing to decide on")
    return conversations


def _files(path: Path) -> list[Path]:
    """Give the files of a folder, those named as held out if there are any."""
    if not path.is_dir():
        return [path]
    files = sorted(path.glob("*.jsonl"))
    if not files:
        raise DataBroken(f"the folder {path} holds no .jsonl file")
    return [file for file in files if file.name.endswith(HELD_OUT)] or files


def _chosen(path: Path, reading: Reading) -> Iterator[FileConversation]:
    """Give the conversations of a file, or those held out; of one named as held out that is all."""
    found = _conversations(path)
    if not reading.held_out or path.name.endswith(HELD_OUT):
        return found
    return (one for one in found if is_held_out(one.id, share=reading.hold_out))


def _conversations(path: Path) -> Iterator[FileConversation]:
    try:
        with path.open(encoding="utf-8") as lines:
            for conversation in parse_conversations(lines):
                if starts_with_assistant(conversation.messages):
                    logger.warning(
                        "%s: line %d: the conversation starts with the assistant; its first words "
                        "are left out, they answer nothing",
                        path,
                        conversation.line,
                    )
                yield conversation
    except OSError as error:
        raise DataBroken(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataBroken(f"{path} is not UTF-8 text: {error.reason}") from error
    except ValueError as error:
        raise DataBroken(f"{path}: {error}; `earshot data check` lists all faults") from error


def _shown(conversation: FileConversation, reading: Reading) -> Shown:
    shown = Shown(conversation, reading.naming)
    if not reading.bursts or not len(shown):
        return shown
    random = Random(f"{BURST_SEED}-{conversation.id}")
    joined = merged(shown.bursts(0, len(shown)), MERGE_SHARE, random)
    return Shown(conversation, reading.naming, sizes=[len(burst.lines) for burst in joined])
