import json

import pytest
from typer.testing import CliRunner

from bot.cli import app as earshot_app
from inference.__main__ import app
from inference.tune.commands.publish import _size


def run(*arguments):
    return CliRunner().invoke(app, ["publish", *map(str, arguments)])


def test_a_dry_run_shows_what_would_be_sent_with_sizes(adapter, hub):
    shown = run(adapter, "--to", "hub:ana/quiet", "--base", "org/tiny", "--dry-run", "--private")

    lines = shown.stdout.splitlines()
    assert lines[:2] == ["Would publish to hub:ana/quiet", "  (seen by you only)"]
    assert [line.split()[-1] for line in lines[2:-1]] == [
        "README.md",
        "adapter_config.json",
        "adapter_model.safetensors",
        "earshot.json",
        "metrics.json",
    ]
    assert lines[-1].endswith("kB  in all")
    assert hub.paths == []


def test_a_dry_run_of_a_merged_folder_writes_nothing(adapter, tmp_path):
    shown = run(adapter, "--merged", tmp_path / "merged", "--dry-run", "--json")

    told = json.loads(shown.stdout)
    assert (told["target"], told["published"]) == (str(tmp_path / "merged"), False)
    assert {"name": "tokenizer.json", "bytes": None} in told["files"]
    assert not (tmp_path / "merged").exists()


def test_a_merged_folder_is_written_and_shown(adapter, tmp_path):
    shown = run(adapter, "--merged", tmp_path / "merged", "--type", "f16")

    assert shown.exit_code == 0, shown.output
    assert shown.stdout.startswith(f"Published to {tmp_path / 'merged'}\n")
    assert "model.safetensors" in shown.stdout
    assert f"merging {adapter.name}" in shown.stderr
    assert "merging" not in shown.stdout


def test_a_gguf_file_is_of_16_bits_unless_another_type_is_given(adapter, tmp_path):
    for name, options in {"a": [], "b": ["--type", "q8_0"], "c": ["--type", "f16"]}.items():
        assert run(adapter, "--gguf", tmp_path / f"{name}.gguf", *options).exit_code == 0

    sizes = [(tmp_path / f"{name}.gguf").stat().st_size for name in "abc"]
    assert sizes[0] == sizes[2] > sizes[1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "exactly one of"),
        (["--to", "hub:a/b", "--merged", "c"], "exactly one of"),
        (["--to", "a/b"], "hub:OWNER/NAME"),
        (["--to", "hub:a/b", "--type", "f16"], "--merged and --gguf"),
        (["--to", "hub:a/b", "--overwrite"], "--merged and --gguf"),
        (["--merged", "c", "--private"], "goes with --to"),
    ],
)
def test_options_that_make_no_sense_together_are_refused(adapter, options, words):
    shown = run(adapter, *options)

    assert shown.exit_code == 2
    assert words in " ".join(shown.stderr.replace("│", " ").split())


def test_our_own_errors_are_one_sentence(adapter, tmp_path):
    (tmp_path / "there").write_text("")

    shown = run(adapter, "--merged", tmp_path / "there")

    assert shown.exit_code == 1
    assert shown.stderr == f"error: {tmp_path / 'there'} is a file; name a folder\n"


def test_earshot_hands_everything_over_to_the_worker_program(monkeypatch):
    handed = []
    monkeypatch.setattr(earshot_app, "become_inference", handed.append)

    CliRunner().invoke(earshot_app.app, ["publish", "mine", "--to", "hub:a/b", "--help"])

    assert handed == [["publish", "mine", "--to", "hub:a/b", "--help"]]


@pytest.mark.parametrize(
    ("num_bytes", "shown"),
    [(None, "-"), (12, "12 B"), (1234, "1.2 kB"), (9_800_000, "9.8 MB"), (14.2e9, "14.2 GB")],
)
def test_a_size_is_shown_in_its_unit(num_bytes, shown):
    assert _size(num_bytes) == shown
