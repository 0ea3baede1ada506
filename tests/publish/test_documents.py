"""The notebook and the guide tell commands; each must be one that the program takes."""

import ast
import json
import re
import shlex

import pytest
import typer
from jsonschema import validate

from bot.cli.app import app as earshot
from inference.__main__ import app as worker
from inference.tune.lessons import read_file

# The parts of nbformat 4.5 that Jupyter and Colab insist on.
TEXT = {"type": "array", "items": {"type": "string"}}
CELL = {
    "type": "object",
    "required": ["id", "cell_type", "metadata", "source"],
    "properties": {
        "id": {"type": "string", "pattern": "^[a-zA-Z0-9-_]{1,64}$"},
        "cell_type": {"enum": ["markdown", "code"]},
        "metadata": {"type": "object"},
        "source": TEXT,
        "execution_count": {"type": "null"},
        "outputs": {"type": "array", "maxItems": 0},
    },
    "additionalProperties": False,
    "if": {"properties": {"cell_type": {"const": "code"}}},
    "then": {"required": ["execution_count", "outputs"]},
}
NOTEBOOK = {
    "type": "object",
    "required": ["metadata", "nbformat", "nbformat_minor", "cells"],
    "properties": {
        "nbformat": {"const": 4},
        "nbformat_minor": {"const": 5},
        "metadata": {
            "required": ["kernelspec"],
            "properties": {"kernelspec": {"required": ["name", "display_name"]}},
        },
        "cells": {"type": "array", "items": CELL},
    },
    "additionalProperties": False,
}


@pytest.fixture(scope="session")
def notebook(pytestconfig):
    return json.loads((pytestconfig.rootpath / "docs/colab.ipynb").read_text())


def code(notebook):
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def commands_of(text, prompt):
    """Give the words behind `earshot` of each command in a text."""
    joined = text.replace("\\\n", " ")
    return [shlex.split(line, comments=True) for line in re.findall(prompt, joined, re.MULTILINE)]


def parse(words):
    """Let the program read a command as it would, and not carry it out."""
    group = typer.main.get_command(earshot)
    if group.commands[words[0]].context_settings.get("ignore_unknown_options"):
        group = typer.main.get_command(worker)  # all that stands behind it is handed over
    command, rest = group, list(words)
    while hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]
    command.make_context(words[0], [word.replace("{BASE}", "org/base") for word in rest])


def test_the_notebook_is_one_that_jupyter_opens(notebook):
    validate(notebook, NOTEBOOK)

    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)


def test_each_command_of_the_notebook_is_one_that_earshot_takes(notebook):
    commands = [words for cell in code(notebook) for words in commands_of(cell, "^!earshot (.+)$")]

    for words in commands:
        parse(words)

    assert [words[0] for words in commands] == [
        "data",
        "train",
        "evaluate",
        "evaluate",
        "replay",
        "publish",
    ]


def test_the_python_of_the_notebook_compiles(notebook):
    for cell in code(notebook):
        if not cell.startswith("%%writefile"):
            ast.parse(re.sub("^[!%].*", "pass", cell, flags=re.MULTILINE))


def test_the_notebook_s_own_conversation_can_be_replayed(notebook, tmp_path):
    (cell,) = [cell for cell in code(notebook) if cell.startswith("%%writefile")]
    (tmp_path / "try.jsonl").write_text(cell.partition("\n")[2])

    (conversation,) = read_file(tmp_path / "try.jsonl")

    assert len(conversation.messages) == 3


def test_the_notebook_finds_conversations_to_learn_from_and_to_measure_on(pytestconfig):
    files = {one.name for one in (pytestconfig.rootpath / "inference/tune").rglob("*.jsonl")}

    assert any(name.endswith(".held-out.jsonl") for name in files)
    assert any(not name.endswith(".held-out.jsonl") for name in files)


def test_each_command_of_the_guide_is_one_that_earshot_takes(pytestconfig):
    guide = (pytestconfig.rootpath / "docs/tuning.md").read_text()
    commands = commands_of(guide, "^    earshot (.+)$")

    for words in commands:
        parse(words)

    assert {"data", "train", "evaluate", "publish"} <= {words[0] for words in commands}


def test_an_option_that_is_gone_is_noticed():
    with pytest.raises(Exception, match=r"[Nn]o such option"):
        parse(["publish", "adapter", "--upload"])
