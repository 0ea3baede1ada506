"""`earshot train` from data to a folder that serves: with a tiny random model, through its command line."""

import itertools
import json
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest
from safetensors.torch import load_file
from typer.testing import CliRunner

from inference.__main__ import app
from inference.loading import load
from inference.tune.batches import batch
from inference.tune.checkpoint import NAME as UNFINISHED, Checkpoint
from inference.wire.chat_form import RESPONSE
from tests.inference.tiny import chatml_tokenizer, save_tiny_model, tiny_llama
from tests.tune.training import conversation, trained

WAIT_S = 120


def test_one_folder_comes_out_that_serves(tiny_folder, data, out):
    result = trained(tiny_folder, data, out)

    assert result.exit_code == 0, result.output
    assert {file.name for file in out.iterdir()} == {
        "README.md",
        "adapter_config.json",
        "adapter_model.safetensors",
        "earshot.json",
        "metrics.json",
    }
    loaded = load(str(tiny_folder), adapter=out)
    assert loaded.adapter == "adapter"
    assert loaded.form.reply_prompt is None
    assert loaded.form.calibration is not None
    assert RESPONSE.startswith(loaded.form.decision.prefix + loaded.form.decision.response)


def test_the_adapter_is_saved_in_fp16_and_names_no_path(tiny_folder, data, out):
    trained(tiny_folder, data, out)

    weights = load_file(out / "adapter_model.safetensors")
    assert {str(weight.dtype) for weight in weights.values()} == {"torch.float16"}
    config = (out / "adapter_config.json").read_text(encoding="utf-8")
    assert json.loads(config)["base_model_name_or_path"] == "tiny"
    assert str(tiny_folder.parent) not in config


def test_the_card_tells_data_licences_and_figures(tiny_folder, data, out):
    trained(tiny_folder, data, out)

    card = (out / "README.md").read_text(encoding="utf-8")
    assert "| sums | 40 | 120 | 33.3% | 1 | when to speak, and the replies | CC0-1.0 |" in card
    assert "| eagerness | threshold | answered |" in card
    figures = json.loads((out / "metrics.json").read_text(encoding="utf-8"))["dev"]
    assert [row["file"] for row in figures] == ["sums"]


def test_learning_lowers_the_loss_and_tells_calls_from_talk(tiny_folder, data, out):
    flags = ["--rank", "8", "--dropout", "0", "--lr", "2e-2", "--max-steps", "40"]

    trained(tiny_folder, data, out, flags=flags)

    figures = json.loads((out / "metrics.json").read_text(encoding="utf-8"))["dev"]
    assert figures[0]["auroc"] > 0.95


def test_the_same_seed_gives_the_same_adapter(tiny_folder, data, tmp_path):
    outs = [tmp_path / "one", tmp_path / "other"]

    for out in outs:
        trained(tiny_folder, data, out, "--precision", "fp32")

    one, other = (load_file(out / "adapter_model.safetensors") for out in outs)
    assert all(one[name].equal(other[name]) for name in one)


class Killed:
    """A run in a process of its own, killed as soon as it has saved its state."""

    def __init__(self, *arguments):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "inference", *arguments], stderr=subprocess.PIPE, text=True
        )

    def once_there_is(self, path):
        deadline = time.monotonic() + WAIT_S
        while not path.is_file():
            assert time.monotonic() < deadline
            # Waiting leaves the processor to the run; asking without a break takes half of two cores.
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(0.02)
                pytest.fail(self._process.stderr.read())
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(WAIT_S)
        self._process.stderr.close()


def test_a_killed_run_goes_on_to_the_same_end(tiny_folder, data, tmp_path):
    flags = ["--base", str(tiny_folder), "--data", str(data), "--precision", "fp32"]
    flags += ["--rank", "4", "--max-steps", "20", "--schedule", "cosine", "--save-every", "2"]
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    run = Killed("train", *flags, "--out", str(broken))
    run.once_there_is(broken / UNFINISHED)

    resumed = CliRunner().invoke(app, ["train", *flags, "--out", str(broken)])
    CliRunner().invoke(app, ["train", *flags, "--out", str(whole)])

    assert "going on from" in resumed.stderr
    assert not (broken / UNFINISHED).exists()
    one, other = (load_file(out / "adapter_model.safetensors") for out in (whole, broken))
    assert all(one[name].allclose(other[name], atol=1e-3) for name in one)


def test_an_unfinished_run_is_not_gone_on_with_by_another_command(tiny_folder, data, out):
    Checkpoint(out, "other settings").save({"step": 1})

    refused = trained(tiny_folder, data, out)
    fresh = trained(tiny_folder, data, out, "--fresh")

    assert refused.exit_code == 1
    assert "--fresh" in refused.stderr
    assert fresh.exit_code == 0


def test_training_goes_on_from_an_adapter(tiny_folder, data, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    trained(tiny_folder, data, first)

    result = trained(tiny_folder, data, second, "--from-adapter", str(first), "--lr", "1e-9")

    assert result.exit_code == 0, result.output
    one, other = (load_file(out / "adapter_model.safetensors") for out in (first, second))
    assert all(one[name].allclose(other[name], atol=1e-4) for name in one)


def test_a_base_without_a_chat_template_is_trained_on_the_transcript(data, tmp_path, out):
    base = save_tiny_model(tmp_path / "plain", chat_template=False)

    result = trained(base, data, out)

    assert result.exit_code == 0, result.output
    form = json.loads((out / "earshot.json").read_text(encoding="utf-8"))
    assert form["chat_template"]


def test_the_card_tells_the_rank_of_the_adapter_that_was_gone_on_from(tiny_folder, data, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    trained(tiny_folder, data, first)

    flags = ["--rank", "32", "--max-steps", "1", "--from-adapter", str(first)]
    trained(tiny_folder, data, second, flags=flags)

    assert "| rank | 4 |" in (second / "README.md").read_text(encoding="utf-8")


def test_a_tokenizer_with_more_tokens_than_the_base_has_rows_is_padded_within_them(
    data, tmp_path, out
):
    base = tmp_path / "short"
    tokenizer = chatml_tokenizer()
    num_rows = len(tokenizer)
    tokenizer.pad_token = tokenizer.eos_token
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|reserved_0|>"]})
    tiny_llama(num_rows).save_pretrained(base)
    tokenizer.save_pretrained(base)

    result = trained(base, data, out)

    assert result.exit_code == 0, result.output


def test_copies_of_what_is_learned_are_not_looked_at(tiny_folder, tmp_path, out):
    path = tmp_path / "copies.jsonl"
    lines = [
        conversation(number % 4).replace(f"c{number % 4}", f"c{number}") for number in range(40)
    ]
    path.write_text("\n".join(lines), encoding="utf-8")

    result = trained(tiny_folder, path, out)

    assert result.exit_code == 0, result.output
    assert "of the conversations held out are copies of learned ones" in result.stderr
    assert "the dial stays uncalibrated" in result.stderr
    assert json.loads((out / "metrics.json").read_text(encoding="utf-8"))["dev"] == []


def test_a_broken_off_run_in_a_finished_one_s_folder_goes_on(tiny_folder, data, out, monkeypatch):
    assert trained(tiny_folder, data, out).exit_code == 0
    flags = ["--rank", "4", "--max-steps", "8", "--save-every", "2"]
    with monkeypatch.context() as patched:
        # Two batches a step: in the fourth step, when the state after the second is saved.
        patched.setattr("inference.tune.loop.batch", interrupted_after(6, batch))
        trained(tiny_folder, data, out, "--fresh", flags=flags)
    assert (out / UNFINISHED).is_file()

    resumed = trained(tiny_folder, data, out, flags=flags)

    assert resumed.exit_code == 0, resumed.output
    assert "8 steps, going on from 2" in resumed.stderr


def interrupted_after(num_calls, function):
    calls = itertools.count()

    def interrupted(*arguments, **named):
        if next(calls) == num_calls:
            raise KeyboardInterrupt
        return function(*arguments, **named)

    return interrupted
