"""What `earshot doctor --model` prints, on a terminal of 80 columns and as JSON."""

import io
import json

import pytest
from rich.console import Console
from typer.testing import CliRunner

from inference import __main__ as command_line
from inference.devices import Devices
from inference.fit import Wish
from inference.fit_report import report_on
from inference.fit_table import show

GIB = 2**30
QWEN = "Qwen/Qwen2.5-7B-Instruct"


def printed(model, devices, wish=None):
    out = io.StringIO()
    show(report_on(model, devices, wish or Wish()), Console(file=out, width=80))
    return out.getvalue()


def test_the_table_shows_each_precision_what_is_free_and_what_is_chosen():
    text = printed(QWEN, Devices((8 * GIB,), 32 * GIB))

    assert text.splitlines()[:2] == [
        f"{QWEN}: 7.6 billion parameters (from the catalogue)",
        "GPU 0: 8.6 GB free, host: 34.4 GB free; a conversation is 2,048 tokens",
    ]
    rows = [line.split() for line in text.splitlines()[4:9]]
    assert rows == [
        ["fp32", "GPU", "30.5", "GB", "115", "kB", "6.7", "GB", "does", "not", "fit"],
        ["bf16", "GPU", "15.2", "GB", "57", "kB", "6.7", "GB", "does", "not", "fit"],
        ["int8", "GPU", "8.7", "GB", "57", "kB", "6.7", "GB", "does", "not", "fit"],
        [">", "nf4", "GPU", "5.5", "GB", "57", "kB", "6.7", "GB", "9"],
        ["bf16", "GPU", "+", "host", "15.2", "GB", "57", "kB", "37.0", "GB", "185"],
    ]
    assert "chosen: nf4 on the GPU, the first with room for 8 conversations" in text


@pytest.mark.parametrize(
    "devices", [Devices((8e9, 8e9), 3e10), Devices((139e9,), 1e12), Devices(host=1e9)]
)
@pytest.mark.parametrize("model", [QWEN, "meta-llama/Meta-Llama-3-8B-Instruct", "default"])
def test_no_line_is_wider_than_80_columns(model, devices):
    lines = printed(model, devices, Wish(conversations=1000, tokens=32768)).splitlines()

    assert max(len(line) for line in lines) <= 80


def test_a_warning_stands_under_the_choice():
    assert "note: int8 on a CPU saves memory" in printed(QWEN, Devices(host=14 * GIB))


def test_a_choice_that_needs_a_package_names_it(monkeypatch):
    assert "bitsandbytes" not in printed(QWEN, Devices(host=14 * GIB))
    monkeypatch.setattr("inference.quantize.find_spec", lambda _: None)

    assert "pip install bitsandbytes" in printed(QWEN, Devices(host=14 * GIB))
    assert "bitsandbytes" not in printed(QWEN, Devices(host=90 * GIB))


def test_the_command_prints_the_fit_of_this_machine():
    answer = CliRunner().invoke(command_line.app, ["fit", "default"])

    assert answer.exit_code == 0
    assert "HuggingFaceTB/SmolLM2-135M-Instruct: 135 million parameters" in answer.stdout
    assert "\x1b" not in answer.stdout


def test_as_json_it_has_all_numbers():
    answer = CliRunner().invoke(command_line.app, ["fit", QWEN, "--json", "--conversations", "3"])

    told = json.loads(answer.stdout)
    assert told["parameters"] == 7_615_616_512
    assert told["wish"] == {"precision": None, "conversations": 3, "tokens": 2048}
    assert {row["precision"] for row in told["precisions"]} >= {"fp32", "bf16", "int8", "nf4"}
    assert told["free"]["host"] > 1e8


def test_what_does_not_fit_ends_with_1(monkeypatch):
    monkeypatch.setattr("inference.devices.devices", lambda: Devices(host=1e9))

    answer = CliRunner().invoke(command_line.app, ["fit", QWEN])

    assert answer.exit_code == 1
    assert "nothing fits: Qwen/Qwen2.5-7B-Instruct needs 5.7 GB in nf4" in answer.stdout


def test_a_folder_is_told_from_its_own_numbers(tiny_folder):
    answer = CliRunner().invoke(command_line.app, ["fit", str(tiny_folder), "--json"])

    assert json.loads(answer.stdout)["source"] == str(tiny_folder)


def test_an_unknown_precision_is_refused():
    answer = CliRunner().invoke(command_line.app, ["fit", QWEN, "--precision", "int3"])

    assert answer.exit_code == 2
