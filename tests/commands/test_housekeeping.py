"""status, clear, help."""

import pytest

from bot.commands import COMMANDS
from bot.errors import ModelRefused
from bot.messages import Action, Decision, Rule
from tests.commands.conftest import ANA, BEN, WHERE, Channel, silent


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
        "History: 3 messages. Messages here are deleted after 30 days.",
    ]


async def test_status_stands_although_the_model_does_not_answer(channel: Channel) -> None:
    channel.model.failure = ModelRefused("nonsense")

    answer = await channel.run("status")

    assert "Model: can't be reached right now." in answer.text


async def test_clear_asks_first(channel: Channel) -> None:
    await channel.says(BEN, "hello")

    answer = await channel.run("clear")

    assert answer.text == (
        "This would delete what I remember here: 1 message and every decision on them, for good. "
        "To do it, type /assistant clear confirm."
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
