"""Single calls to Slack about messages: post, change, delete, whisper, look for our own.

What is said, and when, is not known here. Nothing that could have reached Slack is sent a second time
before the channel was asked: every message of ours carries an unseen mark.
"""

import copy
import logging
import uuid
from dataclasses import dataclass, field
from datetime import datetime

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.messages import ConversationKey
from bot.platforms.slack.own_messages import REPLY, Posted, Search
from bot.platforms.slack.refusals import (
    FAILURES,
    STREAM_RUNS,
    SlackTrying,
    cause,
    code,
    may_pass,
    surely_not_done,
)
from bot.platforms.slack.teams import Team
from bot.platforms.trying import Gone

logger = logging.getLogger(__name__)

Blocks = list[dict[str, object]]


@dataclass(slots=True)
class Mark:
    """What a message of ours carries unseen: which part of which reply it is.

    `since` is the time before which it was not posted. `is_unsure`: it may stand there, though Slack
    did not say so.
    """

    since: datetime
    key: str = field(default_factory=lambda: uuid.uuid4().hex)
    number: int = 0
    kind: str = REPLY
    is_unsure: bool = False
    _search: Search | None = None

    async def found(self, team: Team, place: ConversationKey) -> Posted | None:
        """Find the message that carries the mark; the search goes on where it was cut short."""
        self._search = self._search or Search(place, self.since)
        posted = await self._search.part(team, self.key, self.number)
        self.is_unsure, self._search = False, None
        return posted

    @property
    def metadata(self) -> dict[str, object]:
        """Give the mark as Slack keeps it."""
        payload = {"key": self.key, "part": self.number}
        return {"event_type": self.kind, "event_payload": payload}


class Poster:
    """Posts, changes, deletes. Every method raises PlatformError, as `Trying` does.

    Places are where the words go: the thread of a place is the one they are posted into.
    """

    def __init__(self, trying: SlackTrying) -> None:
        self.trying = trying

    async def send(
        self,
        place: ConversationKey,
        text: str,
        mark: Mark,
        *,
        blocks: Blocks | None = None,
        insist: bool = True,
    ) -> str:
        """Post a message once, and give its time stamp; pings nobody, and shows no previews.

        One that stands there already, of an earlier try with other words, gets these. Where there are
        `blocks`, people see them, and the text only where there is no room for more.
        """
        standing: Posted | None = None

        async def send(team: Team) -> str:
            nonlocal standing
            if mark.is_unsure and (standing := await mark.found(team, place)):
                return standing.ts
            mark.is_unsure = True  # also if this is cut short
            try:
                answer = await once(team).chat_postMessage(
                    channel=place.channel,
                    text=text,
                    blocks=blocks,
                    thread_ts=place.thread,
                    metadata=mark.metadata,
                    unfurl_links=False,
                    unfurl_media=False,
                    parse="none",
                    link_names=False,
                )
            except FAILURES as error:
                mark.is_unsure = not surely_not_done(error)
                raise
            mark.is_unsure = False
            return str(answer["ts"])

        ts = await self.trying.tried(send, place, "write", insist=insist)
        if standing is not None and standing.text != text and blocks is None:
            mark.is_unsure = True  # if this fails, it is looked for again
            await self._corrected(place, ts, text, mark, insist=insist)
            mark.is_unsure = False
        return ts

    async def _corrected(
        self, place: ConversationKey, ts: str, text: str, mark: Mark, *, insist: bool
    ) -> None:
        try:
            await self.update(place, ts, text, mark, insist=insist)
        except Gone:  # somebody took it away: it is not put back
            logger.info("message %s in %s was deleted", ts, place)

    async def update(
        self, place: ConversationKey, ts: str, text: str, mark: Mark, *, insist: bool = True
    ) -> None:
        """Give a message another text. Raises Gone if somebody deleted it."""

        async def change(team: Team) -> None:
            await team.client.chat_update(
                channel=place.channel,
                ts=ts,
                text=text,
                blocks=[],  # those that a stream left behind would be shown in place of the text
                metadata=mark.metadata,
                parse="none",
                link_names=False,
            )

        async def update(team: Team) -> None:
            try:
                await change(team)
            except SlackApiError as error:
                if code(error) != STREAM_RUNS:
                    raise
                await _stop_stream(team, place, ts)
                await change(team)

        await self.trying.tried(update, place, "edit its message", insist=insist)

    async def delete(self, place: ConversationKey, ts: str) -> None:
        """Delete a message of ours; one that is gone already is no error."""

        async def delete(team: Team) -> None:
            try:
                await team.client.chat_delete(channel=place.channel, ts=ts)
            except SlackApiError as error:
                if code(error) != STREAM_RUNS:
                    raise
                await _stop_stream(team, place, ts)
                await team.client.chat_delete(channel=place.channel, ts=ts)

        try:
            await self.trying.tried(delete, place, "delete its message")
        except Gone:
            logger.debug("message %s in %s was gone already", ts, place)

    async def whisper(self, place: ConversationKey, user_id: str, text: str) -> None:
        """Show somebody a text that nobody else sees. Slack forgets it soon.

        Nobody can look for it: in doubt whether it arrived, it is sent again.
        """

        async def whisper(team: Team) -> None:
            await once(team).chat_postEphemeral(
                channel=place.channel,
                user=user_id,
                text=text,
                thread_ts=place.thread,
                parse="none",
                link_names=False,
            )

        await self.trying.tried(whisper, place, "tell somebody something")

    async def show_status(self, place: ConversationKey, status: str) -> None:
        """Show what the assistant does in a thread of the assistant view; "" shows nothing."""

        async def show(team: Team) -> None:
            await team.client.assistant_threads_setStatus(
                channel_id=place.channel, thread_ts=place.thread or "", status=status
            )

        await self.trying.tried(show, place, "show what it does", insist=False)

    async def own(self, place: ConversationKey, search: Search) -> list[Posted]:
        """Find messages of ours, oldest first; a search that was cut short goes on there."""
        return await self.trying.tried(search.all, place, "look for its messages")


def once(team: Team) -> AsyncWebClient:
    """Give a client that sends each request once: slack_sdk's own second try doubles messages."""
    client = copy.copy(team.client)
    client.retry_handlers = []
    return client


async def _stop_stream(team: Team, place: ConversationKey, ts: str) -> None:
    try:
        await team.client.chat_stopStream(channel=place.channel, ts=ts)
    except SlackApiError as error:  # what follows tells whether it runs on
        if may_pass(error):
            raise
        logger.info("a stream in %s could not be ended: %s", place, cause(error))
