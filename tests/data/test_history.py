"""earshot data import history: only what its channels and its people allow, replies where they belong."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from bot.cli.app import app
from bot.errors import ConfigError, StoreError
from bot.messages import (
    Action,
    Author,
    ConversationKey,
    Decision,
    Message,
    OutboxItem,
    OutboxStatus,
    Rule,
)
from bot.store import Store
from inference.wire.data_rights import FLAG

KITCHEN = ConversationKey("room", "home", "kitchen")
HALL = replace(KITCHEN, channel="hall")
ANA, BEN, CHO = Author("1", "Ana"), Author("2", "Ben"), Author("3", "Cho")
EARSHOT = Author("bot", "Earshot", is_bot=True)
START = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
SPEAK = Decision(Action.SPEAK, Rule.ADDRESSED, "asked")
SILENT = Decision(Action.SILENT, Rule.THRESHOLD, "no need", 0.1, 0.5)


class History:
    """A history in the making; each message is a minute after the one before."""

    def __init__(self, store):
        self.store = store
        self.minutes = 0

    async def says(self, author, text, *, where=KITCHEN, **more):
        self.minutes += 1
        sent_at = START + timedelta(minutes=self.minutes)
        message = Message(where, f"m{self.minutes}", author, text, sent_at, **more)
        await self.store.messages.record(message)
        return message.id

    async def decides(self, decision=SILENT, *, where=KITCHEN):
        entries = await self.store.messages.recent(where, limit=100)
        rows = [one.row for one in entries if one.decision_id is None and not one.from_assistant]
        kept = {"model": "m", "adapter": None, "latency_ms": 1.0, "at": START}
        return await self.store.decisions.keep(where, rows, decision, **kept)

    async def replies(self, text, decision, *, where=KITCHEN):
        self.minutes += 1
        key = f"k{self.minutes}"
        item = OutboxItem(key, where, decision.id, None, text, OutboxStatus.PENDING, START)
        at = START + timedelta(minutes=self.minutes)
        await self.store.outbox.add(item)
        await self.store.outbox.posted(key, message_id=f"m{self.minutes}", author=EARSHOT, at=at)


@pytest.fixture
def make(database_url, monkeypatch):
    """Make a history by a coroutine; the command then reads it."""
    monkeypatch.setenv("EARSHOT_DATABASE_URL", database_url)

    def fill(story):
        async def run():
            store = await Store.open(database_url)
            try:
                await story(History(store))
            finally:
                await store.close()

        asyncio.run(run())

    return fill


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Import the history, and give the conversations that were written."""
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "out.jsonl"

    def run_import(*arguments, right=True):
        given = ["data", "import", "history", "--out", str(out), "--min-messages", "1"]
        CliRunner().invoke(
            app, [*given, *([FLAG] if right else []), *arguments], catch_exceptions=False
        )
        return [json.loads(line) for line in out.read_text().splitlines()]

    return run_import


def shown(conversation):
    return [(m.get("name"), m["content"]) for m in conversation["messages"]]


async def allow(history, where=KITCHEN):
    await history.store.channels.change(where, may_train=True)


async def small_talk(history):
    await allow(history)
    await history.says(ANA, "Earshot, is there milk?", attachments=("fridge.jpg",))
    asked = await history.decides(SPEAK)
    await history.says(BEN, "brb")
    await history.decides()
    await history.replies("There is.", asked)
    await history.says(CHO, "thanks @Earshot, thanks Ben")


def test_replies_stand_behind_what_they_answer_and_its_name_is_the_assistant_s(make, run):
    make(small_talk)

    (conversation,) = run()

    assert shown(conversation) == [
        ("Ana", "assistant, is there milk? [fridge.jpg]"),
        (None, "There is."),
        ("Ben", "brb"),
        ("Cho", "thanks assistant, thanks Ben"),
    ]
    assert conversation["source"] == "history"
    assert conversation["title"] == "kitchen"


def test_channels_that_do_not_allow_it_are_not_read_and_threads_follow_their_channel(make, run):
    async def story(history):
        await allow(history)
        await history.says(ANA, "public")
        await history.says(ANA, "below", where=replace(KITCHEN, thread="t"))
        await history.says(ANA, "private", where=HALL)

    make(story)

    assert [(one["title"], shown(one)) for one in run()] == [
        ("kitchen", [("Ana", "public")]),
        ("kitchen, a thread", [("Ana", "below")]),
    ]


def test_opted_out_and_deleted_words_are_left_out_with_the_replies_to_them(make, run):
    async def story(history):
        await allow(history)
        await history.says(ANA, "hello")
        await history.decides()
        await history.says(BEN, "Earshot, what is my secret?")
        await history.replies("Your secret is blue.", await history.decides(SPEAK))
        gone = await history.says(CHO, "Earshot, and mine?")
        await history.replies("Yours is red.", await history.decides(SPEAK))
        await history.says(ANA, "well")
        await history.store.speakers.opt_out("room", "home", BEN)
        await history.store.messages.delete(KITCHEN, gone, at=START + timedelta(hours=1))

    make(story)

    (conversation,) = run()
    assert shown(conversation) == [("Ana", "hello"), ("Ana", "well")]


def test_pseudonyms_hide_also_people_who_are_only_spoken_of(make, run):
    async def story(history):
        await history.says(Author("7", "Dolores"), "I am elsewhere", where=HALL)
        await allow(history)
        await history.says(ANA, "dolores told Ana's friend")

    make(story)

    (conversation,) = run("--pseudonyms")
    text = json.dumps(conversation).lower()
    assert "dolores" not in text
    assert '"ana' not in text


def test_somebody_else_may_be_the_assistant_and_some_left_out(make, run):
    make(small_talk)

    (conversation,) = run("--assistant", "Ben", "--leave-out", "Cho")

    assert shown(conversation) == [
        ("Ana", "Earshot, is there milk? [fridge.jpg]"),
        ("Earshot", "There is."),
        (None, "brb"),
    ]


def test_without_the_statement_nothing_is_read(make, run, tmp_path):
    make(small_talk)

    with pytest.raises(ConfigError, match=r"Nothing was read\. Discord's developer policy forbids"):
        run(right=False)

    assert not (tmp_path / "out.jsonl").exists()


def test_where_no_channel_allows_it_the_error_says_how_to(make, run):
    async def story(history):
        await history.says(ANA, "hi")

    make(story)

    with pytest.raises(ConfigError, match="/assistant privacy training on"):
        run()


def test_an_allowed_channel_without_words_is_nothing_to_learn_from(make, run):
    async def story(history):
        await allow(history)
        await history.says(ANA, " ")

    make(story)

    with pytest.raises(ConfigError, match="Nothing is left to learn from"):
        run()


def test_an_unknown_participant_and_a_file_that_stands_are_told(make, run, tmp_path):
    make(small_talk)

    with pytest.raises(ConfigError, match="nobody is called"):
        run("--assistant", "Zoe")
    (tmp_path / "out.jsonl").write_text("")
    with pytest.raises(ConfigError, match="exists already"):
        run()


def test_a_file_that_cannot_be_written_leaves_nothing(make, tmp_path):
    make(small_talk)
    given = ["data", "import", "history", "--out", str(tmp_path / "none" / "x.jsonl"), FLAG]

    with pytest.raises(ConfigError, match="cannot be written: No such file"):
        CliRunner().invoke(app, given, catch_exceptions=False)


def test_a_damaged_history_is_told(run, tmp_path, monkeypatch):
    (tmp_path / "bad.db").write_text("this is no database, however long it is " * 99)
    monkeypatch.setenv("EARSHOT_DATABASE_URL", f"sqlite:///{tmp_path}/bad.db")

    with pytest.raises(StoreError, match="not an SQLite database"):
        run()


@pytest.mark.parametrize(
    "words", [["check"], ["synthesize"], ["import", "slack"], ["import", "discord"]]
)
def test_all_else_is_handed_to_the_worker_program_with_its_options(monkeypatch, words):
    ran = []
    for name in ("os.execv", "os.execve"):  # the latter where a key goes with it
        monkeypatch.setattr(name, lambda program, arguments, *_: ran.append(arguments[1:]))

    CliRunner().invoke(app, ["data", *words, "x", "--json", "--help"])

    assert ran == [["-m", "inference", "data", *words, "x", "--json", "--help"]]
