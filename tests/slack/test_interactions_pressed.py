"""Buttons under answers, and the shortcut in the menu of a message, up to the answer."""

import json
import logging
from collections.abc import AsyncIterator

import pytest

from bot.commands import CommandAnswer, Offer
from bot.messages import Mode
from bot.platforms.slack.answering import Listener
from bot.platforms.slack.ask_form import DEFAULT_QUESTION
from bot.platforms.slack.asking import NOT_OURS
from bot.platforms.slack.interactions import ASK_ABOUT, NOT_OPENED
from tests.logs import warnings_in
from tests.slack.commanded import REPLY, Bot, running_bot
from tests.slack_server import Kind, SlackServer
from tests.slack_server.mrkdwn import pings

QUESTION = "How far is that?"
INVITE = "I'm not in this channel, so I can't answer here. Invite me first: /invite @Earshot"


@pytest.fixture
async def bot(database_url: str, slack: SlackServer) -> AsyncIterator[Bot]:
    slack.add_channel("trips", members=["Alice", "Bob"])
    async with running_bot(database_url, slack) as running:
        yield running


async def offers(bot: Bot, *, thread: str | None = None, ephemeral: bool = False) -> None:
    """Answer Alice with something to do about it, as `/assistant status` does."""
    answer = CommandAnswer("More is better.", ephemeral, offer=Offer("Set it", "eagerness 60"))
    where = bot.where("trips", thread)
    listener = Listener(bot.team, where, bot.slack.user("Alice").id)
    assert await bot.interactions.answering.say(listener, answer)


async def eagerness(bot: Bot) -> int:
    return (await bot.store.channels.settings(bot.where("trips"))).eagerness


async def test_a_button_does_what_it_says_and_the_answer_follows(bot: Bot) -> None:
    await offers(bot)
    (post,) = bot.slack.posts("trips")

    pressed = await bot.slack.presses("Alice", post, "Set it")
    await bot.done()

    assert await eagerness(bot) == 60
    assert pressed.acknowledged
    told = bot.slack.posts("trips")[-1]
    assert told.text.startswith("My eagerness here is now 60")
    assert post.text == "More is better."


async def test_a_button_has_no_more_rights_than_who_presses_it(bot: Bot) -> None:
    await offers(bot)
    (post,) = bot.slack.posts("trips")

    pressed = await bot.slack.presses("Bob", post, "Set it")
    await bot.done()

    assert await eagerness(bot) == 50
    (told,) = pressed.shown
    assert told.text.startswith("Only ")
    assert told.seen_by is bot.slack.user("Bob")


async def test_a_button_works_under_what_only_one_person_sees(bot: Bot) -> None:
    await offers(bot, ephemeral=True)
    (whisper,) = bot.slack.whispers("trips", "Alice")

    await bot.slack.presses("Alice", whisper, "Set it")
    await bot.done()

    assert await eagerness(bot) == 60


async def test_in_a_thread_the_answer_to_a_button_is_in_that_thread(bot: Bot) -> None:
    root = await bot.slack.says("Bob", "trips", "Where to?")
    await offers(bot, thread=root.ts)
    (post,) = bot.slack.posts("trips", thread=root)

    await bot.slack.presses("Bob", post, "Set it")
    await bot.done()

    (whisper,) = bot.slack.whispers("trips", "Bob")
    assert whisper.thread_ts == root.ts


async def test_a_button_delivered_twice_is_pressed_once(bot: Bot) -> None:
    await offers(bot)
    (post,) = bot.slack.posts("trips")
    pressed = await bot.slack.presses("Alice", post, "Set it")
    await bot.done()

    await bot.again(pressed)

    assert len(bot.slack.posts("trips")) == 2


async def test_the_button_for_the_settings_opens_their_form(bot: Bot) -> None:
    await bot.slack.says("Alice", "trips", f"{bot.slack.bot.mention} !settings")
    await bot.done()
    (whisper,) = bot.slack.whispers("trips", "Alice")

    await bot.slack.presses("Alice", whisper, "Open the settings")
    await bot.done()

    form = bot.slack.modal("Alice")
    assert form is not None
    assert form.title == "Channel settings"


async def ask_about(bot: Bot, message: object, question: str | None = QUESTION) -> None:
    await bot.slack.message_shortcut("Alice", message, ASK_ABOUT)
    await bot.done()
    typed = {} if question is None else {"question": question}
    await bot.slack.submits("Alice", **typed)
    await bot.done()


async def test_what_is_typed_into_the_form_is_asked_as_it_stands(bot: Bot) -> None:
    said = await bot.slack.says("Bob", "trips", "Look at my types.", tell=False)
    words = "Is List<std::string> or\n<!DOCTYPE html> a type & &amp; none, <@U1>?"

    await ask_about(bot, said, words)

    (question, _) = await bot.said("trips", said.ts)
    assert question.text == words


async def test_a_message_can_be_asked_about_in_its_thread(bot: Bot) -> None:
    said = await bot.slack.says("Bob", "trips", "Let us go to Turin.", tell=False)

    await ask_about(bot, said)

    (question, reply) = await bot.said("trips", said.ts)
    assert (question.text, question.reply_to) == (QUESTION, said.ts)
    assert question.id.startswith("ask-V")
    assert reply.text == REPLY
    assert bot.slack.modal("Alice") is None


async def test_without_words_it_is_asked_what_goes_without_saying(bot: Bot) -> None:
    said = await bot.slack.says("Bob", "trips", "Let us go to Turin.", tell=False)

    await ask_about(bot, said, None)

    question, _ = await bot.said("trips", said.ts)
    assert question.text == DEFAULT_QUESTION


async def test_a_reply_in_a_thread_is_recorded_and_quoted(bot: Bot) -> None:
    root = await bot.slack.says("Bob", "trips", "Where to?", tell=False)
    reply = await bot.slack.says("Bob", "trips", "Turin!", thread=root, tell=False)

    await ask_about(bot, reply)

    about, question, _ = await bot.said("trips", root.ts)
    assert (about.id, about.text) == (reply.ts, "Turin!")
    assert (question.reply_to, question.quoted) == (reply.ts, "Turin!")


async def test_in_a_direct_chat_a_question_about_a_message_needs_no_thread(bot: Bot) -> None:
    said = await bot.slack.says("Alice", "@Alice", "Turin!", tell=False)

    await ask_about(bot, said)

    about, question, _ = await bot.said("@Alice")
    assert (about.text, question.quoted) == ("Turin!", "Turin!")


async def test_a_question_about_a_message_that_is_gone_is_answered_all_the_same(bot: Bot) -> None:
    root = await bot.slack.says("Bob", "trips", "Where to?", tell=False)
    reply = await bot.slack.says("Bob", "trips", "Turin!", thread=root, tell=False)
    await bot.slack.message_shortcut("Alice", reply, ASK_ABOUT)
    await bot.done()
    await bot.slack.deletes(reply)

    await bot.slack.submits("Alice", question=QUESTION)
    await bot.done()

    assert bot.platform.posts == [REPLY]


async def test_what_cannot_be_read_is_told_the_log(
    bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    root = await bot.slack.says("Bob", "trips", "Where to?", tell=False)
    reply = await bot.slack.says("Bob", "trips", "Turin!", thread=root, tell=False)
    bot.slack.faults.error("missing_scope", on="conversations.replies")

    await ask_about(bot, reply)

    assert bot.platform.posts == [REPLY]
    where = bot.where("trips", root.ts)
    assert warnings_in(caplog.records) == [
        f"the message {reply.ts} in {where} cannot be read: missing_scope"
    ]


async def test_a_question_longer_than_a_question_may_be_is_told(bot: Bot) -> None:
    said = await bot.slack.says("Bob", "trips", "Turin!", tell=False)
    await bot.slack.message_shortcut("Alice", said, ASK_ABOUT)
    await bot.done()
    submitted = await bot.slack.submits("Alice", question="x" * 2000)
    await bot.done()
    assert submitted.delivery is not None
    body = json.loads(json.dumps(submitted.delivery.payload).replace("x" * 2000, "x" * 2001))
    body["view"]["id"] = "V2"

    await bot.interactions.interaction(body, bot.team)
    await bot.done()

    assert bot.platform.posts == [REPLY]
    assert bot.whispered("trips", "Alice") == [
        "That question has 2001 characters; I take up to 2000."
    ]


async def test_a_form_submitted_twice_asks_once(bot: Bot) -> None:
    said = await bot.slack.says("Bob", "trips", "Turin!", tell=False)
    await bot.slack.message_shortcut("Alice", said, ASK_ABOUT)
    await bot.done()
    submitted = await bot.slack.submits("Alice", question=QUESTION)
    await bot.done()

    await bot.again(submitted)

    assert bot.platform.posts == [REPLY]


async def test_where_the_bot_is_not_no_form_opens_and_the_asker_hears_why(bot: Bot) -> None:
    bot.slack.add_channel("away", Kind.PUBLIC, members=["Alice"], bot_present=False)
    chat = bot.slack.add_channel("", Kind.IM, members=["Alice", "Bob"], bot_present=False)
    away = await bot.slack.says("Alice", "away", "Turin!")
    between = await bot.slack.says("Bob", chat, "Turin!")

    asked = [await bot.slack.message_shortcut("Alice", said, ASK_ABOUT) for said in (away, between)]
    await bot.done()

    assert bot.slack.modal("Alice") is None
    assert [done.texts for done in asked] == [[INVITE], [NOT_OURS]]


async def test_where_slack_does_not_say_in_time_the_form_opens(
    bot: Bot, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.platforms.slack.interactions.IN_TIME_S", 0.01)
    said = await bot.slack.says("Bob", "trips", "Turin!", tell=False)
    gate = bot.slack.faults.hold(on="conversations.info")

    with caplog.at_level(logging.INFO):
        await bot.slack.message_shortcut("Alice", said, ASK_ABOUT)
        await bot.slack.until_modal("Alice")
    gate.open()
    await bot.done()

    channel = bot.slack.channel("trips").id
    assert f"Slack did not say in time whether I am in {channel}" in caplog.text


@pytest.mark.parametrize("error", ["expired_trigger_id", "exchanged_trigger_id"])
async def test_a_form_that_slack_does_not_open_is_asked_for_again(
    bot: Bot, caplog: pytest.LogCaptureFixture, error: str
) -> None:
    said = await bot.slack.says("Bob", "trips", "Turin!", tell=False)
    bot.slack.faults.error(error, on="views.open")

    asked = await bot.slack.message_shortcut("Alice", said, ASK_ABOUT)
    await bot.done()

    assert asked.texts == [NOT_OPENED]
    assert warnings_in(caplog.records) == [f"Slack: could not open a form in Harbor: {error}"]


async def test_an_excuse_is_seen_also_where_the_thread_has_no_reply_yet(bot: Bot) -> None:
    said = await bot.slack.says("Bob", "trips", "Turin!", tell=False)
    await bot.slack.message_shortcut("Alice", said, ASK_ABOUT)
    await bot.done()
    await bot.store.channels.change(bot.where("trips"), mode=Mode.LISTEN)

    await bot.slack.submits("Alice", question=QUESTION)
    await bot.done()

    (whisper,) = bot.slack.whispers("trips", "Alice")
    assert whisper.text.startswith("My mode here is listen")
    assert whisper.thread_ts is None
    assert pings(whisper.text) == []
