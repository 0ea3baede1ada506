import json

import pytest

from inference.bench import subject as subjects
from inference.bench.shapes import QWEN_7B

TINY = ("--shape", QWEN_7B, "--device", "cpu", "--rounds", "1")
OURS, ARTICLES, PAGED = "Earshot: prefix kept", "articles: all anew", "transformers' batching"


@pytest.fixture
def without_llama_cpp(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "llama_cpp", None)


def test_a_decision_is_timed_in_every_way_that_runs_here(bench_json, without_llama_cpp):
    told = bench_json("decide", *TINY, "--histories", "64,200")

    assert told["benchmark"] == "decide"
    assert told["model"] == f"{QWEN_7B} (random weights)"
    assert [(row["history"], row["way"]) for row in told["rows"]] == [
        (history, way) for history in (64, 200) for way in (OURS, ARTICLES, PAGED)
    ]
    assert all(row["ms"] > 0 and row["ratio"] > 0 for row in told["rows"])
    assert told["notes"] == ["llama.cpp was not measured: llama-cpp-python is not installed"]


def test_a_decision_of_a_model_in_a_folder_is_timed(bench_json, tiny_folder):
    told = bench_json("decide", "--model", tiny_folder, "--histories", "64", "--rounds", "1")

    assert [row["way"] for row in told["rows"]] == [OURS, ARTICLES, PAGED]
    assert told["model"] == "tiny"


def test_a_model_in_a_folder_is_loaded_in_the_precision_asked_for(bench, bench_json, tiny_folder):
    words = ("decide", "--model", tiny_folder, "--histories", "64", "--rounds", "1")

    told = bench_json(*words, "--precision", "bf16")
    refused = bench(*words, "--precision", "fp2")

    assert told["precision"] == "bfloat16"
    assert "there is no precision 'fp2'" in refused.output


def test_decisions_a_second_are_told_by_how_many_arrive_at_once(bench_json):
    told = bench_json(
        "throughput", *TINY, "--conversations", "3", "--histories", "64", "--at-once", "1,2,9"
    )

    rows = {(row["way"], row["at_once"]): row for row in told["rows"]}
    assert set(rows) == {
        (OURS, 1),
        (OURS, 2),
        (OURS, 3),
        (ARTICLES, 1),
        *((PAGED, n) for n in (1, 2, 3)),
    }
    assert all(rows[OURS, number]["share"] == 1 for number in (1, 2, 3))
    assert any("Rendering one of" in note for note in told["notes"])


def test_replies_are_held_against_the_bandwidth_of_memory(bench_json):
    told = bench_json("reply", *TINY, "--tokens", "4", "--history", "64", "--at-once", "1,2")

    assert [(row["at_once"], row["way"]) for row in told["rows"]] == [
        (number, way) for number in (1, 2) for way in (OURS, ARTICLES, PAGED)
    ]
    one = told["rows"][0]
    assert one["limit_share"] == pytest.approx(
        one["tokens_per_s"] / told["limit_steps_per_s"], rel=0.5, abs=0.01
    )


def test_memory_is_told_beside_what_the_shape_says(bench_json):
    told = bench_json("memory", *TINY, "--conversations", "2", "--histories", "64")

    assert [row["way"] for row in told["rows"]] == [OURS, ARTICLES]
    assert told["rows"][0]["computed"] == 2 * 2 * 2 * 16 * 4  # k and v, layers, heads, size, fp32
    assert told["rows"][1]["computed"] is None  # it keeps nothing
    assert told["weights_mb"] > 0


def test_people_get_a_table_of_80_columns(bench):
    result = bench("decide", *TINY, "--histories", "64", "--threads", "1")

    assert result.exit_code == 0
    assert OURS in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


@pytest.mark.parametrize("name", ["plot.png", "plot.svg"])
def test_a_plot_is_drawn(bench, tmp_path, name):
    pytest.importorskip("matplotlib")

    result = bench("decide", *TINY, "--histories", "64", "--plot", tmp_path / name)

    assert result.exit_code == 0
    assert (tmp_path / name).stat().st_size > 1000


def test_without_matplotlib_it_says_which_extra_has_it(bench, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)

    result = bench("decide", *TINY, "--plot", tmp_path / "plot.png")

    assert result.exit_code == 1
    assert "pip install '.[tune]' in your copy of Earshot" in result.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--plot", "plot.docx"], "name a .png or .svg file"),
        (["--plot", "nowhere/plot.png"], "there is no folder"),
        (["--histories", "many"], "give whole numbers"),
        (["--histories", "0"], "give whole numbers"),
        (["--histories", ""], "give whole numbers"),
        (["--device", "tpu"], "choose cpu or cuda"),
        (["--shape", "nobody/nothing"], "no sizes of 'nobody/nothing' are known"),
        (["--precision", "fp2"], "choose one of fp32"),
        (["--precision", "int8"], "no precision 'int8' for a random model"),
    ],
)
def test_what_cannot_be_measured_is_told(bench, words, told):
    result = bench("decide", *TINY, *words)

    assert result.exit_code in (1, 2)
    assert told in " ".join(result.output.replace("│", "").split())


def test_a_gpu_that_is_not_there_is_told(bench, monkeypatch):
    monkeypatch.setattr(subjects.torch.cuda, "is_available", lambda: False)

    result = bench("decide", "--shape", QWEN_7B, "--device", "cuda")

    assert result.exit_code == 1
    assert "measure with --device cpu" in result.output


def test_json_is_one_line_and_nothing_else(bench):
    result = bench("decide", *TINY, "--histories", "64", "--json")

    assert json.loads(result.stdout)["rows"]
    assert result.stdout.count("\n") == 1
