"""What a conversation in the right form may still have wrong: who begins, names, markers, lengths.

Pure. Each rule is one function that gives its findings.
"""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

from inference.tune.data.faults import Finding, error, warning
from inference.wire.chat_form import RESPONSE, SILENCE
from inference.wire.conversation_file import FileConversation
from inference.wire.file_bursts import ASSISTANT_NAME, OWN_NAME
from inference.wire.text import MAX_MESSAGE_BYTES, speaker_name

_RESERVED = frozenset({ASSISTANT_NAME, OWN_NAME.casefold()})
_PERSON = " (person)"  # what `speaker_name` adds to a name that reads like the assistant's
_LINE_HEAD = re.compile(r"^\s*([^:\n]{1,60}):", re.MULTILINE)
MANY_MESSAGES = 200  # a model of a few thousand tokens sees such a conversation in pieces only


def sense_findings(conversation: FileConversation) -> list[Finding]:
    """Give what is wrong with a conversation whose form is right."""
    return [finding for rule in _RULES for finding in rule(conversation)]


def _beginning(conversation: FileConversation) -> Iterator[Finding]:
    if conversation.messages[0].from_assistant:
        yield error(
            "the conversation starts with the assistant, whose words then answer nothing: "
            "begin with a person"
        )
    if all(message.from_assistant for message in conversation.messages):
        yield error("no person says anything")


def _markers(conversation: FileConversation) -> Iterator[Finding]:
    for number, message in enumerate(conversation.messages, start=1):
        said = message.content.strip()
        if message.from_assistant and said.startswith(SILENCE):
            yield error(
                f"message {number}: {SILENCE} is no reply: leave the message out, silence "
                "is a message that the assistant does not follow"
            )
        elif message.from_assistant and said.startswith(RESPONSE):
            yield error(
                f"message {number}: leave {RESPONSE} out, training puts it before each reply"
            )


def _turns(conversation: FileConversation) -> Iterator[Finding]:
    for number, (before, message) in enumerate(pairwise(conversation.messages), start=2):
        if before.from_assistant and message.from_assistant:
            yield warning(f"message {number}: follows the assistant's own and becomes one with it")


def _names(conversation: FileConversation) -> Iterator[Finding]:
    names = dict.fromkeys(m.name for m in conversation.messages if m.name is not None)
    by_case: dict[str, str] = {}
    for name in names:
        shown = speaker_name(name, reserved=_RESERVED)
        if shown.endswith(_PERSON) and not name.endswith(_PERSON):
            yield warning(
                f'the name "{name}" collides with the assistant\'s: it is shown as "{shown}"'
            )
        elif shown != name:
            yield warning(f'the name "{name}" is shown as "{shown}"')
        other = by_case.setdefault(shown.casefold(), name)
        if other != name:
            yield warning(f'the names "{other}" and "{name}" look the same, and are two people')


def _lengths(conversation: FileConversation) -> Iterator[Finding]:
    if len(conversation.messages) > MANY_MESSAGES:
        yield warning(
            f"{len(conversation.messages)} messages: longer than a model reads at once, so it is "
            "learned in pieces"
        )
    for number, message in enumerate(conversation.messages, start=1):
        size = len(message.content.encode(errors="replace"))
        if size > MAX_MESSAGE_BYTES and not message.from_assistant:
            yield warning(
                f"message {number}: {size} bytes, of which the model sees {MAX_MESSAGE_BYTES}"
            )


def _replies(conversation: FileConversation) -> Iterator[Finding]:
    names = {m.name.casefold() for m in conversation.messages if m.name is not None}
    cut = [
        str(number)
        for number, message in enumerate(conversation.messages, start=1)
        if message.from_assistant and _spoken_for(message.content) & names
    ]
    if cut:
        yield warning(
            f"message{'s' if len(cut) > 1 else ''} {', '.join(cut)}: the assistant's words have a line that "
            "begins with a person's name and a colon; what is posted is cut there"
        )


def _spoken_for(reply: str) -> set[str]:
    return {head.strip().casefold() for head in _LINE_HEAD.findall(reply)}


_RULES: tuple[Callable[[FileConversation], Iterator[Finding]], ...] = (
    _beginning,
    _markers,
    _turns,
    _names,
    _lengths,
    _replies,
)
