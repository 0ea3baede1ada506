"""Methods about files, and the downloads themselves."""

import mimetypes
from typing import TYPE_CHECKING

from aiohttp import web

from tests.slack_server.calls import Call, Methods, channel_of
from tests.slack_server.refusals import Refused
from tests.slack_server.tokens import BOT
from tests.slack_server.views import file_json
from tests.slack_server.world import File, Json, Message

if TYPE_CHECKING:
    from tests.slack_server.server import SlackServer

methods = Methods()
SIGN_IN = "<!DOCTYPE html><html><head><title>Sign in to Slack</title></head><body></body></html>"


@methods.on("files.info", "file! count:int cursor limit:int page:int", scope="files:read")
def file_info(server: "SlackServer", call: Call) -> Json:
    return {"file": file_json(_file(server, call.args["file"])), "comments": []}


def _file(server: "SlackServer", file_id: str) -> File:
    file = server.world.files.get(file_id)
    if file is None:
        raise Refused("file_not_found")
    if file.deleted:
        raise Refused("file_deleted")
    return file


@methods.on(
    "files.getUploadURLExternal",
    "filename! length:int! alt_txt snippet_type",
    scope="files:write",
)
def upload_url(server: "SlackServer", call: Call) -> Json:
    name = call.args["filename"]
    file_id = server.stamps.id("F")
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    file = File(file_id, name, kind, b"", call.bot, call.team.id, server.stamps.seconds())
    file.url = f"{server.url}/files/{call.team.id}-{file_id}/{name}"
    server.world.files[file_id] = file
    return {"upload_url": f"{server.url}/upload/{file_id}", "file_id": file_id}


@methods.on(
    "files.completeUploadExternal",
    "files:list! channel_id channels initial_comment thread_ts:ts blocks:list",
    scope="files:write",
)
def complete_upload(server: "SlackServer", call: Call) -> Json:
    files = [_file(server, one["id"]) for one in call.args["files"]]
    for file, given in zip(files, call.args["files"], strict=True):
        file.title = given.get("title", "")
    if call.args.get("channel_id"):
        channel = channel_of(server, call, "channel_id")
        if call.bot.id not in channel.members:
            raise Refused("not_in_channel")
        message = Message(
            server.stamps.ts(), channel, call.bot, call.args.get("initial_comment", "")
        )
        message.subtype, message.files, message.bot = "file_share", files, call.bot
        message.thread_ts, message.asked = call.args.get("thread_ts"), call.args
        server.acts.post(message)
    return {"files": [file_json(one) for one in files]}


async def take(server: "SlackServer", request: web.Request) -> web.Response:
    """Take the contents of a file that was announced."""
    file = server.world.files.get(request.match_info["file"])
    if file is None:
        return web.Response(status=404)
    file.content = await request.read()
    return web.Response(text=f"OK - {len(file.content)}")


def give(server: "SlackServer", call: Call, file_id: str) -> web.Response:
    """Give the contents of a file; without a token the page where people sign in."""
    file = server.world.files.get(file_id.partition("-")[2])
    try:
        token = server.tokens.checked(call.sent_token, BOT)
    except Refused:
        token = None
    call.status = 200
    if token is None or "files:read" not in token.scopes:
        return web.Response(text=SIGN_IN, content_type="text/html")
    if file is None or file.deleted:
        call.status = 404
        return web.Response(status=404)
    return web.Response(body=file.content, content_type=file.mimetype)
