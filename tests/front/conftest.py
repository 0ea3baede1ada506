"""Runs `earshot` as people do: a process of its own, the embedded model, real sockets."""

import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from urllib.request import Request, urlopen

import pytest

pytest.importorskip("torch")

from inference.convert import find_gguf
from inference.errors import ModelMissing

EARSHOT = [sys.executable, "-m", "bot"]
TIMEOUT_S = 300  # the first start of all converts the model


@pytest.fixture(autouse=True)
def _default_model():
    try:
        find_gguf()
    except ModelMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def database_url(absent_database_url):
    """Begin as people do: without a database."""
    return absent_database_url


@pytest.fixture
def settings(database_url):
    return os.environ | {  # noqa: TID251 - handed on to a process
        "EARSHOT_DATABASE_URL": database_url,
        "EARSHOT_BURST_QUIET_S": "0.1",
    }


@pytest.fixture
def earshot(settings):
    """Run a command to its end; gives the finished process."""

    def run(*arguments, typed=None, **extra):
        return subprocess.run(
            [*EARSHOT, *arguments],
            input=typed,
            env=settings | extra,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )

    return run


class RunningRoom:
    """A room that runs, asked over HTTP as its page does."""

    def __init__(self, url, process):
        self.url = url
        self.process = process

    def call(self, path, body=None):
        headers = {"Content-Type": "application/json"}
        content = None if body is None else json.dumps(body).encode()
        request = Request(self.url + path, data=content, headers=headers)  # noqa: S310
        with urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            return json.load(answer)

    def say(self, message_id, name, text):
        said = {"id": message_id, "name": name, "text": text}
        return self.call("/api/rooms/Lobby/messages", said)

    def messages(self):
        return self.call("/api/rooms/Lobby")["messages"]

    def events(self):
        """Follow the stream of events, as the page does."""
        with urlopen(self.url + "/api/events", timeout=TIMEOUT_S) as stream:  # noqa: S310
            for line in stream:
                yield line.decode()

    def wait_until(self, done):
        """Look at the messages after each event until `done` holds for them."""
        events = self.events()
        for _ in events:
            if done(messages := self.messages()):
                events.close()
                return messages
        raise AssertionError("the room closed its stream")


@pytest.fixture
def open_room(settings):
    """Open the room on a free port; it is closed with SIGTERM at the end of the block."""

    @contextmanager
    def opened(**extra):
        process = subprocess.Popen(
            [*EARSHOT, "room", "--port", "0"],
            env=settings | extra,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            for line in process.stderr:
                if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                    break
            else:
                raise AssertionError("the room did not open")
            yield RunningRoom(found[0], process)
        finally:
            process.terminate()
            _, rest = process.communicate(timeout=TIMEOUT_S)
            assert "Traceback" not in rest

    return opened
