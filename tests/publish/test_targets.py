"""What stands at a target is replaced only if asked for, and only if it is what is replaced."""

import errno
import shutil

import pytest

from inference.errors import InferenceError, TuneRefused
from inference.loading import load
from inference.tune.publishing import fresh
from inference.tune.publishing.folder import FolderAct
from inference.tune.publishing.gguf_file import GgufAct
from inference.tune.publishing.parcel import Source


def unheard(detail, progress=None):
    pass


def former_model(folder):
    """Write as much of a model as makes a folder one that may be replaced."""
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "llama"}')
    (folder / "model.safetensors").write_bytes(b"")
    return folder


def test_a_folder_that_holds_something_is_left_alone(adapter, tmp_path):
    target = tmp_path / "merged"
    target.mkdir()
    (target / "diary.txt").write_text("mine")

    with pytest.raises(TuneRefused, match="not empty"):
        FolderAct(Source(adapter), target).plan()
    with pytest.raises(TuneRefused, match="holds no model"):
        FolderAct(Source(adapter), target, overwrite=True).plan()
    with pytest.raises(TuneRefused, match="is a file"):
        FolderAct(Source(adapter), target / "diary.txt").plan()


@pytest.mark.parametrize("lacking", ["config.json", "model_type", "model.safetensors", "flatness"])
def test_what_is_no_model_folder_is_not_overwritten(adapter, tmp_path, lacking):
    target = former_model(tmp_path / "merged")
    if lacking == "model_type":
        (target / "config.json").write_text('{"theme": "dark"}')
    elif lacking == "flatness":
        (target / "photos").mkdir()
    else:
        (target / lacking).unlink()

    with pytest.raises(TuneRefused, match=r"holds (no model|the folder photos)"):
        FolderAct(Source(adapter), target, overwrite=True).plan()


def test_the_adapter_and_its_base_are_not_overwritten_by_what_is_made_of_them(
    adapter, base, tmp_path
):
    own = shutil.copytree(base, tmp_path / "own")
    shutil.copytree(base, adapter, dirs_exist_ok=True)
    (tmp_path / "link").symlink_to(own)

    for target, what in ((adapter, "adapter"), (own, "base"), (tmp_path / "link", "base")):
        with pytest.raises(TuneRefused, match=f"the {what} itself"):
            FolderAct(Source(adapter, str(own)), target, overwrite=True).plan()


def test_a_model_is_replaced_whole_if_asked_for(adapter, tmp_path):
    target = former_model(tmp_path / "merged")
    (target / "left-over.bin").write_text("")

    FolderAct(Source(adapter), target, overwrite=True).carry_out(unheard)

    assert not (target / "left-over.bin").exists()
    assert load(str(target)).decision_ids


def test_an_empty_folder_is_taken(adapter, tmp_path):
    (tmp_path / "merged").mkdir()

    FolderAct(Source(adapter), tmp_path / "merged").carry_out(unheard)

    assert (tmp_path / "merged" / "config.json").is_file()


def test_a_disk_without_room_is_told_beforehand(adapter, tmp_path, monkeypatch):
    full = type("Usage", (), {"free": 0})
    monkeypatch.setattr(fresh.shutil, "disk_usage", lambda _: full)

    with pytest.raises(InferenceError, match=r"disk is full.*0\.00 GB are free"):
        FolderAct(Source(adapter), tmp_path / "merged").plan()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk is full"),
        (OSError("262144 requested and 1024 written"), "disk is full"),
        (OSError(errno.EACCES, "Permission denied"), "Permission denied"),
    ],
)
def test_a_disk_that_takes_no_more_leaves_what_was_there(
    adapter, tmp_path, monkeypatch, error, words
):
    target = former_model(tmp_path / "merged")

    def failing(self, *_, **__):
        raise error

    monkeypatch.setattr("transformers.LlamaForCausalLM.save_pretrained", failing)

    with pytest.raises(InferenceError, match=words):
        FolderAct(Source(adapter), target, overwrite=True).carry_out(unheard)

    assert "llama" in (target / "config.json").read_text()
    assert list(tmp_path.glob(".publishing-*")) == []


def test_a_folder_that_cannot_take_its_place_gives_the_former_back(tmp_path, monkeypatch):
    target = tmp_path / "merged"
    target.mkdir()
    (target / "config.json").write_text("former")
    rename = fresh.Path.rename

    def failing(self, to):
        if self.name == "new":
            raise OSError(errno.EIO, "Input/output error")
        return rename(self, to)

    monkeypatch.setattr(fresh.Path, "rename", failing)

    with pytest.raises(InferenceError, match="Input/output"), fresh.fresh_folder(target) as folder:
        (folder / "config.json").write_text("new")

    assert (target / "config.json").read_text() == "former"


def test_a_file_that_is_there_is_replaced_only_if_asked_for(adapter, tmp_path):
    target = tmp_path / "tuned.gguf"
    target.write_bytes(b"former")

    with pytest.raises(TuneRefused, match="there already"):
        GgufAct(Source(adapter), target).carry_out(unheard)
    assert target.read_bytes() == b"former"
    GgufAct(Source(adapter), target, overwrite=True).carry_out(unheard)

    assert target.read_bytes()[:4] == b"GGUF"
    with pytest.raises(TuneRefused, match="is a folder"):
        GgufAct(Source(adapter), tmp_path).plan()


def test_the_chat_form_beside_a_file_is_replaced_only_if_asked_for(adapter, tmp_path):
    (tmp_path / "tuned.earshot.json").write_text("former")

    with pytest.raises(TuneRefused, match=r"tuned\.earshot\.json is there already"):
        GgufAct(Source(adapter), tmp_path / "tuned.gguf").plan()
    GgufAct(Source(adapter), tmp_path / "tuned.gguf", overwrite=True).carry_out(unheard)

    assert "You are {name}" in (tmp_path / "tuned.earshot.json").read_text()
