"""Methods that post, change and delete messages."""

from typing import TYPE_CHECKING

from tests.slack_server.calls import Call, Methods, channel_of
from tests.slack_server.message_checks import check_message
from tests.slack_server.modals import named
from tests.slack_server.mrkdwn import handles, pings, pings_of_blocks, rich_text
from tests.slack_server.refusals import Refused
from tests.slack_server.views import message_json
from tests.slack_server.world import Channel, Json, Message

if TYPE_CHECKING:
    from tests.slack_server.server import SlackServer

methods = Methods()
SAID = "text attachments:list blocks:list as_user:bool link_names:bool parse markdown_text "
LOOKS = "icon_emoji icon_url username mrkdwn:bool "
WRITE = "chat:write"


@methods.on(
    "chat.postMessage",
    f"channel! {SAID} {LOOKS} thread_ts:ts reply_broadcast:bool unfurl_links:bool "
    "unfurl_media:bool metadata:object container_id",
    scope=WRITE,
)
def post_message(server: "SlackServer", call: Call) -> Json:
    channel = writable(server, call)
    check_message(call.args)
    thread_ts = thread_of(channel, call.args.get("thread_ts"))
    message = Message(
        server.stamps.ts(),
        channel,
        call.bot,
        "",
        thread_ts=thread_ts,
        bot=call.bot,
        broadcast=bool(call.args.get("reply_broadcast") and thread_ts),
        metadata=call.args.get("metadata") or None,
        attachments=call.args.get("attachments") or [],
        asked=call.args,
    )
    message.subtype = "thread_broadcast" if message.broadcast else None
    write(server, message, call.args)
    message.versions = [message.text]
    server.acts.post(message)
    return {"channel": channel.id, "ts": message.ts, "message": message_json(message)}


@methods.on(
    "chat.update",
    f"channel! ts:ts! {SAID} file_ids:words reply_broadcast:bool metadata:object",
    scope=WRITE,
)
def update(server: "SlackServer", call: Call) -> Json:
    message = own_message(server, call, "cant_update_message")
    check_message({"text": message.text, **call.args} if "blocks" in call.args else call.args)
    if message.streaming:
        raise Refused("streaming_state_conflict")
    if call.args.get("metadata") is not None:
        message.metadata = call.args["metadata"] or None
    before = message_json(message)
    write(server, message, call.args)
    server.acts.rewritten(message, before, call.bot)
    return {
        "channel": message.channel.id,
        "ts": message.ts,
        "text": message.text,
        "message": message_json(message),
    }


@methods.on("chat.delete", "channel! ts:ts! as_user:bool", scope=WRITE)
def delete(server: "SlackServer", call: Call) -> Json:
    message = own_message(server, call, "cant_delete_message")
    server.acts.delete(message)
    return {"channel": message.channel.id, "ts": message.ts}


@methods.on("chat.postEphemeral", f"channel! user! {SAID} {LOOKS} thread_ts:ts", scope=WRITE)
def post_ephemeral(server: "SlackServer", call: Call) -> Json:
    channel = writable(server, call)
    check_message(call.args)
    reader = server.world.users.get(call.args["user"])
    if reader is None or reader.id not in channel.members:
        raise Refused("user_not_in_channel")
    whisper = Message(
        server.stamps.ts(),
        channel,
        call.bot,
        "",
        thread_ts=call.args.get("thread_ts"),
        bot=call.bot,
        seen_by=reader,
        asked=call.args,
    )
    write(server, whisper, call.args)
    server.acts.post(whisper)
    return {"message_ts": whisper.ts}


@methods.on("chat.getPermalink", "channel! message_ts:ts!")
def permalink(server: "SlackServer", call: Call) -> Json:
    channel = channel_of(server, call)
    if call.args["message_ts"] not in channel.messages:
        raise Refused("message_not_found")
    path = f"archives/{channel.id}/p{call.args['message_ts'].replace('.', '')}"
    return {"channel": channel.id, "permalink": call.team.url + path}


def writable(server: "SlackServer", call: Call) -> Channel:
    """Give the channel that a call writes to, that of a direct chat also by the id of the user."""
    user = server.world.users.get(call.args["channel"])
    if user is not None:
        return server.dm(user, team=call.team)
    channel = channel_of(server, call)
    if call.bot.id not in channel.members:
        raise Refused("not_in_channel")
    if channel.archived:
        raise Refused("is_archived")
    return channel


def thread_of(channel: Channel, thread_ts: str | None) -> str | None:
    """Give the thread in which a message falls that is to hang on this one."""
    if thread_ts is None:
        return None
    root = channel.messages.get(thread_ts)
    if root is None:
        if channel.replies(thread_ts):
            return thread_ts  # what it hung on is deleted, the thread goes on
        raise Refused("thread_not_found")
    return root.thread_ts or thread_ts


def own_message(server: "SlackServer", call: Call, not_own: str) -> Message:
    """Give the message of a call, which must be the bot's own."""
    channel = channel_of(server, call)
    message = channel.messages.get(call.args["ts"])
    if message is None:
        raise Refused("message_not_found")
    if message.bot is not call.bot:
        raise Refused(not_own)
    if channel.archived:
        raise Refused("is_archived")
    return message


def write(server: "SlackServer", message: Message, args: Json) -> None:
    """Give a message its text and blocks, and work out whom they ping."""
    text, markdown, blocks = args.get("text"), args.get("markdown_text"), args.get("blocks")
    shown = markdown if markdown is not None else text
    message.rewrite(message.text if shown is None else shown)
    if blocks is not None:
        message.blocks = named(blocks, server.stamps.id)
    elif not message.asked.get("blocks"):
        message.blocks = rich_text(message.text, server.stamps.id("b"))
    by_name = bool(args.get("link_names")) or args.get("parse") == "full"
    message.pings = pings(message.text, at_signs=by_name or markdown is not None)
    message.pings += pings_of_blocks(message.blocks if blocks is not None else [])
    if by_name:
        people = {one.name: one.id for one in server.world.users.values()}
        message.pings += [people[name] for name in handles(message.text) if name in people]
    message.pings = list(dict.fromkeys(message.pings))
    message.ever_pinged = list(dict.fromkeys([*message.ever_pinged, *message.pings]))
