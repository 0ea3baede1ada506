"""Finds the messages of ours that stand in a channel or thread, by the marks that they carry unseen."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.messages import ConversationKey
from bot.platforms.slack.keys import sent_at, ts_at
from bot.platforms.slack.teams import Team

REPLY = "earshot_reply"  # kinds of marks, as Slack's metadata name them
NOTICE = "earshot_notice"
PAGE_SIZE = 100  # apps from outside Slack's marketplace get 15

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Posted:
    """A message of ours as it stands there. `key` is None where it carries no mark.

    `is_stream`: it was begun as a stream, whether that ended or not.
    """

    ts: str
    text: str
    key: str | None
    number: int
    is_stream: bool

    @property
    def sent_at(self) -> datetime:
        """When Slack took it."""
        return sent_at(self.ts)


class Search:
    """Looks through what was said since a moment, page by page; goes on where it was cut short.

    Slack gives some apps one page a minute: to begin anew each time would never come to an end.
    """

    def __init__(self, place: ConversationKey, since: datetime) -> None:
        self._place = place
        self._oldest = ts_at(since)
        self._cursor: str | None = None
        self._is_done = False
        self._found: dict[str, Posted] = {}

    async def all(self, team: Team) -> list[Posted]:
        """Give every message that is found, oldest first."""
        while not self._is_done:
            await self._look(team)
        return [self._found[ts] for ts in sorted(self._found)]

    async def part(self, team: Team, key: str, number: int) -> Posted | None:
        """Find a part of a reply."""
        while True:
            for posted in self._found.values():
                if (posted.key, posted.number) == (key, number):
                    return posted
            if self._is_done:
                return None
            await self._look(team)

    async def _look(self, team: Team) -> None:
        messages, self._cursor = await self._page(team)
        ours = [_posted(each) for each in messages if _is_ours(each, team)]
        # Each page of a thread begins with what it hangs on, however old that is.
        self._found |= {each.ts: each for each in ours if each.ts >= self._oldest}
        self._is_done = self._cursor is None

    async def _page(self, team: Team) -> tuple[list[Json], str | None]:
        """Give the next page, and the cursor of the one after it if there is one."""
        if self._place.thread is None:
            answer = await team.client.conversations_history(
                channel=self._place.channel,
                oldest=self._oldest,
                cursor=self._cursor,
                limit=PAGE_SIZE,
                include_all_metadata=True,
            )
        else:
            answer = await team.client.conversations_replies(
                channel=self._place.channel,
                ts=self._place.thread,
                oldest=self._oldest,
                cursor=self._cursor,
                limit=PAGE_SIZE,
                include_all_metadata=True,
            )
        messages: list[Json] = [each for each in answer.get("messages") or [] if _is_object(each)]
        metadata = answer.get("response_metadata") or {}
        return messages, str(metadata.get("next_cursor") or "") or None


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _is_ours(message: Json, team: Team) -> bool:
    return message.get("user") == team.user_id or message.get("bot_id") == team.bot_id


def _posted(message: Json) -> Posted:
    mark = message.get("metadata")
    payload = mark.get("event_payload") if isinstance(mark, dict) else None
    is_ours = isinstance(mark, dict) and mark.get("event_type") in (REPLY, NOTICE)
    told = payload if isinstance(payload, dict) and is_ours else {}
    number = told.get("part")
    return Posted(
        ts=str(message.get("ts")),
        text=str(message.get("text") or ""),
        key=str(told.get("key")) if is_ours else None,
        number=number if isinstance(number, int) else 0,
        is_stream="streaming_state" in message,
    )
