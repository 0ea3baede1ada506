"""`earshot train` from data to a folder that serves: with a tiny random model, through its command line."""

import json
import resource
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from safetensors.torch import load_file
from transformers import LlamaForCausalLM
from typer.testing import CliRunner

from inference.__main__ import app
from inference.errors import InferenceError
from inference.loading import load
from inference.tune.base import BaseOptions, find_base
from inference.tune.checkpoint import NAME as UNFINISHED, Checkpoint
from inference.tune.finish import Record, write_adapter
from inference.tune.lessons import Curriculum, Source, read_curriculum
from inference.tune.lora import LoraOptions, with_lora
from inference.tune.train import TrainOptions, mark
from inference.wire.chat_form import RESPONSE
from tests.inference.tiny import chatml_tokenizer, save_tiny_model, tiny_llama

WAIT_S = 120
FEW = ["--rank", "4", "--dropout", "0", "--max-steps", "3", "--lr", "1e-2"]


def conversation(number, *, first="user"):
    asked = {"role": "user", "name": "Ana", "content": f"assistant, what is {number} plus 1?"}
    said = {"role": "assistant", "content": f"It is {number + 1}."}
    loose = {"role": "user", "name": "Bob", "content": f"I have {number} apples"}
    messages = [loose, asked, said, loose] if first == "user" else [said, asked, said, loose]
    return json.dumps({"id": f"c{number}", "license": "CC0-1.0", "messages": messages})


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "sums.jsonl"
    path.write_text("\n".join(conversation(number) for number in range(40)), encoding="utf-8")
    return path


@pytest.fixture
def out(tmp_path):
    return tmp_path / "adapter"


@pytest.fixture
def file_size_limit():
    """A limit on the size of files, for a disk that takes no more; bytes."""

    @contextmanager
    def limited(num_bytes):
        before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, most))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))
            signal.signal(signal.SIGXFSZ, handler)

    return limited


def tiny_config(**sizes):
    config = tiny_llama(len(chatml_tokenizer())).config
    config.update(sizes)
    return config


def trained(base, data, out, *more, flags=FEW):
    command = ["train", "--base", str(base), "--data", str(data), "--out", str(out), *flags, *more]
    return CliRunner().invoke(app, command)


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
            assert self._process.poll() is None, self._process.stderr.read()
            assert time.monotonic() < deadline
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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "line 1"),
        ("", "holds no conversation"),
        (conversation(1, first="assistant"), "line 1: the conversation starts with the assistant"),
        (
            conversation(1).replace("It is 2.", ""),
            "line 1: message 3: the assistant's words are empty",
        ),
        (conversation(1).replace("It is", "(silence) It is"), "message 3: (silence) is no reply"),
        (conversation(1) + '\n{"messages": [{"role": "bot", "content": "x"}]}', "line 2"),
        (
            '{"messages": [{"role": "user", "name": "A", "content": "x"}]}',
            "nothing is left to learn",
        ),
    ],
)
def test_bad_data_is_told_with_its_line(tiny_folder, tmp_path, out, text, said):
    path = tmp_path / "bad.jsonl"
    path.write_text(text, encoding="utf-8")

    result = trained(tiny_folder, path, out, "--hold-out", "0")

    assert result.exit_code == 1
    assert said in result.stderr
    assert not out.exists()


def test_data_that_is_not_text_is_told(tiny_folder, tmp_path, out):
    path = tmp_path / "bad.jsonl"
    path.write_bytes(b"\xff\xfe\x00")

    result = trained(tiny_folder, path, out)

    assert "line 1: not UTF-8: byte 0xff at position 1" in result.stderr


def test_messages_too_long_for_an_example_leave_nothing_to_learn(tiny_folder, tmp_path, out):
    path = tmp_path / "long.jsonl"
    path.write_text(conversation(1).replace("apples", "apples " * 300), encoding="utf-8")
    flags = [*FEW, "--max-tokens", "64", "--hold-out", "0"]

    result = trained(tiny_folder, path, out, flags=flags)

    assert result.exit_code == 1
    assert "raise --max-tokens" in result.stderr


def test_a_base_without_a_chat_template_is_trained_on_the_transcript(data, tmp_path, out):
    base = save_tiny_model(tmp_path / "plain", chat_template=False)

    result = trained(base, data, out)

    assert result.exit_code == 0, result.output
    form = json.loads((out / "earshot.json").read_text(encoding="utf-8"))
    assert form["chat_template"]


def test_an_adapter_of_another_base_is_not_gone_on_from(tiny_folder, data, tmp_path):
    first = tmp_path / "first"
    trained(tiny_folder, data, first)
    config = json.loads((first / "adapter_config.json").read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = "Qwen/Qwen2.5-0.5B"
    (first / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")
    wide = tmp_path / "wide"
    LlamaForCausalLM(tiny_config(hidden_size=64)).save_pretrained(wide)
    chatml_tokenizer().save_pretrained(wide)

    result = trained(wide, data, tmp_path / "second", "--from-adapter", str(first))

    assert result.exit_code == 1
    assert "it was made for Qwen/Qwen2.5-0.5B" in result.stderr
    assert "loading" not in result.stderr


def test_an_adapter_of_a_base_with_fewer_layers_is_not_gone_on_from(tiny_folder, data, tmp_path):
    first, deep = tmp_path / "first", tmp_path / "deep"
    trained(tiny_folder, data, first)
    LlamaForCausalLM(tiny_config(num_hidden_layers=3)).save_pretrained(deep)
    chatml_tokenizer().save_pretrained(deep)

    result = trained(deep, data, tmp_path / "second", "--from-adapter", str(first))

    assert result.exit_code == 1
    assert "has nothing for 7 layers of this model, such as model.layers.2" in result.stderr


def test_an_adapter_whose_rank_is_not_that_of_its_weights_is_told(tiny_folder, data, tmp_path):
    first = tmp_path / "first"
    trained(tiny_folder, data, first)
    config = json.loads((first / "adapter_config.json").read_text(encoding="utf-8"))
    config["r"] = 8
    (first / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")

    result = trained(tiny_folder, data, tmp_path / "second", "--from-adapter", str(first))

    assert result.exit_code == 1
    assert "cannot go on from" in result.stderr


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


def test_half_a_surrogate_pair_in_a_reply_does_not_end_the_run(tiny_folder, tmp_path, out):
    path = tmp_path / "half.jsonl"
    path.write_text(conversation(1).replace("It is", "It \\ud83d is"), encoding="utf-8")

    result = trained(tiny_folder, path, out, "--hold-out", "0")

    assert result.exit_code == 0, result.output


def test_missing_packages_are_told_before_anything_is_done(tiny_folder, data, out, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)

    result = trained(tiny_folder, data, out)

    assert result.exit_code == 1
    assert "pip install 'earshot[tune]'" in result.stderr


def test_a_file_in_place_of_the_folder_is_told(tiny_folder, data, out):
    out.write_text("mine", encoding="utf-8")

    result = trained(tiny_folder, data, out)

    assert result.exit_code == 1
    assert f"{out} is a file; name a folder with --out" in result.stderr
    assert out.read_text(encoding="utf-8") == "mine"


def test_too_little_memory_is_told_before_loading(tiny_folder, data, out, monkeypatch):
    monkeypatch.setattr("inference.tune.train.free_memory", lambda: (3e8, "cpu"))

    result = trained(tiny_folder, data, out, flags=["--batch", "64", "--max-tokens", "1024"])

    assert result.exit_code == 1
    assert "GB is free" in result.stderr


def test_a_full_disk_leaves_nothing_half_written(tiny_folder, data, out, file_size_limit):
    with file_size_limit(4096):
        result = trained(tiny_folder, data, out)

    assert result.exit_code == 1
    assert "make room" in result.stderr
    assert list(out.iterdir()) == []


def test_an_adapter_that_finds_no_room_is_not_there(tiny_folder, out, file_size_limit):
    base = find_base(BaseOptions(str(tiny_folder), precision="fp32"))
    model = with_lora(base.read(), LoraOptions(rank=8))
    record = Record({}, Curriculum((), (), (), 0.0), ())

    with file_size_limit(4096), pytest.raises(InferenceError, match="make room"):
        write_adapter(model, base, out, record)

    assert list(out.iterdir()) == []


def test_a_state_that_finds_no_room_leaves_the_last_one(tmp_path, file_size_limit):
    saved = Checkpoint(tmp_path, "a run")
    saved.save({"step": 1})

    with file_size_limit(4096), pytest.raises(InferenceError, match="make room"):
        saved.save({"step": 2, "weights": [0.5] * 10_000})

    assert saved.load() == {"step": 1}
    assert [file.name for file in tmp_path.iterdir()] == [UNFINISHED]


def test_a_kill_while_the_state_is_written_leaves_nothing_in_the_end(tmp_path):
    half_written = tmp_path / f".{UNFINISHED}"
    half_written.write_bytes(b"PK")

    Checkpoint(tmp_path, "a run").remove()

    assert list(tmp_path.iterdir()) == []


def test_no_file_to_learn_from_is_told(out):
    result = CliRunner().invoke(app, ["train", "--out", str(out)])

    assert result.exit_code == 2
    assert "--data" in result.output


def test_a_finished_adapter_is_not_written_over_unasked(tiny_folder, data, out):
    trained(tiny_folder, data, out)

    again = trained(tiny_folder, data, out)
    fresh = trained(tiny_folder, data, out, "--fresh")

    assert again.exit_code == 1
    assert "holds an adapter already" in again.stderr
    assert fresh.exit_code == 0


def test_what_is_learned_is_no_dev_file(tiny_folder, data, out):
    result = trained(tiny_folder, data, out, "--dev", str(data))

    assert result.exit_code == 1
    assert "are learned as well" in result.stderr


def test_a_run_is_marked_by_its_settings_its_data_and_its_dev_files(data):
    options = TrainOptions(BaseOptions("default"), (Source(data),))
    before = mark(options, read_curriculum(options.sources, (), hold_out=0.15))

    data.write_text(data.read_text(encoding="utf-8").replace("apples", "pears"), encoding="utf-8")
    edited = mark(options, read_curriculum(options.sources, (), hold_out=0.15))
    unheld = mark(options, read_curriculum(options.sources, (), hold_out=0.3))

    assert before != edited
    assert edited != unheld
    assert edited == mark(options, read_curriculum(options.sources, (), hold_out=0.15))


def test_a_loss_that_is_no_number_ends_the_run(tiny_folder, data, out):
    flags = ["--rank", "4", "--lr", "1e30", "--max-steps", "30", "--precision", "fp32"]

    result = trained(tiny_folder, data, out, flags=flags)

    assert result.exit_code == 1
    assert "lower --lr" in result.stderr
    assert not any(out.glob("adapter*"))
