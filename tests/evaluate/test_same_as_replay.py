"""The promise of evaluation: the P(speak) it judges is the one that serving acts on."""

import json
import os
import subprocess
import sys

import pytest

from inference.tune.evaluation.files import Reading, read_files
from inference.tune.evaluation.local import LocalChoice, local_judge
from inference.tune.evaluation.window import Naming
from tests.evaluate.odd_chats import ODD_CHATS, long_chat

MAX_PROMPT_TOKENS = 512


@pytest.mark.usefixtures("default_folder")
def test_evaluation_and_replay_give_the_same_p_speak_on_every_message(write, tmp_path):
    file = write(*ODD_CHATS, long_chat(14, words=9))

    replayed = _replayed(file, tmp_path)
    judge = local_judge(LocalChoice())
    judge.max_prompt_tokens = MAX_PROMPT_TOKENS
    (conversations,) = read_files([file], Reading(Naming()))
    scores = judge.scores(conversations.shown, lambda _: None)

    evaluated = [score for one in scores for score in one]
    assert len(evaluated) == len(replayed) == 11 + 3 + 14
    assert evaluated == pytest.approx(replayed, abs=1e-3)
    assert max(evaluated) - min(evaluated) > 0.01, "equal scores would prove nothing"


def _replayed(file, folder):
    environment = {
        **os.environ,  # noqa: TID251 - what the tests run with, and a small context
        "EARSHOT_MAX_PROMPT_TOKENS": str(MAX_PROMPT_TOKENS),
        "EARSHOT_WORKER_THREADS": "1",
    }
    command = [sys.executable, "-m", "bot", "replay", str(file), "--no-replies", "--json"]
    run = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return [json.loads(line)["p_speak"] for line in run.stdout.splitlines()]
