import json
import logging

import pytest
from typer.testing import CliRunner

from inference import __main__ as command_line
from inference.loading import load
from inference.server.worker import Worker
from inference.tune.evaluation.baselines import RULES
from inference.tune.evaluation.facts import facts
from tests.evaluate.odd_chats import ODD_CHATS, long_chat
from tests.inference.test_server import Served, runtime_of

KEYS = [
    "file",
    "n",
    "speak_rate",
    "auroc",
    "auroc_low",
    "auroc_high",
    "average_precision",
    "f1",
    "macro_f1",
    "balanced_accuracy",
    "over_talk",
    "miss_direct",
    "ece",
    "threshold",
]
PEOPLE_ONLY = [("Ana", "lunch?"), ("Ben", "sure"), ("Ana", "at one")]


@pytest.fixture(autouse=True)
def _logging_as_before():
    """Take back the logging that a command sets up: its stream ends with the test."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def evaluate(tiny_folder):
    def run(*arguments, model=str(tiny_folder)):
        given = ["evaluate", *map(str, arguments), *(["--model", model] if model else [])]
        return CliRunner().invoke(command_line.app, given)

    run.model = tiny_folder
    return run


def test_as_json_each_file_is_one_object_of_figures(evaluate, write):
    files = write(*ODD_CHATS), write(PEOPLE_ONLY, name="people")

    result = evaluate(*files, "--json", "--threads", "1")

    assert result.exit_code == 0
    first, second = map(json.loads, result.stdout.splitlines())
    assert list(first) == KEYS
    assert (first["file"], first["n"], first["threshold"]) == (str(files[0]), 14, 0.5)
    assert first["speak_rate"] == pytest.approx(3 / 14)
    assert 0 <= first["auroc_low"] <= first["auroc"] <= first["auroc_high"] <= 1
    assert (second["n"], second["auroc"], second["miss_direct"]) == (3, None, None)


def test_without_json_a_table_shows_the_baselines_beside_the_model(evaluate, write, caplog):
    learned = write(*[long_chat(10)] * 8, name="learned")

    result = evaluate(write(*ODD_CHATS), "--baseline-data", learned)

    for words in ("chats: 14 decisions, 21.4% due", "tiny", "always silent", "TF-IDF and flags"):
        assert words in result.stdout
    assert "not calibrated" in result.stderr
    assert "line 2: the conversation starts with the assistant" in caplog.text


def test_a_name_with_brackets_is_shown_as_it_is(evaluate, write, tmp_path):
    (tmp_path / "x[").mkdir()
    twins = write(PEOPLE_ONLY, name="x[/a]"), write(PEOPLE_ONLY, name="a]")

    result = evaluate(write(*ODD_CHATS, name="[support] may"), *twins)

    assert result.exit_code == 0, result.exception
    assert "[support] may: 14 decisions" in result.stdout
    assert "x[/a].jsonl" in result.stdout
    assert "[support] may (14 to do)" in result.stderr


def test_the_baseline_learns_what_training_learned(evaluate, write, monkeypatch):
    shares = []
    monkeypatch.setattr(
        "inference.tune.evaluation.run.trained",
        lambda _, *, hold_out, naming: shares.append(hold_out) or RULES[0],
    )
    learned = write(*[long_chat(10)] * 8, name="learned")

    evaluate(write(*ODD_CHATS), "--baseline-data", learned, "--hold-out", "0.3")
    evaluate(write(*ODD_CHATS), "--baseline-data", learned)

    assert shares == [0.3, 0.15]


def test_a_traceback_shows_no_variables():
    assert command_line.app.pretty_exceptions_enable is False


def test_by_url_the_figures_are_those_of_this_machine(evaluate, write, tiny_folder):
    file = write(*ODD_CHATS, long_chat(20, words=3))
    here = evaluate(file, "--json")

    with Served(Worker(lambda _: runtime_of(load(str(tiny_folder))))) as served:
        served.wait_until("ready")
        there = evaluate(file, "--json", "--model-url", f"{served.url}/v1", model=None)

    assert json.loads(there.stdout) == pytest.approx(json.loads(here.stdout), abs=1e-3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--model-url", "http://127.0.0.1:9/v1", "--adapter", "x"], "leave it out|its own"),
        (["--prompted", "--adapter", "x"], "leave --adapter out"),
        (["--baseline-data", "none.jsonl"], "none.jsonl cannot be read"),
        (["--chat-form", "none.json"], "no chat form"),
    ],
)
def test_options_that_cannot_work_are_told_in_a_sentence(evaluate, write, options, words):
    result = evaluate(write(PEOPLE_ONLY), *options)

    assert result.exit_code == 1
    assert any(word in result.stderr for word in words.split("|"))
    assert "Traceback" not in result.stderr


def test_a_broken_line_is_named(evaluate, write):
    file = write(PEOPLE_ONLY)
    file.write_text(file.read_text() + "{\n")

    result = evaluate(file)

    assert result.exit_code == 1
    assert "line 2: " in result.stderr


def test_a_report_words_and_generations_come_with_the_table(evaluate, write, tmp_path, monkeypatch):
    monkeypatch.setattr("inference.tune.evaluation.replies.facts", lambda: facts()[:2])
    folder = tmp_path / "report"

    result = evaluate(write(*ODD_CHATS), "--report", folder, "--replies", "--generations", "3")

    assert result.exit_code == 0
    assert "facts: " in result.stdout
    assert "well-formed" in result.stdout
    assert "always silent" in (folder / "index.html").read_text()
    assert json.loads((folder / "figures.json").read_text())["generations"][0]["num"] == 3


def test_with_json_nothing_but_the_figures_is_on_stdout(evaluate, write, tmp_path):
    result = evaluate(write(PEOPLE_ONLY), "--json", "--generations", "1", "--report", tmp_path)

    assert list(json.loads(result.stdout)) == KEYS
    assert "well-formed" in result.stderr


def test_words_are_judged_on_this_machine_only(evaluate, write, tiny_folder):
    with Served(Worker(lambda _: runtime_of(load(str(tiny_folder))))) as served:
        served.wait_until("ready")
        url = f"{served.url}/v1"
        result = evaluate(write(PEOPLE_ONLY), "--replies", "--model-url", url, model=None)

    assert result.exit_code == 1
    assert "leave --model-url out" in result.stderr


@pytest.fixture
def chats(write):
    return write(*[long_chat(10)] * 8, name="learned")


@pytest.fixture
def adapter(evaluate, chats, tmp_path):
    folder = tmp_path / "adapter"
    learned = ["train", "--base", str(evaluate.model), "--data", str(chats), "--out", str(folder)]
    flags = ["--rank", "2", "--max-steps", "1", "--hold-out", "0", "--batch", "1"]
    trained = CliRunner().invoke(command_line.app, [*learned, *flags])
    assert trained.exit_code == 0, trained.output
    return folder


def test_an_adapter_alone_is_judged_on_the_base_that_it_names(
    evaluate, adapter, chats, monkeypatch
):
    monkeypatch.chdir(evaluate.model.parent)

    result = evaluate(chats, "--adapter", adapter, model=None)

    assert result.exit_code == 0, result.output
    assert "tiny + adapter" in result.stdout


def test_an_adapter_is_calibrated_on_the_files_given(evaluate, adapter, chats):
    result = evaluate(chats, "--adapter", adapter, "--calibrate", "--json")

    assert result.exit_code == 0
    form = json.loads((adapter / "earshot.json").read_text(encoding="utf-8"))
    thresholds = {step["eagerness"]: step["threshold"] for step in form["calibration"]["steps"]}
    assert f"speaks from P(speak) {thresholds[50]}" in result.stderr


def test_only_an_adapter_that_is_named_is_calibrated(evaluate, write):
    result = evaluate(write(*ODD_CHATS), "--calibrate")

    assert result.exit_code == 2
    assert "--adapter" in result.output
