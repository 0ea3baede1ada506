"""What was said while nobody listened: fetched place by place, as fast as Slack lets it be.

A start, and a connection that broke, leave a gap in every place, which begins at the last message
recorded there. Where Slack answers at once, it is closed before anything newer is recorded. Where the
app has to wait its minute, what is said now is heard now: rows are kept free for what is missing, and
it is fetched later, where people wait first. What is missed is recorded silently; the pipeline
decides once, on the newest state.
"""

import logging
from collections import Counter
from collections.abc import Callable, Container
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from bot.errors import PlatformError, PlatformUnavailable, StoreError
from bot.messages import ConversationKey, workspace_key
from bot.pipeline import Pipeline
from bot.platforms.in_order import InOrder
from bot.platforms.insist import insisted
from bot.platforms.slack.closing import Closing
from bot.platforms.slack.fetching import Fetching, Page, Unreadable
from bot.platforms.slack.gaps import Gap
from bot.platforms.slack.keys import PLATFORM, channel_key, is_direct, sent_at, ts_at
from bot.platforms.slack.lenient import number_in, text_in
from bot.platforms.slack.membership import Membership
from bot.platforms.slack.naming import People
from bot.platforms.slack.teams import Team, Teams
from bot.platforms.slack.threads import Threads
from bot.store import Store

logger = logging.getLogger(__name__)

MAX_PAGES_BEFORE = 3  # pages that a message waits for; what is left is fetched after it
MAX_THREADS = 20  # of a channel, with no sign of a new reply,
THREAD_AGE = timedelta(days=3)  # and quiet for no longer than that
CHANGED_AGE = timedelta(minutes=30)  # people edit what they have just said
MAX_DEFECTS = 5  # tries that end in a defect of ours

# The order in which places are looked at.
WAITED_FOR, DIRECT, KNOWN, SILENT, OLD_THREAD = range(5)


def turn_of(where: ConversationKey) -> tuple[str, str]:
    """Name the turn of a place: a channel and its threads have one together."""
    return where.workspace, where.channel


@dataclass(slots=True)
class CatchUp:
    """Closes gaps. `clock` gives aware UTC times; `turns` are those of channels, by `turn_of`."""

    store: Store
    pipeline: Pipeline
    people: People
    threads: Threads
    turns: InOrder
    teams: Teams
    clock: Callable[[], datetime]
    membership: Membership = field(init=False)
    fetching: Fetching = field(init=False)
    closing: Closing = field(init=False)
    _open: dict[ConversationKey, list[Gap]] = field(init=False, default_factory=dict)
    _closed: set[ConversationKey] = field(init=False, default_factory=set)
    _queue: dict[ConversationKey, int] = field(init=False, default_factory=dict)
    _began: dict[tuple[str, str], datetime] = field(init=False, default_factory=dict)
    _unswept: set[str] = field(init=False, default_factory=set)
    _defects: Counter[ConversationKey] = field(init=False, default_factory=Counter)
    _working: InOrder = field(init=False, default_factory=InOrder)

    def __post_init__(self) -> None:
        """Make the parts that fetch, and know the channels; there is a gap before this start."""
        self.membership = Membership(self.store, self.clock)
        self.fetching = Fetching(self.clock)
        self.closing = Closing(
            self.store,
            self.pipeline,
            self.people,
            self.threads,
            self.fetching,
            self.membership,
            self.clock,
        )
        self.gap_began(None)

    def gap_began(self, team_id: str | None) -> None:
        """Note that there may be a gap in each place of a workspace, or of all, up to now."""
        self._began[team_id or "", ""] = self.clock()
        self._forget(lambda where: team_id in (None, where.workspace))

    def reopen(self, where: ConversationKey) -> None:
        """Note that something is missing in a channel and its threads, up to now."""
        self._began[turn_of(where)] = self.clock()
        self._forget(lambda each: turn_of(each) == turn_of(where))

    async def place(self, where: ConversationKey, team: Team, *, before: str | None) -> None:
        """Close the gap of a place, up to the message `before` if there is one.

        Whoever calls has the turn of the place, and records something newer next: what cannot be
        fetched at once is fetched later, into rows that are kept for it. Raises StoreError.
        """
        if where in self._closed or (where not in self._open and not self._may_miss(where)):
            return
        gaps = await self._gaps(where, before)
        if before is not None and gaps and all(gap.room for gap in gaps):
            await self.closing.begin(where, team, gaps)
            return
        for _ in range(MAX_PAGES_BEFORE):
            if not gaps or not await self._step(where, team, gaps):
                break
        if gaps:
            await self.closing.begin(where, team, gaps)  # what a thread hangs on comes first
            gaps[:] = await self.closing.gaps.with_room(where, gaps)
            self._queue[where] = WAITED_FOR
        elif before is None or sent_at(before) >= self._since(where):
            self._close(where)
        else:  # said before the last gap began, and heard only now
            self._open.pop(where, None)

    async def sweep(self, team: Team) -> None:
        """Look for what was missed in all places of a workspace. Raises nothing but StoreError."""
        self._unswept.add(team.id)
        heard = await self.store.workspaces.heard_in(PLATFORM, team.id)
        try:
            channels = await self.fetching.channels(team)
        except PlatformUnavailable as error:
            logger.warning("Slack: %s", error)
            return
        except PlatformError as error:
            logger.warning("Slack: %s; only those that are known are looked at", error)
            channels = sorted({where.channel for where in heard})
        else:
            await self.membership.took(team.id, channels)
        waiting = {where for where in await self.pipeline.waiting() if where.workspace == team.id}
        known = {*heard, *await self.store.late.open_gaps(PLATFORM, team.id)}
        open_gaps = [where for where in known if where not in heard]
        for where in [*waiting, *open_gaps, *(channel_key(team.id, each) for each in channels)]:
            if where not in self._closed:
                self._queue[where] = _rank(where, waiting, known)
        self._unswept.discard(team.id)
        await self._work(team)

    async def try_again(self) -> None:
        """Go on with what could not be fetched before, as far as it can be now."""
        for team_id in {where.workspace for where in self._queue} | self._unswept:
            try:
                team = await self.teams.team(team_id)
            except PlatformUnavailable as error:
                logger.warning("Slack: what was missed in %s waits: %s", team_id, error)
                continue
            except PlatformError as error:
                logger.info("Slack: what was missed in %s stays unknown: %s", team_id, error)
                self._forget_team(team_id)
                continue
            await (self.sweep(team) if team_id in self._unswept else self._work(team))

    async def _work(self, team: Team) -> None:
        """Fetch page after page, each at the turn of its place, until Slack or the work is at an end."""
        everywhere = workspace_key(PLATFORM, team.id)
        async with self._working.turn(team.id), self.store.turns.if_free(everywhere) as is_ours:
            stuck: set[ConversationKey] = set()
            while is_ours and (where := self._next(team, stuck)) is not None:
                async with self.turns.turn(turn_of(where)):
                    ask = partial(self._advance, where, team)
                    if not await insisted(ask, f"what was missed in {where}"):
                        stuck.add(where)

    def _next(self, team: Team, stuck: set[ConversationKey]) -> ConversationKey | None:
        """Give the place to look at next; None if there is none that Slack lets us look at now."""
        free = [
            (rank, number, where)
            for number, (where, rank) in enumerate(self._queue.items())
            if where.workspace == team.id
            and where not in stuck
            and self.fetching.wait(team, where) <= timedelta()
        ]
        return min(free, key=lambda each: each[:2])[2] if free else None

    async def _advance(self, where: ConversationKey, team: Team) -> bool:
        """Fetch one page of a place; False if that cannot be done now. Raises StoreError."""
        if where in self._closed:
            self._queue.pop(where, None)
            return True
        gaps = await self._gaps(where, None)
        if gaps and not await self._step(where, team, gaps):
            return False
        if not gaps and self._close(where) == WAITED_FOR:
            # Also where nothing was missed, but a stop came between a question and its answer.
            self.pipeline.conversations.wake(where, addressed=False)
        return True

    async def _gaps(self, where: ConversationKey, before: str | None) -> list[Gap]:
        """Give what is missing in a place; all before the message `before` if there is one."""
        gaps = self._open.get(where)
        if gaps is None:
            gaps = self._open[where] = await self.closing.gaps_at(where, before=before)
        elif before is not None and gaps and gaps[-1].room is None:
            gaps[-1] = replace(gaps[-1], until=min(before, gaps[-1].until))
        return gaps

    async def _step(self, where: ConversationKey, team: Team, gaps: list[Gap]) -> bool:
        """Fetch a page of the newest gap; False if that cannot be done now. Raises StoreError."""
        if self.fetching.wait(team, where) > timedelta():
            return False
        since = gaps[-1].since
        try:
            page = await self.closing.page(where, gaps, team)
        except StoreError:
            raise
        except Unreadable as error:
            logger.info("Slack: %s", error)
            await self._give_up(where, gaps)
            return True
        except PlatformUnavailable as error:
            self.closing.forget(where)
            logger.warning("Slack: %s", error)
            return False
        except Exception:  # a defect must not keep what is said now from being heard
            logger.exception("Slack: what was missed in %s is not known", where)
            return await self._is_hopeless(where, gaps)
        if where.thread is None:
            await self._look_below(where, page, since, is_done=not gaps)
        return True

    async def _is_hopeless(self, where: ConversationKey, gaps: list[Gap]) -> bool:
        self.closing.forget(where)
        self._defects[where] += 1
        if self._defects[where] < MAX_DEFECTS:
            return False
        logger.error(
            "Slack: what was missed in %s stays unknown, after %d tries", where, MAX_DEFECTS
        )
        await self._give_up(where, gaps)
        return True

    async def _give_up(self, where: ConversationKey, gaps: list[Gap]) -> None:
        gaps.clear()
        await self.closing.gaps.keep(where, gaps)

    async def _look_below(
        self, where: ConversationKey, page: Page, since: str, *, is_done: bool
    ) -> None:
        """Queue the threads of a channel in which something may have been missed."""
        quiet: set[ConversationKey] = set()
        for message in page.messages:
            latest = text_in(message, "latest_reply")
            if number_in(message, "reply_count") and latest:
                thread = replace(where, thread=text_in(message, "ts"))
                heard = await self.store.messages.heard_until(thread)
                if latest > since and (heard is None or sent_at(latest) > heard):
                    self._enqueue(thread, KNOWN)
                else:
                    quiet.add(thread)
        if is_done:
            now, threads = self.clock(), self.store.messages.newest_threads
            changed = await threads(where, now - CHANGED_AGE)
            for thread in (await threads(where, now - THREAD_AGE))[:MAX_THREADS]:
                if thread not in quiet or thread in changed:
                    self._enqueue(thread, OLD_THREAD)

    def _enqueue(self, where: ConversationKey, rank: int) -> None:
        if where not in self._closed:
            self._queue[where] = min(rank, self._queue.get(where, rank))

    def _may_miss(self, where: ConversationKey) -> bool:
        """Tell whether anything can be missing; a thread that began while we listened lacks nothing."""
        return where.thread is None or where.thread <= ts_at(self._since(where))

    def _since(self, where: ConversationKey) -> datetime:
        """Give since when a place is listened to."""
        levels = (("", ""), (where.workspace, ""), turn_of(where))
        return max(self._began[each] for each in levels if each in self._began)

    def _close(self, where: ConversationKey) -> int | None:
        """Look there no more; give the rank at which it waited for that."""
        self._open.pop(where, None)
        self._defects.pop(where, None)
        self._closed.add(where)
        return self._queue.pop(where, None)

    def _forget(self, concerns: Callable[[ConversationKey], bool]) -> None:
        for where in [each for each in self._open if concerns(each)]:
            del self._open[where]
            self.closing.forget(where)
        self._closed = {each for each in self._closed if not concerns(each)}

    def _forget_team(self, team_id: str) -> None:
        self._unswept.discard(team_id)
        self._queue = {w: rank for w, rank in self._queue.items() if w.workspace != team_id}


def _rank(
    where: ConversationKey, waiting: Container[ConversationKey], known: Container[ConversationKey]
) -> int:
    if where in waiting:
        return WAITED_FOR
    if is_direct(where.channel):
        return DIRECT
    return KNOWN if where in known else SILENT
