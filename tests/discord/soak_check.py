"""Compares what people said and what they see with what the bot's history holds.

`Findings.faults` are one line for each thing that is not as it should be; the rest are counts.
"""

import re
import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from bot.messages import ASKED
from bot.notices import CANNOT_THINK, LISTENING, NO_ANSWER, NOT_POSTED, OPTED_OUT
from bot.platforms.asking import ANSWERED_WITH_NEXT, TOO_LATE
from tests.discord.soak_people import Asked, People, Said
from tests.discord_server import Channel, ChannelType, DiscordServer, Message

NOTICES = {CANNOT_THINK, LISTENING, NO_ANSWER, NOT_POSTED, OPTED_OUT}
EXCUSES = {ANSWERED_WITH_NEXT, TOO_LATE}
GREETING = "Hello, I'm"

HISTORY = """
    SELECT m.platform_id AS id, c.workspace, c.channel, c.thread, m.text, m.deleted, m.from_assistant,
        m.addressed, m.decision_id, d.action, d.rule
    FROM messages m JOIN conversations c ON c.id = m.conversation_id
    LEFT JOIN decisions d ON d.id = m.decision_id"""
REPLIES = """
    SELECT o.key, o.decision_id, o.status, o.reply_to, c.channel, c.thread FROM outbox o
    JOIN conversations c ON c.id = o.conversation_id"""


@dataclass
class Findings:
    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    waits_s: list[float] = field(default_factory=list)  # from a question to its reply

    def fault(self, kind: str, what: str) -> None:
        self.counts[kind] += 1
        self.faults.append(f"{kind}: {what}")


@dataclass
class Rows:
    """What the history holds."""

    messages: list[sqlite3.Row]
    replies: list[sqlite3.Row]
    parts: dict[str, list[str]]
    by_decision: dict[int | None, list[sqlite3.Row]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for reply in self.replies:
            self.by_decision.setdefault(reply["decision_id"], []).append(reply)

    @classmethod
    def read(cls, database: Path) -> "Rows":
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5)) as history:
            history.row_factory = sqlite3.Row
            parts = defaultdict(list)
            for row in history.execute("SELECT * FROM reply_parts ORDER BY key, number"):
                parts[row["key"]].append(row["message_id"])
            messages = history.execute(HISTORY).fetchall()
            return cls(messages, history.execute(REPLIES).fetchall(), parts)

    def statuses(self, decision_id: int | None) -> list[str]:
        """Say what became of the replies to a decision."""
        return [one["status"] for one in self.by_decision.get(decision_id, [])]


def compared(server: DiscordServer, people: People, database: Path) -> Findings:
    """Compare everything at a moment when nothing happens."""
    found, rows = Findings(), Rows.read(database)
    heard = {(row["thread"] or row["channel"], row["id"]): row for row in rows.messages}
    _hearing(found, server, people, heard)
    for said in people.said.values():
        row = heard.get((said.message.channel.id, said.message.id))
        if said.question and not said.is_deleted and row is not None:  # else told as missing
            _outcome(found, said.question, said.message.channel, row, rows)
    _asked(found, people, rows)
    _speaking(found, server, people, rows)
    _waits(found, server, people)
    for reply in rows.replies:
        if reply["status"] in ("pending", "draft"):
            found.fault("left in the outbox", f"{reply['status']} {reply['key']}")
    return found


# What the history should hold.


def _hearing(
    found: Findings,
    server: DiscordServer,
    people: People,
    heard: dict[tuple[str, str], sqlite3.Row],
) -> None:
    for said in people.said.values():
        row = heard.get((said.message.channel.id, said.message.id))
        _recorded(found, server, said, row)
    commands = {row_id(one) for one in people.asked}
    for (place, message_id), row in heard.items():
        said = people.said.get(message_id)
        if row["from_assistant"] or message_id in commands:
            continue
        if said is None:
            found.fault("invented", f"{message_id} {row['text']!r}")
        elif said.message.channel.id != place:
            _copied(found, server, said, place, row)


def _recorded(found: Findings, server: DiscordServer, said: Said, row: sqlite3.Row | None) -> None:
    message = said.message
    if said.is_deleted:
        if row is not None and not row["deleted"]:
            found.fault("deletion missed", f"{message.id} {row['text']!r}")
        return
    if row is None:
        found.fault("missing", f"{_place(message.channel)} {message.id} {message.content!r}")
    elif row["deleted"]:
        found.fault("taken for deleted", f"{message.id} {message.content!r}")
    elif row["text"] != _as_heard(server, message):
        what = f"{message.id} {row['text']!r}, not {_as_heard(server, message)!r}"
        found.fault("edit missed", what)
    else:
        found.counts["recorded"] += 1


def _copied(
    found: Findings, server: DiscordServer, said: Said, place: str, row: sqlite3.Row
) -> None:
    """Check what stands in two conversations: only the message that a thread was made of."""
    if place != said.message.id:
        found.fault("doubled", f"{said.message.id} is in {place} too")
    elif bool(row["deleted"]) != said.is_deleted:
        found.fault("starter", f"{place}: deleted {row['deleted']}, not {said.is_deleted}")
    elif not said.is_deleted and row["text"] != _as_heard(server, said.message):
        found.fault("starter", f"{place}: {row['text']!r}, not {said.message.content!r}")


def _as_heard(server: DiscordServer, message: Message) -> str:
    text = message.content.replace(server.bot.mention, "@Earshot")
    parent = server.world.channel(message.channel.parent_id or "")
    is_post = parent is not None and parent.type is ChannelType.FORUM
    is_first = is_post and message.channel.id == message.id
    return f"Title: {message.channel.name}\n{text}" if is_first else text


# What should have been answered.


def _outcome(
    found: Findings, question: str, channel: Channel, row: sqlite3.Row, rows: Rows
) -> None:
    statuses = rows.statuses(row["decision_id"])
    if row["rule"] == "too old":
        found.counts["too old"] += 1
    elif row["action"] == "speak" and statuses.count("posted") == 1:
        found.counts["answered"] += 1
    elif row["action"] == "speak" and statuses == ["withdrawn"]:
        found.counts["too old"] += 1
    elif row["action"] == "failed" and any(
        one.content in NOTICES for one in channel.messages.values()
    ):
        found.counts["answered by a notice"] += 1
    else:
        what = f"{row['action']}, {row['rule']}, {statuses}"
        found.fault("unanswered", f"{question} {_place(channel)}: {what}")


def row_id(asked: Asked) -> str:
    """Give the id of a command's question in the history."""
    return f"{ASKED}{asked.interaction.id}"


def _asked(found: Findings, people: People, rows: Rows) -> None:
    """Check commands: those the bot never heard of are told to the asker by Discord itself."""
    heard = {row["id"]: row for row in rows.messages}
    for asked in people.asked:
        interaction = asked.interaction
        row, original = heard.get(row_id(asked)), interaction.original
        if interaction.acknowledged is None and row is None:
            found.counts["commands that never arrived"] += 1
        elif row is None:
            found.fault("command lost", f"{asked.question} {original.content if original else ''}")
        elif row["deleted"]:
            found.fault("taken for deleted", f"the question {asked.question} of a command")
        else:
            _outcome(found, asked.question, interaction.channel, row, rows)
        if original is not None and original.loading and not original.deleted:
            found.counts["thinking for ever"] += 1


# What people see of the bot.


def _speaking(found: Findings, server: DiscordServer, people: People, rows: Rows) -> None:
    known = {one for parts in rows.parts.values() for one in parts}
    known |= {row["id"] for row in rows.messages if row["from_assistant"]}
    seen: dict[tuple[str, str, str | None], int] = Counter()
    for channel in _channels(server):
        for message in server.posts(channel):
            kind = _kind(message, known)
            found.counts[kind] += 1
            if kind == "orphans":
                found.faults.append(f"orphan: {_place(channel)} {message.content[:60]!r}")
            if kind == "replies":
                seen[channel.id, message.content, message.reply_to_id] += 1
    for (place, text, _), times in seen.items():
        if times > 1:
            found.fault("doubled replies", f"{times} times in {place}: {text[:60]!r}")
    _whole(found, server, rows)
    _twice(found, server, rows)
    _bereft(found, server, rows)


def _kind(message: Message, known: set[str]) -> str:
    if message.id in known:
        return "replies"
    if message.content in NOTICES:
        return "notices"
    if message.content.startswith(GREETING):
        return "greetings"
    if message.interaction and any(message.content.endswith(one) for one in EXCUSES):
        return "excuses"
    return "orphans"


def _whole(found: Findings, server: DiscordServer, rows: Rows) -> None:
    """Check that each reply stands there whole, as the history has it."""
    texts = {row["id"]: row for row in rows.messages if row["from_assistant"]}
    for reply in rows.replies:
        ids = rows.parts.get(reply["key"], [])
        row = texts.get(ids[0]) if ids else None
        channel = server.world.channel(reply["thread"] or reply["channel"])
        if reply["status"] != "posted" or row is None or row["deleted"] or channel is None:
            continue
        stand = [channel.messages[one].content for one in ids if one in channel.messages]
        if not "".join("".join(stand).split()).endswith("".join(row["text"].split())):
            found.fault("not whole", f"{_place(channel)} {row['text'][:60]!r} {len(ids)} parts")


def _twice(found: Findings, server: DiscordServer, rows: Rows) -> None:
    """Check that no question is answered by two replies where it was asked.

    A thread that was made of a question may take it up again.
    """
    answers = defaultdict(list)
    firsts = {ids[0] for ids in rows.parts.values() if ids}
    for channel in _channels(server):
        for message in server.posts(channel):
            if message.id in firsts:
                answer = message.content.rpartition("As to ")[2]
                for question in set(re.findall(r"\bq\d+\b", answer)):
                    answers[channel.id, question].append(message.content)
    for (place, question), texts in answers.items():
        if len(texts) > 1:
            found.fault("answered twice", f"{question} in {place}: {texts}")


def _bereft(found: Findings, server: DiscordServer, rows: Rows) -> None:
    """Check that no reply stands there of which every question is gone."""
    bursts = defaultdict(list)
    for row in rows.messages:
        if not row["from_assistant"]:
            bursts[row["decision_id"]].append(row)
    for reply in rows.replies:
        burst = bursts.get(reply["decision_id"], [])
        asked = [row for row in burst if row["addressed"]] or burst
        channel = server.world.channel(reply["thread"] or reply["channel"])
        if channel is None or not asked or not all(row["deleted"] for row in asked):
            continue
        found.counts["withdrawn or removed"] += 1
        for message_id in rows.parts.get(reply["key"], []):
            if message_id in channel.messages:
                found.fault("not removed", f"{_place(channel)} {reply['status']} {message_id}")


def _waits(found: Findings, server: DiscordServer, people: People) -> None:
    """Measure how long people waited, from a mention to the first words of the reply."""
    first: dict[str, Message] = {}
    for channel in _channels(server):
        for message in server.posts(channel):
            for word in message.content.split():
                first.setdefault(word, message)
    for said in people.said.values():
        reply = first.get(said.question or "")
        if reply is not None and reply.interaction is None:
            found.waits_s.append((reply.sent_at - said.message.sent_at).total_seconds())


def _channels(server: DiscordServer) -> list[Channel]:
    guilds = server.world.guilds.values()
    places = [one for guild in guilds for one in guild.channels.values()]
    return [*places, *server.world.dms.values()]


def _place(channel: Channel) -> str:
    return f"{channel.type.name} {channel.name} {channel.id}"
