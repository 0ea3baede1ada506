"""Data files are written whole or not at all."""

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


def test_a_half_line_longer_than_what_is_read_at_once_is_cut_off(tmp_path):
    file = tmp_path / "x.jsonl"
    file.write_bytes(b'{"a": 1}\n' + b"x" * 200_000)

    with LineFile(file) as lines:
        lines.add({"b": 2})

    assert file.read_text() == '{"a": 1}\n{"b": 2}\n'


def test_a_file_that_holds_a_half_line_alone_is_begun_anew(tmp_path):
    file = tmp_path / "x.jsonl"
    file.write_bytes(b"x" * 100)

    with LineFile(file):
        pass

    assert not file.exists()


def test_a_file_in_use_is_left_alone(tmp_path):
    with LineFile(tmp_path / "x.jsonl"), pytest.raises(DataBroken, match="another program"):
        LineFile(tmp_path / "x.jsonl")
