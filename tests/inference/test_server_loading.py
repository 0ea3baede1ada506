import logging
import threading

import pytest

from inference.errors import ModelMissing
from inference.server.worker import Worker
from tests.inference.serving import (
    Served,
    error_of,
    runtime_of,
)


def test_the_server_answers_while_the_model_loads(tiny_model):
    go_on = threading.Event()

    def load(report):
        report("converting the default model: 40%", 0.4)
        go_on.wait(30)
        return runtime_of(tiny_model)

    worker = Worker(load)
    with Served(worker) as served:
        while worker.detail == "starting":
            threading.Event().wait(0.01)

        health, models, answer = served.get("/health"), served.get("/v1/models"), served.post()

        assert health.status_code == models.status_code == answer.status_code == 503
        assert health.json() == {
            "status": "loading",
            "detail": "converting the default model: 40%",
            "progress": 0.4,
        }
        assert error_of(answer)["code"] == "model_loading"
        assert "40%" in error_of(answer)["message"]
        assert "resident" not in served.get("/metrics").text
        go_on.set()
        assert served.wait_until("ready").get("/health").status_code == 200


def test_the_log_hears_of_each_tenth_of_the_loading_once(tiny_model, caplog):
    caplog.set_level(logging.INFO, "inference.server.worker")

    def load(report):
        report("loading tiny")
        for percent in range(100):
            report(f"converting: {percent}%", percent / 100)
        return runtime_of(tiny_model)

    with Served(Worker(load)) as served:
        served.wait_until("ready")

    converting = [line for line in caplog.messages if line.startswith("converting")]
    assert converting == [f"converting: {percent}%" for percent in range(0, 100, 10)]
    assert "loading tiny" in caplog.messages


@pytest.mark.parametrize("error", [ModelMissing("there is no model folder"), ZeroDivisionError()])
def test_a_model_that_cannot_be_loaded_is_told_and_the_server_stays(error):
    def load(_):
        raise error

    with Served(Worker(load)) as served:
        health = served.wait_until("failed").get("/health")

        detail = str(error) or "the model could not be loaded; see the worker's log"
        assert health.status_code == 503
        assert health.json() == {"status": "failed", "detail": detail, "progress": None}
        assert error_of(served.post())["code"] == "model_failed"
