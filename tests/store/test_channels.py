import asyncio
import math
from dataclasses import fields, replace
from datetime import datetime

import pytest

from bot.messages import ChannelSettings, ConversationKey, Mode, QuietHours, workspace_key
from bot.store import Store
from bot.store.setting_values import chosen_value, stored_value
from tests.store.samples import ROOM, START, THREAD, later

NIGHT = QuietHours(frozenset({4, 5}), 22 * 60, 6 * 60, "Asia/Kolkata")
WORKSPACE = workspace_key("room", "home")


async def test_a_channel_nobody_changed_has_the_defaults(store: Store) -> None:
    assert await store.channels.settings(ROOM) == ChannelSettings()


async def test_every_setting_is_kept(store: Store) -> None:
    wanted = ChannelSettings(
        mode=Mode.MENTION,
        eagerness=80,
        persona="Speaks like a pirate ☠",
        quiet_until=START,
        quiet_hours=NIGHT,
        max_share_of_voice=0.25,
        cooldown_s=90.0,
        answer_other_bots=True,
        bot_loop_budget=5,
        reply_as_reference=False,
        stream_replies=False,
        follow_threads=False,
        may_train=True,
        retention_days=30,
    )
    changes = {field.name: getattr(wanted, field.name) for field in fields(wanted)}

    assert await store.channels.change(ROOM, at=START, **changes) == wanted

    assert await store.channels.settings(ROOM) == wanted


async def test_a_setting_can_be_taken_back(store: Store) -> None:
    limited = {"quiet_until": START, "quiet_hours": NIGHT, "max_share_of_voice": 0.5}
    await store.channels.change(ROOM, **limited, retention_days=7)

    await store.channels.change(ROOM, **dict.fromkeys(limited), retention_days=None)

    assert await store.channels.settings(ROOM) == ChannelSettings()


async def test_one_change_leaves_the_other_settings(store: Store) -> None:
    await store.channels.change(ROOM, eagerness=20, at=START)

    await store.channels.change(ROOM, persona="Terse")

    assert await store.channels.settings(ROOM) == ChannelSettings(eagerness=20, persona="Terse")


async def test_changing_nothing_gives_the_settings(store: Store) -> None:
    assert await store.channels.change(ROOM) == ChannelSettings()


async def test_changes_made_at_once_do_not_undo_each_other(store: Store) -> None:
    await asyncio.gather(
        store.channels.change(ROOM, eagerness=20, at=START),
        store.channels.change(ROOM, persona="Terse"),
        store.channels.change(ROOM, cooldown_s=5),
    )

    wanted = ChannelSettings(eagerness=20, persona="Terse", cooldown_s=5.0)
    assert await store.channels.settings(ROOM) == wanted


async def test_threads_share_their_channel_s_settings(store: Store) -> None:
    await store.channels.change(THREAD, eagerness=10, at=START)

    assert (await store.channels.settings(ROOM)).eagerness == 10
    assert (await store.channels.settings(replace(ROOM, channel="x"))).eagerness == 50


async def test_the_default_mode_holds_until_someone_chooses_one(url: str) -> None:
    store = await Store.open(url, default_mode=Mode.LISTEN)
    assert (await store.channels.settings(ROOM)).mode is Mode.LISTEN
    await store.channels.change(ROOM, eagerness=70, at=START)
    await store.channels.change(THREAD, mode="mention")
    await store.channels.change(replace(ROOM, channel="x"), eagerness=70, at=START)
    await store.close()

    store = await Store.open(url, default_mode=Mode.OFF)

    assert (await store.channels.settings(ROOM)).mode is Mode.MENTION
    assert (await store.channels.settings(replace(ROOM, channel="x"))).mode is Mode.OFF
    await store.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mode", "loud"),
        ("mode", None),
        ("eagerness", 101),
        ("eagerness", -1),
        ("eagerness", True),
        ("eagerness", "50"),
        ("persona", None),
        ("persona", "x" * 501),
        ("quiet_until", datetime(2026, 3, 1)),  # noqa: DTZ001
        ("quiet_until", "tomorrow"),
        ("quiet_hours", "nights"),
        ("quiet_hours", replace(NIGHT, weekdays=frozenset({7}))),
        ("quiet_hours", replace(NIGHT, start_minute=-1)),
        ("quiet_hours", replace(NIGHT, end_minute=1441)),
        ("quiet_hours", replace(NIGHT, time_zone="Mars/Olympus")),
        ("quiet_hours", replace(NIGHT, time_zone="../etc/passwd")),
        ("quiet_hours", replace(NIGHT, time_zone="")),
        ("max_share_of_voice", 1.1),
        ("max_share_of_voice", math.nan),
        ("cooldown_s", -1),
        ("cooldown_s", True),
        ("cooldown_s", math.inf),
        ("answer_other_bots", 1),
        ("bot_loop_budget", -1),
        ("retention_days", 0),
        ("retention_days", 10**9),
    ],
)
def test_a_bad_value_is_refused_by_the_setting_s_name(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"^{name} must be "):
        stored_value(name, value)


async def test_a_refused_change_changes_nothing(store: Store) -> None:
    with pytest.raises(ValueError, match="volume"):
        await store.channels.change(ROOM, eagerness=10, volume=11)

    assert await store.channels.settings(ROOM) == ChannelSettings()


async def test_a_workspace_s_defaults_hold_where_a_channel_chose_nothing(store: Store) -> None:
    await store.channels.change(WORKSPACE, eagerness=20, persona="Terse", mode="mention", at=START)
    await store.channels.change(THREAD, persona="Kind")

    wanted = ChannelSettings(mode=Mode.MENTION, eagerness=20, persona="Kind")
    assert await store.channels.settings(ROOM) == wanted
    assert await store.channels.settings(WORKSPACE) == replace(wanted, persona="Terse")
    elsewhere = ConversationKey("room", "office", "kitchen")
    assert await store.channels.settings(elsewhere) == ChannelSettings()


async def test_a_channel_may_choose_none_where_its_workspace_has_a_limit(store: Store) -> None:
    limits = {"quiet_until": START, "quiet_hours": NIGHT, "max_share_of_voice": 0.5}
    await store.channels.change(WORKSPACE, **limits, retention_days=7)

    settings = await store.channels.change(ROOM, **dict.fromkeys(limits), retention_days=None)

    assert settings == ChannelSettings()
    assert (await store.channels.settings(WORKSPACE)).retention_days == 7


async def test_a_channel_may_choose_what_is_the_default(store: Store) -> None:
    await store.channels.change(WORKSPACE, eagerness=20, at=START)

    assert (await store.channels.change(ROOM, eagerness=50, at=START)).eagerness == 50

    assert await store.channels.chosen(ROOM) == {"eagerness"}


async def test_what_was_chosen_is_told_level_by_level(store: Store) -> None:
    assert await store.channels.chosen(ROOM) == frozenset()
    await store.channels.change(WORKSPACE, eagerness=20, cooldown_s=0, at=START)
    await store.channels.change(ROOM, retention_days=None, mode="off")

    assert await store.channels.chosen(WORKSPACE) == {"eagerness", "cooldown_s"}
    assert await store.channels.chosen(THREAD) == {"retention_days", "mode"}


async def test_a_choice_can_be_taken_back_by_name(store: Store) -> None:
    await store.channels.change(WORKSPACE, eagerness=20, at=START)
    await store.channels.change(ROOM, eagerness=90, persona="Kind", at=START)

    settings = await store.channels.reset(ROOM, "eagerness", at=START)

    assert settings == ChannelSettings(eagerness=20, persona="Kind")
    assert await store.channels.chosen(ROOM) == {"persona"}


async def test_all_choices_of_a_level_can_be_taken_back(store: Store) -> None:
    await store.channels.change(WORKSPACE, eagerness=20, at=START)
    await store.channels.change(ROOM, eagerness=90, persona="Kind", mode="off", at=START)

    assert await store.channels.reset(ROOM, at=START) == ChannelSettings(eagerness=20)
    assert await store.channels.reset(WORKSPACE, at=START) == ChannelSettings()
    assert await store.channels.reset(replace(ROOM, channel="x"), at=START) == ChannelSettings()


async def test_taking_back_an_unknown_setting_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="volume"):
        await store.channels.reset(ROOM, "volume")


async def test_a_direct_chat_answers_whatever_mode_holds_for_channels_until_one_is_chosen(
    url: str,
) -> None:
    direct, thread = replace(ROOM, channel="D1"), replace(ROOM, channel="D1", thread="t")
    store = await Store.open(
        url, default_mode=Mode.LISTEN, is_direct=lambda where: where.channel == "D1"
    )

    for mode in (Mode.LISTEN, Mode.OFF):
        assert (await store.channels.settings(ROOM)).mode is mode
        assert (await store.channels.settings(direct)).mode is Mode.MENTION
        assert (await store.channels.settings(thread)).mode is Mode.MENTION
        await store.channels.change(WORKSPACE, mode=Mode.OFF)

    assert await store.channels.chosen(direct) == frozenset()
    await store.channels.change(direct, mode=Mode.LISTEN)
    assert (await store.channels.settings(direct)).mode is Mode.LISTEN
    await store.close()


async def test_a_platform_s_own_mode_holds_where_nobody_chose_one(url: str) -> None:
    store = await Store.open(
        url, default_mode=Mode.ACTIVE, platform_modes={"discord": Mode.MENTION}
    )
    discord = ConversationKey("discord", "home", "kitchen")

    assert (await store.channels.settings(discord)).mode is Mode.MENTION
    assert (await store.channels.settings(ROOM)).mode is Mode.ACTIVE
    await store.channels.change(workspace_key("discord", "home"), mode="listen")
    assert (await store.channels.settings(discord)).mode is Mode.LISTEN
    await store.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mode", Mode.OFF),
        ("quiet_until", START),
        ("quiet_until", None),
        ("quiet_hours", NIGHT),
        ("quiet_hours", None),
        ("max_share_of_voice", 0.0),
        ("max_share_of_voice", None),
        ("stream_replies", False),
        ("retention_days", None),
    ],
)
def test_what_is_chosen_is_stored_as_something_and_read_back(name: str, value: object) -> None:
    stored = stored_value(name, value)

    assert stored is not None
    assert chosen_value(name, stored) == value


async def test_it_is_known_when_the_eagerness_was_last_changed(store: Store) -> None:
    async def since() -> datetime | None:
        return await store.channels.eagerness_since(THREAD)

    assert await since() is None
    await store.channels.change(ROOM, persona="Terse", at=later(1))
    assert await since() is None

    await store.channels.change(ROOM, eagerness=20, at=later(2))
    await store.channels.change(ROOM, eagerness=20, persona="Kind", at=later(3))
    assert await since() == later(2)

    await store.channels.reset(ROOM, "persona", at=later(4))
    await store.channels.reset(ROOM, at=later(5))
    await store.channels.reset(ROOM, at=later(6))
    assert await since() == later(5)

    await store.channels.change(WORKSPACE, eagerness=30, at=later(7))
    assert await since() == later(7)
    assert await store.channels.eagerness_since(replace(ROOM, workspace="office")) is None


async def test_a_change_of_the_eagerness_has_a_time(store: Store) -> None:
    with pytest.raises(ValueError, match="when the eagerness was chosen"):
        await store.channels.change(ROOM, eagerness=20)
    with pytest.raises(ValueError, match="when the eagerness was chosen"):
        await store.channels.reset(ROOM)

    assert await store.channels.eagerness_since(ROOM) is None
