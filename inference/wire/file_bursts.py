"""A conversation from a file as the bursts a model sees: each message decided on by itself.

Pure. What the assistant says after a message is the reply to it; replaying the same file through
the bot shows the model the very same bursts.
"""

from inference.wire.conversation_file import FileConversation
from inference.wire.speakers import SpeakerNames, own_mentions_shown
from inference.wire.text import break_control_tokens, speaker_text
from inference.wire.turns import Burst, Line

OWN_NAME = "Earshot"  # what the bot is called where nobody names it otherwise
ASSISTANT_NAME = "assistant"  # what the model and its data call it


def file_bursts(
    conversation: FileConversation,
    *,
    own_name: str = OWN_NAME,
    assistant_name: str = ASSISTANT_NAME,
) -> list[Burst]:
    """Give one burst for each message of a person, with what the assistant says right after it.

    Words of the assistant before anybody else's are left out: they answer nothing.
    """
    names = SpeakerNames(own_name=own_name, assistant_name=assistant_name)
    lines: list[Line] = []
    answers: list[list[str]] = []
    for message in conversation.messages:
        if message.name is not None:
            text = own_mentions_shown(
                message.content, own_name=own_name, assistant_name=assistant_name
            )
            lines.append(Line(names.of(message.name, message.name), speaker_text(text)))
            answers.append([])
        elif answers:
            answers[-1].append(message.content)
    return [Burst((line,), _reply(said)) for line, said in zip(lines, answers, strict=True)]


def _reply(answers: list[str]) -> str | None:
    return break_control_tokens("\n".join(answers).strip()) or None
