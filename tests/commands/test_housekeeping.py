"""status, clear, help."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.commands import COMMANDS, Offer, offered_in_words
from bot.errors import ModelRefused
from bot.messages import Action, Author, Decision, FeedbackKind, Message, Rule
from tests.commands.conftest import ANA, BEN, NOW, WHERE, Channel, silent

CEM = Author("cem", "Cem")
AGAINST = (FeedbackKind.DISLIKED, FeedbackKind.HUSHED, FeedbackKind.REMOVED)
THREAD = replace(WHERE, thread="t1")


async def test_status_says_how_it_is_set_up_and_what_it_did(channel: Channel) -> None:
    channel.model.adapter = "earshot-tuned"
    await channel.says(BEN, "old news", minutes_ago=3000)
    await channel.decides(silent(), minutes_ago=2999)
    await channel.says(BEN, "hello")
    await channel.decides(silent())
    await channel.says(ANA, "hello?")
    await channel.decides(Decision(Action.FAILED, Rule.MODEL_FAILED, "the model gave no answer"))
    await channel.run("privacy retention 30")

    answer = await channel.run("status")

    assert answer.ephemeral
    assert answer.text.splitlines() == [
        "Mode: active. I read everything and speak when it helps.",
        "Eagerness: 50 of 100. It speaks up from P(speak) 0.50. This model is not calibrated, "
        "so how often that is cannot be said.",
        "Quiet: No quiet time is set.",
        "Persona: none",
        "Model: fake, adapter earshot-tuned.",
        "Last 24 h: spoke 0, stayed silent 1, failed 1 times.",
        "Last 14 days: no feedback on my replies.",
        "History: 3 messages. Messages here are deleted after 30 days.",
    ]


async def reply_taken(
    channel: Channel, kind: FeedbackKind, *, days_ago: float = 1, by: Author = BEN
) -> None:
    """Let it speak unasked at P(speak) 0.52, and somebody react to it."""
    await channel.says(BEN, "hm")
    await channel.decides(Decision(Action.SPEAK, Rule.THRESHOLD, "", 0.52, 0.5))
    (kept,) = await channel.store.decisions.last(WHERE, 1)
    at = NOW - timedelta(days=days_ago)
    await channel.store.feedback.give(WHERE, kept.id, kind, author_id=by.id, at=at)


async def test_status_counts_the_feedback_of_two_weeks(channel: Channel) -> None:
    await reply_taken(channel, FeedbackKind.LIKED)
    await reply_taken(channel, FeedbackKind.HUSHED)
    await reply_taken(channel, FeedbackKind.LIKED, days_ago=15)

    answer = await channel.run("status")

    told = "people's feedback on my replies: liked 1, disliked 0, hushed 1, removed 0."
    assert f"Last 14 days: {told}" in answer.text.splitlines()
    assert answer.offer is None


async def test_status_offers_managers_what_feedback_suggests_and_changes_nothing(
    channel: Channel,
) -> None:
    for kind, by in zip(AGAINST, (ANA, BEN, CEM), strict=True):
        await reply_taken(channel, kind, by=by)

    answer = await channel.run("status")

    assert answer.offer == Offer("Set eagerness to 45", "eagerness 45")
    assert answer.text.splitlines()[-1] == (
        "Suggestion: I suggest an eagerness of 45. People minded what I said unasked 3 times; "
        "at 45 I would have kept 3 of those to myself."
    )
    assert offered_in_words(answer).endswith("\nTo do it, type /assistant eagerness 45.")
    elsewhere = await channel.run("status", prefix="@Earshot !")
    assert offered_in_words(elsewhere).endswith("\nTo do it, type @Earshot !eagerness 45.")
    assert (await channel.store.channels.settings(WHERE)).eagerness == 50
    await channel.run(answer.offer.command)
    assert (await channel.store.channels.settings(WHERE)).eagerness == 45
    assert (await channel.run("status")).offer is None


async def test_status_asks_for_no_more_on_the_same_likes(channel: Channel) -> None:
    for _ in range(5):
        await reply_taken(channel, FeedbackKind.LIKED)
    first = (await channel.run("status")).offer
    assert first == Offer("Set eagerness to 60", "eagerness 60")

    await channel.run(first.command)
    again = await channel.run("status")

    assert again.offer is None
    assert "liked 5" in again.text


async def test_status_suggests_nothing_on_the_scores_of_another_model(channel: Channel) -> None:
    for kind, by in zip(AGAINST, (ANA, BEN, CEM), strict=True):
        await reply_taken(channel, kind, by=by)
    channel.model.adapter = "tuned"

    answer = await channel.run("status")

    assert answer.offer is None


@pytest.mark.parametrize("why", ["no manager", "mode", "no model"])
async def test_status_offers_nothing_where_it_cannot_be_taken_up(
    channel: Channel, why: str
) -> None:
    for by in (ANA, BEN, CEM):
        await reply_taken(channel, FeedbackKind.DISLIKED, by=by)
    if why == "mode":
        await channel.run("mode mention")
    channel.model.failure = ModelRefused("nonsense") if why == "no model" else None
    may = why != "no manager"

    answer = await channel.run("status", may_manage=may, may_manage_workspace=may)

    assert answer.offer is None
    assert "disliked 3" in answer.text
    assert "Suggestion" not in answer.text
    assert offered_in_words(answer) == answer.text


async def test_status_stands_although_the_model_does_not_answer(channel: Channel) -> None:
    channel.model.failure = ModelRefused("nonsense")

    answer = await channel.run("status")

    assert "Model: can't be reached right now." in answer.text


async def test_clear_asks_first(channel: Channel) -> None:
    await channel.says(BEN, "hello")

    answer = await channel.run("clear")

    assert answer.text == (
        "This would delete what I remember here, in the threads too, for good: every message, and "
        "every decision on them. To do it, type /assistant clear confirm."
    )
    assert await channel.store.messages.count(WHERE) == 1


async def test_clear_forgets_messages_and_decisions_and_keeps_the_settings(
    channel: Channel,
) -> None:
    await channel.run("mode mention")
    await channel.says(BEN, "hello")
    await channel.decides(silent())

    answer = await channel.run("clear confirm")

    assert answer.text.startswith("I forgot this conversation")
    assert await channel.store.messages.recent(WHERE, limit=5) == []
    assert await channel.store.decisions.last(WHERE, 5) == []
    assert "mention" in (await channel.run("mode")).text
    assert await channel.store.marks.heard_until(WHERE) == NOW


async def says_in_channel_and_threads(channel: Channel) -> None:
    for number, where in enumerate((WHERE, THREAD, replace(THREAD, thread="t2"))):
        await channel.store.messages.record(Message(where, f"said{number}", BEN, "hello", NOW))


async def remembered(channel: Channel) -> list[int]:
    places = (WHERE, THREAD, replace(THREAD, thread="t2"))
    return [await channel.store.messages.count(where) for where in places]


async def test_clear_in_a_channel_forgets_its_threads(channel: Channel) -> None:
    await says_in_channel_and_threads(channel)

    answer = await channel.run("clear confirm")

    assert answer.text == (
        "I forgot this conversation and its threads: 3 messages, and every decision on them. "
        "My settings stay."
    )
    assert await remembered(channel) == [0, 0, 0]
    assert await channel.store.marks.heard_until(THREAD) == NOW


async def test_clear_in_a_thread_forgets_the_thread_alone(channel: Channel) -> None:
    await says_in_channel_and_threads(channel)

    asked = await channel.run("clear", where=THREAD)
    answer = await channel.run("clear confirm", where=THREAD)

    assert asked.text.startswith("This would delete what I remember of this thread alone, for good")
    assert answer.text == (
        "I forgot this thread: 1 message, and every decision on them. The channel and its other "
        "threads stay, and so do my settings."
    )
    assert await remembered(channel) == [1, 0, 1]


async def test_help_lists_every_command(channel: Channel) -> None:
    answer = await channel.run("help")

    assert answer.fixed_width
    for command in COMMANDS:
        for leaf in command.subcommands or (command,):
            assert leaf.summary in answer.text
    assert max(map(len, answer.text.splitlines())) <= 80


@pytest.mark.parametrize("command", COMMANDS[:-1], ids=lambda command: command.name)
async def test_help_explains_each_command(channel: Channel, command: str) -> None:
    answer = await channel.run(f"help {command.name}")

    assert answer.text.startswith(command.summary)
    assert f"/assistant {command.name}" in answer.text
    for leaf in command.subcommands or (command,):
        for argument in leaf.arguments:
            assert argument.summary in answer.text


async def test_help_says_who_may_use_a_command(channel: Channel) -> None:
    answer = await channel.run("help mode")

    assert "Only people who may manage this channel. Everyone may look." in answer.text


async def test_examples_of_the_help_work_as_they_stand(channel: Channel) -> None:
    for command in COMMANDS:
        for leaf in command.subcommands or (command,):
            for example in leaf.examples:
                answer = await channel.run(example)

                assert answer.ask or not answer.text.startswith(("There is no", "I can't", '"'))
