"""preview: a manager sees what it would have said, and nobody else sees anything."""

from bot.errors import ModelUnavailable
from bot.messages import Action, Decision, Rule
from tests.commands.conftest import ANA, BEN, Channel, silent


async def test_it_tells_the_counts_and_what_it_would_have_said(channel: Channel) -> None:
    await channel.says(BEN, "does anybody know the capital?")
    await channel.decides(silent(0.9), minutes_ago=90)
    await channel.says(ANA, "so so")
    await channel.decides(silent(0.3), minutes_ago=9)
    await channel.says(ANA, "lol")
    await channel.decides(silent(0.1))

    answer = await channel.run("preview")

    assert answer.ephemeral
    assert answer.text.splitlines() == [
        "In the last 24 h I decided 3 times on what nobody had asked me. I would have spoken: "
        "1 at eagerness 20, 1 at eagerness 50, 2 at eagerness 80. That is the dial alone: mode, "
        "quiet hours and limits are left out, and nothing was posted.",
        "The newest of them:",
        "9 min ago, from eagerness 80 up",
        "    Ana: so so",
        "    Earshot: Paris.",
        "1 h 30 min ago, from eagerness 20 up",
        "    Ben: does anybody know the capital?",
        "    Earshot: Paris.",
    ]


async def test_it_looks_back_as_far_as_it_is_told(channel: Channel) -> None:
    await channel.says(BEN, "old?", minutes_ago=30 * 60)
    await channel.decides(silent(0.9), minutes_ago=30 * 60)

    day, two_days = await channel.run("preview"), await channel.run("preview 48")
    hour = await channel.run("preview 1")

    assert day.text == "In the last 24 h nothing was said here that I scored without being asked."
    assert "I decided 1 time on" in two_days.text
    assert "It was this:" in two_days.text
    assert hour.text.startswith("In the last hour nothing")


async def test_it_says_how_many_had_no_score(channel: Channel) -> None:
    await channel.says(BEN, "hm")
    await channel.decides(Decision(Action.SILENT, Rule.MODE, "the mode"))

    answer = await channel.run("preview")

    assert answer.text.endswith(" 1 decision more had no score of the present model.")


async def test_without_words_for_it_the_model_would_have_stayed_silent(channel: Channel) -> None:
    await channel.says(BEN, "hm?")
    await channel.decides(silent(0.9))
    channel.model.reply_text = "(silence)"

    answer = await channel.run("preview")

    assert answer.text.endswith("Earshot: (no words: I would have stayed silent)")


async def test_a_model_that_cannot_be_reached_is_told(channel: Channel) -> None:
    await channel.says(BEN, "hm?")
    await channel.decides(silent(0.9))
    channel.model.failure = ModelUnavailable("loading")

    answer = await channel.run("preview")

    assert answer.text == "I can't think right now. Please try again in a minute."


async def test_examples_without_words_say_so(channel: Channel) -> None:
    def fails() -> None:
        raise ModelUnavailable("gone")

    await channel.says(BEN, "hm?")
    await channel.decides(silent(0.9))
    channel.model.before_reply = fails

    answer = await channel.run("preview")

    assert "    Earshot: (not written)" in answer.text.splitlines()
    assert answer.text.endswith("or not to be reached, so some of my words are missing.")


async def test_even_long_talk_is_told_in_about_one_message(channel: Channel) -> None:
    channel.model.reply_text = "word " * 500
    for _ in range(6):
        await channel.says(BEN, "what? " * 300)
        await channel.decides(silent(0.9))

    answer = await channel.run("preview")

    assert len(answer.text) < 2600


async def test_it_is_for_managers(channel: Channel) -> None:
    answer = await channel.run("preview", may_manage=False, may_manage_workspace=False)

    assert answer.text == "Only people who may manage this channel can use /assistant preview."
