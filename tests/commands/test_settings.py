"""replies, limits: what is set holds, what is shown says whose choice it is."""

from dataclasses import replace

import pytest

from bot.commands import CommandAnswer
from tests.commands.conftest import WHERE, Channel


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("replies reference", "reply_as_reference"),
        ("replies stream", "stream_replies"),
        ("replies threads", "follow_threads"),
    ],
)
async def test_a_switch_is_set_and_shown(channel: Channel, text: str, name: str) -> None:
    before = await channel.run(text)
    off, shown = await channel.run(f"{text} off"), await channel.run(text)
    is_off = not getattr(await channel.store.channels.settings(WHERE), name)
    on = await channel.run(f"{text} on")

    assert is_off
    assert before.text == f"{on.text} That is the default here."
    assert shown.text == f"{off.text} That is this channel's own choice."
    assert off.text != on.text
    assert (before.ephemeral, off.ephemeral) == (True, False)


@pytest.mark.parametrize("platform", ["room", "console", "discord"])
@pytest.mark.parametrize("text", ["reference", "stream", "stream off", "threads"])
async def test_a_look_that_the_platform_does_not_have_is_not_promised(
    channel: Channel, text: str, platform: str
) -> None:
    where = replace(WHERE, platform=platform)

    answer = await channel.run(f"replies {text}", where=where)
    by_default = await channel.run(f"defaults {text}", where=where)

    is_said = platform != "discord" and text != "threads"
    assert ("That holds on Discord and Slack only." in answer.text) == is_said
    assert ("That holds on Discord and Slack only." in by_default.text) == is_said


async def test_a_share_bounds_how_much_of_the_talk_is_its_own(channel: Channel) -> None:
    none = await channel.run("limits share")
    set_ = await channel.run("limits share 25")
    limit = (await channel.store.channels.settings(WHERE)).max_share_of_voice
    ended = await channel.run("limits share off")

    assert limit == 0.25
    assert none.text.startswith("No limit is set on how much of the talk here may be mine. That is")
    assert set_.text == "At most 25% of the last 20 messages here may be mine."
    assert ended.text == "No limit is set on how much of the talk here may be mine."
    assert (await channel.store.channels.settings(WHERE)).max_share_of_voice is None


async def test_a_cooldown_is_a_time_of_rest(channel: Channel) -> None:
    set_, shown = await channel.run("limits cooldown 1h 30m"), await channel.run("limits cooldown")
    rest_s = (await channel.store.channels.settings(WHERE)).cooldown_s
    ended = await channel.run("limits cooldown OFF")

    assert rest_s == 5400
    assert set_.text == "After I spoke I rest for 1 h 30 min before I speak unasked again."
    assert shown.text == f"{set_.text} That is this channel's own choice."
    assert ended.text == "I need no rest here after I spoke."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a while", 'I can\'t read "a while" as a time.'),
        ("8d", "I can rest at most 7 d. /assistant mode mention is for good."),
    ],
)
async def test_a_cooldown_that_cannot_be_is_refused(channel: Channel, text: str, said: str) -> None:
    answer = await channel.run(f"limits cooldown {text}")

    assert answer.text.startswith(said)
    assert (await channel.store.channels.settings(WHERE)).cooldown_s == 0


async def test_other_bots_are_answered_so_many_times_in_a_row(channel: Channel) -> None:
    async def told(text: str) -> tuple[CommandAnswer, bool, int]:
        answer = await channel.run(f"limits bots {text}")
        settings = await channel.store.channels.settings(WHERE)
        return answer, settings.answer_other_bots, settings.bot_loop_budget

    before, _, _ = await told("")
    allowed, answers, budget = await told("5")
    never, answers_never, _ = await told("off")

    assert (answers, budget, answers_never) == (True, 5, False)
    assert allowed.text == "I answer other bots here, at most 5 times in a row."
    assert never.text == "I don't answer other bots here."
    assert before.text == "I don't answer other bots here. That is the default here."
