"""A reaction that hushes begins an hour of quiet, and taken back ends the quiet that it began."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.messages import (
    Action,
    Author,
    ConversationKey,
    Decision,
    FeedbackKind,
    Message,
    OutboxItem,
    OutboxStatus,
    Rule,
)
from bot.platforms.opinions import HUSH, Opinions
from bot.store import Store

START = datetime(2026, 3, 4, 12, 0, 0, 123456, tzinfo=UTC)
WHERE = ConversationKey("discord", "1", "2")
HUSHED = FeedbackKind.HUSHED
CHOSEN = Decision(Action.SPEAK, Rule.THRESHOLD, "0.80 is over 0.50", 0.8, 0.5)


class Chat:
    """A channel with replies of the assistant, r0 and r1, and people who react to them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = START
        self.opinions = Opinions(store, lambda: self.now)

    async def answers(self, number: int) -> None:
        """Let there be a reply to a question."""
        asked = Message(WHERE, f"q{number}", Author("9", "Mia"), "so?", self.now)
        await self.store.messages.record(asked)
        (entry,) = await self.store.messages.recent(WHERE, limit=1)
        kept = await self.store.decisions.keep(
            WHERE, [entry.row], CHOSEN, model="m", adapter=None, latency_ms=1.0, at=self.now
        )
        key = f"{number:024x}"
        item = OutboxItem(key, WHERE, kept.id, asked.id, "Yes.", OutboxStatus.PENDING, self.now)
        await self.store.outbox.add(item)
        await self.store.outbox.part_posted(key, 0, f"r{number}")

    async def hushes(self, who: str, *, reply: int = 0) -> None:
        await self.opinions.given(WHERE, f"r{reply}", HUSHED, author_id=who)

    async def takes_back(self, who: str, *, reply: int = 0) -> None:
        await self.opinions.taken_back(WHERE, f"r{reply}", HUSHED, author_id=who)

    async def opts_out(self, who: str) -> None:
        await self.store.speakers.opt_out(WHERE.platform, WHERE.workspace, Author(who, who))

    async def is_forgotten(self, who: str) -> None:
        await self.store.speakers.forget(WHERE.platform, WHERE.workspace, who, at=self.now)

    def restarts(self) -> None:
        """Let another process go on with the same history."""
        self.opinions = Opinions(self.store, lambda: self.now)

    async def set_quiet(self, until: datetime | None) -> None:
        await self.store.channels.change(WHERE, quiet_until=until)

    async def quiet_until(self) -> datetime | None:
        return (await self.store.channels.settings(WHERE)).quiet_until


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


@pytest.fixture
async def chat(database_url: str) -> AsyncIterator[Chat]:
    store = await Store.open(database_url)
    talk = Chat(store)
    await talk.answers(0)
    await talk.answers(1)
    yield talk
    await store.close()


async def test_a_hush_that_is_taken_back_ends_the_quiet_it_began(chat: Chat) -> None:
    await chat.hushes("ann")
    assert await chat.quiet_until() == START + HUSH
    chat.now += minutes(20)

    await chat.takes_back("ann")

    assert await chat.quiet_until() is None


async def test_hushes_that_a_moderator_clears_end_their_quiet(chat: Chat) -> None:
    await chat.hushes("ann")
    chat.now += minutes(1)
    await chat.hushes("ben")

    await chat.opinions.cleared(WHERE, "r0", frozenset(FeedbackKind))

    assert await chat.quiet_until() is None


@pytest.mark.parametrize("reply", [0, 1])
async def test_it_stays_quiet_while_somebody_else_s_hush_stands(chat: Chat, reply: int) -> None:
    await chat.hushes("ann", reply=reply)
    chat.now += minutes(1)
    await chat.hushes("ben")

    await chat.takes_back("ben")

    assert await chat.quiet_until() == START + minutes(1) + HUSH


async def test_the_last_of_two_hushes_to_be_taken_back_ends_the_quiet_if_it_began_it(
    chat: Chat,
) -> None:
    await chat.hushes("ann")
    chat.now += minutes(1)
    await chat.hushes("ben")

    await chat.takes_back("ann")
    assert await chat.quiet_until() is not None
    await chat.takes_back("ben")

    assert await chat.quiet_until() is None


async def test_two_hushes_that_are_taken_back_end_the_quiet_whichever_goes_first(
    chat: Chat,
) -> None:
    await chat.hushes("ann")
    chat.now += minutes(1)
    await chat.hushes("ben")

    await chat.takes_back("ben")
    await chat.takes_back("ann")

    assert await chat.quiet_until() is None


async def test_who_opts_out_after_a_hush_can_take_it_back(chat: Chat) -> None:
    await chat.hushes("ann")
    await chat.opts_out("ann")

    await chat.takes_back("ann")

    assert await chat.quiet_until() is None


async def test_who_is_forgotten_after_a_hush_can_take_it_back(chat: Chat) -> None:
    await chat.hushes("ann")
    await chat.is_forgotten("ann")

    await chat.takes_back("ann")

    assert await chat.quiet_until() is None


async def test_a_hush_of_somebody_who_opted_out_can_be_taken_back_after_a_restart(
    chat: Chat,
) -> None:
    await chat.opts_out("ann")
    await chat.hushes("ann")
    chat.restarts()

    await chat.takes_back("ann")

    assert await chat.quiet_until() is None


async def test_it_stays_quiet_while_a_hush_of_somebody_who_opted_out_stands(chat: Chat) -> None:
    await chat.opts_out("ann")
    await chat.hushes("ann")
    await chat.hushes("ben")

    await chat.takes_back("ben")

    assert await chat.quiet_until() is not None


async def test_nothing_of_a_hush_names_who_opted_out(chat: Chat) -> None:
    await chat.hushes("ann")

    await chat.opts_out("ann")

    noted = await chat.store.notes.named("discord", "", "1")
    assert noted
    assert "ann" not in str(noted)
    assert await chat.store.feedback.received(WHERE, since=START) == []


async def test_quiet_that_was_chosen_since_stays(chat: Chat) -> None:
    await chat.hushes("ann")
    chosen = START + minutes(30)
    await chat.set_quiet(chosen)

    await chat.takes_back("ann")

    assert await chat.quiet_until() == chosen


async def test_quiet_that_was_chosen_before_is_not_ended_by_a_hush_that_comes_and_goes(
    chat: Chat,
) -> None:
    await chat.set_quiet(START + minutes(30))
    await chat.hushes("ann")
    chat.now += minutes(1)
    await chat.hushes("ben")

    await chat.takes_back("ann")
    await chat.takes_back("ben")

    quiet_until = await chat.quiet_until()
    assert quiet_until is not None
    assert quiet_until > START + HUSH


async def test_quiet_that_is_over_long_ago_does_not_count(chat: Chat) -> None:
    await chat.set_quiet(START - minutes(30))
    await chat.hushes("ann")

    await chat.takes_back("ann")

    assert await chat.quiet_until() is None


async def test_what_is_taken_back_of_other_kinds_ends_no_quiet(chat: Chat) -> None:
    await chat.opinions.given(WHERE, "r0", FeedbackKind.LIKED, author_id="ann")
    await chat.hushes("ann")

    await chat.opinions.taken_back(WHERE, "r0", FeedbackKind.LIKED, author_id="ann")

    assert await chat.quiet_until() == START + HUSH
