"""What `earshot doctor` finds at Slack: each fault with what mends it, and never a token."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.platforms.slack.checks import examine
from bot.platforms.slack.encrypting import new_key
from bot.platforms.slack.scopes import BOT_SCOPES
from tests.slack.connected import settings_for


async def found(slack, **changes):
    """Every check: those that are well as their text, the others as (text, remedy)."""
    checks = await examine(settings_for(slack, **changes))
    said = " ".join(f"{check.detail} {check.remedy}" for check in checks)
    assert slack.token not in said
    assert slack.app_token not in said
    return [check.detail if check.ok else (check.detail, check.remedy) for check in checks]


async def test_an_app_that_is_well(slack):
    assert await found(slack) == [
        "the bot token is valid: it is @earshot in the workspace Harbor",
        "it has the scopes it needs",
        "it is in #general",
        "the app-level token is valid: events come over Socket Mode",
        "the clock agrees with Slack's",
    ]
    assert slack.sockets.opened == 0


@pytest.mark.parametrize(
    ("changes", "fault", "setting"),
    [
        (
            {"slack_bot_token": "xoxb-wrong"},
            "Slack refuses the bot token (invalid_auth)",
            "EARSHOT_SLACK_BOT_TOKEN",
        ),
        (
            {"slack_app_token": "xapp-wrong"},
            "Slack refuses the app-level token (invalid_auth)",
            "EARSHOT_SLACK_APP_TOKEN",
        ),
        (
            {"slack_app_token": None, "slack_signing_secret": None},
            "its credentials are not complete",
            "EARSHOT_SLACK_SIGNING_SECRET",
        ),
    ],
)
async def test_a_credential_that_is_wrong_or_missing_is_named(slack, changes, fault, setting):
    checks = await found(slack, **changes)

    (bad,) = (check for check in checks if isinstance(check, tuple))
    assert bad[0] == fault
    assert setting in bad[1]


async def test_scopes_that_are_missing_are_named_with_what_they_are_for(slack):
    scopes = [one for one in BOT_SCOPES if one not in {"chat:write", "reactions:read"}]
    token = slack.install(slack.team, scopes).value

    checks = await found(slack, slack_bot_token=token)

    (bad,) = (check for check in checks if isinstance(check, tuple))
    assert bad[0].startswith("it lacks the scopes chat:write; without reactions:read, which it")
    assert bad[0].endswith("these events cannot come: reaction_added, reaction_removed")
    assert "chat:write to answer" in bad[1]
    assert "earshot slack manifest" in bad[1]


async def test_only_what_it_could_do_without_is_no_fault(slack):
    token = slack.install(slack.team, [s for s in BOT_SCOPES if s != "assistant:write"]).value

    checks = await found(slack, slack_bot_token=token)

    assert (
        "it has the scopes it needs; without assistant:write, which it would use for the extras "
        in (checks[1])
    )


async def test_a_bot_in_no_channel_is_told_how_it_comes_into_one(slack):
    await slack.removes_bot("Olga", "general")

    checks = await found(slack)

    assert checks[2] == (
        "it is in no channel, so it hears nothing there",
        "In a channel of Slack, write: /invite @earshot",
    )


async def test_socket_mode_that_is_switched_off_is_told(slack):
    slack.faults.error("socket_mode_not_enabled", on="apps.connections.open")

    checks = await found(slack)

    (bad,) = (check for check in checks if isinstance(check, tuple))
    assert bad[0] == "Slack opens no connection over Socket Mode (socket_mode_not_enabled)"
    assert "Enable Socket Mode" in bad[1]


async def test_an_app_of_many_workspaces_has_its_client_looked_at(slack):
    many = {
        "slack_public_url": "https://bot.example.com",
        "slack_bot_token": None,
        "slack_app_token": None,
        "slack_client_id": slack.client_id,
        "slack_client_secret": slack.client_secret,
        "slack_encryption_key": new_key(),
    }

    well = await found(slack, **many)
    wrong = await found(slack, **(many | {"slack_client_secret": "another"}))

    nowhere = await found(slack, **(many | {"slack_public_url": None}))

    assert well[0] == "the client id and secret are valid: workspaces can install the app"
    assert well[1] == "workspaces install the app at https://bot.example.com/slack/install"
    assert nowhere[1][0].startswith("EARSHOT_SLACK_PUBLIC_URL is not set: ")
    assert "https://" in nowhere[1][1]
    assert wrong[0][0] == "Slack refuses the client id or secret (bad_client_secret)"


async def test_an_app_level_token_of_another_app_is_told(slack):
    token = slack.tokens.app(app_id="A0OTHER").value

    checks = await found(slack, slack_app_token=token)

    (bad,) = (check for check in checks if isinstance(check, tuple))
    assert bad[0].startswith("the app-level token is another app's than the bot token")
    assert "EARSHOT_SLACK_APP_TOKEN" in bad[1]
    assert "https://api.slack.com/apps/A0EARSHOT" in bad[1]
    assert token not in " ".join(bad)


async def test_where_nothing_listens_no_inner_word_is_shown(slack):
    settings = settings_for(slack)
    await slack.stop()

    checks = await examine(settings)

    (bad,) = (check for check in checks if not check.ok)
    assert bad.detail.startswith("the bot token: Slack ")
    assert bad.detail.endswith(": nothing takes the connection there")


@pytest.mark.parametrize("how", ["unavailable", "reset"])
async def test_a_slack_that_cannot_be_reached_is_one_line(slack, how):
    getattr(slack.faults, how)(on="*", times=9)

    checks = await found(slack)

    (bad,) = (check for check in checks if isinstance(check, tuple))
    assert bad[0].startswith("the bot token: Slack ")
    assert slack.api_url.rstrip("/") in bad[1]


@pytest.mark.parametrize(
    ("by", "line"),
    [
        (timedelta(minutes=10), "this machine's clock is 600 s ahead of Slack's"),
        (timedelta(minutes=-10), "this machine's clock is 600 s behind Slack's"),
    ],
)
async def test_a_wrong_clock_is_told(slack, by, line):
    checks = await examine(settings_for(slack), now=lambda: datetime.now(UTC) + by)

    said = checks[-1].detail
    number = int("".join(filter(str.isdigit, said)))
    assert said.replace(str(number), "600") == line
    assert abs(number - 600) <= 5
    assert not checks[-1].ok
