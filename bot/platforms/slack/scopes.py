"""What the app asks to be allowed in a workspace, and of which events it hears. Pure.

The one table of scopes: the manifest, the page to install and `earshot doctor` follow it.
"""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """A scope, and what it is used for. Without one that is not `needed`, only that is missing."""

    name: str
    reason: str
    needed: bool = True


# https://docs.slack.dev/reference/scopes
SCOPES = (
    Scope("app_mentions:read", "to hear who addresses it"),
    Scope(
        "assistant:write", "for the extras of its chat: suggestions, titles, status", needed=False
    ),
    Scope("channels:history", "to hear and catch up in the public channels it is in"),
    Scope("channels:read", "to know what these channels are called"),
    Scope("chat:write", "to answer"),
    Scope("commands", "for /assistant and the shortcut of a message"),
    Scope("files:read", "to know which files are shared", needed=False),
    Scope("groups:history", "to hear and catch up in the private channels it is in"),
    Scope("groups:read", "to know what private channels are called"),
    Scope("im:history", "to hear and catch up in direct messages to it"),
    Scope("im:read", "to find these direct messages again"),
    Scope("mpim:history", "to hear and catch up in the group messages it is in", needed=False),
    Scope("mpim:read", "to find these group messages again", needed=False),
    Scope(
        "reactions:read", "to learn from reactions what people think of its answers", needed=False
    ),
    Scope("usergroups:read", "to know what groups of people are called", needed=False),
    Scope("users:read", "to know what people are called, and who manages"),
)
BOT_SCOPES = tuple(scope.name for scope in SCOPES)

# https://docs.slack.dev/reference/events
BOT_EVENTS = (
    "app_context_changed",
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "channel_archive",
    "channel_deleted",
    "channel_id_changed",
    "channel_left",
    "channel_rename",
    "channel_unarchive",
    "group_archive",
    "group_deleted",
    "group_left",
    "group_rename",
    "group_unarchive",
    "member_joined_channel",
    "member_left_channel",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "reaction_added",
    "reaction_removed",
    "tokens_revoked",
    "user_change",
)
# What an app has instead that was made with a pane for assistants, before the summer of 2026.
AGENT_EVENTS = ("app_context_changed",)
PANE_EVENTS = ("assistant_thread_context_changed", "assistant_thread_started")

_NEEDED_FOR = {  # what an event's name begins with, and the scope without which it never comes
    "app_context_changed": "assistant:write",
    "app_mention": "app_mentions:read",
    "channel_": "channels:read",
    "group_": "groups:read",
    "member_": "channels:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
    "reaction_": "reactions:read",
    "user_change": "users:read",
}


def bot_events(*, has_pane: bool = False) -> list[str]:
    """Give the events that an agent hears of, or an app with the older pane for assistants."""
    if not has_pane:
        return list(BOT_EVENTS)
    return sorted({*BOT_EVENTS, *PANE_EVENTS} - set(AGENT_EVENTS))


def events_needing(scopes: Collection[str]) -> list[str]:
    """Name the events that cannot come without these scopes."""
    return [
        event
        for event in BOT_EVENTS
        if any(
            event.startswith(begins) and scope in scopes for begins, scope in _NEEDED_FOR.items()
        )
    ]
