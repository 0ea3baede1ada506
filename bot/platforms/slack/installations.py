"""The installations of an app of many workspaces: slack_sdk's tables in our database, tokens encrypted.

A token that expires is renewed before it does, by one process at a time: the refresh token that
belongs to it is good for one use. A removal, and a new installation, wait for a renewal under way:
what it writes down must not outlast them.
"""

import asyncio
import copy
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

from slack_sdk.oauth.installation_store import Bot, Installation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.installation_store.sqlalchemy import AsyncSQLAlchemyInstallationStore
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import PlatformError
from bot.platforms.insist import insisted
from bot.platforms.slack.clients import Refused, asked
from bot.platforms.slack.credentials import Provider
from bot.platforms.slack.keys import PLATFORM, channel_key
from bot.platforms.slack.sealing import Record, sealed, unsealed
from bot.store import Store

logger = logging.getLogger(__name__)

RENEW_BEFORE_MINUTES = 120  # of the twelve hours that a token lives; as Bolt does
GOOD_FOR_MINUTES = 10  # longer than anybody remembers a token
RENEWED_S = 1.0  # that a token which is still good waits for the next
STOP_S = 30.0
EXPIRED = "token_expired"  # so Slack refuses a token that it renews, if asked to
RENEWAL = "token renewal"  # in place of a channel: what a process waits for its turn with


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

    async def bot(
        self, team_id: str, enterprise_id: str | None = None, *, ended: str | None = None
    ) -> Bot | None:
        """Give the bot of a workspace, with a token that is valid for a while; None if it has none.

        `ended` is a token that Slack says has expired, whatever was written down of it.
        Raises PlatformError where no key reads the token, or it has expired and Slack gives no new
        one: then the app has to be installed there again; PlatformUnavailable where Slack cannot be
        reached for it.
        """
        organization = await self._organization(team_id, enterprise_id)
        kept = await self._kept_for(team_id, organization)
        if kept is None:
            return None
        bot = self._unsealed(kept)
        if bot is None:
            raise PlatformError(f"no key reads the token of {team_id}")
        if not self._is_expiring(bot, ended):
            return bot
        # Not to be cut off between Slack's answer and the database: the old token is spent then.
        renewing = asyncio.ensure_future(self._renewed(bot, team_id, organization, ended))
        self._renewals.add(renewing)
        renewing.add_done_callback(self._renewals.discard)
        if not self._is_expiring(bot, ended, minutes=GOOD_FOR_MINUTES):
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
        """Delete what a workspace granted, as it removed the app `at` a time of Slack's, in seconds.

        False if that is no news: it has granted the app anew since, or nothing of it is kept.
        Raises PlatformUnavailable where Slack cannot be asked.
        """
        organization = await self._organization(team_id, enterprise_id)
        first = await self._kept_for(team_id, organization)
        if first is None:
            return False
        async with self._alone(first):
            kept = await self._kept_for(team_id, organization)
            if kept is None:
                return False
            bot = self._unsealed(kept)  # what no key reads any more is gone at any rate
            if bot is not None and await self._is_good(bot, at):
                return False
            await self._store.slack_installations.delete(
                self._client_id, team_id=kept.team_id, enterprise_id=kept.enterprise_id
            )
            return True

    async def _is_good(self, bot: Bot, at: float) -> bool:
        """Ask whether a token is good: a clock may be wrong about what came first."""
        try:
            await asked(self._client.auth_test(token=bot.bot_token), doing="a token")
        except Refused as error:
            # An expired one tells nothing: then its time has to do.
            return error.code == EXPIRED and bot.installed_at > at
        return True

    async def async_save(self, installation: Installation) -> None:
        """Keep a new installation, instead of any earlier one of the workspace."""
        new, team_id = self._sealed(installation), installation.team_id
        async with self._alone(installation):
            await self._store.carry_through(self._kept.async_save(new))
            await self._store.slack_installations.delete(
                self._client_id,
                team_id=team_id,
                enterprise_id=installation.enterprise_id,
                but=datetime.fromtimestamp(new.installed_at, UTC),
            )
        if team_id and installation.enterprise_id:
            await self._store.notes.set(
                PLATFORM, _organization_of(team_id), installation.enterprise_id
            )

    async def async_save_bot(self, bot: Bot) -> None:
        """Keep a bot's new token."""
        await self._store.carry_through(self._kept.async_save_bot(self._sealed(bot)))

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
        return None if kept is None else self._unsealed(kept)

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

    @asynccontextmanager
    async def _alone(self, granted: Bot | Installation) -> AsyncIterator[None]:
        """Have the turn of whoever granted the app: within this process, and among others."""
        whose = granted.team_id or granted.enterprise_id or ""
        turn = self._store.turns.alone(channel_key(whose, RENEWAL))
        async with self._renewing[whose], turn:
            yield

    def _is_expiring(
        self, bot: Bot, ended: str | None, *, minutes: float = RENEW_BEFORE_MINUTES
    ) -> bool:
        ends_at = bot.bot_token_expires_at
        if ends_at is None:
            return False  # there is nothing to renew it with
        return bot.bot_token == ended or ends_at <= self._clock() + minutes * 60

    async def _renewed(
        self, first: Bot, team_id: str, enterprise_id: str | None, ended: str | None
    ) -> Bot | None:
        async with self._alone(first):
            bot = await self._found(team_id, enterprise_id)
            if bot is None or not self._is_expiring(bot, ended):
                return bot  # another process was first
            try:
                fresh = await self._with_new_token(bot)
            except PlatformError as error:
                if self._is_expiring(bot, ended, minutes=0):
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

    def _sealed(self, record: Record) -> Record:
        return sealed(record, self._encryption)

    def _unsealed(self, bot: Bot) -> Bot | None:
        return unsealed(bot, self._encryption)


def _took_note(renewing: asyncio.Future[Bot | None]) -> None:
    """Look at how a renewal ended that nobody waits for: it has said so itself."""
    if not renewing.cancelled() and (error := renewing.exception()) is not None:
        logger.debug("a renewal failed: %s", error)


def _organization_of(team_id: str) -> str:
    return f"organization/{team_id}"
