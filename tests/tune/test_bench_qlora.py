import json

import pytest
import torch
import typer
from typer.testing import CliRunner

from inference.tune.bench_qlora import SHAPES, main

# peft 0.21 asks transformers 5.23 in a way that transformers 6 will drop.
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")


def run(*arguments):
    app = typer.Typer()
    app.command()(main)
    return CliRunner().invoke(app, arguments)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_run_in_small_prints_one_line_of_json(shape):
    result = run("--tiny", "--steps", "2", "--shape", shape)

    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)
    assert printed["quantize"] == "nf4"
    assert printed["s_per_step"] > 0
    assert printed["estimated_gb"] < 1
    assert 0 < printed["last_loss"] < 10


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so():
    result = run()

    assert result.exit_code == 1
    assert "there is no GPU here; --tiny" in result.stderr


def test_a_shape_that_is_none_is_refused():
    result = run("--shape", "gpt-5")

    assert result.exit_code == 1
    assert "choose one of qwen2.5-7b, llama-2-7b" in result.stderr
