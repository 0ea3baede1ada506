"""A bot says in a file what it hears; who reads it learns of a platform that was not heard for long."""

import pytest

from bot import heartbeat
from bot.config import Settings
from bot.errors import ConfigError
from bot.heartbeat import DEAF_S, STUCK_S, beating, health
from bot.platforms.together import run_on
from tests.waiting import Happenings

BEGAN = 1_000_000.0


class Bot:
    """A bot that beats as fast as it can; `passes` lets time pass, in which it writes."""

    def __init__(self, file, monkeypatch):
        self.file, self.now, self.deaf = file, BEGAN, set()
        self.looked = Happenings()
        monkeypatch.setattr(heartbeat, "EVERY_S", 0.0)

    def beating(self):
        ears = {name: lambda name=name: self._hears(name) for name in ("Discord", "Slack")}
        return beating(self.file, ears, clock=lambda: self.now)

    def _hears(self, name):
        self.looked.changed()
        return name not in self.deaf

    async def passes(self, seconds):
        self.now += seconds
        assert await self.looked.until(self._has_written)

    def _has_written(self):
        return f'"written_at": {self.now}' in self.file.read_text()

    def troubles(self, *, later_s=0.0):
        return health(self.file, now=self.now + later_s).troubles


@pytest.fixture
def bot(tmp_path, monkeypatch):
    return Bot(tmp_path / "health", monkeypatch)


async def test_a_bot_that_hears_has_no_trouble(bot):
    async with bot.beating():
        await bot.passes(5 * DEAF_S)

        found = health(bot.file, now=bot.now)

    assert (found.platforms, found.troubles) == (["Discord", "Slack"], [])


async def test_a_platform_that_is_not_heard_for_long_is_named(bot):
    async with bot.beating():
        await bot.passes(5 * DEAF_S)
        bot.deaf = {"Slack"}
        await bot.passes(DEAF_S - 1)
        assert bot.troubles() == []

        await bot.passes(2)
        (trouble,) = bot.troubles()
        assert trouble.startswith("the bot hears nothing of Slack, for 181 s: ")

        bot.deaf = set()
        await bot.passes(1)
        assert bot.troubles() == []


async def test_a_bot_that_never_came_to_hear_is_deaf_after_that_time(bot):
    bot.deaf = {"Discord"}
    async with bot.beating():
        assert bot.troubles() == []

        await bot.passes(DEAF_S + 1)

        assert "nothing of Discord" in bot.troubles()[0]


async def test_a_bot_that_writes_no_more_is_stuck(bot):
    async with bot.beating():
        await bot.passes(1)

        (trouble,) = bot.troubles(later_s=STUCK_S + 1)

    assert trouble.startswith("the bot is stuck, or was killed")


async def test_a_bot_that_has_stopped_leaves_no_file(bot):
    async with bot.beating():
        pass

    assert bot.troubles()[0].startswith("no bot runs that writes ")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"written_at": null}', "\xff"])
def test_what_is_no_heartbeat_is_told(tmp_path, content):
    (tmp_path / "health").write_bytes(content.encode("latin-1"))

    (trouble,) = health(tmp_path / "health", now=BEGAN).troubles

    assert "cannot be read as what a bot writes" in trouble


async def test_a_file_that_cannot_be_written_is_told_before_anything_runs(tmp_path, database_url):
    nowhere = tmp_path / "absent" / "health"
    settings = Settings(
        _env_file=None,
        database_url=database_url,
        health_file=nowhere,
        model_url="http://127.0.0.1:9/v1",
        discord_token="a.b.c",
    )

    with pytest.raises(ConfigError, match=r"EARSHOT_HEALTH_FILE: .* cannot be written"):
        await run_on(["discord"], settings, say=print)
