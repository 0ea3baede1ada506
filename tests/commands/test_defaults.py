"""defaults: what a server's managers set holds in every channel that chose nothing itself."""

from dataclasses import fields, replace

import pytest

from bot.messages import ChannelSettings, Mode, workspace_key
from tests.commands.conftest import BEN, NOW, WHERE, Channel

FOR_ALL = workspace_key(WHERE.platform, WHERE.workspace)
ELSEWHERE = replace(WHERE, channel="kitchen")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mode mention", "By default: My mode is now mention: I read everything and speak only"),
        ("eagerness 30", "By default: My eagerness is now 30 of 100. "),
        ("quiet 22-7 UTC", "By default: Quiet hours are now 22:00-07:00 every day UTC."),
        ("quiet hours 22-7 UTC", "By default: Quiet hours are now 22:00-07:00 every day UTC."),
        ("persona a pirate", "By default: My persona is now: a pirate"),
        ("retention 30", "By default: Messages are deleted after 30 days."),
        ("reference off", "By default: My answers stand alone, without a reference to a message."),
        ("stream off", "By default: My replies appear once they are whole."),
        ("threads off", "By default: In threads I speak only when I am asked."),
        ("share 25", "By default: At most 25% of the last 20 messages may be mine."),
        ("cooldown 5m", "By default: After I spoke I rest for 5 min before I speak unasked again."),
        ("bots 2", "By default: I answer other bots, at most 2 times in a row."),
        ("training on", "By default: Whoever runs me may train the model on messages."),
    ],
)
async def test_a_default_holds_where_nothing_was_chosen(
    channel: Channel, text: str, said: str
) -> None:
    answer = await channel.run(f"defaults {text}")

    settings = await channel.store.channels.settings(FOR_ALL)
    assert answer.text.startswith(said)
    assert not answer.ephemeral
    assert await channel.store.channels.settings(WHERE) == settings
    assert await channel.store.channels.settings(ELSEWHERE) == settings
    assert await channel.store.channels.chosen(WHERE) == frozenset()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("reference", "My answers show which message they answer."),
        ("stream", "My replies to you show while I write them."),
        ("share", "No limit is set on how much of the talk may be mine."),
        ("cooldown", "I need no rest after I spoke."),
        ("bots", "I don't answer other bots."),
        ("training", "No model may be trained on messages."),
    ],
)
async def test_a_bare_default_shows_what_holds(channel: Channel, text: str, said: str) -> None:
    answer = await channel.run(f"defaults {text}", may_manage_workspace=False, may_manage=False)

    assert answer.text.startswith(f"By default: {said}")
    assert answer.text.endswith(" Nobody chose otherwise.")
    assert answer.ephemeral


async def test_every_setting_but_a_quiet_time_can_have_a_default(channel: Channel) -> None:
    for text in ("quiet 22-7", "mode mention", "eagerness 1", "persona a pirate", "retention 1"):
        await channel.run(f"defaults {text}")
    for text in ("reference off", "stream off", "threads off", "share 1", "cooldown 1m"):
        await channel.run(f"defaults {text}")
    for text in ("bots 1", "training on"):
        await channel.run(f"defaults {text}")

    every = {field.name for field in fields(ChannelSettings)}
    assert await channel.store.channels.chosen(FOR_ALL) == every - {"quiet_until"}


async def test_where_the_platform_forbids_training_it_is_no_default_either(
    channel: Channel,
) -> None:
    where = replace(WHERE, platform="discord", workspace="1", channel="2")

    answer = await channel.run("defaults training on", where=where)

    assert answer.text == "By default: That stays off: Discord's terms for bots forbid it."
    assert not (await channel.store.channels.settings(where)).may_train


async def test_a_bare_setting_says_whose_choice_it_is(channel: Channel) -> None:
    await channel.run("defaults mode mention")

    default = await channel.run("mode")
    await channel.run("mode active")
    own = await channel.run("mode")
    for_all = await channel.run("defaults mode")

    assert default.text.endswith("only when I am asked. That is the default here.")
    assert own.text.endswith("speak when it helps. That is this channel's own choice.")
    assert for_all.text == (
        "By default: My mode is mention: I read everything and speak only when I am asked."
    )


async def test_a_default_that_nobody_set_says_so(channel: Channel) -> None:
    answer = await channel.run("defaults eagerness")

    assert answer.text.startswith("By default: My eagerness is 50 of 100.")
    assert answer.text.endswith("Nobody chose otherwise.")


async def test_a_channel_keeps_its_own_choice_and_is_told_so(channel: Channel) -> None:
    await channel.run("eagerness 80")

    answer = await channel.run("defaults eagerness 10")

    assert answer.text.endswith(
        "This channel keeps its own choice; /assistant defaults follow ends that."
    )
    assert (await channel.store.channels.settings(WHERE)).eagerness == 80
    assert (await channel.store.channels.settings(ELSEWHERE)).eagerness == 10


async def test_show_gives_the_defaults_and_what_the_channel_chose(channel: Channel) -> None:
    await channel.run("defaults quiet 22-7 UTC")
    before = await channel.run("defaults show")
    await channel.run("mode listen")
    await channel.run("quiet 2h")

    answer = await channel.run("defaults show")

    assert answer.ephemeral
    assert answer.text.splitlines() == [
        "What holds in channels that chose nothing themselves:",
        "Mode: active. I read everything and speak when it helps.",
        "Eagerness: 50 of 100.",
        "Quiet: Quiet hours are 22:00-07:00 every day UTC.",
        "Persona: none",
        "History: Messages are kept until somebody deletes them.",
        "Replies: In threads I speak as in the channel.",
        "Limits: No limit is set on how much of the talk may be mine. I need no rest after I "
        "spoke. I don't answer other bots.",
        "Training: No model may be trained on messages.",
        "This channel chose for itself: mode.",
    ]
    assert before.text.endswith("This channel follows all of it.")


async def test_follow_drops_the_channels_own_choices(channel: Channel) -> None:
    await channel.run("defaults eagerness 30")
    await channel.run("mode listen")
    await channel.run("eagerness 80")

    answer = await channel.run("defaults follow", may_manage_workspace=False)

    assert answer.text == (
        "This channel forgot its own choices (mode, eagerness) and follows the defaults. "
        "My mode here is active, my eagerness 30 of 100. "
        "Messages here are kept until somebody deletes them."
    )
    assert await channel.store.channels.chosen(WHERE) == frozenset()
    again = await channel.run("defaults follow")
    assert again.text.startswith("This channel chose nothing itself")


async def test_a_quiet_time_is_no_choice_against_the_defaults(channel: Channel) -> None:
    await channel.run("quiet 2h")
    shown, nothing = await channel.run("defaults show"), await channel.run("defaults follow")
    await channel.run("quiet hours 22-7")

    chosen, followed = await channel.run("defaults show"), await channel.run("defaults follow")

    assert shown.text.endswith("This channel follows all of it.")
    assert nothing.text.startswith("This channel chose nothing itself")
    assert chosen.text.endswith("This channel chose for itself: quiet hours.")
    assert followed.text.startswith("This channel forgot its own choices (quiet hours)")
    assert (await channel.run("quiet")).text.startswith("I'm quiet until 14:00 UTC")


async def test_follow_is_for_managers(channel: Channel) -> None:
    answer = await channel.run("defaults follow", may_manage=False, may_manage_workspace=False)

    assert answer.text == (
        "Only people who may manage this channel can use /assistant defaults follow."
    )


async def test_a_shorter_retention_by_default_deletes_at_once(channel: Channel) -> None:
    await channel.says(BEN, "old", minutes_ago=10 * 24 * 60)

    await channel.run("defaults retention 7")

    assert await channel.store.messages.count(WHERE) == 0


async def test_following_a_shorter_retention_deletes_at_once(channel: Channel) -> None:
    await channel.run("privacy retention off")
    await channel.run("defaults retention 7")
    await channel.says(BEN, "old", minutes_ago=10 * 24 * 60)

    answer = await channel.run("defaults follow")

    assert answer.text.endswith("Messages here are deleted after 7 days.")
    assert await channel.store.messages.count(WHERE) == 0


async def test_quiet_by_default_takes_hours_only(channel: Channel) -> None:
    refused = await channel.run("defaults quiet 2h")
    await channel.run("defaults quiet 22-7 UTC")
    ended = await channel.run("defaults quiet hours off")

    assert refused.text.startswith('I can\'t read "2h" as hours.')
    assert ended.text == "By default: There are no quiet hours any more."
    assert (await channel.store.channels.settings(FOR_ALL)).quiet_hours is None


async def test_what_was_said_while_all_was_off_is_never_fetched(channel: Channel) -> None:
    await channel.run("defaults mode off")

    await channel.run("defaults mode mention")

    assert await channel.store.marks.heard_until(WHERE) == NOW
    assert await channel.store.marks.heard_until(ELSEWHERE) == NOW


async def test_a_channel_that_follows_out_of_off_forgets_what_was_said(channel: Channel) -> None:
    await channel.run("mode off")

    await channel.run("defaults follow")

    assert (await channel.store.channels.settings(WHERE)).mode is Mode.ACTIVE
    assert await channel.store.marks.heard_until(WHERE) == NOW
    assert await channel.store.marks.heard_until(ELSEWHERE) is None


async def test_a_default_that_is_set_for_the_workspace_itself_speaks_of_no_channel(
    channel: Channel,
) -> None:
    answer = await channel.run("defaults eagerness 30", where=FOR_ALL)

    assert answer.text.startswith("By default: My eagerness is now 30 of 100.")
    assert "This channel" not in answer.text
