"""What long work shows: names stay as they are, whatever they hold."""

import pytest

from inference.tune.dev import DevScores
from inference.tune.evaluation.progress import EvaluationBar
from inference.tune.progress import TrainingBar

NAME = "chat [red] :warning: [/x]"


def test_a_look_at_dev_names_its_files_as_they_are(capsys):
    with TrainingBar() as bar:
        bar.looked(4, DevScores({NAME: 0.75}, {NAME: 0.5}))

    assert capsys.readouterr().err == f"step 5, dev AUROC: {NAME} 0.750 (speaks 50.0%)\n"


def test_a_warning_of_training_is_told_as_it_is(capsys):
    with TrainingBar() as bar:
        bar.warned(f"{NAME} is odd")

    assert capsys.readouterr().err == f"Note: {NAME} is odd.\n"


@pytest.mark.parametrize("total", [None, 1200])
def test_an_evaluation_names_its_files_as_they_are(capsys, total):
    with EvaluationBar() as bar:
        bar.doing(NAME, total=total)

    shown = NAME if total is None else f"{NAME} (1,200 to do)"
    assert capsys.readouterr().err == f"{shown}\n"


def test_the_bar_on_a_terminal_names_its_files_as_they_are(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")

    with EvaluationBar() as bar:
        bar.doing(NAME, total=3)
        bar._bar.refresh()

    assert NAME in capsys.readouterr().err
