"""`/assistant` on Slack: acknowledged at once, answered where and for whom it should be."""

import logging
from collections.abc import AsyncIterator

import pytest

from bot.errors import StoreError
from bot.messages import Mode
from bot.platforms.slack.commanding import FAILED
from bot.platforms.slack.interactions import NOT_OPENED
from tests.logs import warnings_in
from tests.slack.commanded import Bot, running_bot
from tests.slack_server import Kind, SlackServer

NOTHING_YET = "I haven't decided on anything here yet."


@pytest.fixture
async def bot(database_url: str, slack: SlackServer) -> AsyncIterator[Bot]:
    slack.add_channel("trips", members=["Alice", "Bob"])
    async with running_bot(database_url, slack) as running:
        yield running


async def test_a_command_is_answered_for_the_asker_alone(bot: Bot) -> None:
    done = await bot.types("Alice", "trips", "why")

    (whisper,) = done.shown
    assert whisper.text == NOTHING_YET
    assert whisper.seen_by is bot.slack.user("Alice")
    assert bot.slack.posts("trips") == []


async def test_it_is_acknowledged_before_it_is_done(bot: Bot) -> None:
    gate = bot.slack.faults.hold(on="users.info")

    asked = await bot.slack.slash("Alice", "trips", "/assistant", "why")
    await bot.slack.until_delivered()

    assert asked.acknowledged
    assert asked.shown == []
    gate.open()
    await bot.done()
    assert asked.texts == [NOTHING_YET]


async def test_a_public_answer_is_seen_by_everybody_also_where_the_bot_is_not(bot: Bot) -> None:
    bot.slack.add_channel("away", members=["Alice"], bot_present=False)

    done = await bot.types("Alice", "away", "clear confirm")

    (post,) = done.shown
    assert post.seen_by is None


async def test_a_command_delivered_twice_is_done_once(bot: Bot) -> None:
    done = await bot.types("Alice", "trips", "mode listen")

    await bot.again(done)

    assert len(bot.slack.posts("trips")) == 1
    assert (await bot.store.channels.settings(bot.where("trips"))).mode is Mode.LISTEN


async def test_what_is_no_command_is_told_what_to_type(bot: Bot) -> None:
    done = await bot.types("Alice", "trips", "wyh")

    (whisper,) = done.shown
    assert 'There is no command "wyh". Did you mean /assistant why?' in whisper.text
    assert whisper.seen_by is not None


async def test_help_lists_the_commands(bot: Bot) -> None:
    done = await bot.types("Alice", "trips", "help")

    assert "why " in "\n".join(done.texts)


async def test_only_managers_change_settings(bot: Bot) -> None:
    done = await bot.types("Bob", "trips", "mode off")

    (text,) = done.texts
    assert text.startswith("Only ")
    assert (await bot.store.channels.settings(bot.where("trips"))).mode is Mode.MENTION


async def test_words_reach_the_settings_as_they_were_typed(bot: Bot) -> None:
    await bot.types("Alice", "trips", "persona You &lt;3 R&amp;D &amp; <!channel>")

    settings = await bot.store.channels.settings(bot.where("trips"))
    assert settings.persona == "You <3 R&D & <!channel>"
    assert "&lt;3 R&amp;D" in bot.slack.posts("trips")[0].text
    assert bot.slack.pinged == []


@pytest.mark.parametrize("text", ["", "settings", "Settings"])
async def test_without_words_the_form_of_the_settings_opens(bot: Bot, text: str) -> None:
    done = await bot.types("Alice", "trips", text)

    form = bot.slack.modal("Alice")
    assert form is not None
    assert form.title == "Channel settings"
    assert done.shown == []


async def test_in_a_direct_chat_the_form_shows_that_it_answers(
    database_url: str, slack: SlackServer
) -> None:
    async with running_bot(database_url, slack, default_mode=Mode.LISTEN) as bot:
        await bot.types("Alice", "@Alice", "")

        form = slack.modal("Alice")
        assert form is not None
        chosen = form.values()["mode"]["value"]["selected_option"]
        assert chosen["value"] == "mention"


async def test_a_form_submitted_is_acknowledged_with_what_came_of_it(bot: Bot) -> None:
    await bot.types("Alice", "trips", "settings")

    await bot.slack.submits("Alice", eagerness="70")
    await bot.done()

    assert (await bot.store.channels.settings(bot.where("trips"))).eagerness == 70


async def test_a_form_that_opens_too_late_is_asked_for_again(
    bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    gate = bot.slack.faults.hold(on="users.info")
    done = await bot.slack.slash("Alice", "trips", "/assistant", "")
    await gate.reached.wait()
    bot.slack.clock.advance(3.0)
    gate.open()

    await bot.done()

    assert bot.slack.modal("Alice") is None
    assert done.texts == [NOT_OPENED]
    assert warnings_in(caplog.records) == [
        "Slack: could not open a form in Harbor: expired_trigger_id"
    ]


async def test_a_long_answer_uses_the_address_as_often_as_slack_allows(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.platforms.slack.answering.MAX_CHARS", 200)

    done = await bot.types("Alice", "trips", "help")

    assert done.url_uses == 5
    whispered = bot.whispered("trips", "Alice")
    assert len(whispered) > 5
    assert whispered[:5] == done.texts
    assert all(text.count("```") % 2 == 0 for text in whispered)


async def test_an_address_that_is_used_up_is_no_end(bot: Bot) -> None:
    gate = bot.slack.faults.hold(on="users.info")
    done = await bot.slack.slash("Alice", "trips", "/assistant", "why")
    await gate.reached.wait()
    bot.slack.clock.advance(31 * 60.0)
    gate.open()

    await bot.done()

    assert done.shown == []
    assert bot.whispered("trips", "Alice") == [NOTHING_YET]


async def test_where_slack_takes_no_answer_at_all_it_is_one_line_in_the_log(
    bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    away = bot.slack.add_channel("away", Kind.PUBLIC, members=["Alice"], bot_present=False)
    bot.slack.faults.respond(404, "used_url", on="POST /response/*")

    with caplog.at_level(logging.WARNING):
        await bot.types("Alice", "away", "why")

    assert warnings_in(caplog.records) == [
        f"{bot.slack.user('Alice').id} was not answered: Earshot may not answer a command in the "
        f"channel {away.id} of Harbor: invite it there with /invite @Earshot"
    ]


async def test_slacks_limit_on_answers_is_waited_for(bot: Bot) -> None:
    bot.slack.faults.rate_limit(9, on="POST /response/*")

    done = await bot.types("Alice", "trips", "why")

    assert done.texts == [NOTHING_YET]
    assert bot.waits == [9.0]


async def test_a_defect_is_told_in_a_fixed_sentence(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: object) -> None:
        raise ValueError("a defect")

    monkeypatch.setattr(bot.store.decisions, "last", fail)

    done = await bot.types("Alice", "trips", "why")

    assert done.texts == [FAILED]
    assert "/assistant why failed" in caplog.text


async def test_a_history_that_fails_is_told(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(bot.store.decisions, "last", fail)

    done = await bot.types("Alice", "trips", "why")

    assert done.texts[0].startswith("That didn't work: I can't reach my history")
