"""Somebody with the assistant's pane open, and what Slack tells of that."""

from typing import Any

from bot.messages import Author, Message
from bot.platforms.slack.keys import channel_key, sent_at
from bot.platforms.slack.prompts import MISSED
from tests import slack_server
from tests.slack.viewing import Seen
from tests.slack_server.desk import Pane

ALICE = "Alice"


def opened(views: Seen) -> Pane:
    """Let Alice open the pane."""
    slack = views.slack
    chat, ts = slack.dm(ALICE), slack.stamps.ts()
    pane = slack.desk.panes[chat.id, ts] = Pane(slack.user(ALICE), chat, ts)
    chat.messages[ts] = slack_server.Message(ts, chat, slack.bot, "New Assistant Thread")
    return pane


def event(views: Seen, pane: Pane, channel: str | None = "general") -> dict[str, Any]:
    context = {}
    if channel is not None:
        in_view = views.slack.channel(channel)
        context = {"channel_id": in_view.id, "team_id": views.team.id, "enterprise_id": None}
    return {
        "type": "assistant_thread_started",
        "assistant_thread": {
            "user_id": pane.user.id,
            "context": context,
            "channel_id": pane.channel.id,
            "thread_ts": pane.thread_ts,
        },
    }


def written(views: Seen, pane: Pane, text: str) -> dict[str, Any]:
    """What Slack sends of what Alice writes in the pane."""
    return {
        "type": "message",
        "user": pane.user.id,
        "text": text,
        "ts": views.slack.stamps.ts(),
        "thread_ts": pane.thread_ts,
        "channel": pane.channel.id,
        "channel_type": "im",
    }


def said(views: Seen, pane: Pane, text: str) -> Message:
    ts = views.slack.stamps.ts()
    where = channel_key(views.team.id, pane.channel.id, thread_ts=pane.thread_ts)
    return Message(where, ts, Author(pane.user.id, ALICE), text, sent_at(ts), addressed=True)


async def ask_what_was_missed(views: Seen, pane: Pane, text: str = MISSED) -> bool:
    where = channel_key(views.team.id, pane.channel.id, thread_ts=pane.thread_ts)
    is_command = await views.pane.missed(written(views, pane, text), where, views.team)
    await views.tasks.idle()
    return is_command
