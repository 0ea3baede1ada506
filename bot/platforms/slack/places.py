"""The gaps of places: each closed a page at a time, at the turn of its place.

What cannot be fetched when somebody speaks there is put on the agenda, and fetched later.
"""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.errors import PlatformUnavailable, StoreError
from bot.messages import ConversationKey
from bot.pipeline import Pipeline
from bot.platforms.gaps import Gap
from bot.platforms.slack.agenda import KNOWN, OLD_THREAD, SILENT, WAITED_FOR, Agenda
from bot.platforms.slack.closing import Closing
from bot.platforms.slack.fetching import Fetching, Page, Unreadable
from bot.platforms.slack.keys import is_direct, sent_at, ts_at
from bot.platforms.slack.lenient import Payload, number_in, text_in
from bot.platforms.slack.listening import Listening, turn_of
from bot.platforms.slack.sweeps import Sweeps
from bot.platforms.slack.teams import Team
from bot.store import Store

logger = logging.getLogger(__name__)

MAX_PAGES_BEFORE = 3  # pages that a message waits for; what is left is fetched after it
MAX_THREADS = 20  # of a channel, with no sign of a new reply,
THREAD_AGE = timedelta(days=3)  # and quiet for no longer than that
CHANGED_AGE = timedelta(minutes=30)  # people edit what they have just said
UNHEARD_AGE = timedelta(days=1)  # a stop may have come between a channel and its threads
MAX_DEFECTS = 5  # tries that end in a defect of ours


@dataclass(frozen=True, slots=True)
class Places:
    """Closes the gaps of places. `clock` gives aware UTC times; whoever calls has a place's turn."""

    store: Store
    pipeline: Pipeline
    fetching: Fetching
    closing: Closing
    agenda: Agenda
    listening: Listening
    sweeps: Sweeps
    clock: Callable[[], datetime]
    _open: dict[ConversationKey, list[Gap]] = field(init=False, default_factory=dict)
    _defects: Counter[ConversationKey] = field(init=False, default_factory=Counter)

    def gap_began(self, team_id: str | None, since: str | None = None) -> None:
        """Note that there may be a gap in each place of a workspace, or of all, up to now."""
        self.listening.gap_began(team_id, since)
        self._forget(lambda where: team_id in (None, where.workspace))

    async def let_go(self, where: ConversationKey, since: str, team: Team) -> None:
        """Fetch what was said in a channel and its threads since a time of Slack's, and let go.

        What is not fetched at once is put on the agenda. Raises StoreError.
        """
        self.listening.reopen(where, since)
        self._forget(lambda each: turn_of(each) == turn_of(where))
        channel = replace(where, thread=None)
        newest = await self.store.messages.newest_threads(channel, self.clock() - THREAD_AGE)
        for each in (channel, where, *newest[:MAX_THREADS]):
            self.agenda.add(each, WAITED_FOR)
        await self.close(where, team, before=None)

    async def close(self, where: ConversationKey, team: Team, *, before: str | None) -> None:
        """Close the gap of a place, up to the message `before` if there is one.

        Whoever calls records something newer next: what cannot be fetched at once is fetched later,
        into rows that are kept for it. Raises StoreError.
        """
        is_open = where in self._open or where in self.agenda.places
        if not is_open and not self.listening.may_miss(where):
            return
        may_read = await self._looked_above(where, team)
        era = self.listening.era(where)
        gaps = await self._gaps(where, before)
        if before is not None and gaps and all(gap.room for gap in gaps):
            await self.closing.begin(where, team, gaps)
            return
        for _ in range(MAX_PAGES_BEFORE):
            if not gaps or not may_read or not await self._step(where, team, gaps):
                break
        if gaps:
            await self.closing.begin(where, team, gaps)  # what a thread hangs on comes first
            gaps[:] = await self.closing.gaps.with_room(where, gaps)
            self.agenda.add(where, WAITED_FOR)
        elif before is None or sent_at(before) >= self.listening.since(where):
            self._end(where, era)
        else:  # said before the last gap began, and heard only now
            self._open.pop(where, None)

    async def advance(self, where: ConversationKey, team: Team) -> bool:
        """Fetch one page of a place; False if that cannot be done now. Raises StoreError."""
        if self.listening.is_closed(where):
            self.agenda.done(where)
            return True
        above = self._to_look_at_before(where)
        if above is not None:
            return await self.advance(above, team)
        era = self.listening.era(where)
        gaps = await self._gaps(where, None)
        if gaps and not await self._step(where, team, gaps):
            return False
        if gaps:
            return True
        rank = self._end(where, era)
        if rank == SILENT:
            await self.sweeps.silent_was(where)
        elif rank == WAITED_FOR:
            # Also where nothing was missed, but a stop came between a question and its answer.
            self.pipeline.conversations.wake(where, addressed=False)
        return True

    def enqueue(self, where: ConversationKey, rank: int) -> None:
        """Put a place on the agenda, unless it was seen that nothing is missing there."""
        if not self.listening.is_closed(where):
            self.agenda.add(where, rank)

    async def _looked_above(self, where: ConversationKey, team: Team) -> bool:
        """Look at the channel of a thread, if need be; False if the thread has to wait for that."""
        for _ in range(MAX_PAGES_BEFORE):
            above = self._to_look_at_before(where)
            if above is None:
                return True
            if not await self.advance(above, team):
                break
        above = self._to_look_at_before(where)
        if above is not None:
            self.agenda.add(above, KNOWN)
        return above is None

    def _to_look_at_before(self, where: ConversationKey) -> ConversationKey | None:
        """Give the channel of a thread if something may be missing there.

        Only a channel tells when somebody let the assistant in again: what was said before, in
        threads too, is not for it.
        """
        channel = replace(where, thread=None)
        is_above = where.thread is not None and not is_direct(where.channel)
        return channel if is_above and self.listening.may_miss(channel) else None

    async def _gaps(self, where: ConversationKey, before: str | None) -> list[Gap]:
        """Give what is missing in a place; all before the message `before` if there is one."""
        gaps = self._open.get(where)
        if gaps is None:
            since = self.listening.missed_from(where)
            gaps = await self.closing.gaps_at(where, before=before, missed_from=since)
            self._open[where] = gaps
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
        # Something older than what was heard last may have been given up since then.
        has_lost = self.listening.missed_from(where) is not None
        for message in page.messages:
            latest = text_in(message, "latest_reply")
            if number_in(message, "reply_count") and latest:
                thread = replace(where, thread=text_in(message, "ts"))
                heard = await self.store.marks.heard_until(thread)
                is_news = heard is None or sent_at(latest) > heard
                if latest > since and (is_news or has_lost):
                    self.enqueue(thread, KNOWN)
                elif await self._lacks_replies(thread, message) or await self._is_unheard(
                    thread, latest, heard
                ):
                    self.enqueue(thread, OLD_THREAD)
                else:
                    quiet.add(thread)
        if is_done:
            now, threads = self.clock(), self.store.messages.newest_threads
            changed = await threads(where, now - CHANGED_AGE)
            for thread in (await threads(where, now - THREAD_AGE))[:MAX_THREADS]:
                if thread not in quiet or thread in changed:
                    self.enqueue(thread, OLD_THREAD)

    async def _lacks_replies(self, thread: ConversationKey, told: Payload) -> bool:
        """Tell whether some of what is known of a thread stands there no more."""
        num_kept, newest = await self.store.messages.replies_kept(thread)
        is_fewer = number_in(told, "reply_count") < num_kept
        return is_fewer or (newest is not None and text_in(told, "latest_reply") < ts_at(newest))

    async def _is_unheard(
        self, thread: ConversationKey, latest: str, heard: datetime | None
    ) -> bool:
        """Tell whether nobody knows the newest reply in a thread, though it is older than a gap.

        A stop came between its channel's page and the thread's. The last word in a thread may also
        be one that nobody records, such as the answer to a command: that costs a request a start.
        """
        oldest = self.clock() - UNHEARD_AGE
        if sent_at(latest) <= max(oldest, heard or oldest):
            return False
        channel, store = replace(thread, thread=None), self.store
        if thread in await store.messages.places_with(channel, latest):
            return False
        known = await store.messages.find(channel, latest)
        if known is not None and known.from_assistant:  # else it is but the copy for the channel
            return False
        return not any(
            [len(await store.outbox.parts_of(each, latest)) > 1 for each in (channel, thread)]
        )

    def _end(self, where: ConversationKey, era: tuple[int, ...]) -> int | None:
        """Look there no more, unless there was another gap since `era`; give the rank it had."""
        self._open.pop(where, None)
        self._defects.pop(where, None)
        if era != self.listening.era(where):
            return None
        self.listening.close(where)
        return self.agenda.done(where)

    def _forget(self, concerns: Callable[[ConversationKey], bool]) -> None:
        for where in [each for each in self._open if concerns(each)]:
            del self._open[where]
            self.closing.forget(where)
