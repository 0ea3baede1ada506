"""Messages that grow before people's eyes: Slack's streams, where a workspace has them.

A stream only ever grows, carries no mark of ours before it ends, and Slack ends it by itself after
some minutes. So it is never more than a sign: what it shows at its end is compared with what it is to
show. Where Slack refuses streams, that is remembered.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.errors import PlatformError, PlatformUnavailable
from bot.messages import ConversationKey, OutboxItem
from bot.platforms.in_order import InOrder
from bot.platforms.slack.harmless import harmless, settled
from bot.platforms.slack.keys import is_direct
from bot.platforms.slack.posting import Mark, once
from bot.platforms.slack.refusals import (
    NO_STREAM_RUNS,
    NO_STREAMS,
    SPEECHLESS,
    SlackTrying,
    code,
    surely_not_done,
)
from bot.platforms.slack.teams import Team
from bot.platforms.trying import Gone

logger = logging.getLogger(__name__)

MAX_CHARS = 12_000  # that Slack takes in a call
# Refusals that are about the one person whom a stream is for, such as somebody of another workspace.
NOT_FOR_THEM = frozenset({
    "invalid_recipient_team_id", "invalid_recipient_user_id", "missing_recipient_team_id",
    "missing_recipient_user_id", "team_not_found", "user_not_found", "user_not_in_channel",
    "user_not_visible",
})  # fmt: skip

Reader = Callable[[OutboxItem], Awaitable[str | None]]
Home = Callable[[Team, str], Awaitable[str]]


@dataclass(slots=True)
class Stream:
    """One message that grows. `sent` is all that it shows, in Slack's Markdown.

    `is_over`: it grows no more, or nobody knows what it shows.
    """

    place: ConversationKey
    ts: str
    sent: str
    is_over: bool = False

    def rest(self, shown: str) -> str | None:
        """Give what is to be appended for this to be shown; None if that is not possible."""
        if self.is_over or not shown.startswith(self.sent):
            return None
        rest = shown[len(self.sent) :]
        return rest if len(rest) <= MAX_CHARS else None


class Streams:
    """Begins, feeds and ends streams.

    `reader` gives the id of the person whom a reply answers, `home` that of their own workspace,
    which in a shared channel may be another than ours.
    """

    def __init__(self, trying: SlackTrying, reader: Reader, home: Home) -> None:
        self._trying = trying
        self._reader = reader
        self._home = home
        self._refused: set[tuple[str, str]] = set()  # workspaces, and channels of them
        self._running: set[tuple[str, str, str]] = set()  # workspace, channel, time stamp
        self._beginning = InOrder()  # one at a time in each thread

    def are_allowed(self, place: ConversationKey) -> bool:
        """Tell whether Slack may take a stream here: in threads, where it refused none yet."""
        refused = {(place.workspace, ""), (place.workspace, place.channel)}
        return place.thread is not None and not refused & self._refused

    async def is_running(self, place: ConversationKey, ts: str) -> bool:
        """Tell whether a message is a stream that was begun here and not let go yet."""
        async with self._beginning.turn(place):  # one that Slack has, but did not confirm yet
            return (place.workspace, place.channel, ts) in self._running

    def let_go(self, stream: Stream) -> None:
        """Leave a stream to what is written down of it, and to its mark."""
        self._running.discard((stream.place.workspace, stream.place.channel, stream.ts))

    async def begin(self, item: OutboxItem, place: ConversationKey, text: str) -> Stream | None:
        """Begin a stream with the first words of a reply; None where Slack takes none.

        Raises PlatformUnavailable: it may have begun, unless `surely_not_done` of its cause. Raises
        another PlatformError where no message of any kind would be taken.
        """
        shown = settled(text)[:MAX_CHARS]
        user_id = None if is_direct(place.channel) else await self._reader(item)
        if user_id is None and not is_direct(place.channel):
            return None  # Slack wants to know whom a stream in a channel is for

        async def start(team: Team) -> str:
            answer = await once(team).chat_startStream(
                channel=place.channel,
                thread_ts=place.thread or "",
                markdown_text=shown,
                recipient_user_id=user_id,
                recipient_team_id=await self._home(team, user_id) if user_id else None,
            )
            return str(answer["ts"])

        try:
            async with self._beginning.turn(place):
                ts = await self._trying.tried(start, place, "begin a stream", insist=False)
                self._running.add((place.workspace, place.channel, ts))
        except (PlatformUnavailable, Gone):
            raise
        except PlatformError as error:
            if code(error.__cause__) in SPEECHLESS:
                raise
            self._remember(place, error)
            return None
        return Stream(place, ts, shown)

    async def write(self, stream: Stream, text: str) -> bool:
        """Show the text so far; False if the stream cannot, now or ever again.

        Raises Gone if somebody deleted the message, PlatformUnavailable if a later try may help.
        """
        rest = stream.rest(settled(text))
        if not rest:
            return rest is not None

        async def append(team: Team) -> None:
            await once(team).chat_appendStream(
                channel=stream.place.channel, ts=stream.ts, markdown_text=rest
            )

        try:
            await self._trying.tried(append, stream.place, "write on", insist=False)
        except PlatformUnavailable as error:
            if error.__cause__ is not None and surely_not_done(error.__cause__):
                raise
            stream.is_over = True  # nobody knows whether the words stand there
            return False
        except Gone:
            raise
        except PlatformError as error:
            logger.info("a stream in %s is over: %s", stream.place, error)
            stream.is_over = code(error.__cause__) == NO_STREAM_RUNS
            return False
        stream.sent += rest
        return True

    async def finish(
        self, stream: Stream, text: str | None, mark: Mark, *, insist: bool = True
    ) -> bool:
        """End a stream; True if it shows exactly this text now, and carries its mark.

        None ends it as it is. Raises Gone if somebody deleted the message, and another PlatformError
        where no message of any kind would be taken.
        """
        rest = None if text is None else stream.rest(harmless(text))

        async def stop(team: Team) -> None:
            await once(team).chat_stopStream(
                channel=stream.place.channel,
                ts=stream.ts,
                markdown_text=rest or None,
                metadata=mark.metadata,
            )

        try:
            await self._trying.tried(stop, stream.place, "end a stream", insist=insist)
        except (PlatformUnavailable, Gone):
            raise
        except PlatformError as error:
            if code(error.__cause__) in SPEECHLESS:
                raise
            if code(error.__cause__) != NO_STREAM_RUNS:
                logger.info("a stream in %s could not be ended: %s", stream.place, error)
            rest = None  # Slack or an earlier try of ours ended it; or an edit shows the rest
        stream.is_over = True
        return rest is not None

    def _remember(self, place: ConversationKey, error: PlatformError) -> None:
        if code(error.__cause__) in NOT_FOR_THEM:
            logger.info("a reply in %s is shown by edits, not as a stream: %s", place, error)
            return
        everywhere = code(error.__cause__) in NO_STREAMS
        self._refused.add((place.workspace, "" if everywhere else place.channel))
        logger.info(
            "replies in %s are shown by edits, not as streams: %s",
            f"the workspace {place.workspace}" if everywhere else place,
            error,
        )
