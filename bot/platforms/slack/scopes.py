"""What the app asks to be allowed in a workspace, and which events it hears of. Pure."""

# Each with what it is for; https://docs.slack.dev/reference/scopes
BOT_SCOPES = (
    "app_mentions:read",  # hear who addresses it
    "assistant:write",  # the assistant view: its status, prompts and titles
    "channels:history",  # hear and catch up in public channels that it is in
    "channels:read",  # their names and members
    "chat:write",  # answer
    "commands",  # /assistant, and the shortcut of a message
    "files:read",  # read what is shared
    "groups:history",  # the same in private channels
    "groups:read",
    "im:history",  # the same in direct messages
    "im:read",
    "im:write",  # greet whoever installed it
    "mpim:history",  # the same in group direct messages
    "mpim:read",
    "reactions:read",  # opinions on its answers
    "reactions:write",  # signs of its own
    "team:read",  # what the workspace is called
    "usergroups:read",  # what <!subteam^...> is called
    "users:read",  # what people are called, and who manages
)

# https://docs.slack.dev/reference/events
BOT_EVENTS = (
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "assistant_thread_context_changed",
    "assistant_thread_started",
    "channel_archive",
    "channel_deleted",
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
