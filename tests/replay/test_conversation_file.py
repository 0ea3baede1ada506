from datetime import UTC, datetime

import pytest

from inference.wire.conversation_file import FileMessage, parse_conversations

GOOD = (
    '{"id": "a", "source": "own", "messages": ['
    '{"role": "user", "name": "Ana", "content": "hi", "at": "2026-03-01T10:00:00"},'
    '{"role": "assistant", "content": "hello"}]}'
)


def test_a_line_is_a_conversation_and_empty_lines_are_none():
    (first, second) = parse_conversations([GOOD, "", "  \n", GOOD])

    assert (first.id, first.line, second.line) == ("a", 1, 4)
    assert first.messages[0] == FileMessage("Ana", "hi", datetime(2026, 3, 1, 10, tzinfo=UTC))
    assert first.messages[1].from_assistant


@pytest.mark.parametrize("given", ["", '"id": "", ', '"id": "  ", ', r'"id": "\ud83d", '])
def test_a_conversation_without_id_is_named_by_its_line(given):
    line = f'{{{given}"messages": [{{"role": "assistant", "content": "hi"}}]}}'

    (only,) = parse_conversations([line])

    assert only.id == "line-1"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("{", "line 2: "),
        ("[" * 200_000, "line 2: nested too deep"),
        ("[]", "line 2: not a JSON object"),
        ("{}", '"messages" is missing or empty'),
        ('{"messages": []}', '"messages" is missing or empty'),
        ('{"messages": [3]}', 'message 0: "role" must be'),
        ('{"messages": [{"role": "system", "content": ""}]}', 'message 0: "role" must be'),
        ('{"messages": [{"role": "user", "name": "A"}]}', '"content" must be a string'),
        ('{"messages": [{"role": "user", "content": "x"}]}', 'a user message needs a "name"'),
        (
            '{"messages": [{"role": "user", "name": " ", "content": "x"}]}',
            'a user message needs a "name"',
        ),
        (
            '{"messages": [{"role": "assistant", "content": "x", "at": "soon"}]}',
            '"at" is not an ISO 8601 time',
        ),
    ],
)
def test_a_faulty_line_is_named_with_its_fault(line, fault):
    with pytest.raises(ValueError, match="line 2: ") as caught:
        list(parse_conversations([GOOD, line]))

    assert fault in str(caught.value)
