"""Every sampled command and interaction is acknowledged without an error, whatever it lacks."""

import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.slack.commanded import Bot, running_bot
from tests.slack_server import SlackServer

SAMPLES = Path(__file__).parents[3] / "shared/payloads/slack"
FOLDERS = ("realistic/slash", "realistic/interactive", "shape_app_backend")
needs_samples = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="the payload samples are not beside this checkout"
)


def samples() -> list[tuple[str, Any]]:
    paths = [path for folder in FOLDERS for path in sorted((SAMPLES / folder).glob("*.json"))]
    return [(path.name, json.loads(path.read_text())) for path in paths]


@pytest.fixture
async def bot(database_url: str, slack: SlackServer) -> AsyncIterator[Bot]:
    async with running_bot(database_url, slack) as running:
        yield running


@needs_samples
async def test_every_sample_is_acknowledged(bot: Bot, caplog: pytest.LogCaptureFixture) -> None:
    for name, body in samples():
        take = bot.interactions.command if "command" in body else bot.interactions.interaction

        given = await take(body, bot.team)

        assert given is None, name
    await bot.tasks.idle()
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_a_defect_is_logged_and_the_interaction_acknowledged(
    bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(_body: object, _team: object) -> bool:
        raise ValueError("a defect")

    interactions = replace(bot.interactions, pressed=broken)

    given = await interactions.interaction({"type": "block_actions"}, bot.team)

    assert given is None
    (record,) = caplog.records
    assert record.getMessage() == "an interaction in Harbor failed: block_actions"
