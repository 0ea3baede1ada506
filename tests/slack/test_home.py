"""The Home tab: what somebody sees there, and what its buttons do."""

from collections.abc import AsyncIterator

import pytest

from bot.errors import StoreError
from bot.messages import Mode
from bot.platforms.slack.home_tab import NO_CHANNELS, UNKNOWN
from bot.platforms.slack.keys import PLATFORM
from bot.runtime import utc_now
from tests.slack.viewing import Seen, channel_line, seen, texts
from tests.slack_server import Kind, SlackServer

OWNER, MEMBER = "Olga", "Alice"


@pytest.fixture
async def views(slack: SlackServer, database_url: str) -> AsyncIterator[Seen]:
    slack.general.members.append(slack.member(MEMBER).id)
    async with seen(database_url, slack) as running:
        yield running


async def test_it_has_the_channels_that_both_are_in(views: Seen) -> None:
    slack = views.slack
    both = slack.add_channel("secret", Kind.PRIVATE, members=[MEMBER])
    slack.add_channel("elsewhere", members=[MEMBER], bot_present=False)
    slack.add_channel("not-hers", members=["Ben"])
    await views.store.channels.change(
        views.where("secret"), mode=Mode.ACTIVE, eagerness=30, at=utc_now()
    )

    seen_ = await views.looks_at_home(MEMBER)

    assert channel_line(both, seen_).endswith(": mode active, eagerness 30")
    assert channel_line(slack.general, seen_).endswith(": mode mention, eagerness 50")
    assert sum(text.startswith("<#") for text in seen_) == 2


async def test_it_has_the_group_messages_that_both_are_in(views: Seen) -> None:
    trio = views.slack.add_channel("trio", Kind.MPIM, members=[MEMBER, "Ben"])

    seen_ = await views.looks_at_home(MEMBER)

    assert channel_line(trio, seen_).endswith(": mode mention, eagerness 50")


async def test_an_app_that_may_not_know_of_group_messages_shows_the_channels(views: Seen) -> None:
    views.slack.add_channel("trio", Kind.MPIM, members=[MEMBER, "Ben"])
    views.slack.faults.error(
        "missing_scope", on=lambda call: "mpim" in str(call.given.get("types")), times=2
    )

    seen_ = await views.looks_at_home(MEMBER)

    assert [text for text in seen_ if text.startswith("<#")] == [
        channel_line(views.slack.general, seen_)
    ]


async def test_the_messages_tab_is_left_alone(views: Seen) -> None:
    await views.home.opened({"tab": "messages", "user": views.slack.user(MEMBER).id}, views.team)

    assert not views.slack.asked("views.publish")


async def test_of_many_channels_twenty_are_shown(views: Seen) -> None:
    for number in range(24):
        views.slack.add_channel(f"channel-{number:02}", members=[MEMBER])

    seen_ = await views.looks_at_home(MEMBER)

    assert sum(text.startswith("<#") for text in seen_) == 20
    assert any(text.startswith("And 5 more.") for text in seen_)


async def test_somebody_who_shares_no_channel_is_told_how_to(views: Seen) -> None:
    assert NO_CHANNELS in await views.looks_at_home("Ben")


async def test_it_says_what_is_stored(views: Seen) -> None:
    await views.heard(MEMBER, "general", "hello")
    await views.heard(MEMBER, "general", "all of you")

    seen_ = await views.looks_at_home(MEMBER)

    assert any(text.startswith("I store 2 messages of yours") for text in seen_)


async def test_opting_out_and_in_is_done_and_shown(views: Seen) -> None:
    await views.heard(MEMBER, "general", "hello")
    await views.looks_at_home(MEMBER)
    author_id = views.slack.user(MEMBER).id

    await views.presses(MEMBER, "Opt out")
    is_out = await views.store.speakers.is_opted_out(PLATFORM, views.team.id, author_id)
    told = views.on_home(MEMBER)
    await views.presses(MEMBER, "Opt in")

    assert is_out
    assert any(text.startswith("You are opted out: the text of 1 message") for text in told)
    assert not await views.store.speakers.is_opted_out(PLATFORM, views.team.id, author_id)
    assert any(text.startswith("You are opted in") for text in views.on_home(MEMBER))


async def test_forget_me_is_asked_about_first_and_then_done(views: Seen) -> None:
    await views.heard(MEMBER, "general", "hello")
    await views.looks_at_home(MEMBER)
    home = views.slack.desk.homes[views.slack.user(MEMBER).id]
    buttons = {each["text"]["text"]: each for _, each in home.elements()}

    await views.presses(MEMBER, "Forget me")

    assert buttons["Forget me"]["confirm"]["style"] == "danger"
    assert "I store no messages of yours." in "\n".join(views.on_home(MEMBER))


async def test_the_settings_of_a_channel_open_from_it_and_come_back_to_it(views: Seen) -> None:
    await views.looks_at_home(OWNER)

    await views.presses(OWNER, "Settings", beside=views.slack.general.id)
    await views.submits(OWNER, eagerness="30")
    await views.tasks.idle()

    line = channel_line(views.slack.general, views.on_home(OWNER))
    assert line.endswith(": mode mention, eagerness 30")
    assert len(views.slack.asked("views.publish")) == 2


async def test_a_form_opened_elsewhere_publishes_nothing(views: Seen) -> None:
    await views.opens(OWNER, views.where("general"))

    await views.submits(OWNER, eagerness="30")
    await views.tasks.idle()

    assert not views.slack.asked("views.publish")


async def test_the_defaults_open_from_it(views: Seen) -> None:
    await views.looks_at_home(OWNER)

    await views.presses(OWNER, "Defaults")

    assert views.modal(OWNER).title == "Workspace settings"


async def test_all_commands_open_from_it(views: Seen) -> None:
    await views.looks_at_home(MEMBER)

    await views.presses(MEMBER, "All commands")

    assert "privacy optout" in "\n".join(texts(views.modal(MEMBER).shown))


async def test_a_button_that_is_delivered_twice_counts_once(views: Seen) -> None:
    await views.looks_at_home(MEMBER)
    pressed = views.press(MEMBER, "Opt out")

    first = await views.home.acted(pressed, views.team)
    second = await views.home.acted(pressed, views.team)
    await views.tasks.idle()

    assert first
    assert second
    assert len(views.slack.asked("views.publish")) == 2


@pytest.mark.parametrize("actions", [[], [{"action_id": "somebody-else's"}], None])
async def test_other_buttons_are_none_of_its(views: Seen, actions: object) -> None:
    assert not await views.home.acted({"type": "block_actions", "actions": actions}, views.team)


async def test_where_slack_lists_no_channels_the_rest_is_there(
    views: Seen, caplog: pytest.LogCaptureFixture
) -> None:
    views.slack.faults.error("missing_scope", on="users.conversations", times=4)

    seen_ = await views.looks_at_home(MEMBER)

    assert UNKNOWN in seen_
    assert any(text.startswith("I store no messages") for text in seen_)
    assert "Slack: could not list channels in Harbor: missing_scope" in caplog.messages


async def test_where_the_history_fails_it_says_so(
    views: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(views.store.channels, "settings", fails)

    seen_ = await views.looks_at_home(MEMBER)

    assert seen_.count(UNKNOWN) == 2


async def test_a_tab_that_slack_refuses_is_one_line_in_the_log(
    views: Seen, caplog: pytest.LogCaptureFixture
) -> None:
    views.slack.faults.error("not_enabled", on="views.publish")

    await views.home.publish(views.team, views.slack.user(MEMBER).id)

    assert caplog.messages == ["Slack: could not publish a Home tab in Harbor: not_enabled"]
