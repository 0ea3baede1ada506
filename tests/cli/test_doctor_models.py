"""`earshot doctor` looks at the model that the settings name: a folder, or one on a server."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from pydantic import SecretStr

from bot.cli.checks import (
    check_model,
)
from bot.config import Settings

SECRET = "hunter2-and-more"


@pytest.fixture
def model_server():
    """Serve `/v1/models` with what the test puts into `answer`: a status and model names.

    Whatever it is asked it answers with `said`, without logprobs.
    """

    class Handler(BaseHTTPRequestHandler):
        answer = (200, ["tiny"])
        said = "(silence)"

        def do_GET(self):
            status, names = Handler.answer
            if not self.path.startswith("/v1"):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"<html>It works!</html>")
                return
            models = [{"id": n, "object": "model", "created": 0, "owned_by": "x"} for n in names]
            self.send_json(status, {"object": "list", "data": models})

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_json(200, {"choices": [{"message": {"content": Handler.said}}]})

        def send_json(self, status, body):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        Handler.url = f"http://127.0.0.1:{server.server_port}/v1"
        yield Handler
        server.shutdown()
        thread.join()


def test_a_model_folder_must_exist(tmp_path):
    assert check_model(Settings(model=str(tmp_path))).ok
    missing = check_model(Settings(model=str(tmp_path / "gone")))

    assert not missing.ok
    assert "EARSHOT_MODEL" in missing.remedy


def test_a_gguf_file_is_a_model_too(tmp_path):
    file = tmp_path / "mine.gguf"
    missing = check_model(Settings(model=str(file)))
    file.write_bytes(b"GGUF")

    assert (missing.ok, missing.detail) == (False, f"no model at {file}")
    assert f"earshot doctor --model {file}" in check_model(Settings(model=str(file))).detail


def test_a_model_id_is_left_to_the_transformers_library():
    assert check_model(Settings(model="somebody/some-model")).ok


def test_a_model_server_that_answers_is_well(model_server):
    finding = check_model(Settings(model_url=model_server.url))

    assert finding.ok
    assert finding.detail == (
        f"tiny at {model_server.url}: tells no probabilities, begins a new answer instead of going on "
        "from an opened one, counts no tokens (they are estimated); a decision is what the model writes "
        "first; thresholds: none, P(speak) is 0 or 1, so every eagerness above 0 does the same"
    )


def test_a_model_that_does_not_decide_when_told_to_fails(model_server):
    model_server.said = "<think> Let me see"

    finding = check_model(Settings(model_url=model_server.url))

    assert not finding.ok
    assert "thinks before it answers" in finding.remedy


def test_a_chat_form_that_cannot_be_read_fails_at_the_server_too(model_server, tmp_path):
    finding = check_model(Settings(model_url=model_server.url, chat_form=tmp_path / "none.json"))

    assert not finding.ok
    assert "none.json" in finding.detail


def test_a_model_that_the_server_does_not_have_fails(model_server):
    finding = check_model(Settings(model_url=model_server.url, model="huge"))

    assert not finding.ok
    assert finding.detail == f"{model_server.url} has tiny"
    assert "EARSHOT_MODEL " in finding.remedy


def test_a_model_is_found_under_the_name_that_the_bot_finds_it_by(model_server):
    model_server.answer = (200, ["tiny:latest"])

    assert check_model(Settings(model_url=model_server.url, model="tiny")).ok


def test_a_server_that_is_none_for_models_fails_with_what_to_do(model_server):
    finding = check_model(Settings(model_url=model_server.url.replace("/v1", "/page")))

    assert not finding.ok
    assert "EARSHOT_MODEL_URL" in finding.remedy


def test_a_server_on_this_machine_is_asked_without_the_proxy(model_server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    assert check_model(Settings(model_url=model_server.url)).ok


def test_a_server_that_refuses_the_key_fails_without_showing_it(model_server):
    model_server.answer = (401, [])

    finding = check_model(Settings(model_url=model_server.url, model_api_key=SecretStr(SECRET)))

    assert not finding.ok
    assert "HTTP 401" in finding.detail
    assert "EARSHOT_MODEL_API_KEY" in finding.remedy
    assert SECRET not in finding.detail + finding.remedy


def test_a_model_server_that_is_not_there_fails(model_server):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]

    finding = check_model(Settings(model_url=f"http://127.0.0.1:{port}/v1"))

    assert not finding.ok
    assert "does not answer" in finding.detail
