"""Read the files to learn from: `FILE` or `FILE=WEIGHT`, and keep a share of each for looking at.

A weight of 2 shows each conversation twice an epoch, 0.5 a random half of them.
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from inference.errors import DataBroken, TuneRefused
from inference.tune.batches import Lesson
from inference.tune.data.schema import check_line
from inference.tune.split import split
from inference.wire.conversation_file import FileConversation, FileMessage

HELD_OUT = ".held-out.jsonl"  # how a file's name ends whose topic is never learned
Messages = tuple[FileMessage, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A file of conversations, or a folder of such files. `when_only`: its replies are not imitated."""

    path: Path
    weight: float = 1.0
    when_only: bool = False

    @classmethod
    def parse(cls, text: str, *, when_only: bool = False) -> "Source":
        """Read `FILE` or `FILE=WEIGHT`. Raises TuneRefused for a weight that is none."""
        name, equals, number = text.rpartition("=")
        if not equals or Path(text).exists():
            return cls(Path(text), when_only=when_only)
        try:
            weight = float(number)
        except ValueError:
            weight = -1.0
        if not 0 < weight <= 100:
            raise TuneRefused(f"{text}: write FILE or FILE=WEIGHT, a weight above 0, such as 0.5")
        return cls(Path(name), weight, when_only)


@dataclass(frozen=True, slots=True)
class DevFile:
    """Conversations that are only looked at, never learned."""

    name: str
    conversations: tuple[FileConversation, ...]


@dataclass(frozen=True, slots=True)
class FileData:
    """All conversations of a source, those held out too."""

    source: Source
    conversations: tuple[FileConversation, ...]


@dataclass(frozen=True, slots=True)
class Curriculum:
    """What is learned and what is held out, and the files that both come from.

    `warnings` are sentences for whoever trains.
    """

    lessons: tuple[Lesson, ...]
    dev: tuple[DevFile, ...]
    files: tuple[FileData, ...]
    hold_out: float
    warnings: tuple[str, ...] = ()


def read_curriculum(
    sources: Sequence[Source], dev_files: Sequence[Path], *, hold_out: float
) -> Curriculum:
    """Read all files, `hold_out` (0 to 1) of each source kept for dev.

    Raises DataBroken that names file and line, and TuneRefused if nothing is left to learn from.
    """
    lessons: list[Lesson] = []
    kept: list[DevFile] = []
    files: list[FileData] = []
    for source in sources:
        learned, held_out = _read_source(source.path, hold_out=hold_out)
        files.append(FileData(source, (*learned, *held_out)))
        lessons += [Lesson(one, source.when_only, source.weight) for one in learned]
        kept.append(DevFile(source.path.stem, tuple(held_out)))
    learned_messages = {lesson.conversation.messages for lesson in lessons}
    dev, num_copies = _without_copies(kept, learned_messages)
    for path in dev_files:
        unlearned = read_file(path)
        _check_apart(path, unlearned, learned_messages)
        dev.append(DevFile(path.stem, tuple(unlearned)))
    if not any(_has_reply(lesson.conversation) for lesson in lessons):
        raise TuneRefused(
            "nothing is left to learn when to speak from: no conversation outside the held-out share "
            f"of {hold_out:.0%} holds a word of the assistant; add data, or lower --hold-out"
        )
    warnings = tuple(_warnings(num_copies, has_dev=bool(dev)))
    return Curriculum(tuple(lessons), _joined(dev), tuple(files), hold_out, warnings)


def _without_copies(files: Sequence[DevFile], learned: Set[Messages]) -> tuple[list[DevFile], int]:
    """Give what is held out without what is learned as well under another id, and how much that is.

    Files of which nothing is left are left out.
    """
    apart = [
        DevFile(file.name, tuple(one for one in file.conversations if one.messages not in learned))
        for file in files
    ]
    num_before = sum(len(file.conversations) for file in files)
    num_after = sum(len(file.conversations) for file in apart)
    return [file for file in apart if file.conversations], num_before - num_after


def _warnings(num_copies: int, *, has_dev: bool) -> Iterator[str]:
    if num_copies:
        yield (
            f"{num_copies:,} of the conversations held out are copies of learned ones, and are not "
            "looked at; `earshot data check` names copies"
        )
    if not has_dev:
        yield (
            "nothing is held out, so nothing is measured and the dial stays uncalibrated: give --dev "
            "or --hold-out, or calibrate later with `earshot evaluate FILE --adapter DIR --calibrate`"
        )


def _read_source(
    path: Path, *, hold_out: float
) -> tuple[list[FileConversation], list[FileConversation]]:
    """Give what is learned and what is held out of a file, or of a folder's `*.jsonl` files.

    A folder that names files of its own as held out has made its choice: by topic, ours.
    """
    if not path.is_dir():
        return split(read_file(path), share=hold_out)
    files = sorted(path.glob("*.jsonl"))
    if not files:
        raise DataBroken(f"the folder {path} holds no .jsonl file")
    kept_apart = [file for file in files if file.name.endswith(HELD_OUT)]
    learned = [one for file in files if file not in kept_apart for one in read_file(file)]
    if not kept_apart:
        return split(learned, share=hold_out)
    return learned, [one for file in kept_apart for one in read_file(file)]


def read_file(path: Path) -> list[FileConversation]:
    """Read a file to learn from, by the rules of `earshot data check`.

    Raises DataBroken that names the file, the line and the fault.
    """
    try:
        with path.open("rb") as lines:
            read = [_conversation(path, raw, number) for number, raw in enumerate(lines, start=1)]
    except OSError as error:
        raise DataBroken(f"{path} cannot be read: {error.strerror}") from error
    conversations = [one for one in read if one is not None]
    if not conversations:
        raise DataBroken(f"{path} holds no conversation")
    return conversations


def _conversation(path: Path, raw: bytes, number: int) -> FileConversation | None:
    checked = check_line(raw, number)
    if checked is not None and checked.first_error:
        raise DataBroken(
            f"{path}: line {number}: {checked.first_error} (`earshot data check` lists all faults)"
        )
    return None if checked is None else checked.conversation


def _check_apart(
    path: Path, conversations: Sequence[FileConversation], learned: Set[Messages]
) -> None:
    """Refuse a dev file of which something is learned: its figures would be too good."""
    both = [one.line for one in conversations if one.messages in learned]
    if both:
        raise TuneRefused(
            f"{path} is to look at, and {len(both)} of its conversations are learned as well, the first "
            f"in line {both[0]}: leave it out of --dev, or them out of --data"
        )


def _has_reply(conversation: FileConversation) -> bool:
    return any(message.from_assistant for message in conversation.messages)


def _joined(files: Iterable[DevFile]) -> tuple[DevFile, ...]:
    """Join files of one name, so that a name stands for one row of figures."""
    by_name: dict[str, tuple[FileConversation, ...]] = {}
    for file in files:
        by_name[file.name] = by_name.get(file.name, ()) + file.conversations
    return tuple(DevFile(name, conversations) for name, conversations in by_name.items())
