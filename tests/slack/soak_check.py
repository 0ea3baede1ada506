"""Compares what people said and what they see on Slack with what the bot's history holds."""

import html
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.messages import ASKED
from bot.platforms.asking import ANSWERED_WITH_NEXT, TOO_LATE
from bot.platforms.slack.threads import THREAD
from tests.slack.soak_people import Asked, People, Said
from tests.slack_server import Channel, Message, SlackServer
from tests.soaking.findings import (
    GREETING,
    NOTICES,
    Findings,
    answered_twice,
    bereft,
    doubled,
    outbox_is_empty,
    outcome,
    whole,
)
from tests.soaking.history import Row, Rows

SOON = timedelta(seconds=15)
EXCUSES = {ANSWERED_WITH_NEXT, TOO_LATE}
QUESTION = re.compile(r"\bq\d+\b")


def compared(
    slack: SlackServer, people: People, rows: Rows, killed_at: Sequence[datetime]
) -> Findings:
    """Compare everything at a moment when nothing happens; `killed_at` is when a bot was killed."""
    found = Findings()
    heard = {(row["channel"], row["thread"], row["id"]): row for row in rows.messages}
    _hearing(found, slack, people, heard)
    for said in people.said.values():
        row = heard.get((*said.place, said.message.ts))
        if said.question and not said.message.deleted and row is not None:  # else told as missing
            _outcome(found, said.question, said.message.channel, row, rows)
    _asked(found, slack, people, rows, killed_at)
    _speaking(found, slack, people, rows)
    _waits(found, slack, people)
    outbox_is_empty(found, rows)
    for whom in slack.pinged:
        found.fault("pinged", whom)
    for method, error in slack.refusals:
        found.counts[f"refused: {method} {error}"] += 1
    return found


# What the history should hold.


def _hearing(
    found: Findings,
    slack: SlackServer,
    people: People,
    heard: Mapping[tuple[str, str, str], Row],
) -> None:
    for said in people.said.values():
        _recorded(found, said, heard.get((*said.place, said.message.ts)))
    commands = {one.row_id for one in people.asked}
    for (channel, thread, message_id), row in heard.items():
        if row["from_assistant"] or message_id.removeprefix("ask-") in commands:
            continue
        said = people.said.get(message_id)
        if said is not None and said.place != (channel, thread):
            _copied(found, said, (channel, thread), row)
        elif said is None and not _begins_with_ours(row, slack):
            found.fault("invented", f"{message_id} {row['text']!r}")


def _recorded(found: Findings, said: Said, row: Row | None) -> None:
    message, what = said.message, f"{_place(said)} {said.message.ts} {said.expected!r}"
    if message.deleted:
        if row is not None and not row["deleted"]:
            found.fault("deletion missed", what)
    elif row is None:
        found.fault("missing", what)
    elif row["deleted"]:
        found.fault("taken for deleted", what)
    elif row["text"] != said.expected:
        found.fault("edit missed", f"{what}: {row['text']!r}")
    elif said.file and not any(said.file in one for one in _attached(row)):
        found.fault("file missed", f"{what}: {row['attachments']}")
    else:
        found.counts["recorded"] += 1


def _copied(found: Findings, said: Said, place: tuple[str, str], row: Row) -> None:
    """Check what stands in two conversations: what a thread hangs on, and what was sent to both."""
    channel, thread = place
    is_parent = thread == said.message.ts
    is_both = said.message.broadcast and thread == ""
    if channel != said.message.channel.id or not (is_parent or is_both):
        found.fault("doubled", f"{_place(said)} {said.message.ts} is in {place} too")
    elif bool(row["deleted"]) != said.message.deleted:
        found.fault("copy", f"{place}: deleted {row['deleted']}, not {said.message.deleted}")
    elif not said.message.deleted and row["text"] != said.expected:
        found.fault("copy", f"{place}: {row['text']!r}, not {said.expected!r}")


def _begins_with_ours(row: Row, slack: SlackServer) -> bool:
    """Tell whether a thread begins with words of the bot itself."""
    return row["id"] == row["thread"] and row["author_id"] == f"{THREAD.lower()}:{row['thread']}"


def _attached(row: Row) -> list[str]:
    given = row["attachments"]
    return [given] if isinstance(given, str) else [str(one) for one in given or []]


# What should have been answered.


def _outcome(found: Findings, question: str, channel: Channel, row: Row, rows: Rows) -> None:
    said = [*channel.messages.values(), *channel.whispers]
    has_notice = any(one.text in NOTICES for one in said)
    name = f"{question} {channel.kind} {channel.name} {row['id']}"
    outcome(found, name, row, rows, has_notice=has_notice)


def _asked(
    found: Findings, slack: SlackServer, people: People, rows: Rows, killed_at: Sequence[datetime]
) -> None:
    """Check commands: those the bot never heard of are told to the asker by Slack itself.

    One that was acknowledged just before the bot was killed is lost: Slack sends it but once.
    """
    heard = {row["id"].removeprefix("ask-"): row for row in rows.messages}
    for asked in people.asked:
        row, channel = heard.get(asked.row_id), _channel_of(asked)
        if row is None and not asked.interaction.acknowledged:
            found.counts["commands that never arrived"] += 1
        elif row is None and any(asked.at <= at < asked.at + SOON for at in killed_at):
            found.counts["commands lost with a killed process"] += 1
        elif row is None and _is_excused(slack, asked):
            found.counts["commands that a stop cut short, and said so"] += 1
        elif row is None:
            told = asked.interaction.texts
            found.fault(
                "command lost", f"{asked.question} {channel.name if channel else ''} {told}"
            )
        elif row["deleted"]:
            found.fault("taken for deleted", f"the question {asked.question} of a command")
        elif channel is not None:
            _outcome(found, asked.question, channel, row, rows)


def _is_excused(slack: SlackServer, asked: Asked) -> bool:
    """Tell whether somebody was asked to ask again; a form has no address of its own for that."""
    user, when = asked.interaction.user, str(asked.at.timestamp())
    whispers = [one for channel in slack.world.channels.values() for one in channel.whispers]
    return TOO_LATE in asked.interaction.texts or any(
        one.seen_by is user and one.text == TOO_LATE and one.ts > when for one in whispers
    )


def _channel_of(asked: Asked) -> Channel | None:
    return asked.interaction.channel


# What people see of the bot.


def _speaking(found: Findings, slack: SlackServer, people: People, rows: Rows) -> None:
    known, quoted = rows.own_ids, _quoted(rows)
    by_first = {ids[0]: key for key, ids in rows.parts.items() if ids}
    places = {one["key"]: (one["channel"], one["thread"]) for one in rows.replies}
    seen: list[tuple[object, str]] = []
    answers: list[tuple[object, str]] = []
    for channel in slack.world.channels.values():
        for message in slack.posts(channel):
            kind = _kind(message, known)
            found.counts[kind] += 1
            if kind == "orphans":
                found.faults.append(f"orphan: {channel.name} {message.ts} {message.text[:60]!r}")
            if kind == "replies":
                seen.append(((channel.id, message.thread_ts), message.text))
            if message.streaming:
                found.fault("half a stream", f"{channel.name} {message.ts} {message.text[:60]!r}")
            if message.ts in by_first:
                text = _without_quoted(message.text, quoted)
                answers.append((places.get(by_first[message.ts]), text))
    doubled(found, seen)
    answered_twice(found, answers)

    def shown(reply: Row, message_id: str) -> str | None:
        channel = slack.world.channels.get(reply["channel"])
        message = channel.messages.get(message_id) if channel else None
        return message.text if message else None

    def is_open(reply: Row, message_id: str) -> bool:
        return shown(reply, message_id) is not None

    whole(found, rows, shown, is_same=_are_same)
    bereft(found, rows, is_open)


def _are_same(shown: str, kept: str) -> bool:
    """Tell whether the letters of a reply stand there, in whatever way its signs are written."""
    letters = ("".join(filter(str.isalnum, html.unescape(one))) for one in (shown, kept))
    stand, hold = letters
    return stand.endswith(hold)


def _quoted(rows: Rows) -> dict[str, set[str]]:
    """Give the questions in the messages that commands asked about, by what was asked of them."""
    said = {(row["channel"], row["id"]): row["text"] for row in rows.messages}
    return {
        question: set(QUESTION.findall(said.get((row["channel"], row["reply_to"]), "")))
        for row in rows.messages
        if row["id"].startswith(ASKED) and row["reply_to"]
        for question in QUESTION.findall(row["text"])
    }


def _without_quoted(text: str, quoted: Mapping[str, set[str]]) -> str:
    """Leave out the questions that the model was only shown, since somebody asked about them."""
    words = text.split(" ")
    shown = set[str]().union(*(quoted.get(one, set()) for one in words))
    return " ".join(one for one in words if one not in shown)


def _kind(message: Message, known: set[str]) -> str:
    if message.ts in known:
        return "replies"
    if message.text in NOTICES:
        return "notices"
    if message.text.startswith(GREETING):
        return "greetings"
    return "excuses" if any(message.text.endswith(one) for one in EXCUSES) else "orphans"


def _waits(found: Findings, slack: SlackServer, people: People) -> None:
    """Measure how long people waited, from a mention to the first words of the reply."""
    first: dict[str, Message] = {}
    for channel in slack.world.channels.values():
        for message in slack.posts(channel):
            for word in message.text.split():
                first.setdefault(word, message)
    for said in people.said.values():
        reply = first.get(said.question or "")
        if reply is not None:
            found.waits_s.append((reply.sent_at - said.message.sent_at).total_seconds())


def _place(said: Said) -> str:
    channel = said.message.channel
    thread = f" in {said.message.thread_ts}" if said.message.thread_ts else ""
    return f"{channel.kind} {channel.name}{thread}"
