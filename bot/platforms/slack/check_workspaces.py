"""What `earshot doctor` finds in the workspaces that installed the app: one line each.

Some are asked at once. Nothing is changed: a token that expires is not renewed, since the one that
renews it is good for one use, and belongs to the bot that may be running.
"""

import asyncio

from bot.errors import PlatformError, StoreError
from bot.platforms.checking import Check
from bot.platforms.slack.check_scopes import scope_check
from bot.platforms.slack.clients import Clients, Refused, asked
from bot.platforms.slack.credentials import Provider
from bot.platforms.slack.installations import Installations
from bot.platforms.slack.installing import new_installations
from bot.platforms.slack.known_teams import REMOVED
from bot.platforms.slack.paths import INSTALL_PATH
from bot.store import Store

MAX_AT_ONCE = 8
EXPIRED = "token_expired"


async def workspace_checks(
    store: Store, provider: Provider, clients: Clients, *, public_url: str | None
) -> list[Check]:
    """Look at each workspace that has the app. Whatever goes wrong becomes a check that says so."""
    installations = new_installations(store, provider, clients)
    at_once = asyncio.Semaphore(MAX_AT_ONCE)
    address = f", at {public_url.rstrip('/')}{INSTALL_PATH}" if public_url else ""
    again = f"Install the app there again{address}."

    async def looked_at(team_id: str) -> Check:
        async with at_once:
            try:
                return await _look(installations, clients, team_id, again=again)
            except (PlatformError, StoreError) as error:
                return _bad(f"{team_id}: {error}", "Try again; the other lines say more.")

    try:
        team_ids = await installations.workspaces()
    except StoreError as error:
        return [_bad(f"which workspaces installed the app: {error}", "Mend the database.")]
    if not team_ids:
        return [Check("no workspace has installed the app yet")]
    return await asyncio.gather(*map(looked_at, team_ids))


async def _look(
    installations: Installations, clients: Clients, team_id: str, *, again: str
) -> Check:
    if not await installations.is_kept(team_id):
        return _bad(f"{team_id}: no token of it is kept", again)
    bot = await installations.as_kept(team_id)
    if bot is None:
        return _bad(
            f"{team_id}: no key in EARSHOT_SLACK_ENCRYPTION_KEY reads its token",
            f"Add the key that it was stored with, behind yours. If it is lost: {again}",
        )
    name = f"{bot.team_name or bot.enterprise_name or team_id} ({team_id})"
    try:
        answer = await asked(clients.client(bot.bot_token).auth_test(), doing="the token")
    except Refused as error:
        return _refused(name, error.code, again)
    scopes = scope_check(answer, how=again)
    detail = f"{name}: the token is valid; {scopes.detail}"
    return Check(detail, ok=scopes.ok, remedy=scopes.remedy)


def _refused(name: str, code: str, again: str) -> Check:
    if code == EXPIRED:
        return Check(f"{name}: the token has expired; the bot renews it as soon as it runs")
    if code in REMOVED:
        remedy = f"{again} Nothing, if they meant it: the bot deletes what is stored, in time."
        return _bad(f"{name}: it removed the app ({code})", remedy)
    return _bad(f"{name}: Slack refuses the token ({code})", again)


def _bad(detail: str, remedy: str) -> Check:
    return Check(detail, ok=False, remedy=remedy)
