"""Compares what people said and what they see with what the bot's history holds.

`Findings.faults` are one line for each thing that is not as it should be; the rest are counts.
"""

from collections.abc import Mapping

from bot.messages import ASKED
from bot.platforms.asking import ANSWERED_WITH_NEXT, TOO_LATE
from tests.discord.soak_people import Asked, People, Said
from tests.discord_server import Channel, ChannelType, DiscordServer, Message
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

EXCUSES = {ANSWERED_WITH_NEXT, TOO_LATE}


def compared(server: DiscordServer, people: People, rows: Rows) -> Findings:
    """Compare everything at a moment when nothing happens."""
    found = Findings()
    heard = {(row["thread"] or row["channel"], row["id"]): row for row in rows.messages}
    _hearing(found, server, people, heard)
    for said in people.said.values():
        row = heard.get((said.message.channel.id, said.message.id))
        if said.question and not said.is_deleted and row is not None:  # else told as missing
            _outcome(found, said.question, said.message.channel, row, rows)
    _asked(found, people, rows)
    _speaking(found, server, people, rows)
    _waits(found, server, people)
    outbox_is_empty(found, rows)
    return found


# What the history should hold.


def _hearing(
    found: Findings,
    server: DiscordServer,
    people: People,
    heard: Mapping[tuple[str, str], Row],
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


def _recorded(found: Findings, server: DiscordServer, said: Said, row: Row | None) -> None:
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


def _copied(found: Findings, server: DiscordServer, said: Said, place: str, row: Row) -> None:
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


def _outcome(found: Findings, question: str, channel: Channel, row: Row, rows: Rows) -> None:
    has_notice = any(one.content in NOTICES for one in channel.messages.values())
    outcome(found, f"{question} {_place(channel)}", row, rows, has_notice=has_notice)


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
    known, firsts = rows.own_ids, {ids[0] for ids in rows.parts.values() if ids}
    seen: list[tuple[object, str]] = []
    answers: list[tuple[object, str]] = []
    for channel in _channels(server):
        for message in server.posts(channel):
            kind = _kind(message, known)
            found.counts[kind] += 1
            if kind == "orphans":
                found.faults.append(f"orphan: {_place(channel)} {message.content[:60]!r}")
            if kind == "replies":
                seen.append(((channel.id, message.reply_to_id), message.content))
            if message.id in firsts:
                answers.append((channel.id, message.content))
    doubled(found, seen)
    answered_twice(found, answers)

    def shown(reply: Row, message_id: str) -> str | None:
        channel = server.world.channel(reply["thread"] or reply["channel"])
        message = channel.messages.get(message_id) if channel else None
        return message.content if message else None

    def is_open(reply: Row, message_id: str) -> bool:
        return shown(reply, message_id) is not None

    whole(found, rows, shown)
    bereft(found, rows, is_open)


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
