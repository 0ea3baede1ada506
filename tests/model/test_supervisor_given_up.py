"""A model worker that does not come up: tried again, or given up with a reason."""

import pytest

from bot.errors import ConfigError, ModelUnavailable
from bot.supervisor import WorkerProcess
from bot.worker_run import Timings
from tests.model.supervising import FAKE, PATIENCE_S, QUICK, supervised


async def test_a_worker_that_dies_at_every_start_is_given_up_with_its_last_words():
    words = "error: there is no model folder /models/none: correct EARSHOT_MODEL"

    async with supervised("--say", words, "--exit", "1") as (worker, watcher):
        with pytest.raises(ModelUnavailable, match="code 1: there is no model folder"):
            await worker.wait_ready(timeout_s=PATIENCE_S)

        assert watcher.states == ["restarting", "failed"]
        assert "correct EARSHOT_MODEL" in worker.status().detail


async def test_a_worker_that_once_fails_to_start_gets_another_chance(tmp_path):
    async with supervised("--exit-unless", str(tmp_path / "second")) as (worker, watcher):
        await worker.wait_ready(timeout_s=PATIENCE_S)

        assert watcher.states == ["restarting", "ready"]


async def test_a_model_that_cannot_be_loaded_is_not_tried_again():
    detail = "the folder /models/x holds no model"

    async with supervised("--failure", detail) as (worker, watcher):
        with pytest.raises(ModelUnavailable, match=detail):
            await worker.wait_ready(timeout_s=PATIENCE_S)

        assert watcher.states == ["failed"]


@pytest.mark.parametrize("part", [["--exit", "1"], ["--failure", "see the log"]])
async def test_a_missing_package_is_named_with_the_command_that_installs_it(part):
    words = "ModuleNotFoundError: No module named 'torch'"

    async with supervised("--say", words, *part) as (worker, watcher):
        with pytest.raises(
            ConfigError, match=r"'torch': run pip install '\.\[worker\]' in your copy"
        ):
            await worker.wait_ready(timeout_s=PATIENCE_S)

        assert watcher.states == ["failed"]


async def test_a_command_that_is_none_is_given_up():
    async with supervised(command=["/no/such/python"]) as (worker, _):
        with pytest.raises(ModelUnavailable, match=r"cannot be started.*/no/such/python"):
            await worker.wait_ready(timeout_s=PATIENCE_S)


async def test_waiting_for_a_worker_that_loads_too_long_says_how_far_it_is():
    async with supervised("--num-loading", "1000000") as (worker, watcher):
        await watcher.wait_for("loading")

        with pytest.raises(ModelUnavailable, match=r"not ready after 0\.01 s \(step \d+\)"):
            await worker.wait_ready(timeout_s=0.01)


async def test_a_supervision_that_fails_itself_is_told():
    def faulty(status):
        if status.state == "loading":
            raise RuntimeError("a listener with a fault")

    worker = WorkerProcess(
        command=[*FAKE, "--num-loading", "9"], on_status=faulty, timings=Timings(**QUICK)
    )
    async with worker:
        with pytest.raises(ModelUnavailable, match="supervision"):
            await worker.wait_ready(timeout_s=PATIENCE_S)
