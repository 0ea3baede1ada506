"""Two bots on one PostgreSQL: they share its conversations without answering twice."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from bot.acting import new_key
from bot.errors import PlatformUnavailable
from bot.messages import OutboxItem, OutboxStatus
from bot.store import Store
from tests.fakes import FakeModel, FakePlatform
from tests.pipeline.scene import LOUNGE, Scene
from tests.pipeline.twin_child import ROOMS, message

ROOT = Path(__file__).parents[2]
NUM_MESSAGES = 12


class PausingModel(FakeModel):
    """Says when it has begun to write, and waits to go on."""

    def __init__(self):
        super().__init__()
        self.is_writing = asyncio.Event()
        self.may_go_on = asyncio.Event()

    async def reply(self, turns, *, session):
        self.asked.append(list(turns))
        self.is_writing.set()
        await self.may_go_on.wait()
        yield "Paris."


class KeylessPlatform(FakePlatform):
    """Shows a reply twice if it is posted twice; `shown` is what all bots have posted there."""

    def __init__(self, shown):
        super().__init__()
        self.shown = shown

    async def post(self, item, *, is_new=False):
        if self.failure:
            raise self.failure
        await asyncio.sleep(0)
        self.shown.append(item.text)
        return f"reply-{item.key}"


@pytest.fixture
async def twins(postgresql_url):
    stores = [await Store.open(postgresql_url) for _ in range(2)]
    shown = []
    scenes = [Scene(store, PausingModel(), KeylessPlatform(shown)) for store in stores]
    yield scenes
    for scene in scenes:
        await scene.pipeline.conversations.stop()
        await scene.store.close()


async def wake_all(scene):
    """Do what the adapters do every now and then."""
    await scene.pipeline.delivery.try_again()
    for where in await scene.pipeline.waiting():
        scene.pipeline.conversations.wake(where, addressed=False)


async def test_what_both_hear_is_answered_once(twins):
    ana, ben = twins
    for scene in twins:
        scene.model.may_go_on.set()
    asked = ana.message("Ana", "where?", addressed=True)
    await asyncio.gather(*(scene.pipeline.receive(asked) for scene in twins))
    for scene in twins:  # also where somebody woke both
        scene.pipeline.conversations.wake(LOUNGE, addressed=True)
    await asyncio.gather(ana.settled(), ben.settled())

    assert ana.platform.shown == ["Paris."]
    assert await ana.decisions() == [("speak", "addressed")]


async def test_what_one_hears_while_the_other_writes_is_decided_on_after_the_reply(twins):
    first, second = twins
    await first.hears("Ana", "where?", addressed=True)
    await first.model.is_writing.wait()

    second.num_said = first.num_said
    await second.hears("Bob", "and who?", addressed=True)
    await wake_all(second)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(second.model.is_writing.wait(), 0.1)
    first.model.may_go_on.set()
    second.model.may_go_on.set()
    await asyncio.gather(first.settled(), second.settled())

    assert first.platform.shown == ["Paris.", "Paris."]
    said = [entry.text for entry in await second.entries()]
    assert said == ["where?", "and who?", "Paris.", "Paris."]
    assert "(response) Paris.\n<user> Bob: and who?" in second.prompt


async def test_what_a_living_bot_works_on_is_left_to_it(twins):
    first, second = twins
    await first.hears("Ana", "where?", addressed=True)
    await first.model.is_writing.wait()
    (kept,) = await first.store.decisions.last(LOUNGE, 1)
    draft = OutboxItem(new_key(), LOUNGE, kept.id, "m1", "", OutboxStatus.PENDING, first.now)
    await first.store.outbox.begin(draft)

    await second.pipeline.resume()
    await wake_all(second)
    first.model.may_go_on.set()
    await asyncio.gather(first.settled(), second.settled())

    assert first.platform.shown == ["Paris."]
    assert await first.decisions() == [("speak", "addressed")]


async def test_what_a_dead_bot_left_is_taken_up_by_the_other(twins):
    first, second = twins
    await first.hears("Ana", "where?", addressed=True)
    await first.model.is_writing.wait()
    (kept,) = await first.store.decisions.last(LOUNGE, 1)
    draft = OutboxItem(new_key(), LOUNGE, kept.id, "m1", "", OutboxStatus.PENDING, first.now)
    await first.store.outbox.begin(draft)

    await first.pipeline.conversations.stop()
    second.model.may_go_on.set()
    await wake_all(second)
    await second.settled()

    assert second.platform.withdrawn == [draft.key]
    assert second.platform.shown == ["Paris."]
    assert await second.pipeline.waiting() == []


async def test_who_waited_for_a_bot_that_died_answers_all_at_once(twins):
    first, second = twins
    await first.hears("Ana", "where?", addressed=True)
    await first.model.is_writing.wait()
    second.num_said = first.num_said
    await second.hears("Bob", "and who?", addressed=True)
    with pytest.raises(TimeoutError):  # it has seen by then that it has to wait
        await asyncio.wait_for(second.settled(), 0.3)

    await first.pipeline.conversations.stop()
    second.model.may_go_on.set()
    await second.settled()

    assert second.platform.shown == ["Paris."]
    assert "Ana: where?\nBob: and who?" in second.prompt


async def test_a_reply_that_waited_is_posted_by_one_of_them(twins):
    first, _ = twins
    first.model.may_go_on.set()
    first.platform.failure = PlatformUnavailable("the platform is down")
    await first.asks("Ana", "where?")

    first.platform.failure = None
    for _ in range(3):
        await asyncio.gather(*(scene.pipeline.delivery.try_again() for scene in twins))

    assert first.platform.shown == ["Paris."]
    assert [entry.text for entry in await first.entries()] == ["where?", "Paris."]


async def test_who_lost_its_turn_to_another_posts_nothing(twins, caplog):
    first, second = twins
    await first.hears("Ana", "where?", addressed=True)
    await first.model.is_writing.wait()

    # As after a broken connection, if the other takes it up before the turn is taken anew.
    assert await second.store.decisions.reopen("room", since=first.pipeline.leftovers.since) == 1
    first.model.may_go_on.set()
    await first.settled()
    assert first.platform.shown == []
    second.model.may_go_on.set()
    await wake_all(second)
    await second.settled()

    assert second.platform.shown == ["Paris."]
    assert f"a reply in {LOUNGE} is not posted: its decision is gone" in caplog.messages


async def test_a_reply_goes_from_both_when_its_question_is_deleted(twins):
    first, second = twins
    first.model.may_go_on.set()
    await first.asks("Ana", "where?")

    await asyncio.gather(*(scene.pipeline.delete(LOUNGE, "m1") for scene in twins))
    await asyncio.gather(first.settled(), second.settled())

    assert len({*first.platform.removed, *second.platform.removed}) == 1
    assert [entry.deleted for entry in await first.entries()] == [True, True]


class Twin:
    """A bot in a process of its own, which goes on from place to place as it is let."""

    def __init__(self, url, folder):
        command = [sys.executable, "-m", "tests.pipeline.twin_child", url, folder]
        self.bot = subprocess.Popen(
            [*command, str(NUM_MESSAGES)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def reaches(self, place, *, times=1):
        """Let it go on until it stands at a place; False: it has ended before."""
        for line in self.bot.stdout:
            times -= line.strip() == place
            if times == 0:
                return True
            self.go_on()
        return False

    def go_on(self):
        self.bot.stdin.write(".")
        self.bot.stdin.flush()

    def ends(self):
        """Let it go on to its end; True if that went well."""
        self.go_on()
        with self.bot:
            self.reaches("nowhere")
        return self.bot.returncode == 0

    def dies(self):
        with self.bot:
            self.bot.kill()


@pytest.mark.parametrize("place", ["recorded", "decided", "writing", "posting"])
async def test_of_two_bots_one_is_killed_and_nothing_is_lost_or_doubled(
    postgresql_url, tmp_path, place
):
    (tmp_path / "posts").touch()
    first = Twin(postgresql_url, tmp_path)
    assert await asyncio.to_thread(first.reaches, place)
    second = Twin(
        postgresql_url, tmp_path
    )  # begun before, it might have all turns, and stand still
    assert await asyncio.to_thread(second.reaches, "recorded", times=NUM_MESSAGES)
    first.dies()
    assert await asyncio.to_thread(second.ends)

    store = await Store.open(postgresql_url)
    scene = Scene(store)

    asked = {message(number).id for number in range(NUM_MESSAGES) if number % 2 == 0}
    entries = [entry for where in ROOMS for entry in await scene.entries(where)]
    answered = Counter(entry.decision_id for entry in entries if entry.from_assistant)
    assert set(answered.values()) == {1}
    assert {entry.decision_id for entry in entries if entry.id in asked} == set(answered)
    posts = [json.loads(line) for line in (tmp_path / "posts").read_text().splitlines()]
    assert len(posts) == len({post["reply_to"] for post in posts}) == len(answered)
    assert await store.messages.waiting("room") == []
    await store.close()
