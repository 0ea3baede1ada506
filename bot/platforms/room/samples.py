"""The bundled conversations that the page can play: files of `inference.wire.conversation_file`."""

import logging
from dataclasses import replace
from pathlib import Path

from inference.wire.conversation_file import FileConversation, parse_conversations

logger = logging.getLogger(__name__)
SAMPLES = Path(__file__).parent / "samples"


def samples(folder: Path = SAMPLES) -> list[FileConversation]:
    """Read all samples, by file name, without what the assistant says in them.

    A file that cannot be read is logged and left out.
    """
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        try:
            text = path.read_text(encoding="utf-8")
            found += [_of_people(each) for each in parse_conversations(text.splitlines())]
        except (OSError, ValueError) as error:
            logger.warning("sample %s left out: %s", path.name, error)
    return found


def _of_people(conversation: FileConversation) -> FileConversation:
    said = tuple(message for message in conversation.messages if not message.from_assistant)
    return replace(conversation, messages=said)
