"""What `earshot train` will not do: a sentence says why, and nothing is half written."""

import json
import sys

import pytest
import torch
from transformers import LlamaForCausalLM
from typer.testing import CliRunner

from inference.__main__ import app
from inference.errors import InferenceError
from inference.tune.base import BaseOptions, Settled, find_base
from inference.tune.checkpoint import NAME as UNFINISHED, Checkpoint
from inference.tune.finish import Record, write_adapter
from inference.tune.lessons import Curriculum, Source, read_curriculum
from inference.tune.lora import LoraOptions, with_lora
from inference.tune.train import TrainOptions, mark
from tests.inference.tiny import chatml_tokenizer, save_tiny_model
from tests.tune.training import FEW, conversation, tiny_config, trained


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


def test_an_adapter_of_another_base_is_not_gone_on_from(tiny_folder, data, tmp_path):
    first = tmp_path / "first"
    trained(tiny_folder, data, first)
    change_config(first, base_model_name_or_path="Qwen/Qwen2.5-0.5B")
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
    change_config(first, r=8)

    result = trained(tiny_folder, data, tmp_path / "second", "--from-adapter", str(first))

    assert result.exit_code == 1
    assert "cannot go on from" in result.stderr


def change_config(adapter, **values):
    path = adapter / "adapter_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(config | values), encoding="utf-8")


def test_half_a_surrogate_pair_in_a_reply_does_not_end_the_run(tiny_folder, tmp_path, out):
    path = tmp_path / "half.jsonl"
    path.write_text(conversation(1).replace("It is", "It \\ud83d is"), encoding="utf-8")

    result = trained(tiny_folder, path, out, "--hold-out", "0")

    assert result.exit_code == 0, result.output


def test_missing_packages_are_told_before_anything_is_done(tiny_folder, data, out, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)

    result = trained(tiny_folder, data, out)

    assert result.exit_code == 1
    assert "pip install '.[tune]' in your copy of Earshot" in result.stderr


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
    assert "adapter_model.safetensors already: take another --out" in again.stderr
    assert fresh.exit_code == 0


def test_what_is_learned_is_no_dev_file(tiny_folder, data, out):
    result = trained(tiny_folder, data, out, "--dev", str(data))

    assert result.exit_code == 1
    assert "are learned as well" in result.stderr


def test_a_run_is_marked_by_its_settings_its_data_and_its_dev_files(data):
    options = TrainOptions(BaseOptions("default"), (Source(data),))
    fp32, bf16 = Settled("none", "fp32", False), Settled("none", "bf16", False)
    before = mark(options, fp32, read_curriculum(options.sources, (), hold_out=0.15))

    data.write_text(data.read_text(encoding="utf-8").replace("apples", "pears"), encoding="utf-8")
    edited = mark(options, fp32, read_curriculum(options.sources, (), hold_out=0.15))
    unheld = mark(options, fp32, read_curriculum(options.sources, (), hold_out=0.3))

    assert before != edited
    assert edited != unheld
    assert edited == mark(options, fp32, read_curriculum(options.sources, (), hold_out=0.15))
    assert edited != mark(options, bf16, read_curriculum(options.sources, (), hold_out=0.15))


def test_a_loss_that_is_no_number_ends_the_run(tiny_folder, data, out):
    flags = ["--rank", "4", "--lr", "1e30", "--max-steps", "30", "--precision", "fp32"]

    result = trained(tiny_folder, data, out, flags=flags)

    assert result.exit_code == 1
    assert "lower --lr" in result.stderr
    assert not any(out.glob("adapter*"))


def test_a_folder_with_another_s_files_is_not_written_to_unasked(tiny_folder, data, out):
    out.mkdir()
    (out / "README.md").write_text("mine", encoding="utf-8")

    result = trained(tiny_folder, data, out)

    assert result.exit_code == 1
    assert "holds README.md already" in result.stderr
    assert (out / "README.md").read_text(encoding="utf-8") == "mine"


REWRITING = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{{ m.content if loop.last or m.role == 'user' else 'old ' ~ m.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def test_a_template_that_rewrites_earlier_turns_is_refused(data, tmp_path, out):
    base = save_tiny_model(tmp_path / "rewriting")
    (base / "chat_template.jinja").write_text(REWRITING, encoding="utf-8")

    result = trained(base, data, out)

    assert result.exit_code == 1
    assert "the chat template changes earlier turns" in result.stderr


def test_a_step_that_finds_no_memory_is_told(tiny_folder, data, out, monkeypatch):
    def full(*_, **__):
        raise torch.OutOfMemoryError

    monkeypatch.setattr("inference.tune.loop.batch", full)

    result = trained(tiny_folder, data, out)

    assert result.exit_code == 1
    assert "ran out while the model learned: begin anew with --batch 1" in result.stderr
