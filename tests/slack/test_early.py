"""What is remembered of messages that were changed before they were heard."""

from bot.platforms.slack.early import MAX_REMEMBERED, Early
from bot.platforms.slack.keys import channel_key

WHERE = channel_key("T1", "C1")


def change(seconds, number=0):
    return {"ts": f"{1_700_000_000 + seconds}.{number:06d}", "subtype": "message_deleted"}


def test_changes_are_remembered_each_once():
    early, first, second = Early(), change(0), change(1)

    for event in (first, second, first):
        early.keep(WHERE, "1.0", event)

    assert early.changes(WHERE, "1.0") == [first, second]
    assert early.changes(WHERE, "2.0") == []


def test_a_change_is_forgotten_after_ten_minutes():
    early = Early()
    early.keep(WHERE, "1.0", change(0))

    early.keep(WHERE, "2.0", change(601))

    assert early.changes(WHERE, "1.0") == []
    assert early.changes(WHERE, "2.0") == [change(601)]


def test_of_very_many_the_newest_are_remembered():
    early = Early()

    for number in range(MAX_REMEMBERED + 1):
        early.keep(WHERE, str(number), change(0, number))

    assert early.changes(WHERE, "0") == []
    assert early.changes(WHERE, "1") == [change(0, 1)]
