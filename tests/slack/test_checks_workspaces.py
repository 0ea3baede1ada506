"""What `earshot doctor` finds in the workspaces that installed an app: one line each, changing nothing."""

import asyncio

import pytest
from pydantic import SecretStr
from slack_sdk.oauth.installation_store import Installation

from bot.cli.check_slack import check_slack
from bot.platforms.slack.checks import examine
from bot.platforms.slack.clients import Clients
from bot.platforms.slack.credentials import credentials
from bot.platforms.slack.encrypting import new_key
from bot.platforms.slack.installing import new_installations
from bot.platforms.slack.scopes import BOT_SCOPES
from tests.slack.connected import settings_for

KEY = new_key()
AGAIN = "Install the app there again, at https://bot.example.com/slack/install."


@pytest.fixture
def settings(slack):
    return settings_for(
        slack,
        slack_bot_token=None,
        slack_app_token=None,
        slack_client_id=slack.client_id,
        slack_client_secret=slack.client_secret,
        slack_encryption_key=KEY,
        slack_public_url="https://bot.example.com",
    )


async def installed(slack, store, settings, name, **how):
    """Let a workspace install the app; gives it with its token."""
    team = slack.add_team(name, installed=False)
    token = slack.install(team, **{"scopes": BOT_SCOPES, **how})
    clients = Clients(settings.slack_api_base)
    kept = Installation(
        app_id=slack.app_id,
        team_id=team.id,
        team_name=name,
        bot_token=token.value,
        bot_refresh_token=token.refresh,
        bot_token_expires_at=token.expires_at_s and int(token.expires_at_s),
        bot_id=team.bot.bot_id,
        bot_user_id=team.bot.id,
        user_id="U0IDA",
    )
    await new_installations(store, credentials(settings).provider, clients).async_save(kept)
    await clients.close()
    await store.workspaces.joined("slack", team.id, at=slack.clock.now())
    return team, token


async def found(store, settings, name):
    """Give the one line about a workspace."""
    checks = await examine(settings, store=store)
    assert "xoxb" not in str(checks)
    (line,) = (check for check in checks if check.detail.startswith(name))
    return line


async def test_each_workspace_that_is_well_has_a_line(slack, store, settings):
    for name in ("Lighthouse", "Windmill"):
        await installed(slack, store, settings, name)

    lines = [await found(store, settings, name) for name in ("Lighthouse", "Windmill")]

    assert all(line.ok for line in lines)
    assert lines[0].detail.endswith(": the token is valid; it has the scopes it needs")


async def test_a_workspace_that_lacks_a_scope_is_told_where_to_install_anew(slack, store, settings):
    scopes = [scope for scope in BOT_SCOPES if scope != "chat:write"]
    await installed(slack, store, settings, "Lighthouse", scopes=scopes)
    await installed(slack, store, settings, "Windmill")

    line = await found(store, settings, "Lighthouse")

    assert not line.ok
    assert "it lacks the scopes chat:write" in line.detail
    assert line.remedy.endswith(AGAIN)
    assert (await found(store, settings, "Windmill")).ok


@pytest.mark.parametrize("how", ["inactive", "revoked"])
async def test_a_workspace_that_removed_the_app_is_told_and_left_as_it_is(
    slack, store, settings, how
):
    team, token = await installed(slack, store, settings, "Lighthouse")
    setattr(token, how, True)

    line = await found(store, settings, "Lighthouse")

    assert not line.ok
    assert "it removed the app" in line.detail
    assert AGAIN in line.remedy
    assert await store.workspaces.present("slack") == [team.id]


async def test_a_token_that_no_key_reads_is_told(slack, store, settings):
    team, _ = await installed(slack, store, settings, "Lighthouse")

    other = settings.model_copy(update={"slack_encryption_key": SecretStr(new_key())})
    line = await found(store, other, team.id)

    assert not line.ok
    assert "no key in EARSHOT_SLACK_ENCRYPTION_KEY reads its token" in line.detail


async def test_a_workspace_whose_token_is_not_kept_is_told(slack, store, settings):
    await store.workspaces.joined("slack", "T0GONE", at=slack.clock.now())

    line = await found(store, settings, "T0GONE")

    assert (line.ok, line.remedy) == (False, AGAIN)


async def test_a_token_that_expired_is_not_renewed_here(slack, store, settings):
    await installed(slack, store, settings, "Lighthouse", rotates=True)
    slack.clock.advance(50_000)

    line = await found(store, settings, "Lighthouse")

    assert line.ok
    assert "the bot renews it" in line.detail
    assert all("refresh_token" not in call.given for call in slack.asked("oauth.v2.access"))


async def test_a_workspace_that_cannot_be_asked_hides_no_other(slack, store, settings):
    for name in ("Lighthouse", "Windmill"):
        await installed(slack, store, settings, name)
    slack.faults.unavailable(on="auth.test")

    checks = await examine(settings, store=store)

    told = [check.ok for check in checks if "the token" in check.detail]
    assert sorted(told) == [False, True]


async def test_where_nobody_installed_it_one_line_says_so(store, settings):
    checks = await examine(settings, store=store)

    assert "no workspace has installed the app yet" in [
        check.detail for check in checks if check.ok
    ]


async def test_the_command_asks_the_history_and_makes_none(slack, store, settings, tmp_path):
    await installed(slack, store, settings, "Lighthouse")
    absent = tmp_path / "absent.db"
    nowhere = settings.model_copy(update={"database_url": f"sqlite:///{absent}"})
    here = settings.model_copy(update={"database_url": str(store.engine.url)})

    known, unknown = [await asyncio.to_thread(check_slack, each) for each in (here, nowhere)]

    lines = [finding.detail.partition(" (")[0] for finding in known if finding.ok]
    assert "Lighthouse" in lines
    assert len(known) == len(unknown) + 1
    assert not absent.exists()
