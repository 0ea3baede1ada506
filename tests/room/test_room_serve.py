import asyncio
import logging
import signal

import httpx

from bot.platforms.room import room_app
from bot.platforms.room.samples import samples
from bot.platforms.room.serve import serve


async def test_the_room_is_served_until_the_process_is_told_to_stop(running):
    opened = asyncio.get_running_loop().create_future()
    app = room_app(running.room)
    serving = asyncio.create_task(serve(app, host="127.0.0.1", port=0, on_open=opened.set_result))
    address = await opened
    async with httpx.AsyncClient() as client:
        page = await client.get(address)

    signal.raise_signal(signal.SIGTERM)
    await serving

    assert page.status_code == 200


def test_a_sample_that_cannot_be_read_is_left_out(tmp_path, caplog):
    good = '{"id":"a","title":"A","messages":[{"role":"user","name":"Ana","content":"hi"},'
    (tmp_path / "a.jsonl").write_text(good + '{"role":"assistant","content":"hello"}]}\n')
    (tmp_path / "b.jsonl").write_text("no json\n")
    (tmp_path / "c.jsonl").write_text('{"id": "c"}\n')

    with caplog.at_level(logging.WARNING):
        found = samples(tmp_path)

    assert [(sample.id, len(sample.messages)) for sample in found] == [("a", 1)]
    assert "b.jsonl" in caplog.text
    assert "c.jsonl" in caplog.text


def test_without_samples_there_is_nothing_to_play(tmp_path):
    assert samples(tmp_path / "none") == []
