import logging

import pytest

from inference.errors import DataBroken
from inference.tune.evaluation.files import Reading, read_files
from inference.tune.evaluation.window import Naming
from inference.tune.split import is_held_out

CHAT = [("Ana", "hi"), ("Ben", "hello"), (None, "Hello.")]
LONG = [(f"P{number % 3}", f"message {number}") for number in range(40)]


def read(*paths, **options):
    return read_files(paths, Reading(Naming(), **options))


def test_a_file_is_named_by_its_stem_and_two_of_one_stem_by_their_paths(write, tmp_path):
    first = write(CHAT, name="chats")
    other = tmp_path / "more" / "chats.jsonl"
    other.parent.mkdir()
    other.write_bytes(first.read_bytes())

    assert [file.name for file in read(first, first)] == ["chats"]
    assert [file.name for file in read(first, other)] == [str(first), str(other)]


def test_of_a_folder_the_held_out_files_count(write, tmp_path):
    write(CHAT, name="learned")
    assert read(tmp_path)[0].num_decisions == 2

    write(CHAT, CHAT, name="pets.held-out")
    (folder,) = read(tmp_path)

    assert (folder.name, folder.num_decisions) == (tmp_path.name, 4)


def test_held_out_leaves_what_training_would_learn(write):
    file = write(*[CHAT] * 60)

    (conversations,) = read(file, held_out=True)

    ids = [shown.conversation.id for shown in conversations.shown]
    assert ids == [f"c{number}" for number in range(60) if is_held_out(f"c{number}")]
    assert 0 < len(ids) < 30


def test_the_share_held_out_is_the_one_that_training_was_given(write):
    file = write(*[CHAT] * 60)

    (conversations,) = read(file, held_out=True, hold_out=0.5)

    ids = [shown.conversation.id for shown in conversations.shown]
    assert ids == [f"c{number}" for number in range(60) if is_held_out(f"c{number}", share=0.5)]


def test_of_held_out_files_all_is_held_out(write, tmp_path):
    write(*[CHAT] * 20, name="learned")
    file = write(*[CHAT] * 20, name="pets.held-out")

    for path in (file, tmp_path):
        assert len(read(path, held_out=True)[0].shown) == 20


def test_a_limit_counts_conversations(write):
    assert len(read(write(*[CHAT] * 5), limit=2)[0].shown) == 2


def test_bursts_are_the_same_runs_of_messages_every_time(write):
    file = write(LONG)

    once, again = read(file, bursts=True)[0].shown[0], read(file, bursts=True)[0].shown[0]

    assert 15 < len(once) < 40
    assert once.bursts(0, len(once)) == again.bursts(0, len(again))
    lines = [line for burst in once.bursts(0, len(once)) for line in burst.lines]
    assert [line.text for line in lines] == [text for _, text in LONG]


def test_a_conversation_that_starts_with_the_assistant_is_read_without_its_first_words(
    write, caplog
):
    file = write(CHAT, [(None, "Welcome."), *CHAT], [(None, "Alone.")])

    with caplog.at_level(logging.WARNING):
        (conversations,) = read(file)

    assert "line 2: the conversation starts with the assistant" in caplog.text
    assert "line 3" in caplog.text
    assert [len(shown) for shown in conversations.shown] == [2, 2]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"messages": [{"role": "user", "name": "A", "content": "x"}]}\n{', "line 2: "),
        ("", "no message of a person"),
        ('{"messages": [{"role": "assistant", "content": "x"}]}', "no message of a person"),
        ('{"messages": [{"role": "user", "content": "x"}]}', 'needs a "name"'),
        ("[" * 200_000, "line 1: nested too deep"),
    ],
)
def test_a_broken_or_empty_file_is_named_with_line_and_fault(tmp_path, text, fault):
    file = tmp_path / "chats.jsonl"
    file.write_text(text)

    with pytest.raises(DataBroken, match=r"chats\.jsonl") as caught:
        read(file)

    assert fault in str(caught.value)


def test_what_is_no_file_no_text_or_an_empty_folder_is_named(tmp_path):
    (tmp_path / "latin.jsonl").write_bytes(b"\xe9\n")
    (tmp_path / "empty").mkdir()

    for path, fault in [("none", "cannot be read"), ("latin", "not UTF-8"), ("empty", "no .jsonl")]:
        suffix = "" if path == "empty" else ".jsonl"
        with pytest.raises(DataBroken, match=fault):
            read(tmp_path / f"{path}{suffix}")
