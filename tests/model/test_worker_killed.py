"""The worker is killed in the middle of a reply: whoever asked is told, and nothing is lost."""

import json
import os
import shutil
import signal
from dataclasses import dataclass, field, replace

import pytest

from bot.config import Settings
from bot.notices import CANNOT_THINK
from bot.runtime import opened_model
from bot.store import Store
from inference.wire.chat_form import FILE_NAME
from tests.fakes import FakePlatform
from tests.pipeline.scene import KITCHEN, Scene

pytest.importorskip("torch")

FORM = {
    "reply_prompt": "Reply at length.",
    "sampling": {"temperature": 0, "max_tokens": 1500},
}


@dataclass
class Deadly(FakePlatform):
    """Kills a process as soon as a reply begins to show."""

    victims: list[int] = field(default_factory=list)

    async def draft(self, item, text):
        await super().draft(item, text)
        if self.victims:
            os.kill(self.victims.pop(), signal.SIGKILL)


@pytest.fixture
def folder(tiny_folder, tmp_path):
    """A tiny model that writes long replies."""
    folder = shutil.copytree(tiny_folder, tmp_path / "tiny")
    (folder / FILE_NAME).write_text(json.dumps(FORM))
    return folder


async def test_a_worker_killed_in_mid_reply_costs_a_notice_and_no_message(folder, tmp_path):
    settings = Settings(
        _env_file=None,
        database_url=f"sqlite:///{tmp_path}/history.db",
        model=str(folder),
        worker_threads=1,
    )
    async with opened_model(settings) as served:
        await served.wait_ready()
        store = await Store.open(settings.database_url)
        platform = Deadly(victims=[served.worker.pid])
        scene = Scene(store, model=served.model, platform=platform)
        scene.pipeline = replace(scene.pipeline, ready=served.wait_ready)

        async with scene.pipeline.conversations:
            await scene.asks("Ann", "what is the capital of France?")
            await scene.hears("Ben", "did it just go away?", where=KITCHEN)
            await scene.settled()
            await scene.asks("Ann", "are you back?")

        entries = [*await scene.entries(), *await scene.entries(KITCHEN)]
        assert platform.drafts
        assert platform.notices[0] == CANNOT_THINK
        assert len(platform.posts) + len(platform.notices) == 2
        said = [entry for entry in entries if not entry.from_assistant]
        assert len(said) == 3
        assert all(entry.decision_id is not None for entry in said)
        assert ("failed", "model_failed") not in await scene.decisions(KITCHEN)
        await store.close()
