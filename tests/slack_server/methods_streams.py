"""Methods that write a message bit by bit."""

from typing import TYPE_CHECKING

from tests.slack_server.calls import Call, Methods
from tests.slack_server.message_checks import (
    MAX_MARKDOWN_CHARS,
    MAX_TEXT_CHARS,
    check_blocks,
    check_metadata,
)
from tests.slack_server.methods_chat import WRITE, own_message, thread_of, writable, write
from tests.slack_server.refusals import Refused
from tests.slack_server.views import find_user, message_json
from tests.slack_server.world import Json, Kind, Message

if TYPE_CHECKING:
    from tests.slack_server.server import SlackServer

methods = Methods()
# Slack ends a stream to which nothing is added for some minutes and says so nowhere but here:
# https://github.com/slackapi/python-slack-sdk/issues/1859
STREAM_LIVES_S = 300.0


@methods.on(
    "chat.startStream",
    "channel! thread_ts:ts! markdown_text recipient_team_id recipient_user_id chunks:list "
    "task_display_mode icon_emoji icon_url username",
    scope=WRITE,
)
def start_stream(server: "SlackServer", call: Call) -> Json:
    channel = writable(server, call)
    if call.team.stream_error is not None:
        raise Refused(call.team.stream_error)
    if channel.kind is not Kind.IM:
        for name in ("recipient_team_id", "recipient_user_id"):
            if not call.args.get(name):
                raise Refused(f"missing_{name}")
        reader = find_user(server.world, call.args["recipient_user_id"])
        if reader is None or reader.team_id != call.args["recipient_team_id"]:
            raise Refused("invalid_recipient_team_id")
    message = Message(
        server.stamps.ts(),
        channel,
        call.bot,
        "",
        thread_ts=thread_of(channel, call.args["thread_ts"]),
        bot=call.bot,
        asked=call.args,
        streaming=True,
        streamed=True,
    )
    append(server, message, added(call.args))
    message.versions = [message.text]
    server.acts.post(message)
    return {"channel": channel.id, "ts": message.ts}


@methods.on("chat.appendStream", "channel! ts:ts! markdown_text chunks:list", scope=WRITE)
def append_stream(server: "SlackServer", call: Call) -> Json:
    message = streamed(server, call)
    words = added(call.args)
    if not words:
        raise Refused("no_text")
    append(server, message, words)
    return {"channel": message.channel.id, "ts": message.ts}


@methods.on(
    "chat.stopStream",
    "channel! ts:ts! markdown_text blocks:list metadata:object chunks:list session_status",
    scope=WRITE,
)
def stop_stream(server: "SlackServer", call: Call) -> Json:
    message = streamed(server, call)
    check_blocks(call.args.get("blocks"))
    check_metadata(call.args.get("metadata"))
    append(server, message, added(call.args))
    before = message_json(message)
    message.streaming = False
    message.metadata = call.args.get("metadata") or message.metadata
    if call.args.get("blocks"):
        both = {
            "markdown_text": message.text,
            "blocks": [*message.blocks, *call.args["blocks"]],
        }
        write(server, message, both)
    server.acts.rewritten(message, before, None)
    shown = message_json(message)
    return {"channel": message.channel.id, "ts": message.ts, "message": shown}


def streamed(server: "SlackServer", call: Call) -> Message:
    """Give the message of a call, which must be one that is still being streamed."""
    message = own_message(server, call, "message_not_owned_by_app")
    if message.streaming and server.clock.elapsed_s - message.appended_at >= STREAM_LIVES_S:
        message.streaming = False
    if not message.streaming:
        raise Refused("message_not_in_streaming_state")
    return message


def added(args: Json) -> str:
    """Give the words that a call adds."""
    text = args.get("markdown_text")
    chunks = args.get("chunks")
    if text and chunks:
        raise Refused("markdown_text_conflict")
    if any(not isinstance(one, dict) or "type" not in one for one in chunks or []):
        raise Refused("invalid_chunks")
    words = text or "".join(one.get("text", "") for one in chunks or [])
    if len(words) > MAX_MARKDOWN_CHARS:
        raise Refused("msg_too_long")
    return words


def append(server: "SlackServer", message: Message, words: str) -> None:
    """Add to a message; whom it pings is worked out of the whole."""
    whole = message.text + words
    if len(whole) > MAX_TEXT_CHARS:
        raise Refused("msg_too_long")
    message.appended_at = server.clock.elapsed_s
    write(server, message, {"markdown_text": whole})
