"""Data files are written whole or not at all."""

import os

import pytest

from inference.errors import DataBroken
from inference.tune.data.line_file import LineFile, write_new


def test_a_new_file_is_written_whole(tmp_path):
    file = tmp_path / "x.jsonl"

    assert write_new(file, [{"a": "ü"}, {"b": "\ud800"}]) == 2

    assert file.read_text() == '{"a": "ü"}\n{"b": "?"}\n'
    assert [path.name for path in tmp_path.iterdir()] == ["x.jsonl"]


def test_a_disk_that_cannot_be_written_leaves_nothing(tmp_path):
    def lines():
        yield {"a": 1}
        raise OSError(28, "No space left on device")

    with pytest.raises(DataBroken, match="No space left on device; nothing was written"):
        write_new(tmp_path / "x.jsonl", lines())

    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(DataBroken, match="is no folder: make it first"):
        write_new(tmp_path / "none" / "x.jsonl", [])


def ours(raw, number):
    return b"mine" in raw


def test_a_half_line_after_one_of_ours_is_cut_off(tmp_path):
    file = tmp_path / "x.jsonl"
    file.write_bytes(b'{"mine": 1}\n{"yours": 1}\n' + b"x" * 200_000)

    with LineFile(file, is_ours=ours) as lines:
        lines.add({"b": 2})

    assert file.read_text() == '{"mine": 1}\n{"yours": 1}\n{"b": 2}\n'


@pytest.mark.parametrize("last", ['{"yours": "ü"}', "[1]", " "])
def test_a_whole_last_line_gets_the_end_it_lacks(tmp_path, last):
    file = tmp_path / "x.jsonl"
    file.write_text(f'{{"yours": 1}}\n{last}')

    with LineFile(file, is_ours=ours) as lines:
        lines.add({"b": 2})

    assert file.read_text() == f'{{"yours": 1}}\n{last}\n{{"b": 2}}\n'


@pytest.mark.parametrize(
    "held",
    [b"x" * 100, b'{"yours": 1}\n{"yo', b"[" * 200_000, '{"yours": 1}\n{"a": "ü'.encode()[:-1]],
)
def test_a_half_line_with_none_of_ours_before_it_is_nobody_s_to_cut(tmp_path, held):
    file = tmp_path / "x.jsonl"
    file.write_bytes(held)

    with pytest.raises(DataBroken, match="ends in half a line"):
        LineFile(file, is_ours=ours)

    assert file.read_bytes() == held


def test_a_line_that_is_refused_leaves_the_file_as_it_was_and_free(tmp_path):
    def refuse(raw, number):
        raise DataBroken(f"line {number}")

    file = tmp_path / "x.jsonl"
    file.write_text('{"mine": 1}')

    for _ in range(2):
        with pytest.raises(DataBroken, match="line 1"):
            LineFile(file, is_ours=refuse)

    assert file.read_text() == '{"mine": 1}'


def test_only_a_file_that_was_made_here_is_removed_when_nothing_was_written(tmp_path):
    (tmp_path / "before.jsonl").touch()

    for name in ("before.jsonl", "new.jsonl"):
        with LineFile(tmp_path / name, is_ours=ours):
            pass

    assert [path.name for path in tmp_path.iterdir()] == ["before.jsonl"]


def test_a_pipe_is_no_file_to_add_to(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(DataBroken, match="is no file that can be added to"):
        LineFile(tmp_path / "pipe", is_ours=ours)


def test_a_file_in_use_is_left_alone(tmp_path):
    file = tmp_path / "x.jsonl"

    with LineFile(file, is_ours=ours), pytest.raises(DataBroken, match="another program"):
        LineFile(file, is_ours=ours)
