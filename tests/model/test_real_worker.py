"""The bot's side on the real worker with the real default model, from the start to an answer."""

import logging
import os
import signal
from pathlib import Path

import pytest

from bot.errors import ModelUnavailable
from bot.supervisor import WorkerProcess
from inference.wire.turns import Burst, Line, decision_turns, reply_turns
from tests.model.conftest import Watcher

pytest.importorskip("torch")

from inference.convert import find_gguf
from inference.errors import ModelMissing

LOAD_TIMEOUT_S = 300.0  # the first start of all converts the model


@pytest.fixture
def default_model():
    try:
        find_gguf()
    except ModelMissing as missing:
        pytest.skip(str(missing))


def said(text, reply=None):
    return Burst((Line("Ann", text),), reply)


@pytest.mark.usefixtures("default_model")
async def test_a_supervised_worker_decides_replies_and_comes_back_after_kill_9(make_model, caplog):
    caplog.set_level(logging.INFO)
    watcher = Watcher()
    async with WorkerProcess(threads=2, on_status=watcher) as worker:
        model = make_model(worker.url, timeout_s=120.0)
        await worker.wait_ready(timeout_s=LOAD_TIMEOUT_S)

        card = await model.card()
        asked = [said("assistant, what is the capital of France?")]
        decision = decision_turns(card.form, asked)
        score = await model.score(decision, session="test")
        reply = [
            piece async for piece in model.reply(reply_turns(card.form, asked), session="test")
        ]

        assert card.max_prompt_tokens == 2048
        assert 0.0 < score.p_speak < 1.0
        assert 40 < score.num_prompt_tokens < 400
        assert len(reply) > 1
        assert "(silence)" not in "".join(reply)
        assert "[worker] " in caplog.text

        os.kill(worker.pid, signal.SIGKILL)
        await watcher.wait_for("restarting")
        with pytest.raises(ModelUnavailable):
            await model.score(decision, session="test")
        await worker.wait_ready(timeout_s=LOAD_TIMEOUT_S)
        again = await model.score(decision, session="test")
        assert again.p_speak == pytest.approx(score.p_speak, abs=1e-3)
        await model.close()


async def test_a_missing_model_folder_is_told_in_the_workers_own_words(tmp_path: Path):
    async with WorkerProcess(model=str(tmp_path / "none")) as worker:
        with pytest.raises(ModelUnavailable, match="cannot load its model"):
            await worker.wait_ready(timeout_s=LOAD_TIMEOUT_S)

        assert worker.status().state == "failed"
