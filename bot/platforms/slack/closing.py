"""Closes the gap of one place, a page at a time: fetched, compared, recorded, written down."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.errors import StoreError
from bot.messages import ConversationKey, Message, Mode
from bot.pipeline import Pipeline
from bot.platforms.gaps import MAX_MISSED, Gap, Gaps
from bot.platforms.slack.among_others import left_to_others
from bot.platforms.slack.claims import Claims
from bot.platforms.slack.fetching import END_OF_TIME, MAX_AGE, Fetching, Page
from bot.platforms.slack.hearing import BROADCAST, heard_again, is_below_ours, own_joins
from bot.platforms.slack.keys import PLATFORM, is_direct, sent_at, ts_at
from bot.platforms.slack.lenient import Payload, text_in
from bot.platforms.slack.membership import Membership
from bot.platforms.slack.missed_changes import MissedChanges
from bot.platforms.slack.naming import People
from bot.platforms.slack.spoken import command_in
from bot.platforms.slack.teams import Team
from bot.platforms.slack.threads import Threads
from bot.store import Store

logger = logging.getLogger(__name__)

CHECKED_AGE = timedelta(days=1)  # so far back edits and deletions are looked for
CLOCK_MARGIN = timedelta(seconds=10)  # our clock may be ahead of Slack's by some


@dataclass(frozen=True, slots=True)
class _Walk:
    """Where the next page of a place begins, which Slack names by what it was asked before."""

    oldest: str
    latest: str
    cursor: str


@dataclass(slots=True)
class Closing:
    """Knows what is missing, and fetches it. `clock` gives aware UTC times."""

    store: Store
    pipeline: Pipeline
    people: People
    threads: Threads
    fetching: Fetching
    membership: Membership
    clock: Callable[[], datetime]
    gaps: Gaps = field(init=False)
    changes: MissedChanges = field(init=False)
    _walks: dict[ConversationKey, _Walk] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Make the parts that keep gaps and look for changes."""
        self.gaps = Gaps(self.store, PLATFORM, sent_at)
        self.changes = MissedChanges(self.store, self.pipeline, self.people)

    async def gaps_at(
        self, where: ConversationKey, *, before: str | None, missed_from: str | None = None
    ) -> list[Gap]:
        """List what is missing in a place, up to the message `before`, the oldest first.

        Beside what was noted, that is all since the end of the history, or what is not known there
        since `missed_from`. Raises StoreError.
        """
        settings = await self.store.channels.settings(where)
        if settings.mode is Mode.OFF:
            return []
        if not await self.membership.is_member(where):
            await self.gaps.keep(where, [])
            return []
        mark = await self.store.marks.heard_from(where)
        now = self.clock()
        oldest = now - MAX_AGE
        settled = ts_at(max(oldest, mark or oldest, settings.kept_since(now) or oldest))
        found = await self.gaps.find(where)
        since = await self._heard_until(where)
        if since is not None:
            heard_until = ts_at(since)
            found.append(Gap(min(heard_until, missed_from or heard_until), before or END_OF_TIME))
        found = [replace(gap, since=max(gap.since, settled)) for gap in found]
        return [gap for gap in found if gap.since < gap.until]

    async def page(self, where: ConversationKey, gaps: list[Gap], team: Team) -> Page:
        """Fetch and record a page of the newest gap, which is replaced by what is left of it.

        Raises StoreError, Unreadable, and PlatformUnavailable where a later try may help.
        """
        gap = gaps[-1]
        walk = self._walks.pop(where, None)
        if walk is None or not walk.cursor or not _fits(walk, gap):
            walk = _Walk(await self._reach(where, gap, team), gap.until, "")
        asked_at = ts_at(self.clock() - CLOCK_MARGIN)
        page = await self.fetching.page(
            team, where, oldest=walk.oldest, latest=walk.latest, cursor=walk.cursor
        )
        told = [each for each in page.messages if text_in(each, "ts") != where.thread]
        gap = await self._since_invited(where, gap, told, team)
        missing = await self._missing(where, told, [*gaps[:-1], gap])
        left = _left(where, gap, page, told=told, num_missing=len(missing))
        if left is not None and where.thread is None and gap.room is None:
            # What is older comes later, and has to stand before what is recorded now.
            gaps[:] = await self.gaps.with_room(where, [*gaps[:-1], gap])
            gap, left = gaps[-1], replace(left, room=gaps[-1].room)
        root = next((each for each in page.messages if text_in(each, "ts") == where.thread), None)
        await self.begin(where, team, gaps, parent=root)
        after, until = _covered(where, walk, page, told=told, asked_at=asked_at)
        # First, for what is recorded is decided on, and that with the words as they are now.
        await self.changes.take_over(where, told, team, after=after, until=until)
        await self._record(where, missing, gap, team)
        gaps[-1:] = [left] if left else []
        if left is not None:
            self._walks[where] = replace(walk, cursor=page.cursor)
        if gap.room is not None:
            await self.gaps.keep(where, gaps)
        return page

    async def begin(
        self,
        where: ConversationKey,
        team: Team,
        gaps: Sequence[Gap],
        *,
        parent: Payload | None = None,
    ) -> None:
        """See to it that a thread begins with what it hangs on. Raises StoreError.

        If it was heard before Slack told of that, the first row that was kept free takes it.
        """
        if where.thread is None:
            return
        oldest = gaps[0] if gaps else None
        if oldest is None or oldest.room is None:
            await self.threads.begin(where, team, parent=parent)
            return
        if oldest.num_fetched or await self.store.messages.find(where, where.thread):
            return
        told = await (self._heard(parent, where, team) if parent else self._known_parent(where))
        if told is not None and (
            parent is None or not await self.threads.is_past(told.sent_at, where)
        ):
            await self.store.late.record(oldest.room, [told], upwards=True)

    async def _missing(
        self, where: ConversationKey, told: Sequence[Payload], gaps: Sequence[Gap]
    ) -> list[Payload]:
        """List what a page shows and the history lacks, also from before the newest gap.

        Slack delivers in no order: an event may be given up after something newer was heard. What
        lies in an older gap is left to that.
        """
        *others, newest = gaps
        shown = {
            ts: each
            for each in told
            if (ts := text_in(each, "ts")) < newest.until
            and not any(gap.since < ts < gap.until for gap in others)
        }
        unknown = await self.store.messages.unknown(where, list(shown))
        return [shown[ts] for ts in unknown]

    async def _since_invited(
        self, where: ConversationKey, gap: Gap, told: Sequence[Payload], team: Team
    ) -> Gap:
        """Leave out what was said before somebody let the assistant in again."""
        joins = own_joins(told, team)
        if not joins or joins[-1] <= gap.since:
            return gap
        await self.store.marks.hear_from(where, sent_at(joins[-1]))
        return replace(gap, since=joins[-1])

    async def _known_parent(self, where: ConversationKey) -> Message | None:
        channel = replace(where, thread=None)
        entry = await self.store.messages.find(channel, where.thread or "")
        if entry is None or entry.deleted or entry.hidden or entry.from_assistant:
            return None
        attachments = entry.attachments
        return Message(
            where, entry.id, entry.author, entry.text, entry.sent_at, attachments=attachments
        )

    def forget(self, where: ConversationKey) -> None:
        """Begin anew with the next page."""
        self._walks.pop(where, None)

    async def _heard_until(self, where: ConversationKey) -> datetime | None:
        since = await self.store.marks.heard_until(where)
        if since is None:
            since = await self.store.workspaces.joined_at(PLATFORM, where.workspace)
        return since

    async def _reach(self, where: ConversationKey, gap: Gap, team: Team) -> str:
        """Tell how far back to ask: beyond the gap, to see what was changed there.

        Never beyond what may be read. A thread is told from its beginning, so that where pages are
        short the old ones would be waited for.
        """
        if where.thread is not None and self.fetching.is_strict(team):
            return gap.since
        mark = await self.store.marks.heard_from(where)
        if mark is None:
            mark = await self.store.workspaces.joined_at(PLATFORM, where.workspace)
        checked = self.clock() - CHECKED_AGE
        return min(gap.since, ts_at(max(checked, mark or checked)))

    async def _record(
        self, where: ConversationKey, missing: Sequence[Payload], gap: Gap, team: Team
    ) -> None:
        # Read after the fetch: somebody may have cleared the history while that was under way.
        mark = await self.store.marks.heard_from(where)
        told = [await self._heard(each, where, team) for each in missing]
        new = [each for each in told if each and (mark is None or each.sent_at > mark)]
        if not new:
            return
        below = {text_in(each, "ts") for each in missing if is_below_ours(each, where, team)}
        new = await left_to_others(self.store, new, below)
        if gap.room is None:
            num_new = await self.pipeline.catch_up(where, new)
        else:
            new = await self.pipeline.kept(where, new)
            self.pipeline.note_missed(where, new)
            num_new = await self.store.late.record(gap.room, new, upwards=where.thread is not None)
            if num_new:
                self.pipeline.conversations.wake(where, addressed=False)
        if num_new:
            logger.info("Slack: %d messages missed in %s are recorded", num_new, where)

    async def _heard(self, message: Payload, where: ConversationKey, team: Team) -> Message | None:
        if command_in({**message, "channel": where.channel}, team) is not None:
            return None
        if is_direct(where.channel) and await Claims(self.store).is_taken(
            where, text_in(message, "ts")
        ):
            return None  # what somebody missed, asked beside a channel: that is a command, too
        try:
            told = await heard_again(message, where, team=team, people=self.people)
        except StoreError:
            raise
        except Exception:  # a defect of ours hides no other message
            logger.exception("Slack: message %s cannot be read", text_in(message, "ts"))
            return None
        is_elsewhere = text_in(message, "subtype") == BROADCAST and where.thread is None
        if told is not None and (is_elsewhere or told.id == where.thread):
            # It is answered where it was said.
            return replace(told, addressed=False, overheard=is_elsewhere)
        return told


def _left(
    where: ConversationKey, gap: Gap, page: Page, *, told: Sequence[Payload], num_missing: int
) -> Gap | None:
    """Give what of a gap is left after a page; None if that was the last."""
    num_fetched = gap.num_fetched + num_missing
    if not page.cursor:
        return None
    if num_fetched >= MAX_MISSED:
        logger.warning("Slack: of what was missed in %s, only %d messages", where, num_fetched)
        return None
    gap = replace(gap, num_fetched=num_fetched)
    if not told:
        return gap
    if where.thread is not None:
        return replace(gap, since=max(gap.since, text_in(told[-1], "ts")))
    first = text_in(told[0], "ts")
    return None if first <= gap.since else replace(gap, until=min(gap.until, first))


def _covered(
    where: ConversationKey, walk: _Walk, page: Page, *, told: Sequence[Payload], asked_at: str
) -> tuple[str, str]:
    """Give the span of which a page shows all that stands there: after the first, up to the second.

    A channel's first page is the newest, a thread's the oldest.
    """
    is_newest, is_oldest = not walk.cursor, not page.cursor
    if where.thread is not None:
        is_newest, is_oldest = is_oldest, is_newest
    first = text_in(told[0], "ts") if told else walk.latest
    last = text_in(told[-1], "ts") if told else walk.oldest
    after = walk.oldest if is_oldest else _just_before(first)
    return after, max(last, min(_just_before(walk.latest), asked_at)) if is_newest else last


def _just_before(ts: str) -> str:
    return ts_at(sent_at(ts) - timedelta(microseconds=1))


def _fits(walk: _Walk, gap: Gap) -> bool:
    """Tell whether a walk still leads through a gap; newer messages may have moved its end."""
    return walk.oldest <= gap.since and walk.latest >= gap.until
