from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.decide import Rules, decide, is_addressed, is_scored
from bot.messages import Action, ChannelSettings, Mode, QuietHours, Rule
from tests.deciding.history import ANA, BOB, NOW, ROBOT, replied, said

ACTIVE = ChannelSettings()
ALL_WEEK = frozenset(range(7))
NIGHT = QuietHours(ALL_WEEK, 22 * 60, 7 * 60, "UTC")
NOON = QuietHours(ALL_WEEK, 11 * 60, 13 * 60, "UTC")
MUZZLED = ChannelSettings(
    mode=Mode.MENTION,
    eagerness=0,
    quiet_until=NOW + timedelta(hours=1),
    quiet_hours=NOON,
    max_share_of_voice=0.0,
    cooldown_s=3600,
)


def decided(settings=ACTIVE, *, burst=None, history=(), p_speak=0.9, now=NOW):
    burst = burst or [said(100)]
    return decide(burst, history, p_speak=p_speak, rules=Rules(settings, 0.5), now=now)


def ambient(settings, **kwargs):
    decision = decided(settings, **kwargs)
    return decision.action, decision.rule


SPEAKS = (Action.SPEAK, Rule.THRESHOLD)


@pytest.mark.parametrize(
    ("p_speak", "action"),
    [(0.0, Action.SILENT), (0.499, Action.SILENT), (0.5, Action.SPEAK), (1.0, Action.SPEAK)],
)
def test_an_ambient_message_is_answered_from_the_threshold_up(p_speak, action):
    decision = decided(p_speak=p_speak)

    assert (decision.action, decision.rule) == (action, Rule.THRESHOLD)
    assert (decision.p_speak, decision.threshold) == (p_speak, 0.5)


def test_the_reason_tells_score_and_threshold():
    assert decided(p_speak=0.2).reason == "P(speak) 0.20 is under the threshold 0.50"
    assert decided(p_speak=0.7).reason == "P(speak) 0.70 reaches the threshold 0.50"


def test_an_addressed_message_is_answered_without_a_score():
    decision = decided(burst=[said(1, addressed=True)], p_speak=None)

    assert (decision.action, decision.rule) == (Action.SPEAK, Rule.ADDRESSED)
    assert decision.p_speak is None
    assert decision.threshold is None


def test_a_burst_is_addressed_if_any_of_its_messages_is():
    burst = [said(1), said(2, BOB, addressed=True), said(3)]

    assert is_addressed(burst)
    assert not is_addressed([said(1), said(2)])
    assert decided(burst=burst, p_speak=None).rule is Rule.ADDRESSED


@pytest.mark.parametrize(
    "settings",
    [
        ChannelSettings(mode=Mode.MENTION),
        ChannelSettings(eagerness=0),
        ChannelSettings(quiet_until=NOW + timedelta(hours=1)),
        ChannelSettings(quiet_hours=NOON),
        ChannelSettings(max_share_of_voice=0.0),
        ChannelSettings(cooldown_s=3600),
        MUZZLED,
    ],
)
def test_nothing_but_listen_mode_silences_an_addressed_message(settings):
    history = [said(1), replied(2, ago_s=1)]
    burst = [said(3, addressed=True)]

    assert decided(settings, burst=burst, history=history, p_speak=None).action is Action.SPEAK
    assert decided(settings, history=history).action is Action.SILENT


@pytest.mark.parametrize("mode", [Mode.LISTEN, Mode.OFF])
@pytest.mark.parametrize("addressed", [True, False])
def test_a_channel_that_only_listens_gets_no_answer_at_all(mode, addressed):
    settings = ChannelSettings(mode=mode)
    decision = decided(settings, burst=[said(1, addressed=addressed)], p_speak=None)

    assert (decision.action, decision.rule) == (Action.SILENT, Rule.MODE)


def test_the_rules_come_in_one_order():
    history = [said(1), replied(2, ago_s=1)]
    loosened = [
        ({}, Rule.MODE),
        ({"mode": Mode.ACTIVE}, Rule.EAGERNESS_ZERO),
        ({"eagerness": 50}, Rule.QUIET),
        ({"quiet_until": None}, Rule.QUIET_HOURS),
        ({"quiet_hours": None}, Rule.SHARE_OF_VOICE),
        ({"max_share_of_voice": None}, Rule.COOLDOWN),
        ({"cooldown_s": 0.0}, Rule.THRESHOLD),
    ]

    settings = MUZZLED
    for change, rule in loosened:
        settings = replace(settings, **change)
        assert decided(settings, history=history).rule is rule


def test_a_silenced_ambient_message_keeps_its_score_for_why():
    decision = decided(ChannelSettings(cooldown_s=60), history=[replied(1, ago_s=5)])

    assert (decision.rule, decision.p_speak, decision.threshold) == (Rule.COOLDOWN, 0.9, 0.5)
    assert decision.reason == "it spoke less than 60 s ago"


def test_a_message_that_was_not_scored_shows_no_threshold():
    decision = decided(ChannelSettings(mode=Mode.MENTION), p_speak=None)

    assert decision.threshold is None


def test_a_burst_that_needs_a_score_and_has_none_is_a_bug():
    with pytest.raises(ValueError, match="needs a score"):
        decided(p_speak=None)


@pytest.mark.parametrize(
    ("settings", "burst", "expected"),
    [
        (ACTIVE, [said(1)], True),
        (ACTIVE, [said(1, addressed=True)], False),
        (ChannelSettings(mode=Mode.MENTION), [said(1)], False),
        (ChannelSettings(mode=Mode.LISTEN), [said(1)], False),
        (ChannelSettings(eagerness=0), [said(1)], False),
        (ChannelSettings(quiet_hours=NOON), [said(1)], True),
        (ACTIVE, [said(1, ROBOT)], False),
        (ACTIVE, [said(1, ROBOT), said(2)], True),
        (ChannelSettings(answer_other_bots=True), [said(1, ROBOT)], True),
    ],
)
def test_only_what_the_score_can_change_is_scored(settings, burst, expected):
    assert is_scored(burst, Rules(settings, 0.5)) is expected


@pytest.mark.parametrize("ago_s", [59, 61])
def test_the_cooldown_counts_from_the_last_reply(ago_s):
    settings = ChannelSettings(cooldown_s=60)
    history = [replied(1, ago_s=ago_s), said(2, ago_s=1)]

    assert decided(settings, history=history).action is (
        Action.SILENT if ago_s < 60 else Action.SPEAK
    )


@pytest.mark.parametrize(("num_own", "action"), [(4, Action.SPEAK), (5, Action.SILENT)])
def test_the_share_of_voice_is_of_the_last_20_messages(num_own, action):
    old = [replied(row) for row in range(1, 11)]
    last = [replied(row) for row in range(11, 11 + num_own)]
    last += [said(row) for row in range(11 + num_own, 31)]

    decision = decided(ChannelSettings(max_share_of_voice=0.25), history=[*old, *last])

    assert decision.action is action


def test_who_never_spoke_has_no_share_to_exceed():
    assert ambient(ChannelSettings(max_share_of_voice=0.0)) == SPEAKS
    assert ambient(ChannelSettings(max_share_of_voice=0.0), history=[said(1)]) == SPEAKS


def test_quiet_ends_at_its_time():
    settings = ChannelSettings(quiet_until=NOW)

    assert ambient(settings) == SPEAKS
    assert ambient(settings, now=NOW - timedelta(seconds=1)) == (Action.SILENT, Rule.QUIET)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def hours(weekdays, start, end, zone="UTC"):
    return QuietHours(frozenset(weekdays), start * 60, end * 60, zone)


@pytest.mark.parametrize(
    ("quiet_hours", "now", "quiet"),
    [
        # 2026-03-02 is a Monday.
        (hours({0}, 9, 17), "2026-03-02 08:59", False),
        (hours({0}, 9, 17), "2026-03-02 09:00", True),
        (hours({0}, 9, 17), "2026-03-02 16:59", True),
        (hours({0}, 9, 17), "2026-03-02 17:00", False),
        (hours({0}, 9, 17), "2026-03-03 12:00", False),
        # Past midnight a span belongs to the day it begins on.
        (hours({4}, 22, 7), "2026-03-06 21:59", False),
        (hours({4}, 22, 7), "2026-03-06 22:00", True),
        (hours({4}, 22, 7), "2026-03-07 00:00", True),
        (hours({4}, 22, 7), "2026-03-07 06:59", True),
        (hours({4}, 22, 7), "2026-03-07 07:00", False),
        (hours({4}, 22, 7), "2026-03-06 03:00", False),
        (hours({6}, 22, 7), "2026-03-09 03:00", True),
        (hours({0}, 22, 7), "2026-03-02 03:00", False),
        # A whole day, and no time at all.
        (hours({0}, 0, 24), "2026-03-02 23:59", True),
        (hours({0}, 0, 24), "2026-03-03 00:00", False),
        (hours({0}, 9, 9), "2026-03-02 09:00", False),
        # The weekday is that of the time zone.
        (hours({0}, 0, 6, "Asia/Tokyo"), "2026-03-01 15:00", True),
        (hours({0}, 0, 6, "Asia/Tokyo"), "2026-03-02 15:00", False),
        (hours({6}, 20, 24, "America/New_York"), "2026-03-02 01:00", True),
        (hours({0}, 9, 17, "Asia/Kathmandu"), "2026-03-02 03:15", True),
        (hours({0}, 9, 17, "Asia/Kathmandu"), "2026-03-02 03:14", False),
        # Berlin goes from UTC+1 to UTC+2 on Sunday 2026-03-29, back on 2026-10-25.
        (hours({5}, 22, 7, "Europe/Berlin"), "2026-03-28 20:59", False),
        (hours({5}, 22, 7, "Europe/Berlin"), "2026-03-28 21:00", True),
        (hours({5}, 22, 7, "Europe/Berlin"), "2026-03-29 04:59", True),
        (hours({5}, 22, 7, "Europe/Berlin"), "2026-03-29 05:00", False),
        (hours({5}, 22, 7, "Europe/Berlin"), "2026-10-25 05:59", True),
        (hours({5}, 22, 7, "Europe/Berlin"), "2026-10-25 06:00", False),
        (hours({6}, 2, 3, "Europe/Berlin"), "2026-10-25 00:30", True),
        (hours({6}, 2, 3, "Europe/Berlin"), "2026-10-25 01:30", True),
        (hours({6}, 2, 3, "Europe/Berlin"), "2026-03-29 01:30", False),
    ],
)
def test_quiet_hours_follow_the_clock_on_the_wall(quiet_hours, now, quiet):
    decision = decided(ChannelSettings(quiet_hours=quiet_hours), now=at(now))

    assert decision.rule is (Rule.QUIET_HOURS if quiet else Rule.THRESHOLD)


@pytest.mark.parametrize("addressed", [True, False])
def test_other_bots_are_not_answered(addressed):
    decision = decided(burst=[said(1, ROBOT, addressed=addressed)], p_speak=None)

    assert (decision.action, decision.rule) == (Action.SILENT, Rule.OTHER_BOT)


def test_a_person_among_bots_is_answered():
    assert decided(burst=[said(1, ROBOT), said(2, ANA)]).action is Action.SPEAK


@pytest.mark.parametrize("addressed", [True, False])
def test_bots_that_may_be_answered_are_answered_within_the_loop_budget(addressed):
    settings = ChannelSettings(answer_other_bots=True, bot_loop_budget=2)
    burst = [said(100, ROBOT, addressed=addressed)]
    once = [said(1, ANA), replied(2), said(3, ROBOT), replied(4), said(5, ANA), replied(6)]
    twice = [*once, said(7, ROBOT), replied(8)]

    assert decided(settings, burst=burst, history=once).action is Action.SPEAK
    assert decided(settings, burst=burst, history=twice).rule is Rule.OTHER_BOT


def test_a_person_gives_the_loop_budget_back():
    settings = ChannelSettings(answer_other_bots=True, bot_loop_budget=1)
    history = [said(1, ROBOT), replied(2), said(3, ANA)]

    assert decided(settings, burst=[said(4, ROBOT)], history=history).action is Action.SPEAK
    assert decided(settings, burst=[said(4, ROBOT), said(5, BOB)], history=history[:2]).action is (
        Action.SPEAK
    )


def test_a_loop_budget_of_zero_answers_no_bot():
    settings = ChannelSettings(answer_other_bots=True, bot_loop_budget=0)

    assert decided(settings, burst=[said(1, ROBOT)]).rule is Rule.OTHER_BOT
