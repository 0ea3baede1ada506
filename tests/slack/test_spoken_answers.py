"""Commands by mention are answered where they were given, for the asker alone, and are no chat."""

import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import StoreError
from bot.messages import Mode
from bot.platforms.slack.keys import ts_at
from bot.platforms.slack.spoken import SETTINGS_BY_BUTTON
from bot.platforms.slack.tasks import Once
from tests.logs import warnings_in
from tests.slack.commanded import Bot, running_bot
from tests.slack_server import SlackServer

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
NOTHING_YET = "I haven't decided on anything here yet."


@pytest.fixture
async def bot(database_url: str, slack: SlackServer) -> AsyncIterator[Bot]:
    slack.add_channel("trips", members=["Alice", "Bob"])
    async with running_bot(database_url, slack) as running:
        yield running


async def test_in_a_thread_the_answer_is_in_that_thread_for_the_asker_alone(bot: Bot) -> None:
    root = await bot.slack.says("Bob", "trips", "Where to?")
    await bot.slack.says("Alice", "trips", f"{bot.slack.bot.mention} !why", thread=root)

    await bot.done()

    assert any(bot.heard)

    (whisper,) = bot.slack.whispers("trips", "Alice")
    assert whisper.text == NOTHING_YET
    assert whisper.thread_ts == root.ts
    assert bot.slack.posts("trips") == []


async def test_in_the_channel_the_answer_is_in_the_channel(bot: Bot) -> None:
    await bot.slack.says("Alice", "trips", f"{bot.slack.bot.mention} /assistant why 3")

    await bot.done()

    assert any(bot.heard)

    (whisper,) = bot.slack.whispers("trips", "Alice")
    assert (whisper.text, whisper.thread_ts) == (NOTHING_YET, None)


async def test_nothing_of_a_command_is_recorded(bot: Bot) -> None:
    await bot.slack.says("Alice", "trips", f"{bot.slack.bot.mention} !status")

    await bot.done()

    assert await bot.said("trips") == []


async def test_a_message_and_its_mention_are_one_command(bot: Bot) -> None:
    await bot.slack.says("Alice", "trips", f"{bot.slack.bot.mention} !why")

    await bot.done()

    assert bot.heard == [True, True]
    assert bot.whispered("trips", "Alice") == [NOTHING_YET]


async def test_a_public_answer_is_a_message_for_everybody(bot: Bot) -> None:
    bot.slack.member("Alice", is_admin=True)
    root = await bot.slack.says("Bob", "trips", "Where to?")
    words = f"{bot.slack.bot.mention} !clear confirm"
    await bot.slack.says("Alice", "trips", words, thread=root)

    await bot.done()

    (post,) = bot.slack.posts("trips", thread=root)
    assert "forg" in post.text
    assert bot.slack.whispers("trips") == []


async def test_in_a_direct_chat_the_answer_stays(bot: Bot) -> None:
    await bot.slack.says("Alice", "@Alice", "!why")

    await bot.done()

    assert any(bot.heard)

    (post,) = bot.slack.posts("@Alice")
    assert post.text == NOTHING_YET


async def test_a_command_sets_what_it_says_with_the_rights_of_who_gave_it(bot: Bot) -> None:
    mention = bot.slack.bot.mention
    await bot.slack.says("Bob", "trips", f"{mention} !mode off")
    await bot.slack.says("Alice", "trips", f"{mention} !mode listen")  # she made it

    await bot.done()

    (refused,) = bot.whispered("trips", "Bob")
    assert refused.startswith("Only ")
    assert (await bot.store.channels.settings(bot.where("trips"))).mode is Mode.LISTEN


async def test_what_is_set_has_the_names_that_people_see(bot: Bot) -> None:
    bob, wiki = bot.slack.user("Bob").mention, "<https://wiki.acme.com|wiki.acme.com>"
    words = f"!persona Send people to {wiki} or {bob}, &lt;3 R&amp;D"
    await bot.slack.says("Alice", "trips", f"{bot.slack.bot.mention} {words}")

    await bot.done()

    settings = await bot.store.channels.settings(bot.where("trips"))
    assert settings.persona == "Send people to wiki.acme.com or @Bob, <3 R&D"


async def test_a_slip_of_the_keys_is_told_the_right_word(bot: Bot) -> None:
    await bot.slack.says("Alice", "trips", f"{bot.slack.bot.mention} !wyh")

    await bot.done()

    (told,) = bot.whispered("trips", "Alice")
    assert 'There is no command "wyh". Did you mean @Earshot !why?' in told


async def test_in_a_thread_clear_tells_how_to_clear_that_thread(bot: Bot) -> None:
    bot.slack.member("Alice", is_admin=True)
    root = await bot.slack.says("Bob", "trips", "Where to?")
    await bot.slack.says("Alice", "trips", f"{bot.slack.bot.mention} !clear", thread=root)

    await bot.done()

    (told,) = bot.whispered("trips", "Alice")
    assert "of this thread alone" in told
    assert told.endswith("To do it, type @Earshot !clear confirm.")


async def test_in_a_direct_chat_hints_leave_the_mention_out(bot: Bot) -> None:
    await bot.slack.says("Alice", "@Alice", "!wyh")
    await bot.slack.says("Alice", "@Alice", "!clear")

    await bot.done()

    told = [post.text for post in bot.slack.posts("@Alice")]
    assert any("Did you mean !why? !help lists them all." in text for text in told)
    assert any(text.endswith("To do it, type !clear confirm.") for text in told)


async def test_a_command_by_slash_is_told_of_by_slash(bot: Bot) -> None:
    await bot.types("Alice", "trips", "clear")
    await bot.types("Alice", "@Alice", "wyh")

    (told,) = bot.whispered("trips", "Alice")
    (direct,) = bot.whispered("@Alice", "Alice")
    assert told.endswith("To do it, type /assistant clear confirm.")
    assert "Did you mean /assistant why?" in direct


async def test_settings_come_with_a_button_since_no_form_opens_by_a_message(bot: Bot) -> None:
    await bot.slack.says("Alice", "trips", f"{bot.slack.bot.mention} /assistant")

    await bot.done()

    (whisper,) = bot.slack.whispers("trips", "Alice")
    assert whisper.text == SETTINGS_BY_BUTTON.format(help="@Earshot !help")
    (button,) = whisper.blocks[-1]["elements"]
    assert button["value"] == "settings"


async def test_what_is_chat_is_left_alone(bot: Bot) -> None:
    await bot.slack.says("Alice", "trips", f"{bot.slack.bot.mention} why not?")

    await bot.done()

    assert bot.heard == [False, False]
    assert bot.slack.whispers("trips") == []


async def test_a_command_that_comes_about_by_an_edit_is_not_carried_out(bot: Bot) -> None:
    said = await bot.slack.says("Alice", "trips", f"{bot.slack.bot.mention} !why", tell=False)
    edited = {"user": said.user.id, "ts": bot.slack.stamps.ts()}
    event = {**bot.slack.acts.in_event(said), "type": "app_mention", "edited": edited}

    assert await bot.spoken.spoken(event, bot.where("trips"), bot.team)
    await bot.done()

    assert bot.slack.whispers("trips") == []


async def test_of_two_processes_that_hear_of_a_command_one_answers(bot: Bot) -> None:
    said = await bot.slack.says("Alice", "trips", f"{bot.slack.bot.mention} !why", tell=False)
    event, other = bot.slack.acts.in_event(said), replace(bot.spoken, once=Once())

    heard = [
        await bot.spoken.spoken({**event, "type": "message"}, bot.where("trips"), bot.team),
        await other.spoken({**event, "type": "app_mention"}, bot.where("trips"), bot.team),
    ]
    await bot.done()

    assert heard == [True, True]
    assert bot.whispered("trips", "Alice") == [NOTHING_YET]


async def test_who_took_a_command_up_is_forgotten_after_a_day(bot: Bot) -> None:
    claims, where = bot.spoken.claims, bot.where("trips")
    yesterday, today = ts_at(NOON - timedelta(days=1, minutes=1)), ts_at(NOON)

    taken = [await claims.is_ours(where, ts) for ts in (yesterday, yesterday, today, today)]

    assert taken == [True, False, True, False]
    kept = await bot.store.notes.named("slack", "command-", where.workspace)
    assert list(kept.values()) == [today]


async def test_a_history_that_cannot_be_read_keeps_no_command_from_its_answer(
    bot: Bot, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(platform: str, name: str, value: str) -> bool:
        raise StoreError("the disk is full")

    monkeypatch.setattr(bot.store.notes, "claim", full)

    assert await bot.spoken.claims.is_ours(bot.where("trips"), ts_at(NOON))

    assert "nobody knows who else hears a command" in caplog.text


async def test_what_nobody_wrote_is_no_command(bot: Bot) -> None:
    event = {"channel": bot.slack.channel("trips").id, "text": f"{bot.slack.bot.mention} !why"}

    assert not await bot.spoken.spoken(event, bot.where("trips"), bot.team)


async def test_what_slack_refuses_is_one_line_in_the_log(
    bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    await bot.slack.says("Alice", "trips", f"{bot.slack.bot.mention} !why")
    bot.slack.faults.error("is_archived", on="chat.postEphemeral")

    with caplog.at_level(logging.INFO):
        await bot.done()

    channel, alice = bot.slack.channel("trips").id, bot.slack.user("Alice").id
    assert warnings_in(caplog.records) == [
        f"{alice} was not answered: Earshot cannot answer a command in the channel {channel} of "
        "Harbor: the channel is archived; whoever unarchives it gets answers again (is_archived)"
    ]


async def test_slacks_limit_is_waited_for(bot: Bot) -> None:
    await bot.slack.says("Alice", "trips", f"{bot.slack.bot.mention} !why")
    bot.slack.faults.rate_limit(7, on="chat.postEphemeral")

    await bot.done()

    assert bot.waits == [7.0]
    assert bot.whispered("trips", "Alice") == [NOTHING_YET]


async def test_a_long_answer_comes_in_posts_that_slack_takes(bot: Bot) -> None:
    await bot.slack.says("Alice", "trips", f"{bot.slack.bot.mention} !help")

    await bot.done()

    told = bot.whispered("trips", "Alice")
    assert told
    assert all(len(text) <= 3000 and text.count("```") % 2 == 0 for text in told)
