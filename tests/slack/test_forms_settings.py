"""The settings form, from the moment somebody asks for it to what they read when it is done."""

import logging
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.commands.dispatch import STORE_FAILED
from bot.errors import StoreError
from bot.messages import Mode
from bot.platforms.slack.ask_form import DEFAULT_QUESTION
from bot.platforms.slack.settings_form import CHANNEL_MANAGERS
from bot.runtime import utc_now
from tests.slack.viewing import Seen, seen, texts
from tests.slack_server import SlackServer

MANAGER, MEMBER = "Olga", "Alice"  # Olga made the channel, and owns the workspace


@pytest.fixture
async def views(slack: SlackServer, database_url: str) -> AsyncIterator[Seen]:
    slack.member(MEMBER)
    async with seen(database_url, slack) as running:
        yield running


async def test_what_a_manager_changes_is_done_and_told(views: Seen) -> None:
    assert await views.opens(MANAGER, views.where("general"))

    errors = await views.submits(MANAGER, mode="active", eagerness="30", persona="a pirate")

    settings = await views.settings("general")
    assert not errors
    assert (settings.mode, settings.eagerness, settings.persona) == (Mode.ACTIVE, 30, "a pirate")
    told = texts(views.modal(MANAGER).shown)
    assert told[0].startswith("My mode here is now active")
    assert told[1].startswith("My eagerness here is now 30 of 100.")
    assert told[2] == "My persona here is now: a pirate"


async def test_a_form_submitted_as_it_came_changes_nothing_and_closes(views: Seen) -> None:
    await views.opens(MANAGER, views.where("general"))

    await views.submits(MANAGER)

    assert not views.has_modal(MANAGER)
    assert await views.store.channels.chosen(views.where("general")) == frozenset()


async def test_what_somebody_else_changed_meanwhile_stays(views: Seen) -> None:
    await views.opens(MANAGER, views.where("general"))
    await views.store.channels.change(views.where("general"), persona="a librarian")

    await views.submits(MANAGER, eagerness="30")

    settings = await views.settings("general")
    assert (settings.eagerness, settings.persona) == (30, "a librarian")


async def test_what_cannot_be_read_is_said_beside_its_field(views: Seen) -> None:
    await views.opens(MANAGER, views.where("general"))

    errors = await views.submits(
        MANAGER, **{"quiet": "soonish", "limits/cooldown": "9d", "eagerness": "30"}
    )

    assert set(errors) == {"quiet", "limits/cooldown"}
    assert errors["quiet"].startswith('I can\'t read "soonish" as a time.')
    assert errors["limits/cooldown"].startswith("I can rest at most 7 d.")
    assert (await views.settings("general")).eagerness == 50
    assert views.has_modal(MANAGER)


async def test_while_anything_cannot_be_read_nothing_is_changed(views: Seen) -> None:
    where = views.where("general")
    await views.store.channels.change(where, persona="a librarian", eagerness=30, at=utc_now())
    await views.opens(MANAGER, where)

    errors = await views.submits(
        MANAGER,
        persona="a pirate",
        **{"quiet/hours": "at night", "defaults/follow": ["defaults/follow"]},
    )

    assert set(errors) == {"quiet/hours"}
    assert await views.store.channels.chosen(where) == {"persona", "eagerness"}
    assert (await views.settings("general")).persona == "a librarian"


async def test_what_is_put_back_after_an_error_is_as_it_was(views: Seen) -> None:
    await views.store.channels.change(views.where("general"), persona="a librarian")
    await views.opens(MANAGER, views.where("general"))

    errors = await views.submits(MANAGER, persona="a pirate", quiet="soonish")
    await views.submits(MANAGER, persona="a librarian", quiet="2h")

    settings = await views.settings("general")
    assert set(errors) == {"quiet"}
    assert settings.persona == "a librarian"
    assert settings.quiet_until is not None


async def test_of_the_defaults_too_nothing_is_changed_while_anything_cannot_be_read(
    views: Seen,
) -> None:
    await views.opens(MANAGER, views.for_all)

    errors = await views.submits(
        MANAGER,
        **{
            "defaults/persona": "a pirate",
            "defaults/quiet": "at night",
            "defaults/cooldown": "soon",
        },
    )

    assert set(errors) == {"defaults/quiet", "defaults/cooldown"}
    assert await views.store.channels.chosen(views.for_all) == frozenset()


async def test_where_the_history_fails_halfway_what_was_done_is_told(
    views: Seen, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    await views.opens(MANAGER, views.where("general"))
    change = views.store.channels.change

    async def fails_later(*args: object, **changes: object) -> object:
        if "persona" in changes:
            raise StoreError("the disk is full")
        return await change(*args, **changes)

    monkeypatch.setattr(views.store.channels, "change", fails_later)

    errors = await views.submits(MANAGER, mode="active", persona="a pirate")

    told = texts(views.modal(MANAGER).shown)
    assert not errors
    assert told[0].startswith("My mode here is now active")
    assert told[1:] == [STORE_FAILED]


async def test_whoever_may_not_change_them_reads_them(views: Seen) -> None:
    await views.store.channels.change(views.where("general"), persona="a librarian")

    await views.opens(MEMBER, views.where("general"))

    shown = views.modal(MEMBER).shown
    assert "submit" not in shown
    assert not list(views.modal(MEMBER).elements())
    assert "My persona here is: a librarian. That is this channel's own choice." in texts(shown)
    assert texts(shown)[-1] == CHANNEL_MANAGERS


async def test_rights_are_those_at_the_time_of_submitting(views: Seen) -> None:
    views.slack.member("Adam", is_admin=True)
    await views.opens("Adam", views.where("general"))
    views.slack.member("Adam", is_admin=False)
    views.rights.managing.people.forget(views.team.id, views.slack.user("Adam").id)

    await views.submits("Adam", eagerness="100")

    assert (await views.settings("general")).eagerness == 50
    assert texts(views.modal("Adam").shown)[-1] == CHANNEL_MANAGERS


async def test_the_defaults_are_for_the_managers_of_the_workspace(views: Seen) -> None:
    await views.opens(MANAGER, views.for_all)

    await views.submits(MANAGER, **{"defaults/eagerness": "30", "defaults/quiet": "22-7 UTC"})

    settings = await views.settings("general")
    told = texts(views.modal(MANAGER).shown)
    assert settings.eagerness == 30
    assert settings.quiet_hours is not None
    assert told[1] == (
        "By default: Quiet hours are now 22:00-07:00 every day UTC. Mention me and I still answer."
    )
    assert not any("This channel" in text for text in told)


async def test_somebody_else_reads_the_defaults(views: Seen) -> None:
    await views.opens(MEMBER, views.for_all)

    assert "submit" not in views.modal(MEMBER).shown
    assert "By default: I have no persona. Nobody chose otherwise." in texts(
        views.modal(MEMBER).shown
    )


async def test_everybody_sets_their_own_direct_chat(views: Seen) -> None:
    await views.opens(MEMBER, views.where("@Alice"))

    await views.submits(MEMBER, persona="a tutor")

    assert (await views.settings("@Alice")).persona == "a tutor"


async def test_a_channel_drops_its_choices(views: Seen) -> None:
    where = views.where("general")
    await views.store.channels.change(where, persona="a librarian", eagerness=30, at=utc_now())
    await views.opens(MANAGER, where)

    await views.submits(MANAGER, **{"defaults/follow": ["defaults/follow"]})

    assert await views.store.channels.chosen(where) == frozenset()
    assert texts(views.modal(MANAGER).shown)[0].startswith("This channel forgot its own choices")


async def test_threads_have_the_form_of_their_channel(views: Seen) -> None:
    thread = replace(views.where("general"), thread="1700000000.000100")

    await views.opens(MANAGER, thread)
    await views.submits(MANAGER, eagerness="30")

    assert (await views.settings("general")).eagerness == 30


async def test_a_question_about_a_message_comes_back_with_its_place(views: Seen) -> None:
    where = replace(views.where("general"), thread="1700000000.000100")

    opened = await views.forms.open_ask(
        views.team, views.trigger(MEMBER), where, "1700000000.000200"
    )

    asked = views.forms.asked(views.submitted(MEMBER), views.team)
    assert opened
    assert asked == (where, "1700000000.000200", DEFAULT_QUESTION)
