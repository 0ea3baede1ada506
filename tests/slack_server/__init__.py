"""A loopback Slack that the real slack_bolt and slack_sdk connect to; `server.py` says how."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.slack_server.faults import Fault, Gate, Planned
from tests.slack_server.server import SlackServer
from tests.slack_server.world import Channel, File, Group, Kind, Message, Team, User

__all__ = [
    "Channel",
    "Fault",
    "File",
    "Gate",
    "Group",
    "Kind",
    "Message",
    "Planned",
    "SlackServer",
    "Team",
    "User",
    "slack_server",
]


@asynccontextmanager
async def slack_server() -> AsyncIterator[SlackServer]:
    """Run a server; at the end, fail if the app asked for what the server does not know."""
    server = SlackServer()
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
    if server.crashes:
        raise ExceptionGroup("the loopback Slack itself failed", server.crashes)
    assert not server.unknown_methods, f"this server has no {server.unknown_methods}"
