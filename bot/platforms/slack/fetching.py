"""Messages read back from Slack, page by page, at the pace that Slack gives.

Apps that are distributed outside Slack's marketplace get 15 messages a request and one request a
minute (https://docs.slack.dev/reference/methods/conversations.history), others hundreds and fifty.
Which it is, nobody says: a page that is cut short tells it, and a refusal says how long to wait.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.errors import PlatformError, PlatformUnavailable
from bot.messages import ConversationKey
from bot.platforms.slack.hearing import own_joins
from bot.platforms.slack.keys import is_ts, sent_at, ts_at
from bot.platforms.slack.lenient import Payload, as_payload, is_set, part_of, parts_of, text_in
from bot.platforms.slack.refusals import (
    FAILURES,
    RATE_LIMITED,
    cause,
    code,
    may_pass,
    place_name,
    refusal,
    retry_after_s,
)
from bot.platforms.slack.teams import Team

logger = logging.getLogger(__name__)

MAX_AGE = timedelta(days=7)  # what is older is not asked for
END_OF_TIME = "9999999999.999999"
PAGE_SIZE = 200  # Slack recommends no more at once
STRICT_PAGE_SIZE = 15  # the most that is given outside the marketplace,
STRICT_WAIT = timedelta(seconds=60)  # and how often
UNSAID_WAIT_S = 30.0
TIMEOUT_S = 10.0  # of one page; what is said meanwhile waits,
MAX_SLOW = 3  # but for no more of them in a row,
SLOW_WAIT = timedelta(seconds=60)  # then nothing is asked for a while
MAX_CHANNEL_PAGES = 100

HISTORY, REPLIES = "conversations.history", "conversations.replies"
DIRECT_CHATS = "im"
CHANNEL_TYPES = ("public_channel", "private_channel", "mpim", DIRECT_CHATS)  # a scope for each
# What no later try changes, as long as nobody does anything about it.
CLOSED = frozenset({
    "channel_is_limited_access", "channel_not_found", "is_archived", "message_not_found",
    "method_not_supported_for_channel_type", "missing_scope", "no_permission", "not_in_channel",
    "thread_not_found",
})  # fmt: skip


_RAISED: tuple[type[BaseException], ...] = (TimeoutError, *FAILURES)


class Unreadable(PlatformError):  # noqa: N818 - a state of the place
    """What was said in a place cannot be read, now or later."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some messages of a place, oldest first. `cursor` asks for the next page, "" after the last."""

    messages: list[Payload]
    cursor: str


@dataclass(frozen=True, slots=True)
class Listing:
    """The channels and chats of a workspace, as Slack told them from the time `at` on.

    Archived ones stand apart: nothing can be said there for now. `is_complete`: all of those types
    that Slack tells to this app; `has_all_types`: it tells the channels of every type.
    """

    channel_ids: list[str]
    archived_ids: list[str]
    at: datetime
    is_complete: bool
    has_all_types: bool = True


@dataclass(frozen=True, slots=True)
class Fetching:
    """Asks for pages, and never before Slack lets it. `clock` gives aware UTC times."""

    clock: Callable[[], datetime]
    _free_at: dict[tuple[str, str], datetime] = field(init=False, default_factory=dict)
    _num_slow: Counter[tuple[str, str]] = field(init=False, default_factory=Counter)
    _strict: set[str] = field(init=False, default_factory=set)  # workspaces with short pages

    def wait(self, team: Team, where: ConversationKey) -> timedelta:
        """Tell how long Slack lets nothing be read in a place like this; zero or less: it does."""
        free_at = self._free_at.get((team.id, _method(where)))
        return timedelta() if free_at is None else free_at - self.clock()

    def is_strict(self, team: Team) -> bool:
        """Tell whether the pages of a workspace are known to be short, and rare."""
        return team.id in self._strict

    async def page(
        self,
        team: Team,
        where: ConversationKey,
        *,
        oldest: str,
        latest: str,
        cursor: str = "",
    ) -> Page:
        """Ask for one page of what was said between two times, both excluded.

        A channel's newest come first, a thread's oldest; a thread begins with what it hangs on.
        Raises Unreadable, and PlatformUnavailable where a later try may help.
        """
        if where.thread is None:
            ask = team.client.conversations_history(
                channel=where.channel,
                oldest=oldest,
                latest=latest,
                limit=PAGE_SIZE,
                cursor=cursor or None,
            )
        else:
            ask = team.client.conversations_replies(
                channel=where.channel,
                ts=where.thread,
                oldest=oldest,
                latest=latest,
                limit=PAGE_SIZE,
                cursor=cursor or None,
            )
        told = await self._asked(ask, team, where)
        found = [each for each in parts_of(told, "messages") if is_ts(text_in(each, "ts"))]
        found.sort(key=lambda each: float(text_in(each, "ts")))
        more_at = text_in(part_of(told, "response_metadata"), "next_cursor")
        has_more = is_set(told, "has_more") and bool(more_at)
        self._note_pace(team, where, len(found), has_more=has_more)
        return Page(found, more_at if has_more else "")

    async def invited_at(
        self, where: ConversationKey, team: Team, *, after: datetime
    ) -> datetime | None:
        """Tell when the assistant came into a channel after a time; None where that is not shown.

        Nothing older is asked for: that was said without it.
        """
        is_new = timedelta() < self.clock() - after <= MAX_AGE
        if not is_new or self.wait(team, where) > timedelta():
            return None
        try:
            page = await self.page(team, where, oldest=ts_at(after), latest=END_OF_TIME)
        except PlatformError as error:
            logger.info("Slack: %s", error)
            return None
        joins = own_joins(page.messages, team)
        return sent_at(joins[-1]) if joins else None

    async def channels(self, team: Team) -> Listing:
        """List the channels and chats of a workspace that the assistant is in.

        Types for which the app lacks the scope are left out. Raises PlatformError, and
        PlatformUnavailable where a later try may help.
        """
        at = self.clock()
        try:
            return await self._listed(team, CHANNEL_TYPES, at)
        except PlatformError as error:
            if not _lacks_scope(error):
                raise
            refused = error
        found = []
        for kind in CHANNEL_TYPES:  # Slack refuses them all where it would refuse one
            try:
                found.append((kind, await self._listed(team, [kind], at)))
            except PlatformError as error:
                if not _lacks_scope(error):
                    raise
                logger.info("Slack: %s of type %s", error, kind)
        if not found:
            raise refused
        return Listing(
            [each for _, one in found for each in one.channel_ids],
            [each for _, one in found for each in one.archived_ids],
            at,
            is_complete=all(one.is_complete for _, one in found),
            has_all_types={kind for kind, _ in found} >= set(CHANNEL_TYPES) - {DIRECT_CHATS},
        )

    async def _listed(self, team: Team, kinds: Sequence[str], at: datetime) -> Listing:
        """List what is of some types. Raises as `channels` does."""
        found: list[Payload] = []
        cursor = ""
        for _ in range(MAX_CHANNEL_PAGES):
            ask = team.client.users_conversations(
                types=",".join(kinds),
                limit=PAGE_SIZE,
                cursor=cursor or None,
                team_id=team.id,  # for tokens of a whole organization
            )
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    told = as_payload((await ask).data)
            except _RAISED as error:
                kind = PlatformUnavailable if may_pass(error) else PlatformError
                raise kind(
                    f"the channels of {team.name} cannot be listed: {cause(error)}"
                ) from error
            found += [each for each in parts_of(told, "channels") if text_in(each, "id")]
            cursor = text_in(part_of(told, "response_metadata"), "next_cursor")
            if not cursor:
                break
        else:
            logger.warning(
                "Slack: of the channels of %s only %d are looked at", team.name, len(found)
            )
        channel_ids = [text_in(each, "id") for each in found if not is_set(each, "is_archived")]
        archived_ids = [text_in(each, "id") for each in found if is_set(each, "is_archived")]
        return Listing(channel_ids, archived_ids, at, is_complete=not cursor)

    async def _asked(
        self, ask: Awaitable[AsyncSlackResponse], team: Team, where: ConversationKey
    ) -> Payload:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                told = as_payload((await ask).data)
        except _RAISED as error:
            self._note_slow(team, where, error)
            said_s = retry_after_s(error)
            if said_s is not None or code(error) in RATE_LIMITED:
                wait = timedelta(seconds=UNSAID_WAIT_S if said_s is None else said_s)
                self._free_at[team.id, _method(where)] = self.clock() + wait
            place = place_name(team, where)
            if code(error) in CLOSED:
                raise Unreadable(refusal(error, place, where, "read what was missed")) from error
            raise PlatformUnavailable(
                f"what was missed in {place} cannot be fetched yet: {cause(error)}"
            ) from error
        self._num_slow.pop((team.id, _method(where)), None)
        return told

    def _note_slow(self, team: Team, where: ConversationKey, error: BaseException) -> None:
        method = team.id, _method(where)
        if not isinstance(error, TimeoutError):
            return
        self._num_slow[method] += 1
        if self._num_slow[method] >= MAX_SLOW:
            self._free_at[method] = self.clock() + SLOW_WAIT

    def _note_pace(
        self, team: Team, where: ConversationKey, num_found: int, *, has_more: bool
    ) -> None:
        """Learn from a page cut short which kind of app this is: the next one has to wait."""
        num_own = num_found - (
            where.thread is not None
        )  # a thread's page has what it hangs on, too
        if has_more and num_own <= STRICT_PAGE_SIZE:
            self._strict.add(team.id)
        elif num_own > STRICT_PAGE_SIZE:
            self._strict.discard(team.id)
        if team.id in self._strict:
            self._free_at[team.id, _method(where)] = self.clock() + STRICT_WAIT


def _lacks_scope(error: PlatformError) -> bool:
    return code(error.__cause__) == "missing_scope"


def _method(where: ConversationKey) -> str:
    return HISTORY if where.thread is None else REPLIES
