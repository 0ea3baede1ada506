"""What `earshot doctor` asks Slack: the tokens, their scopes, the channels it is in, the clock.

The workspaces of an app that many have installed are looked at by `check_workspaces`.

Asks over HTTP only, changes nothing, and says of each fault where it is mended. No answer holds a
token. Which events an app has subscribed to Slack tells nobody: those are named that cannot come
for want of a scope.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from bot.config import Settings, variable
from bot.errors import ConfigError, PlatformError
from bot.platforms.checking import Check, clock_checks, named
from bot.platforms.slack.check_scopes import scope_check
from bot.platforms.slack.check_workspaces import workspace_checks
from bot.platforms.slack.clients import API_BASE, Clients, Refused, asked
from bot.platforms.slack.connecting import TOKEN_FAULTS
from bot.platforms.slack.credentials import (
    APP_TOKEN_PLACE,
    APPS,
    BOT_TOKEN_PLACE,
    SECRET_PLACE,
    Credentials,
    Provider,
    credentials,
)
from bot.platforms.slack.paths import INSTALL_PATH
from bot.store import Store

STATUS_PAGE = "https://slack-status.com"
MAX_NAMED = 5  # channels in one line
TOLD = frozenset({"missing_scope", "bot_not_found"})  # by another check, or of no concern
APP_OF_TOKEN = re.compile(r"xapp-\d+-(A[A-Z0-9]+)-")
NO_CODE = "no-code"  # what no workspace ever gave: Slack refuses it after it knew the app


async def examine(
    settings: Settings,
    *,
    store: Store | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> list[Check]:
    """Ask Slack about the app of the settings. Whatever goes wrong becomes a check that says so.

    The `store` knows the workspaces that installed it; without one they are not looked at.
    """
    try:
        given = credentials(settings)
    except ConfigError as error:
        return [Check("its credentials are not complete", ok=False, remedy=str(error))]
    ahead: list[timedelta] = []
    clients = Clients(settings.slack_api_base, saw_date=lambda date: _note(date, now(), ahead))
    found: list[Check] = []
    try:
        await _ask(clients, given, found, public_url=settings.slack_public_url)
        if given.provider is not None and store is not None:
            found += await workspace_checks(
                store, given.provider, clients, public_url=settings.slack_public_url
            )
    except PlatformError as error:
        found.append(Check(f"{error}", ok=False, remedy=_remedy(clients)))
    finally:
        await clients.close()
    return [*found, *clock_checks(ahead, "Slack")]


async def _ask(
    clients: Clients, given: Credentials, found: list[Check], *, public_url: str | None
) -> None:
    app_id = None
    if given.bot_token is not None:
        app_id = await _bot_checks(clients, given.bot_token, found)
    if given.provider is not None:
        found += await _provider_checks(clients, given.provider)
        found += _address_checks(public_url)
    if given.app_token is not None:
        found += await _app_token_checks(clients, given.app_token, app_id=app_id)
    if given.signing_secret is not None and given.app_token is None:
        found.append(
            Check(
                "events come over HTTP: on its page, Event Subscriptions, Slack checks the address "
                "as long as Earshot runs"
            )
        )


async def _bot_checks(clients: Clients, token: str, found: list[Check]) -> str | None:
    """Look at the bot token; gives the id of the app that it belongs to, where Slack tells."""
    client = clients.client(token)
    try:
        answer = await asked(client.auth_test(), doing="the bot token")
    except Refused as error:
        remedy = f"Set {variable('slack_bot_token')} to the token of {BOT_TOKEN_PLACE}."
        found.append(Check(f"Slack refuses the bot token ({error.code})", ok=False, remedy=remedy))
        return None
    name, team = answer.get("user"), answer.get("team")
    found.append(Check(f"the bot token is valid: it is @{name} in the workspace {team}"))
    found.append(scope_check(answer, how="Press Reinstall."))
    try:
        found.append(await _channels_check(clients, token, bot=str(name)))
        bot = await asked(client.bots_info(bot=answer.get("bot_id")), doing="the app of the bot")
    except Refused as error:
        if error.code in TOLD:
            return None
        raise
    app_id = (bot.get("bot") or {}).get("app_id")
    return str(app_id) if app_id else None


async def _channels_check(clients: Clients, token: str, *, bot: str) -> Check:
    question = clients.client(token).users_conversations(
        types="public_channel,private_channel", exclude_archived=True, limit=200
    )
    answer = await asked(question, doing="the channels it is in")
    listed = answer.get("channels")
    channels = listed if isinstance(listed, list) else []
    if not channels:
        remedy = f"In a channel of Slack, write: /invite @{bot}"
        return Check("it is in no channel, so it hears nothing there", ok=False, remedy=remedy)
    names = sorted(f"#{channel.get('name')}" for channel in channels)
    return Check(f"it is in {named(names, at_most=MAX_NAMED)}")


def _address_checks(public_url: str | None) -> list[Check]:
    """Say where workspaces install the app, or that nobody has told."""
    if public_url is not None:
        return [Check(f"workspaces install the app at {public_url.rstrip('/')}{INSTALL_PATH}")]
    remedy = (
        f"Set {variable('slack_public_url')} to the https:// address at which browsers reach this "
        "machine, the one of `earshot slack manifest --http`."
    )
    what = f"{variable('slack_public_url')} is not set: Slack is not told where installing goes on"
    return [Check(what, ok=False, remedy=remedy)]


def _is_of_another(token: str, app_id: str | None) -> bool:
    """Tell whether an app-level token names another app: xapp-1-A..., the id, and the secret."""
    named = APP_OF_TOKEN.match(token)
    return named is not None and app_id is not None and named[1] != app_id


async def _app_token_checks(clients: Clients, token: str, *, app_id: str | None) -> list[Check]:
    """Ask for the address of a connection, and connect to nothing."""
    question = clients.client().apps_connections_open(app_token=token)
    try:
        await asked(question, doing="the app-level token")
    except Refused as error:
        if error.code in TOKEN_FAULTS:
            remedy = f"Set {variable('slack_app_token')} to the token of {APP_TOKEN_PLACE}."
            what = f"Slack refuses the app-level token ({error.code})"
        else:
            remedy = f"On {APPS}, your app, Socket Mode, switch on Enable Socket Mode."
            what = f"Slack opens no connection over Socket Mode ({error.code})"
        return [Check(what, ok=False, remedy=remedy)]
    if _is_of_another(token, app_id):
        remedy = (
            f"Set {variable('slack_app_token')} and {variable('slack_bot_token')} to the tokens of "
            f"one app. That of the bot token is {APPS}/{app_id}."
        )
        what = "the app-level token is another app's than the bot token: its events never come here"
        return [Check(what, ok=False, remedy=remedy)]
    return [Check("the app-level token is valid: events come over Socket Mode")]


async def _provider_checks(clients: Clients, provider: Provider) -> list[Check]:
    question = clients.client().oauth_v2_access(
        client_id=provider.client_id, client_secret=provider.client_secret, code=NO_CODE
    )
    try:
        await asked(question, doing="the client id and secret")
    except Refused as error:
        if error.code == "invalid_code":
            return [Check("the client id and secret are valid: workspaces can install the app")]
        remedy = (
            f"Set {variable('slack_client_id')} and {variable('slack_client_secret')} to those of "
            f"{SECRET_PLACE}."
        )
        what = f"Slack refuses the client id or secret ({error.code})"
        return [Check(what, ok=False, remedy=remedy)]
    return []


def _note(header: str | None, now: datetime, ahead: list[timedelta]) -> None:
    try:
        ahead.append(now - parsedate_to_datetime(header or ""))
    except (TypeError, ValueError):
        return  # no date, or none that can be read


def _remedy(clients: Clients) -> str:
    if clients.api_base != API_BASE:
        return f"Start the server at {clients.shown}, or correct {variable('slack_api_base')}."
    return f"Check this machine's network, and {STATUS_PAGE} for trouble at Slack; try again."
