"""Whatever is heard, missed, changed and interrupted: in the end the history is what Slack shows."""

import random

import pytest

from tests.slack.missing import listening_bot

NUM_ACTS = 60


class Chance:
    """Lets people talk in a channel and a thread, with a bot that is often away."""

    def __init__(self, slack, bot, seed):
        self.slack, self.bot = slack, bot
        self.random = random.Random(seed)
        self.said, self.threads, self.is_away = [], [], False

    async def say(self, thread=None):
        thread = thread or self.random.choice([None, None, *self.threads[-2:]])
        text = str(len(self.said))
        message = await self.slack.says("Ben", "general", text, thread=thread, tell=False)
        self.said.append(message)
        if thread is None and self.random.random() < 0.2:
            self.threads.append(message)
        if not self.is_away:
            await self.bot.hears(message)

    async def say_much(self):
        for _ in range(self.random.randrange(5, 25)):
            await self.say()

    async def leave(self):
        self.is_away = True

    async def come_back(self):
        if self.is_away:
            self.is_away = False
            if self.random.random() < 0.5:
                self.bot.restart()
            else:
                self.bot.catch_up.gap_began(None)
            if self.random.random() < 0.7:
                await self.bot.sweeps()

    async def wait(self):
        self.slack.clock.advance(self.random.choice([1, 10, 61]))
        await self.bot.catch_up.try_again()

    async def fail(self):
        fail = self.random.choice([self.slack.faults.unavailable, self.slack.faults.reset])
        fail(on="conversations.*")

    async def act(self):
        acts = [self.say, self.say, self.say_much, self.leave, self.come_back, self.wait, self.fail]
        await self.random.choice(acts)()
        self.slack.clock.advance(1)

    async def end(self):
        """Let everything come to rest; somebody says a last word in each thread."""
        self.slack.faults.clear()
        self.is_away = True
        await self.come_back()
        for parent in self.threads:
            await self.say(parent)
        await self.bot.sweeps()
        for _ in range(100):
            if not self.bot.catch_up.agenda.places:
                return
            self.slack.clock.advance(61)
            await self.bot.catch_up.try_again()
        raise AssertionError(f"never done: {self.bot.catch_up.agenda.places}")


def in_channel(said):
    return [each.text for each in said if not each.is_reply]


def in_thread(said, parent):
    replies = [each.text for each in said if each.is_reply and each.thread_ts == parent.ts]
    return [parent.text, *replies] if replies else []


@pytest.mark.parametrize("is_limited", [False, True])
@pytest.mark.parametrize("seed", range(3))
async def test_the_history_is_what_slack_shows(slack, database_url, is_limited, seed):
    slack.team.is_limited = is_limited
    async with listening_bot(slack, database_url) as bot:
        chance = Chance(slack, bot, seed)
        for _ in range(NUM_ACTS):
            await chance.act()
        await chance.end()

        assert await bot.texts() == in_channel(chance.said)
        for parent in chance.threads:
            assert await bot.texts(thread=parent) == in_thread(chance.said, parent)
