"""A channel that gets another id, as a private one does that is shared with another company."""

from dataclasses import replace

import pytest

from bot.messages import Mode

NEW = "C0SHARED"


@pytest.fixture
def moves(talk, slack):
    async def move(old_id=None, new_id=NEW):
        event = {
            "type": "channel_id_changed",
            "old_channel_id": slack.general.id if old_id is None else old_id,
            "new_channel_id": new_id,
            "event_ts": slack.stamps.ts(),
        }
        team = await talk.bot.team(slack.team.id)
        await talk.bot.events.event({"event": event}, team)

    return move


async def test_a_channel_that_is_off_stays_off_under_its_new_id(talk, moves):
    await talk.set(mode=Mode.OFF)

    await moves()

    settings = await talk.store.channels.settings(replace(talk.place(), channel=NEW))
    assert settings.mode is Mode.OFF


async def test_what_was_said_is_kept_under_the_new_id(talk, moves):
    parent = await talk.says("Alice", "trips")
    await talk.says("Ben", "to Rome", thread=parent)

    await moves()

    new = replace(talk.place(), channel=NEW)
    messages = talk.store.messages
    assert [each.text for each in await messages.recent(new, limit=9)] == ["trips"]
    below = await messages.recent(replace(new, thread=parent.ts), limit=9)
    assert [each.text for each in below] == ["trips", "to Rome"]
    assert await talk.history() == []
    assert NEW in await talk.bot.events.channels.membership.channels(new.workspace)


@pytest.mark.parametrize(("old_id", "new_id"), [("", NEW), ("C0SHARED", NEW), ("C0OTHER", "")])
async def test_a_move_from_nowhere_to_nowhere_or_to_itself_is_none(talk, moves, old_id, new_id):
    await talk.says("Alice", "trips")

    await moves(old_id, new_id)

    assert await talk.history() == [("Alice", "trips")]
