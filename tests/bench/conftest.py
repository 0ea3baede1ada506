"""Tiny models of random weights, as `--shape` makes them."""

import json

import pytest
from typer.testing import CliRunner

from inference import __main__ as command_line
from inference.bench import subject as subjects
from inference.bench.options import Bench
from inference.bench.shapes import QWEN_7B, tiny_config
from inference.bench.subject import Subject, random_subject


@pytest.fixture(scope="session")
def tiny_subject() -> Subject:
    """A Qwen2.5 of two layers, in float32 on the CPU."""
    return random_subject("tiny", tiny_config(QWEN_7B), device="cpu")


@pytest.fixture
def tiny_bench() -> Bench:
    """One round on the CPU."""
    return Bench(shape=QWEN_7B, device="cpu", rounds=1)


@pytest.fixture
def bench(monkeypatch):
    """Give what runs `earshot bench`, every known shape being a tiny one."""
    monkeypatch.setattr(subjects, "shape_config", tiny_config)

    def run(*words):
        return CliRunner().invoke(command_line.app, ["bench", *map(str, words)])

    return run


@pytest.fixture
def bench_json(bench):
    """Give what runs `earshot bench ... --json` and reads what it prints."""

    def run(*words):
        result = bench(*words, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return run
