"""Any ASGI server can serve Earshot on Slack: the bot lives as long as the server's lifespan."""

import asyncio
import logging
import time
from contextlib import asynccontextmanager, contextmanager

import pytest
import uvicorn

from bot.config import variable
from bot.errors import PlatformError
from bot.heartbeat import Health, health
from bot.logs import TALKATIVE
from bot.platforms.slack import asgi
from bot.platforms.slack.asgi import Application
from bot.platforms.slack.run import SlackBot
from tests.slack.connected import settings_for
from tests.waiting import WITHIN_S


@pytest.fixture
def environment(slack, database_url, monkeypatch, tmp_path):
    """The settings of an app over HTTP in the environment, as a server starts with it."""
    monkeypatch.chdir(tmp_path)
    settings = settings_for(slack, slack_app_token=None)
    for field in settings.model_fields_set:
        value = getattr(settings, field)
        told = value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
        monkeypatch.setenv(variable(field), told)
    monkeypatch.setenv(variable("database_url"), database_url)
    monkeypatch.setenv(variable("model_url"), "http://127.0.0.1:9/v1")
    return monkeypatch


@contextmanager
def nobody_logs():
    """Be a process in which nobody has set up the log, until the end of the block."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    root.handlers = []
    try:
        yield
    finally:
        root.handlers = handlers
        root.setLevel(level)
        for name in TALKATIVE:
            logging.getLogger(name).setLevel(logging.NOTSET)


@asynccontextmanager
async def lived(app):
    """Begin the lifespan of an application, and end it; gives what it answers to the beginning."""
    told, answers = asyncio.Queue(), asyncio.Queue()
    living = asyncio.create_task(app({"type": "lifespan"}, told.get, answers.put))
    await told.put({"type": "lifespan.startup"})
    yield await asyncio.wait_for(answers.get(), WITHIN_S)
    await told.put({"type": "lifespan.shutdown"})
    await asyncio.wait_for(living, WITHIN_S)


async def status_of(app, path):
    """Ask an application for a page, as a server does."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}
    await app(scope, receive, send)
    return sent[0]["status"]


async def test_the_bot_lives_as_long_as_the_server_does(slack, environment):
    app = Application()

    async with lived(app) as answer:
        assert answer == {"type": "lifespan.startup.complete"}
        assert await status_of(app, "/healthz") == 200

    with pytest.raises(RuntimeError, match="lifespan"):
        await status_of(app, "/healthz")
    assert slack.asked("auth.test")


async def test_whoever_asks_after_its_health_is_told(environment, tmp_path):
    file = tmp_path / "health"
    environment.setenv(variable("health_file"), str(file))

    async with lived(Application()):
        assert health(file, now=time.time()) == Health(["Slack"], [])

    assert not file.exists()


async def test_a_bot_that_ends_says_so_and_ends_its_server(slack, environment, caplog, monkeypatch):
    stopped = asyncio.Event()
    may_end = asyncio.Event()

    async def ends(bot, *, own_server):
        serving = asyncio.ensure_future(serve(bot, own_server=own_server))
        await may_end.wait()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        raise PlatformError("Slack takes the token no more")

    serve = SlackBot.serve
    monkeypatch.setattr(SlackBot, "serve", ends)
    app = Application(stopped.set)
    async with lived(app):
        may_end.set()
        await asyncio.wait_for(stopped.wait(), WITHIN_S)

        assert await status_of(app, "/healthz") == 503

    assert (
        "Earshot on Slack has ended, and its server with it: Slack takes the token" in caplog.text
    )


async def test_a_fault_of_the_settings_is_told_to_the_server(environment):
    environment.delenv(variable("slack_signing_secret"))

    async with lived(Application()) as answer:
        pass

    assert answer["type"] == "lifespan.startup.failed"
    assert "EARSHOT_SLACK_SIGNING_SECRET" in answer["message"]


async def test_a_token_that_slack_refuses_is_told_to_the_server(slack, environment):
    environment.setenv(variable("slack_bot_token"), "xoxb-wrong")

    async with lived(Application()) as answer:
        pass

    assert answer["type"] == "lifespan.startup.failed"
    assert "refused the bot token" in answer["message"]


class Server(uvicorn.Server):
    """Uvicorn that says when it has started."""

    def __init__(self, app):
        super().__init__(uvicorn.Config(app, port=0, lifespan="on", log_level="warning"))
        self.is_open = asyncio.Event()

    async def startup(self, sockets=None):
        await super().startup(sockets)
        self.is_open.set()


async def test_a_fault_after_slack_said_who_it_is_is_told_and_ends_the_server_no_other_way(
    environment,
):
    environment.setenv(variable("health_file"), "/dev/null/health")
    stopped = asyncio.Event()

    async with lived(Application(stopped.set)) as answer:
        pass

    assert answer["type"] == "lifespan.startup.failed"
    assert "EARSHOT_HEALTH_FILE" in answer["message"]
    assert not stopped.is_set()


async def test_all_that_had_begun_is_closed_when_a_fault_is_told(environment):
    """A server may end its process as soon as it is told."""
    environment.setenv(variable("slack_bot_token"), "xoxb-wrong")
    before, left = asyncio.all_tasks(), []

    async def send(message):
        left.append((message["type"], asyncio.all_tasks() - before))

    told = asyncio.Queue()
    await told.put({"type": "lifespan.startup"})
    await Application()({"type": "lifespan"}, told.get, send)

    assert left == [("lifespan.startup.failed", set())]


async def test_a_fault_that_nobody_foresaw_is_logged_and_not_shown(
    environment, monkeypatch, caplog
):
    def fails():
        raise ValueError("with xoxb-secret")

    monkeypatch.setattr(asgi, "load_settings", fails)

    async with lived(Application()) as answer:
        pass

    assert answer == {"type": "lifespan.startup.failed", "message": asgi.UNFORESEEN}
    assert "ValueError: with xoxb-secret" in caplog.text


async def test_it_logs_as_told_where_nobody_set_that_up_and_repeats_no_line_of_the_server(
    environment, monkeypatch, capsys
):
    server_s = logging.getLogger("a.server")
    monkeypatch.setattr(server_s, "handlers", [logging.NullHandler()])

    with nobody_logs():
        async with lived(Application()):
            server_s.warning("listening")

    told = capsys.readouterr().err
    assert "INFO    bot.platforms.slack.asgi: Connected to Slack" in told
    assert "listening" not in told


async def test_a_server_that_is_not_ours_takes_what_slack_sends(slack, environment):
    server = Server(Application())
    serving = asyncio.create_task(server._serve())  # `serve` would take the test's own signals
    try:
        await asyncio.wait_for(server.is_open.wait(), WITHIN_S)
        port = server.servers[0].sockets[0].getsockname()[1]
        slack.http.use(f"http://127.0.0.1:{port}/slack/events")

        said = await slack.says("Alice", "general", "hello")
        await slack.until_delivered()
        took = [
            one.tries for one in slack.deliveries.all if one.payload["event"].get("ts") == said.ts
        ]
    finally:
        server.should_exit = True
        await serving

    assert took == [["ok"]]
