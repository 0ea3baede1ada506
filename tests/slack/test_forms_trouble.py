"""Forms that come late, fail or are out of date: whoever filled one in hears of it."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from bot.commands.dispatch import STORE_FAILED
from bot.errors import StoreError
from bot.platforms.slack import forms
from bot.platforms.slack.forms import FAILED
from bot.platforms.slack.settings_form import OUT_OF_DATE, SAVING, WAIT
from tests.slack.viewing import Seen, seen, texts
from tests.slack_server import SlackServer

MANAGER, MEMBER = "Olga", "Alice"  # Olga made the channel, and owns the workspace


@pytest.fixture
async def views(slack: SlackServer, database_url: str) -> AsyncIterator[Seen]:
    slack.member(MEMBER)
    async with seen(database_url, slack) as running:
        yield running


async def test_what_takes_long_to_read_comes_after_the_form_opened(
    views: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go_on = asyncio.Event()
    views.rights.waits_for = may_go_on.wait
    monkeypatch.setattr(forms, "READ_WITHIN_S", 0.0)

    opened = await views.forms.open_settings(
        views.team, views.trigger(MANAGER), views.where("general"), views.slack.user(MANAGER).id
    )
    before = texts(views.modal(MANAGER).shown)
    may_go_on.set()
    await views.tasks.idle()

    assert opened
    assert before == [WAIT]
    assert views.modal(MANAGER).shown["submit"]["text"] == "Save"


async def test_what_takes_long_to_save_is_told_when_it_is_done(
    views: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    await views.opens(MANAGER, views.where("general"))
    may_go_on = asyncio.Event()
    views.rights.waits_for = may_go_on.wait
    monkeypatch.setattr(forms, "SAVE_WITHIN_S", 0.0)

    await views.submits(MANAGER, eagerness="30")
    before = texts(views.modal(MANAGER).shown)
    may_go_on.set()
    await views.tasks.idle()

    assert before == [SAVING]
    assert texts(views.modal(MANAGER).shown)[0].startswith("My eagerness here is now 30 of 100.")


async def test_an_error_that_comes_late_is_told_in_words(
    views: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    await views.opens(MANAGER, views.where("general"))
    may_go_on = asyncio.Event()
    views.rights.waits_for = may_go_on.wait
    monkeypatch.setattr(forms, "SAVE_WITHIN_S", 0.0)

    await views.submits(MANAGER, quiet="soonish")
    may_go_on.set()
    await views.tasks.idle()

    assert texts(views.modal(MANAGER).shown)[0].startswith('I can\'t read "soonish"')


async def test_a_trigger_that_is_too_old_is_one_line_in_the_log(
    views: Seen, caplog: pytest.LogCaptureFixture
) -> None:
    trigger_id = views.trigger(MANAGER)
    views.slack.clock.advance(5)

    opened = await views.forms.open_settings(
        views.team, trigger_id, views.where("general"), views.slack.user(MANAGER).id
    )

    assert not opened
    assert caplog.messages == ["Slack: could not open a form in Harbor: expired_trigger_id"]


async def test_a_history_that_fails_is_told(
    views: Seen, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    await views.opens(MANAGER, views.where("general"))
    monkeypatch.setattr(views.store.channels, "settings", _fails)
    monkeypatch.setattr(views.store.channels, "change", _fails)

    errors = await views.submits(MANAGER, persona="a pirate")
    await views.opens(MEMBER, views.where("general"))

    assert errors == {"persona": STORE_FAILED}
    assert STORE_FAILED in texts(views.modal(MEMBER).shown)


@pytest.mark.parametrize(
    ("failure", "told"),
    [(StoreError("the disk is full"), STORE_FAILED), (LookupError("a defect"), FAILED)],
)
async def test_a_form_that_cannot_be_made_says_so(
    views: Seen, caplog: pytest.LogCaptureFixture, failure: Exception, told: str
) -> None:
    async def fails() -> None:
        raise failure

    views.rights.waits_for = fails

    opened = await views.opens(MANAGER, views.where("general"))

    assert opened
    assert texts(views.modal(MANAGER).shown) == [told]
    assert caplog.messages == [f"the settings of {views.where('general')} cannot be shown"]


async def test_a_form_that_does_not_open_is_not_filled_in_later(
    views: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    views.slack.faults.error("internal_error", on="views.open")
    may_go_on = asyncio.Event()
    views.rights.waits_for = may_go_on.wait
    monkeypatch.setattr(forms, "READ_WITHIN_S", 0.0)

    opened = await views.opens(MANAGER, views.where("general"))
    may_go_on.set()
    await views.tasks.idle()

    assert not opened
    assert not views.slack.asked("views.update")


async def test_a_form_of_yore_says_that_it_is_out_of_date(views: Seen) -> None:
    await views.opens(MANAGER, views.where("general"))
    body = views.submitted(MANAGER)
    body["view"]["private_metadata"] = ""

    answer = await views.forms.settings_submitted(body, views.team)

    assert answer is not None
    assert texts(answer["view"]) == [OUT_OF_DATE]


async def test_a_defect_ends_in_a_sentence(views: Seen, caplog: pytest.LogCaptureFixture) -> None:
    await views.opens(MANAGER, views.where("general"))
    views.rights.waits_for = _breaks

    await views.submits(MANAGER, eagerness="30")

    assert texts(views.modal(MANAGER).shown) == [FAILED]
    assert "a form that was submitted in Harbor failed" in caplog.messages


async def _fails(*_: object, **__: object) -> None:
    raise StoreError("the disk is full")


async def _breaks() -> None:
    raise LookupError("a defect")
