"""The installations of an app of many workspaces: slack_sdk's tables in our database, tokens encrypted.

A token that expires is renewed before it does, by one process at a time: the refresh token that
belongs to it is good for one use.
"""

import asyncio
import copy
import logging
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from slack_sdk.oauth.installation_store import Bot, Installation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.installation_store.sqlalchemy import AsyncSQLAlchemyInstallationStore
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import PlatformError
from bot.messages import ConversationKey
from bot.platforms.insist import insisted
from bot.platforms.slack.clients import Refused, asked
from bot.platforms.slack.credentials import Provider
from bot.platforms.slack.keys import PLATFORM, channel_key
from bot.store import Store

logger = logging.getLogger(__name__)

RENEW_BEFORE_MINUTES = 120  # of the twelve hours that a token lives; as Bolt does
GOOD_FOR_MINUTES = 10  # longer than anybody remembers a token
RENEWED_S = 1.0  # that a token which is still good waits for the next
STOP_S = 30.0
RENEWAL = "token renewal"  # in place of a channel: what a process waits for its turn with

Record = TypeVar("Record", Bot, Installation)


class Installations(AsyncInstallationStore):
    """Keeps who installed the app. Every method may raise StoreError; no token is stored readable."""

    def __init__(
        self,
        store: Store,
        *,
        provider: Provider,
        client: AsyncWebClient,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._client_id, self._client_secret = provider.client_id, provider.client_secret
        self._kept = AsyncSQLAlchemyInstallationStore(
            provider.client_id, store.engine, logger=logger
        )
        self._encryption = provider.encryption
        self._client = client
        self._clock = clock
        self._renewing: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._renewals: set[asyncio.Future[Bot | None]] = set()

    async def workspaces(self) -> list[str]:
        """List the workspaces in which the app is, by what the history knows."""
        return await self._store.workspaces.present(PLATFORM)

    async def bot(self, team_id: str, enterprise_id: str | None = None) -> Bot | None:
        """Give the bot of a workspace, with a token that is valid for a while; None if it has none.

        Raises PlatformError where no key reads the token, or it has expired and Slack gives no new
        one: then the app has to be installed there again; PlatformUnavailable where Slack cannot be
        reached for it.
        """
        organization = await self._organization(team_id, enterprise_id)
        kept = await self._kept_for(team_id, organization)
        if kept is None:
            return None
        bot = self._decrypted(kept)
        if bot is None:
            raise PlatformError(f"no key reads the token of {team_id}")
        if not self._is_expiring(bot):
            return bot
        # Not to be cut off between Slack's answer and the database: the old token is spent then.
        renewing = asyncio.ensure_future(self._renewed(team_id, organization))
        self._renewals.add(renewing)
        renewing.add_done_callback(self._renewals.discard)
        if not self._is_expiring(bot, minutes=GOOD_FOR_MINUTES):
            await asyncio.wait({renewing}, timeout=RENEWED_S)
            if not renewing.done():  # Slack takes its time, and people wait for an answer
                renewing.add_done_callback(_took_note)
                return bot
        return await asyncio.shield(renewing)

    async def as_kept(self, team_id: str) -> Bot | None:
        """Give the bot of a workspace with the token that is kept, be it expired or not.

        None if it has none, or no key reads it.
        """
        return await self._found(team_id, await self._organization(team_id, None))

    async def close(self) -> None:
        """Let the tokens be written down that Slack is giving just now."""
        if self._renewals:
            await asyncio.wait(self._renewals, timeout=STOP_S)

    async def is_kept(self, team_id: str) -> bool:
        """Tell whether there is an installation for a workspace, even one that no key reads."""
        return await self._kept_for(team_id, await self._organization(team_id, None)) is not None

    async def removed(self, team_id: str, enterprise_id: str | None, *, at: float) -> bool:
        """Delete what was installed before `at`, in seconds; False if there is nothing of the kind.

        Raises PlatformUnavailable where Slack would have to be asked which came first.
        """
        organization = await self._organization(team_id, enterprise_id)
        kept = await self._kept_for(team_id, organization)
        if kept is None:
            return False
        bot = self._decrypted(kept)  # what no key reads any more is gone at any rate
        if bot is not None and bot.installed_at > at and await self._is_valid(bot):
            return False
        await self.async_delete_all(enterprise_id=kept.enterprise_id, team_id=kept.team_id)
        return True

    async def _is_valid(self, bot: Bot) -> bool:
        """Ask whether a token is good: this machine's clock may be wrong about what came first."""
        try:
            await asked(self._client.auth_test(token=bot.bot_token), doing="a token")
        except Refused as error:
            return error.code == "token_expired"  # that is no removal
        return True

    async def async_save(self, installation: Installation) -> None:
        """Keep a new installation; it counts instead of an earlier one of the workspace."""
        sealed = self._encrypted(installation)
        team_id = installation.team_id
        await self._store.carry_through(self._kept.async_save(sealed))
        if team_id and installation.enterprise_id:
            await self._store.notes.set(
                PLATFORM, _organization_of(team_id), installation.enterprise_id
            )

    async def async_save_bot(self, bot: Bot) -> None:
        """Keep a bot's new token."""
        await self._store.carry_through(self._kept.async_save_bot(self._encrypted(bot)))

    async def async_find_bot(
        self,
        *,
        enterprise_id: str | None,
        team_id: str | None,
        is_enterprise_install: bool | None = False,
    ) -> Bot | None:
        """Find a bot, its token readable; None also where no key of the settings reads it."""
        bot = await self._kept_bot(team_id, enterprise_id, is_organization=is_enterprise_install)
        return None if bot is None else self._decrypted(bot)

    async def async_delete_bot(self, *, enterprise_id: str | None, team_id: str | None) -> None:
        """Delete a bot's token."""
        await self._store.carry_through(
            self._kept.async_delete_bot(enterprise_id=enterprise_id, team_id=team_id)
        )

    async def async_delete_installation(
        self, *, enterprise_id: str | None, team_id: str | None, user_id: str | None = None
    ) -> None:
        """Delete who installed the app."""
        await self._store.carry_through(
            self._kept.async_delete_installation(
                enterprise_id=enterprise_id, team_id=team_id, user_id=user_id
            )
        )

    async def _kept_bot(
        self, team_id: str | None, enterprise_id: str | None, *, is_organization: bool | None
    ) -> Bot | None:
        """Find a bot as it is stored, its token not readable."""
        find = self._kept.async_find_bot(
            enterprise_id=enterprise_id,
            team_id=team_id,
            is_enterprise_install=is_organization,
        )
        return await self._store.carry_through(find)

    async def _organization(self, team_id: str, enterprise_id: str | None) -> str | None:
        """Give the organization of a workspace; what an event once said of it is remembered."""
        name = _organization_of(team_id)
        known = await self._store.notes.get(PLATFORM, name)
        if enterprise_id and enterprise_id != known:
            await self._store.notes.set(PLATFORM, name, enterprise_id)
        return enterprise_id or known

    async def _found(self, team_id: str, enterprise_id: str | None) -> Bot | None:
        """Find the bot of a workspace, its token readable; None where no key reads it."""
        kept = await self._kept_for(team_id, enterprise_id)
        return None if kept is None else self._decrypted(kept)

    async def _kept_for(self, team_id: str, enterprise_id: str | None) -> Bot | None:
        """Look for the workspace's own installation, then for that of its organization.

        A workspace may have installed the app before it joined one.
        """
        bot = await self._kept_bot(team_id, enterprise_id, is_organization=False)
        if bot is None and enterprise_id:
            bot = await self._kept_bot(None, enterprise_id, is_organization=True)
        if bot is None and enterprise_id:
            bot = await self._kept_bot(team_id, None, is_organization=False)
        return bot

    def _is_expiring(self, bot: Bot, *, minutes: float = RENEW_BEFORE_MINUTES) -> bool:
        ends_at = bot.bot_token_expires_at
        return ends_at is not None and ends_at <= self._clock() + minutes * 60

    async def _renewed(self, team_id: str, enterprise_id: str | None) -> Bot | None:
        # Within this process one after the other, among processes by turns.
        async with self._renewing[team_id], self._store.turns.alone(_renewal_of(team_id)):
            bot = await self._found(team_id, enterprise_id)
            if bot is None or not self._is_expiring(bot):
                return bot  # another process was first
            try:
                fresh = await self._with_new_token(bot)
            except PlatformError as error:
                if self._is_expiring(bot, minutes=0):
                    raise
                logger.warning("Slack: the token of %s could not be renewed: %s", team_id, error)
                return bot  # it is good for a while yet, and renewing is tried again
            save = partial(self.async_save_bot, fresh)
            await insisted(save, f"the new token of {team_id}")  # the old one is spent
            logger.info("Slack: the token of %s is renewed", team_id)
            return fresh

    async def _with_new_token(self, bot: Bot) -> Bot:
        question = self._client.oauth_v2_access(
            client_id=self._client_id,
            client_secret=self._client_secret,
            grant_type="refresh_token",
            refresh_token=bot.bot_refresh_token,
        )
        answer = await asked(question, doing="a token that expires")
        fresh = copy.copy(bot)
        fresh.bot_token = str(answer["access_token"])
        fresh.bot_refresh_token = str(answer["refresh_token"])
        fresh.bot_token_expires_at = int(self._clock()) + int(answer["expires_in"])
        return fresh

    def _encrypted(self, record: Record) -> Record:
        sealed = copy.copy(record)
        # Whole seconds come back from the database as they were: a renewed token replaces the old.
        sealed.installed_at = float(int(record.installed_at))
        for name in _secret_names(record):
            token = getattr(record, name)
            setattr(sealed, name, token and self._encryption.encrypted(token))
        return sealed

    def _decrypted(self, bot: Bot) -> Bot | None:
        for name in _secret_names(bot):
            stored = getattr(bot, name)
            token = stored and self._encryption.decrypted(stored)
            if stored and token is None:
                logger.error(
                    "Slack: no key in EARSHOT_SLACK_ENCRYPTION_KEY reads the token of %s: add the "
                    "key that it was stored with, or install the app there again",
                    bot.team_id or bot.enterprise_id,
                )
                return None
            setattr(bot, name, token)
        return bot


def _took_note(renewing: asyncio.Future[Bot | None]) -> None:
    """Look at how a renewal ended that nobody waits for: it has said so itself."""
    if not renewing.cancelled() and (error := renewing.exception()) is not None:
        logger.debug("a renewal failed: %s", error)


def _secret_names(record: Bot | Installation) -> tuple[str, ...]:
    if isinstance(record, Bot):
        return ("bot_token", "bot_refresh_token")
    return (
        "bot_token",
        "bot_refresh_token",
        "user_token",
        "user_refresh_token",
        "incoming_webhook_url",
    )


def _organization_of(team_id: str) -> str:
    return f"organization/{team_id}"


def _renewal_of(team_id: str) -> ConversationKey:
    return channel_key(team_id, RENEWAL)
