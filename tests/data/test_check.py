"""earshot data check: every fault with its line and reason, and what the files hold."""

from functools import partial

import pytest

from inference.errors import DataBroken
from inference.tune.data.check import check_files
from inference.wire.text import MAX_MESSAGE_BYTES
from tests.data.checked import GOOD, chat, reply, user, write


@pytest.fixture
def written(tmp_path):
    return partial(write, tmp_path)


def faults(*files):
    return [(fault.line, fault.gravity.value, fault.reason) for fault in check_files(files).faults]


def test_good_data_has_no_fault_and_is_counted(written):
    file = written(GOOD, b"", chat(user("hi", "Cho"), user("hello"), user("so"), id="b"))

    report = check_files([file])

    assert report.can_be_trained_on
    assert report.faults == ()
    (held,) = report.contents
    assert (held.num_conversations, held.messages, held.speak, held.naming) == (2, 5, 1, 1)
    assert held.speak_share == 0.2
    assert (held.lengths, held.people, held.longest_chars) == ([3, 3], [2, 2], 23)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"id": "x", "messages": }', "not JSON: Expecting value at column 25"),
        (b"\xff\xfe{}", "not UTF-8: byte 0xff at position 1"),
        (b"\xef\xbb\xbf{}", "the file begins with a byte order mark: save it as plain UTF-8"),
        (b"[" * 200_000, "not usable JSON: nested too deep"),
        (b"[1]", "a conversation is a JSON object, not a list"),
        (b"null", "a conversation is a JSON object, not null"),
        ({"id": "x"}, '"messages" is missing'),
        ({"id": "x", "messages": "hi"}, '"messages" is a string, not a list'),
        ({"id": "x", "messages": []}, '"messages" is empty'),
        ({"id": ["x"], "messages": [user("hi")]}, '"id" must be a string, not a list'),
        (chat("hi"), "message 1: a message is a JSON object, not a string"),
        (
            chat({"role": "system", "content": "x"}),
            'message 1: role "system" is unknown: it must be "user" or "assistant"',
        ),
        (
            chat({"name": "Ana", "content": "x"}),
            'message 1: "role" is missing: it must be "user" or "assistant"',
        ),
        (chat({"role": "user", "name": "Ana"}), 'message 1: "content" is missing'),
        (chat(user(True)), 'message 1: "content" must be a string, not true or false'),
        (chat(user("x", None)), 'message 1: a user message needs a "name"'),
        (chat(user("x", 7)), 'message 1: "name" must be a string, not a number'),
        (chat(user("x", " ")), 'message 1: "name" is empty'),
        (chat(user("x") | {"at": "noon"}), 'message 1: "at" is not an ISO 8601 time'),
        (
            chat(reply("hello"), user("hi")),
            "the conversation starts with the assistant, whose words then answer nothing: begin "
            "with a person",
        ),
        (
            chat(user("hi"), reply("")),
            "message 2: the assistant's words are empty: leave the message out, silence needs none",
        ),
        (
            chat(user("hi"), reply("(silence)")),
            "message 2: (silence) is no reply: leave the message out, silence is a message that the "
            "assistant does not follow",
        ),
        (
            chat(user("hi"), reply("(response) hello")),
            "message 2: leave (response) out, training puts it before each reply",
        ),
    ],
)
def test_what_cannot_be_trained_on_is_an_error_with_its_line(written, line, reason):
    file = written(GOOD, line)

    assert faults(file) == [(2, "error", reason)]


def test_all_faults_of_a_line_are_told_not_the_first_alone(written):
    file = written(chat({"role": "bot"}, user(3, ""), user("fine")))

    assert [reason for _, _, reason in faults(file)] == [
        'message 1: role "bot" is unknown: it must be "user" or "assistant"',
        'message 1: "content" is missing',
        'message 2: "content" must be a string, not a number',
        'message 2: "name" is empty',
    ]


def test_words_of_the_assistant_alone_are_no_conversation(written):
    reasons = [reason for _, _, reason in faults(written(chat(reply("hello"))))]

    assert reasons[1] == "no person says anything"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (chat(user("a"), user(" "), reply("b"), user("c")), "message 2: says nothing"),
        (
            chat(user("a"), reply("b"), reply("c"), user("d")),
            "message 3: follows the assistant's own and becomes one with it",
        ),
        (
            chat(user("a", "Assistant"), reply("b"), user("c")),
            'the name "Assistant" collides with the assistant\'s: it is shown as '
            '"Assistant (person)"',
        ),
        (
            chat(user("a", "An:a"), reply("b"), user("c")),
            'the name "An:a" is shown as "An a"',
        ),
        (
            chat(user("a"), reply("b"), user("c", "ANA")),
            'the names "Ana" and "ANA" look the same, and are two people',
        ),
        (
            chat(user("a" * (MAX_MESSAGE_BYTES + 1)), reply("b"), user("c")),
            "message 1: 2001 bytes, of which the model sees 2000",
        ),
        (
            chat(user("a"), reply("Ana: b"), user("c")),
            "message 2: the assistant's words have a line that begins with a person's name and a "
            "colon; what is posted is cut there",
        ),
        (
            {"messages": [user("a"), reply("b"), user("c")]},
            'no "id": what is held out would then depend on the line number',
        ),
        (
            chat(*[user(f"message {number}") for number in range(201)], reply("b")),
            "202 messages: longer than a model reads at once, so it is learned in pieces",
        ),
    ],
)
def test_what_is_likely_not_meant_is_a_warning(written, line, reason):
    file = written(line)

    assert [found for found in faults(file) if "answers" not in found[2]] == [
        (1, "warning", reason)
    ]


LONG = [
    user("has anyone seen the blue folder"),
    user("it was on the kitchen table", "Ben"),
    user("look below the newspaper there", "Ben"),
    reply("You left it in the hall."),
]


def test_the_same_messages_under_another_id_are_found(written):
    renamed = [{**message, "content": message["content"].upper() + "!"} for message in LONG]

    found = faults(written(chat(*LONG), GOOD | {"id": "b"}, chat(*renamed, id="c")))

    assert found == [
        (3, "warning", found[0][2]),
    ]
    assert found[0][2].startswith("says the same as line 1 of ")
    assert found[0][2].endswith(', there with the id "a"')


def test_copies_are_found_across_files_and_an_id_used_twice_too(written):
    first, second = written(chat(*LONG)), written(chat(*LONG), name="more.jsonl")

    found = faults(first, second)

    assert found[0][2] == f'the id "a" was used before, in line 1 of {first}'
    assert found[1][2] == f"says the same as line 1 of {first}"
    assert check_files([first, second]).contents[1].num_duplicates == 1


def test_nearly_the_same_is_found_but_not_what_shares_small_talk(written):
    near = [*LONG[:3], user("ok then", "Cho")]
    other = [user("what a day this was for all of us"), *LONG[:1]]

    found = faults(written(chat(*LONG), chat(*near, id="b"), chat(*other, id="c")))

    assert [(line, reason[:29]) for line, _, reason in found] == [
        (2, "says nearly the same as line ")
    ]


def test_an_empty_file_is_an_error_of_the_whole_file(written):
    assert faults(written(b"", b"  ")) == [
        (0, "error", "the file is empty: it holds no conversation")
    ]


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([user("a"), user("b")], "the assistant never speaks"),
        ([*[user(f"m{n}") for n in range(99)], reply("x")], "answers only 1.0%"),
        ([user("a"), reply("b"), user("c"), reply("d")], "answers 100%"),
    ],
)
def test_a_share_of_answers_that_teaches_one_thing_only_is_told(written, messages, words):
    ((line, gravity, reason),) = faults(written(chat(*messages)))

    assert (line, gravity) == (0, "warning")
    assert words in reason


def test_a_folder_stands_for_its_files(written, tmp_path):
    written(GOOD, name="b.jsonl")
    written(GOOD, name="a.jsonl")

    report = check_files([tmp_path, tmp_path / "a.jsonl"])

    assert [held.file[-7:] for held in report.contents] == ["a.jsonl", "b.jsonl"]
    (tmp_path / "none").mkdir()
    with pytest.raises(DataBroken, match=r"holds no \.jsonl file"):
        check_files([tmp_path / "none"])
