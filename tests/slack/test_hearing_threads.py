"""Threads begin with what they hang on: from the history, or else from Slack, asked once."""

import asyncio
from datetime import timedelta

import pytest

from bot.errors import StoreError
from bot.messages import Author, Message, Mode, Rule
from bot.platforms.slack.files import read_text
from bot.platforms.slack.hearing import heard, place
from bot.platforms.slack.keys import channel_key, sent_at
from bot.platforms.slack.membership import Membership
from bot.platforms.slack.naming import People
from bot.platforms.slack.teams import Team
from bot.platforms.slack.threads import Threads
from bot.runtime import utc_now
from bot.store import Store
from tests.slack.directory import Kept

AGO = timedelta(hours=1)
DAY = timedelta(days=1)


class Chat:
    """A workspace in which the bot only listens. `waits` are those between tries."""

    def __init__(self, slack, client, store):
        bot = slack.bot
        self.slack, self.store, self.waits = slack, store, []
        self.team = Team(slack.team.id, "Painters", bot.id, bot.bot_id, slack.app_id, client)
        self.people = People(name="Earshot", kept=Kept())
        self.threads = self.restarted()
        self.channel = channel_key(slack.team.id, slack.general.id)

    def restarted(self):
        self.threads = Threads(self.store, self.people, clock=utc_now, sleep=self._sleep)
        return self.threads

    def thread(self, message):
        return channel_key(self.slack.team.id, self.slack.general.id, thread_ts=message.ts)

    async def hears(self, message):
        """Record what was said, as the ears do."""
        event = self.slack.acts.in_event(message)
        where = place(event, self.slack.team.id)
        told = await heard(event, where, team=self.team, people=self.people, reader=read_text)
        await self.threads.begin(where, self.team)
        await self.store.messages.record(told)
        return told

    async def words(self, message):
        entries = await self.store.messages.recent(self.thread(message), limit=10)
        return [(each.author.name, each.text) for each in entries]

    async def _sleep(self, seconds):
        self.waits.append(seconds)


@pytest.fixture
async def chat(slack, client, database_url):
    store = await Store.open(database_url)
    running = Chat(slack, client, store)
    await Membership(store, lambda: utc_now() - 9 * DAY).joined(running.channel)
    yield running
    await store.close()


async def test_a_thread_begins_with_what_the_channel_heard(chat, slack):
    asked = await slack.says("Alice", "general", "who has the ladder?")
    await chat.hears(asked)

    await chat.hears(await slack.says("Bob", "general", "I have", thread=asked))

    assert await chat.words(asked) == [("Alice", "who has the ladder?"), ("Bob", "I have")]
    assert slack.asked("conversations.replies") == []


async def test_a_thread_begins_with_what_slack_tells_where_nobody_listened(chat, slack):
    asked = await slack.says("Alice", "general", f"{slack.bot.mention} the ladder?", ago=AGO)

    reply = await chat.hears(await slack.says("Bob", "general", "I have", thread=asked))

    where = chat.thread(asked)
    assert await chat.words(asked) == [("Alice", "@Earshot the ladder?"), ("Bob", "I have")]
    parent, answer = await chat.store.messages.recent(where, limit=2)
    assert (parent.id, parent.addressed, parent.sent_at) == (asked.ts, False, sent_at(asked.ts))
    (kept,) = await chat.store.decisions.last(where, 5)
    assert (kept.decision.rule, kept.message_id) == (Rule.THREAD_START, asked.ts)
    assert (answer.id, answer.decision_id) == (reply.id, None)
    assert await chat.store.messages.find(chat.channel, asked.ts) is None


async def test_slack_is_asked_once_a_thread(chat, slack):
    asked = await slack.says("Alice", "general", "who has the ladder?", ago=AGO)

    for text in ("me", "me too", "me three"):
        await chat.hears(await slack.says("Bob", "general", text, thread=asked))
    chat.restarted()
    await chat.hears(await slack.says("Bob", "general", "me four", thread=asked))

    assert len(slack.asked("conversations.replies")) == 1


async def test_a_history_that_failed_then_has_the_parent_at_the_next_try(chat, slack, monkeypatch):
    asked = await slack.says("Alice", "general", "who has the ladder?", ago=AGO)
    reply = await slack.says("Bob", "general", "I have", thread=asked)
    with monkeypatch.context() as broken:
        broken.setattr(chat.threads, "_record", fails)
        with pytest.raises(StoreError):
            await chat.hears(reply)

    await chat.hears(reply)

    assert await chat.words(asked) == [("Alice", "who has the ladder?"), ("Bob", "I have")]


async def fails(*_):
    raise StoreError("the disk is full")


async def test_threads_that_began_long_ago_make_room(chat, slack, monkeypatch):
    monkeypatch.setattr("bot.platforms.slack.threads.MAX_REMEMBERED", 1)
    gone = [await slack.says("Alice", "general", text, ago=AGO) for text in ("one", "two")]
    for each in gone:
        await slack.deletes(each)

    for each in (gone[0], gone[0], gone[1], gone[0]):
        await chat.threads.begin(chat.thread(each), chat.team)

    assert len(slack.asked("conversations.replies")) == 3


async def test_a_parent_that_another_process_recorded_meanwhile_stays_as_it_is(chat, slack):
    asked = await slack.says("Alice", "general", "who has the ladder?", ago=AGO)
    held = slack.faults.hold(on="conversations.replies")
    beginning = asyncio.create_task(chat.threads.begin(chat.thread(asked), chat.team))
    await held.reached.wait()

    other = Threads(chat.store, chat.people, clock=utc_now)
    slack.faults.clear()
    await other.begin(chat.thread(asked), chat.team)
    held.open()
    await beginning

    assert await chat.words(asked) == [("Alice", "who has the ladder?")]
    assert len(await chat.store.decisions.last(chat.thread(asked), 5)) == 1


async def test_what_was_said_before_the_bot_was_invited_stays_unknown(chat, slack):
    asked = await slack.says("Alice", "general", "a secret", ago=AGO)
    await chat.store.marks.hear_from(chat.channel, utc_now() - timedelta(minutes=30))

    await chat.hears(await slack.says("Bob", "general", "hm", thread=asked))

    assert await chat.words(asked) == [("Bob", "hm")]


async def test_what_is_older_than_the_channel_keeps_things_begins_no_thread(chat, slack):
    await chat.store.channels.change(chat.channel, retention_days=1)
    asked = await slack.says("Alice", "general", "an old secret", ago=2 * DAY)

    await chat.hears(await slack.says("Bob", "general", "hm", thread=asked))

    assert await chat.words(asked) == [("Bob", "hm")]


async def test_what_retention_deleted_begins_no_thread_once_all_is_kept(chat, slack):
    asked = await slack.says("Alice", "general", "an old secret")
    await chat.hears(asked)
    await chat.store.channels.change(chat.channel, retention_days=1)
    assert await chat.store.messages.purge(utc_now() + 2 * DAY) == 1
    await chat.store.channels.change(chat.channel, retention_days=None)

    await chat.hears(await slack.says("Bob", "general", "hm", thread=asked))

    assert await chat.words(asked) == [("Bob", "hm")]


async def test_a_channel_that_nobody_knows_it_to_be_in_is_not_asked(chat, slack):
    asked = await slack.says("Alice", "general", "a secret", ago=AGO)
    await Membership(chat.store, utc_now).left(chat.channel)

    await chat.hears(await slack.says("Bob", "general", "hm", thread=asked))

    assert await chat.words(asked) == [("Bob", "hm")]
    assert slack.asked("conversations.replies") == []


async def test_an_opted_out_author_begins_a_thread_without_words(chat, slack):
    asked = await slack.says("Alice", "general", "do not keep this", ago=AGO)
    alice = Author(asked.user.id, "Alice")
    await chat.store.speakers.opt_out("slack", slack.team.id, alice)

    await chat.hears(await slack.says("Bob", "general", "hm", thread=asked))

    assert [text for _, text in await chat.words(asked)] == ["", "hm"]
    assert await chat.store.decisions.last(chat.thread(asked), 5) == []


async def test_a_thread_of_the_assistants_own_words_quotes_them(chat, slack, client):
    posted = await client.chat_postMessage(channel=slack.general.id, text="The vote is open.")
    (own,) = slack.posts("general")

    await chat.hears(await slack.says("Bob", "general", "I vote", thread=own))

    quoted = 'started from what Earshot said: "The vote is open."'
    assert posted["ts"] == own.ts
    assert await chat.words(own) == [("Thread", quoted), ("Bob", "I vote")]


async def test_a_thread_whose_parent_is_gone_begins_without(chat, slack):
    asked = await slack.says("Alice", "general", "never mind", ago=AGO)
    reply = await slack.says("Bob", "general", "hm", thread=asked)
    await slack.deletes(asked)

    await chat.hears(reply)

    assert await chat.words(asked) == [("Bob", "hm")]


@pytest.mark.parametrize("is_limit_short", [True, False])
async def test_slack_in_trouble_is_asked_again_once_and_not_for_long(chat, slack, is_limit_short):
    asked = await slack.says("Alice", "general", "who has the ladder?", ago=AGO)
    if is_limit_short:
        slack.faults.unavailable(on="conversations.replies")
    else:
        slack.faults.rate_limit(30, on="conversations.replies")

    await chat.hears(await slack.says("Bob", "general", "I have", thread=asked))

    parent = [("Alice", "who has the ladder?")] if is_limit_short else []
    assert await chat.words(asked) == [*parent, ("Bob", "I have")]
    assert len(chat.waits) == len(parent)


async def test_a_slow_slack_does_not_hold_a_message_up(chat, slack, monkeypatch, caplog):
    monkeypatch.setattr("bot.platforms.slack.threads.TIMEOUT_S", 0.05)
    asked = await slack.says("Alice", "general", "who has the ladder?", ago=AGO)
    held = slack.faults.hold(on="conversations.replies")

    await chat.hears(await slack.says("Bob", "general", "I have", thread=asked))
    held.open()

    assert await chat.words(asked) == [("Bob", "I have")]
    assert "begins without its parent: no answer in time" in caplog.text


async def test_where_nothing_is_recorded_nothing_is_asked(chat, slack):
    asked = await slack.says("Alice", "general", "who has the ladder?", ago=AGO)
    await chat.store.channels.change(chat.channel, mode=Mode.OFF)

    await chat.threads.begin(chat.thread(asked), chat.team)

    assert await chat.words(asked) == []
    assert slack.asked("conversations.replies") == []


async def test_an_assistant_thread_does_not_begin_with_its_title(chat, slack, client):
    direct = slack.dm("Alice")
    root = await slack.says(slack.bot, direct, "New chat", subtype="assistant_app_thread")
    root.subtype = "assistant_app_thread"
    where = channel_key(slack.team.id, direct.id, thread_ts=root.ts)

    await chat.threads.begin(where, chat.team)

    assert await chat.store.messages.recent(where, limit=5) == []


async def test_a_message_in_the_channel_begins_no_thread(chat):
    await chat.threads.begin(chat.channel, chat.team)

    assert await chat.store.messages.recent(chat.channel, limit=5) == []


async def test_what_the_loopback_slack_sends_is_heard_with_names_and_files(chat, slack):
    carla = slack.member("Carla")
    group = slack.add_group("painters", carla)
    text = f"{carla.mention} {group.mention} see {slack.general.mention} &amp; the list"

    told = await chat.hears(
        await slack.says("Alice", "general", text, files=[("list.txt", b"1. paint")])
    )

    assert isinstance(told, Message)
    assert told.text == "@Carla @painters see #general & the list"
    (file,) = told.attachments
    assert file.startswith("file list.txt")
    assert file.endswith(": 1. paint")
