"""What can come back from /health, and that nothing of it is ever an exception."""

import asyncio

import pytest

from bot.worker_health import SILENT, Health, HealthProbe


def http(status, content, *, kind="application/json"):
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n"
    return (head + content).encode()


async def health_of(answer):
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, HealthProbe(server.sockets[0].getsockname()[1], 30.0) as probe:
        return await probe.ask()


@pytest.mark.parametrize(
    ("answer", "health"),
    [
        (http("200 OK", '{"status": "ready", "model": "tiny"}'), Health("ready")),
        (
            http("503 Service Unavailable", '{"status": "loading", "detail": "converting: 40%"}'),
            Health("loading", "converting: 40%"),
        ),
        (
            http("503 Service Unavailable", '{"status": "loading", "detail": "", "progress": 0.4}'),
            Health("loading", "", 0.4),
        ),
        (http("200 OK", '["fine", "thanks"]'), SILENT),
        (http("200 OK", '{"status": 5}'), SILENT),
        (http("200 OK", "{broken"), SILENT),
        (http("200 OK", "<html>hi</html>", kind="text/html"), SILENT),
        (http("404 Not Found", '{"error": "no such path"}'), SILENT),
        (b"SSH-2.0-OpenSSH\r\n", SILENT),
        (b"", SILENT),
    ],
)
async def test_an_answer_is_taken_at_its_word_and_anything_else_is_silence(answer, health):
    assert await health_of(answer) == health


async def test_nobody_there_is_silence():
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()

    async with HealthProbe(port, 30.0) as probe:
        assert await probe.ask() == SILENT
