"""The nouns that every part of the bot shares: conversations, authors, messages, decisions.

Values only: nothing here reads a clock, a setting or a database. All times are aware UTC datetimes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class ConversationKey:
    """Where something is said. `thread` is None in the channel itself."""

    platform: str
    workspace: str
    channel: str
    thread: str | None = None

    def __str__(self) -> str:
        """Name the conversation in logs and as the session key of the model server."""
        return "/".join(filter(None, (self.platform, self.workspace, self.channel, self.thread)))


def workspace_key(platform: str, workspace: str) -> ConversationKey:
    """Stand for a whole workspace, such as a Discord server: its defaults are kept under this key."""
    return ConversationKey(platform, workspace, "")


@dataclass(frozen=True, slots=True)
class Author:
    """Who says something: `id` is the platform's, unique in a workspace; `name` is what people see."""

    id: str
    name: str
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One message as a platform delivered it, mentions already turned into names.

    `id` is the platform's and unique in its conversation. `addressed` is true for a mention of the
    assistant, a reply to one of its messages, a direct message, and `/assistant ask`.
    `reply_to` is the id of the message this one answers, `attachments` are short descriptions.
    `overheard` is what calls for no decision here: it is recorded together with a silent one.
    """

    conversation: ConversationKey
    id: str
    author: Author
    text: str
    sent_at: datetime
    addressed: bool = False
    reply_to: str | None = None
    attachments: tuple[str, ...] = ()
    overheard: bool = False


class Action(StrEnum):
    """What became of a decision. Failure is not silence."""

    SPEAK = "speak"
    SILENT = "silent"
    FAILED = "failed"


class Rule(StrEnum):
    """The rule that settled a decision."""

    ADDRESSED = "addressed"
    THRESHOLD = "threshold"
    MODE = "mode"
    EAGERNESS_ZERO = "eagerness zero"
    QUIET = "quiet"
    QUIET_HOURS = "quiet hours"
    SHARE_OF_VOICE = "share of voice"
    COOLDOWN = "cooldown"
    OTHER_BOT = "other bot"
    WITHDRAWN = "withdrawn"
    EMPTY_REPLY = "empty reply"
    TOO_OLD = "too old"
    THREAD_START = "thread start"
    OVERHEARD = "overheard"
    OPTED_OUT = "opted out"
    MODEL_FAILED = "model failed"


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether to speak, and why, in words a person can read.

    `p_speak` and `threshold` are None where no score was needed (addressed, or a mode that listens).
    """

    action: Action
    rule: Rule
    reason: str
    p_speak: float | None = None
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class KeptDecision:
    """A decision as the store keeps it. `message_id` is the last message of the burst it settled."""

    id: int
    message_id: str
    decision: Decision
    model: str
    adapter: str | None
    latency_ms: float
    decided_at: datetime


ASKED = "ask-"  # begins the id of a question that a command asked: no message of the platform's


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of the history as the store returns it.

    A reply of the assistant has `from_assistant` set and the `decision_id` of the decision it
    carries out. A person's message has the `decision_id` of the burst it was settled in, or None
    while it waits. A deleted message is a tombstone: `deleted` is set and its text is empty. An
    opted-out author's message has `hidden` set and no text either. `quoted` is the text of the
    message that a question of a command is about, as long as that one stands, `quoted_attachments`
    what is attached to it.
    """

    row: int
    id: str
    author: Author
    text: str
    sent_at: datetime
    addressed: bool = False
    reply_to: str | None = None
    attachments: tuple[str, ...] = ()
    decision_id: int | None = None
    from_assistant: bool = False
    edited: bool = False
    deleted: bool = False
    hidden: bool = False
    quoted: str = ""
    quoted_attachments: tuple[str, ...] = ()


class Mode(StrEnum):
    """How a channel is listened to: speak freely, only when addressed, record only, nothing."""

    ACTIVE = "active"
    MENTION = "mention"
    LISTEN = "listen"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A weekly time of silence.

    `weekdays` are 0 (Monday) to 6; a span past midnight belongs to the day it begins on.
    `start_minute` and `end_minute` count minutes since midnight in `time_zone` (IANA name).
    """

    weekdays: frozenset[int]
    start_minute: int
    end_minute: int
    time_zone: str


MAX_PERSONA_CHARS = 500  # it is part of every prompt, and prompts are small
MAX_RETENTION_DAYS = 3650


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """What an admin can set for a channel; threads share their channel's settings.

    None means: `quiet_until`, `quiet_hours`, no quiet time; `max_share_of_voice` (0 to 1 of the last
    20 messages), no limit; `retention_days`, kept for ever.
    """

    mode: Mode = Mode.ACTIVE
    eagerness: int = 50
    persona: str = ""
    quiet_until: datetime | None = None
    quiet_hours: QuietHours | None = None
    max_share_of_voice: float | None = None
    cooldown_s: float = 0.0
    answer_other_bots: bool = False
    bot_loop_budget: int = 3
    reply_as_reference: bool = True
    stream_replies: bool = True
    follow_threads: bool = True
    may_train: bool = False
    retention_days: int | None = None

    def kept_since(self, now: datetime) -> datetime | None:
        """Give the time before which nothing is kept any more; None if all is."""
        days = self.retention_days
        return None if days is None else now - timedelta(days=days)

    def keeps(self, said_at: datetime, *, now: datetime) -> bool:
        """Tell whether what was said at a time is still kept."""
        since = self.kept_since(now)
        return since is None or said_at >= since


class OutboxStatus(StrEnum):
    """Where a reply stands on its way to the platform.

    A draft's first words are shown, and the whole is not written yet.
    """

    DRAFT = "draft"
    PENDING = "pending"
    POSTED = "posted"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """A reply written down before it is posted.

    `key` is what the platform deduplicates on, at most 25 characters (Discord's limit for a nonce).
    `reply_to` is the id of the message it answers.
    """

    key: str
    conversation: ConversationKey
    decision_id: int | None
    reply_to: str | None
    text: str
    status: OutboxStatus
    created_at: datetime


class FeedbackKind(StrEnum):
    """How people took a reply. Hushed: they asked for quiet there. Removed: a moderator deleted it."""

    LIKED = "liked"
    DISLIKED = "disliked"
    HUSHED = "hushed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Feedback:
    """What somebody thought of a reply, and the decision behind it: its rule, score and model."""

    kind: FeedbackKind
    rule: Rule
    p_speak: float | None
    at: datetime
    decision_id: int
    author_id: str
    model: str
    adapter: str | None
