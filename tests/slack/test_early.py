"""Edits and deletions that are told before their messages, to another process or before a restart."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.messages import Mode
from bot.pipeline import Pipeline
from bot.platforms.slack.early import Early
from bot.platforms.slack.keys import ts_at

NOON = datetime(2036, 3, 4, 12, 0, tzinfo=UTC)  # after the bot came
QUESTION = "what is the capital of France?"


async def tell(chat, event):
    """Let Slack tell something now."""
    team = await chat.bot.team(chat.slack.team.id)
    await chat.bot.events.event({"event": event}, team)
    await chat.settled()


async def noted(chat):
    """Give the messages that are noted to be gone."""
    return [*(await chat.store.notes.named("slack", "deleted-", chat.slack.team.id)).values()]


async def test_a_message_that_comes_after_its_deletion_and_a_restart_is_not_heard(chat, slack):
    async with chat.running():
        await slack.until_posted("general")
        said = await slack.says("Ben", "general", "my password is hunter2", tell=False)
        late = slack.acts.in_event(said)
        await slack.deletes(said)
        await slack.until_delivered()

    async with chat.running():
        await tell(chat, late)

        assert await chat.history() == []
        assert chat.model.asked == []


async def test_a_message_that_is_heard_while_another_process_is_told_of_its_end_is_forgotten(
    talk, slack, monkeypatch
):
    receive = Pipeline.receive

    async def meanwhile(self, message):
        is_new = await receive(self, message)
        await Early(self.store).gone(message.conversation, message.id)
        return is_new

    monkeypatch.setattr(Pipeline, "receive", meanwhile)

    await talk.says("Ben", "my password is hunter2")

    assert await talk.history() == []


async def test_a_message_that_comes_after_its_edit_is_heard_as_it_stands(talk, slack):
    mention = slack.bot.mention
    said = await slack.says("Ben", "general", f"{mention} the key is 1234", tell=False)
    late = slack.acts.in_event(said)
    await slack.edits(said, f"{mention} {QUESTION}")
    await talk.heard(said)

    await tell(talk, late)

    asked, _ = await talk.history()
    assert asked == ("Ben", f"@Earshot {QUESTION}")
    assert talk.posts() == ["Paris."]


async def test_of_a_place_that_is_off_nothing_is_noted(talk, slack):
    await talk.set(mode=Mode.OFF)
    gone = await slack.says("Ben", "general", "never mind")
    said = await slack.says("Ben", "general", "we meet on Friday")

    await slack.deletes(gone)
    await slack.edits(said, "we meet on Monday")
    await talk.heard(said)

    await talk.set(mode=Mode.ACTIVE)
    assert await talk.history() == []
    assert await noted(talk) == []


async def test_of_its_own_messages_nothing_is_noted(talk, slack):
    (greeting,) = slack.posts("general")

    await slack.deletes(greeting)
    await slack.until_delivered()

    assert await noted(talk) == []


@pytest.mark.parametrize(
    ("first", "then"), [("!help", "hello"), ("hello", "!help"), ("!help", "!status")]
)
async def test_what_was_or_becomes_a_command_is_not_heard_by_its_edit(talk, slack, first, then):
    mention = slack.bot.mention
    said = await slack.says("Ben", "general", f"{mention} {first}", tell=first != "hello")

    await slack.edits(said, f"{mention} {then}")
    await talk.heard(said)

    assert await talk.history() == []


@pytest.mark.parametrize(("age", "may_come"), [(timedelta(minutes=9), True), (timedelta(1), False)])
async def test_only_what_is_young_may_still_come(talk, age, may_come):
    early, where = Early(talk.store), replace(talk.place(), channel="C0TEA")

    assert await early.may_come({"ts": ts_at(NOON + age)}, where, ts_at(NOON)) is may_come


async def test_what_was_said_before_a_history_was_cleared_never_comes(talk):
    early, where = Early(talk.store), replace(talk.place(), channel="C0TEA")
    await talk.store.marks.hear_from(where, NOON)

    assert not await early.may_come({"ts": ts_at(NOON)}, where, ts_at(NOON))
    assert not await early.may_come({"ts": ts_at(NOON)}, where, "1.5")
    assert not await early.may_come({}, where, ts_at(NOON))


async def test_what_is_gone_is_forgotten_an_hour_later(talk):
    early, where = Early(talk.store), talk.place()
    first, later = ts_at(NOON), ts_at(NOON + timedelta(minutes=61))

    await early.gone(where, first)
    assert await early.is_gone(where, first)
    await early.gone(where, later)

    assert await noted(talk) == [later]


async def test_a_reply_is_forgotten_though_nobody_tells_in_which_thread_it_was(talk, slack):
    parent = await talk.says("Alice", "trips")
    said = await talk.says("Ben", "my password is hunter2", thread=parent)
    event = {
        "type": "message",
        "subtype": "message_deleted",
        "channel": slack.general.id,
        "deleted_ts": said.ts,
        "ts": slack.stamps.ts(),
    }

    await tell(talk, event)

    assert await talk.history(thread=parent.ts) == [("Alice", "trips")]
    assert await noted(talk) == []
