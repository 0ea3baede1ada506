"""How Slack shows what there is, in JSON; each view as the Web API and the events give it."""

from tests.slack_server.world import Channel, File, Group, Json, Kind, Message, Team, User, World

AVATAR = "https://avatars.example.com"
REPLIERS_SHOWN = 5


def message_json(message: Message, *, with_metadata: bool = True) -> Json:
    """Show a message as the history does; an event adds where it is."""
    shown: Json = {
        "type": "message",
        **({"subtype": message.subtype} if message.subtype else {}),
        "text": message.text,
        "ts": message.ts,
        **_author(message),
        **_thread(message),
    }
    if message.blocks:
        shown["blocks"] = message.blocks
    if message.attachments:
        shown["attachments"] = message.attachments
    if message.files:
        shown |= {"files": [file_json(one) for one in message.files], "upload": False}
    if message.edited_by is not None:
        shown["edited"] = {"user": message.edited_by.id, "ts": message.edited_ts}
    if message.reactions:
        shown["reactions"] = reactions_json(message)
    if message.metadata is not None and with_metadata:
        shown["metadata"] = message.metadata
    if message.streamed:
        shown["streaming_state"] = "in_progress" if message.streaming else "completed"
    return {**shown, **message.extra}


def _author(message: Message) -> Json:
    author = message.user
    shown: Json = {}
    if author is not None:
        shown["user"] = author.id
        if message.subtype is None:  # the others come without
            shown["team"] = author.team_id
    if message.bot is not None:
        shown |= {
            "bot_id": message.bot.bot_id,
            "app_id": message.bot.app_id,
            "bot_profile": bot_profile(message.bot),
        }
    return shown


def _thread(message: Message) -> Json:
    if message.is_reply:
        shown: Json = {"thread_ts": message.thread_ts}
        root = message.channel.messages.get(message.thread_ts or "")
        if root is not None and root.user is not None:
            shown["parent_user_id"] = root.user.id
        return shown
    replies = message.channel.replies(message.ts) if message.seen_by is None else []
    if not replies:
        return {}
    repliers = list(dict.fromkeys(one.user.id for one in replies if one.user))
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users_count": len(repliers),
        "latest_reply": replies[-1].ts,
        "reply_users": repliers[:REPLIERS_SHOWN],
        "is_locked": False,
        "subscribed": False,
    }


def reactions_json(message: Message) -> list[Json]:
    return [
        {"name": name, "users": [one.id for one in users], "count": len(users)}
        for name, users in message.reactions.items()
    ]


def tombstone(message: Message) -> Json:
    """Show what is left of a deleted message that others replied to."""
    return {
        **_thread(message),
        "type": "message",
        "subtype": "tombstone",
        "text": "This message was deleted.",
        "user": "USLACKBOT",
        "hidden": True,
        "ts": message.ts,
    }


def bot_profile(bot: User) -> Json:
    return {
        "id": bot.bot_id,
        "app_id": bot.app_id,
        "name": bot.real_name,
        "icons": {"image_36": f"{AVATAR}/{bot.id}_36.png"},
        "deleted": bot.deleted,
        "updated": 1600000000,
        "team_id": bot.team_id,
    }


def user_json(user: User, *, seen_from: str, locale: bool = False) -> Json:
    """Show a user to the app of a workspace; those of other workspaces are strangers there."""
    is_stranger = user.team_id != seen_from
    shown: Json = {
        "id": user.id,
        "team_id": user.team_id,
        "name": user.name,
        "deleted": user.deleted,
        "profile": _profile(user),
        "is_bot": user.is_bot,
        "is_app_user": False,
        "updated": 1600000000,
    }
    if is_stranger:
        shown["is_stranger"] = True
    if user.is_bot:
        shown["profile"] |= {"bot_id": user.bot_id, "api_app_id": user.app_id or ""}
    if user.deleted:
        return shown  # no more is told of those who left
    shown |= {
        "real_name": user.real_name,
        "tz": "Europe/Berlin",
        "tz_label": "Central European Time",
        "tz_offset": 3600,
        "is_admin": user.is_admin,
        "is_owner": user.is_owner,
        "is_primary_owner": user.is_primary_owner,
        "is_restricted": user.is_restricted,
        "is_ultra_restricted": user.is_ultra_restricted,
        "is_email_confirmed": True,
        "who_can_share_contact_card": "EVERYONE",
    }
    return {**shown, "locale": user.locale} if locale else shown


def _profile(user: User) -> Json:
    return {
        "real_name": user.real_name,
        "real_name_normalized": user.real_name,
        "display_name": user.display_name,
        "display_name_normalized": user.display_name,
        "title": "",
        "status_text": "",
        "status_emoji": "",
        "team": user.team_id,
        "image_48": f"{AVATAR}/{user.id}_48.png",
    }


def channel_json(channel: Channel, *, seen_by: User) -> Json:
    """Show a channel to one of its workspace, such as our bot."""
    if channel.kind is Kind.IM:
        return _im_json(channel, seen_by)
    shared = bool(channel.shared_with)
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": channel.kind is Kind.PUBLIC,
        "is_group": channel.kind is Kind.PRIVATE,
        "is_im": False,
        "is_mpim": channel.kind is Kind.MPIM,
        "is_private": channel.kind is not Kind.PUBLIC,
        "is_archived": channel.archived,
        "is_general": channel.name == "general",
        "is_member": seen_by.id in channel.members,
        "is_shared": shared,
        "is_ext_shared": shared,
        "is_org_shared": False,
        "is_pending_ext_shared": False,
        "created": channel.created,
        "creator": channel.creator.id,
        "unlinked": 0,
        "context_team_id": seen_by.team_id,
        "shared_team_ids": [channel.team_id, *channel.shared_with],
        "topic": {"value": channel.topic, "creator": channel.creator.id, "last_set": 0},
        "purpose": {"value": channel.purpose, "creator": channel.creator.id, "last_set": 0},
        "previous_names": [],
    }


def _im_json(channel: Channel, seen_by: User) -> Json:
    other = next((one for one in channel.members if one != seen_by.id), seen_by.id)
    return {
        "id": channel.id,
        "created": channel.created,
        "is_archived": channel.archived,
        "is_im": True,
        "is_org_shared": False,
        "context_team_id": seen_by.team_id,
        "user": other,
        "is_user_deleted": False,
    }


def group_json(group: Group, *, with_users: bool = False) -> Json:
    shown: Json = {
        "id": group.id,
        "team_id": group.team_id,
        "is_usergroup": True,
        "is_subteam": True,
        "name": group.name,
        "handle": group.handle,
        "description": "",
        "is_external": False,
        "date_delete": 0,
        "user_count": len(group.users),
    }
    return {**shown, "users": [one.id for one in group.users]} if with_users else shown


def team_json(team: Team) -> Json:
    return {
        "id": team.id,
        "name": team.name,
        "url": team.url,
        "domain": team.domain,
        "email_domain": "",
        "icon": {"image_default": True},
    }


def file_json(file: File) -> Json:
    """Show a file as messages and files.info do; of a deleted one nothing but that it was."""
    if file.deleted:
        return {"id": file.id, "mode": "tombstone"}
    return {
        "id": file.id,
        "created": file.created,
        "timestamp": file.created,
        "name": file.name,
        "title": file.title or file.name,
        "mimetype": file.mimetype,
        "filetype": file.name.rpartition(".")[2] or "binary",
        "pretty_type": file.name.rpartition(".")[2].upper(),
        "user": file.user.id,
        "user_team": file.team_id,
        "editable": False,
        "size": len(file.content),
        "mode": "hosted",
        "is_external": False,
        "external_type": "",
        "is_public": True,
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "url_private": file.url,
        "url_private_download": file.url,
        "permalink": f"https://example.slack.com/files/{file.user.id}/{file.id}/{file.name}",
        "has_rich_preview": False,
        "file_access": "visible",
        **file.extra,
    }


def find_user(world: World, user_id: str) -> User | None:
    """Find a user by the id, a bot also by that of the author."""
    if user_id in world.users:
        return world.users[user_id]
    return next((one for one in world.users.values() if one.bot_id == user_id), None)
