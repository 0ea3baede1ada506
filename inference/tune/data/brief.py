"""What a model is told to write, and the form its answer should have. Pure."""

from typing import Any

from inference.tune.data.plan import Item

_BRIEF = """Write a group chat, the way people really write to each other.

People: {people}. Nobody else writes, and all of them do.
Topic: {topic}. It begins {beginning}.
Tone: {tone}.
Language: {language}.
Length: about {length} messages.

An assistant reads along. It is called "assistant" and has no other name. Nearly all the time people
talk to each other, and it stays silent: silence means that it has no message at all.
{speaks}
It stays silent all the same when:
{silent}

The assistant never writes first and never twice in a row. What it writes is correct, useful and
short: one or two sentences, no greeting, no name in front, no question back. Vary how people write;
no neat ending is needed.

Answer with JSON and nothing else, in this form:
{{"messages": [{{"role": "user", "name": "{first}", "content": "..."}}, {{"role": "assistant", "name": \
"assistant", "content": "..."}}]}}"""

_MESSAGE = {
    "type": "object",
    "properties": {
        "role": {"type": "string", "enum": ["user", "assistant"]},
        "name": {"type": "string"},
        "content": {"type": "string"},
    },
    "required": ["role", "name", "content"],
    "additionalProperties": False,
}
# Every property is required and none may be added: what "strict" asks for.
RESPONSE_FORMAT: dict[str, Any] = {
    "type": "json_schema",
    "json_schema": {
        "name": "group_chat",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"messages": {"type": "array", "items": _MESSAGE}},
            "required": ["messages"],
            "additionalProperties": False,
        },
    },
}


def brief(item: Item, *, language: str) -> str:
    """Give the prompt for one conversation."""
    return _BRIEF.format(
        people=", ".join(item.people),
        topic=item.topic,
        beginning=item.beginning,
        tone=item.tone,
        language=language,
        length=item.num_messages,
        speaks=_speaks(item),
        silent=_listed(item.silent),
        first=item.people[0],
    )


def _speaks(item: Item) -> str:
    if not item.speaks:
        return "In this chat it is never needed, so it writes nothing at all."
    return "It writes a message only here:\n" + _listed(item.speaks)


def _listed(points: tuple[str, ...]) -> str:
    return "\n".join(f"- {point}" for point in points)
