"""The chats that are decided on: silent turns, then a message of 20 tokens."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from inference.bench.subject import Subject
from inference.wire.chat_form import SILENCE
from inference.wire.turns import Turn

NUM_MESSAGE_TOKENS = 20
_LINE = "shall we meet at the river on Sunday and bring the small boat with us"
_WORD = " boat"
_SILENT: Turn = {"role": "assistant", "content": SILENCE}
_OPENED: Turn = {"role": "assistant", "content": "("}


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation that ends in a user's turn; `ids` are its prompt if it was rendered before."""

    session: str
    turns: tuple[Turn, ...]
    ids: tuple[int, ...] | None = None


def make_chats(subject: Subject, *, num_tokens: int, count: int = 1) -> list[Chat]:
    """Make conversations of `num_tokens` tokens or a few more, different from their first word."""
    turns = _history(subject, num_tokens)
    chats = []
    for number in range(count):
        first: Turn = {"role": "user", "content": f"{number} {turns[0]['content']}"}
        chats.append(Chat(f"bench-{number}", (first, *turns[1:])))
    return chats


def with_message(subject: Subject, chat: Chat, number: int) -> Chat:
    """Give the chat after a silent answer and a new message; another `number`, another message."""
    text = f"{number} Bob:"
    while len(subject.tokenizer.encode(text, add_special_tokens=False)) < NUM_MESSAGE_TOKENS:
        text += _WORD
    said: Turn = {"role": "user", "content": text}
    return Chat(chat.session, (*chat.turns, _SILENT, said))


def opened_ids(subject: Subject, chat: Chat) -> tuple[int, ...]:
    """Render a chat up to where its answer is opened, which is where it is decided on."""
    if chat.ids is not None:
        return chat.ids
    return tuple(subject.renderer.render([*chat.turns, _OPENED], continue_final_message=True))


def rendered(subject: Subject, chat: Chat) -> Chat:
    """Give the chat with its prompt, so that no way has to render it."""
    return replace(chat, ids=opened_ids(subject, chat))


def _history(subject: Subject, num_tokens: int) -> list[Turn]:
    said: Turn = {"role": "user", "content": f"Alice: {_LINE}"}
    turns = [said]
    while _length(subject, longer := [*turns, _SILENT, said]) < num_tokens:
        turns = longer
    while _length(subject, turns) < num_tokens:
        turns = [*turns[:-1], {"role": "user", "content": turns[-1]["content"] + _WORD}]
    return turns


def _length(subject: Subject, turns: Sequence[Turn]) -> int:
    return len(subject.renderer.render(turns, add_generation_prompt=False))
