"""Who is on the way to install the app: a state is good for one return, and then kept no longer."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from bot.platforms.slack.installing import STATE_S, States


async def kept(store):
    async with store.engine.connect() as connected:
        return (
            (await connected.execute(text("SELECT state FROM slack_oauth_states"))).scalars().all()
        )


def later(seconds):
    return lambda: datetime.now(UTC) + timedelta(seconds=seconds)


async def test_states_that_nobody_came_back_with_are_deleted_once_they_ended(store):
    for _ in range(3):
        await States(store).async_issue()

    fresh = await States(store, later(STATE_S + 5)).async_issue()

    assert await kept(store) == [fresh]


async def test_a_state_that_is_still_good_is_kept(store):
    given = await States(store).async_issue()

    states = States(store, later(STATE_S - 60))
    await states.async_issue()

    assert await states.async_consume(given)
    assert not await states.async_consume(given)
