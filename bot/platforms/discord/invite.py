"""What Earshot asks of a Discord server: its permissions, each with its reason, and the invite link.

The one table of permissions: the link, `earshot doctor` and docs/discord.md follow it.
"""

from dataclasses import dataclass

import discord

SCOPES = ("bot", "applications.commands")


@dataclass(frozen=True, slots=True)
class Permission:
    """A permission: discord.py's word for it, its name in Discord's settings, what it is used for.

    Without one that is not `needed`, Earshot works, and only what the reason says is missing.
    `in_forums` tells whether a forum needs it, where everything is said in posts.
    """

    flag: str
    name: str
    reason: str
    needed: bool = True
    in_forums: bool = True


PERMISSIONS = (
    Permission("view_channel", "View Channels", "to hear what is said"),
    Permission("send_messages", "Send Messages", "to answer in channels", in_forums=False),
    Permission(
        "send_messages_in_threads",
        "Send Messages in Threads",
        "to answer in threads and forum posts",
    ),
    Permission(
        "read_message_history",
        "Read Message History",
        "to answer as a reply, and to fetch what was said while it was away",
    ),
    Permission("attach_files", "Attach Files", "to send very long code as a file", needed=False),
    Permission(
        "view_audit_log",
        "View Audit Log",
        "to learn from it when a moderator removes one of its messages",
        needed=False,
    ),
)


def permissions() -> discord.Permissions:
    """Give all permissions that the link asks for."""
    return discord.Permissions(**{permission.flag: True for permission in PERMISSIONS})


def invite_url(application_id: int) -> str:
    """Give the link with which the manager of a server adds the bot to it."""
    return discord.utils.oauth_url(application_id, permissions=permissions(), scopes=SCOPES)
