"""A bot that is killed in the middle of things loses no message and answers none twice."""

import json
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from bot.store import Store
from tests.pipeline.crash_child import NUM_MESSAGES, ROOMS, messages

ROOT = Path(__file__).parents[2]
PLACES = ("recorded", "decided", "writing", "posting", "posted")


def run(folder, *, kill_at=None, times=0):
    """Run the bot, killed when it reaches a place for the n-th time; True if it got to the end."""
    command = [sys.executable, "-m", "tests.pipeline.crash_child", str(folder)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as bot:
        for line in bot.stdout:
            place = line.strip()
            times -= place == kill_at
            if place == kill_at and times <= 0:
                bot.kill()
                break
            bot.stdin.write(".")
            bot.stdin.flush()
    return bot.returncode == 0


def kills(seed):
    """Give each place twice, in any order, each with how often it is passed first."""
    chance = random.Random(seed)
    places = [*PLACES, *PLACES]
    chance.shuffle(places)
    return [(place, chance.randint(1, 12 if place == "recorded" else 3)) for place in places]


def posts_in(folder):
    return [json.loads(line) for line in (folder / "posts").read_text().splitlines()]


async def history_in(folder):
    """Give all entries and the replies that still wait."""
    store = await Store.open(f"sqlite:///{folder / 'earshot.db'}")
    entries = []
    for where in ROOMS:
        entries += await store.messages.recent(where, limit=1000)
    waiting = await store.messages.waiting("room")
    pending = await store.outbox.pending("room")
    await store.close()
    return entries, waiting, pending


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_killed_bot_loses_no_message_and_answers_none_twice(tmp_path, seed):
    for place, times in kills(seed):
        assert not run(tmp_path, kill_at=place, times=times)
    assert run(tmp_path)

    entries, waiting, pending = await history_in(tmp_path)
    said = Counter(entry.id for entry in entries if not entry.from_assistant)
    assert said == Counter(f"m{number}" for number in range(NUM_MESSAGES))
    assert (waiting, pending) == ([], [])

    answered = Counter(entry.decision_id for entry in entries if entry.from_assistant)
    assert set(answered.values()) == {1}
    asked = {message.id for message in messages() if message.addressed}
    assert {entry.decision_id for entry in entries if entry.id in asked} <= set(answered)

    posts = posts_in(tmp_path)
    assert len(posts) == len({post["key"] for post in posts}) == len(answered)
    assert len(posts) == len({post["reply_to"] for post in posts})
    assert {post["text"] for post in posts} == {"Half a reply."}
