"""Methods about views and the assistant pane."""

import json
from typing import TYPE_CHECKING

from tests.slack_server.calls import Call, Methods, channel_of
from tests.slack_server.desk import Pane
from tests.slack_server.modals import check_view
from tests.slack_server.refusals import Refused, invalid_arguments
from tests.slack_server.views import message_json
from tests.slack_server.world import Json

if TYPE_CHECKING:
    from tests.slack_server.server import SlackServer

methods = Methods()
MAX_VIEW_BYTES = 250_000
MAX_PROMPTS = 4
ASSISTANT = "assistant:write"


def _checked(call: Call, kind: str) -> Json:
    view: Json = call.args["view"]
    if len(json.dumps(view)) > MAX_VIEW_BYTES:
        raise Refused("view_too_large")
    check_view(view, kind)
    return view


@methods.on("views.open", "trigger_id! view:object! interactivity_pointer")
def open_view(server: "SlackServer", call: Call) -> Json:
    view = _checked(call, "modal")
    user = server.desk.take_trigger(call.args["trigger_id"]).user
    return {"view": server.desk.open(user, call.team, view).json()}


@methods.on("views.push", "trigger_id! view:object! interactivity_pointer")
def push_view(server: "SlackServer", call: Call) -> Json:
    view = _checked(call, "modal")
    user = server.desk.take_trigger(call.args["trigger_id"]).user
    return {"view": server.desk.open(user, call.team, view, push=True).json()}


@methods.on("views.update", "view:object! external_id view_id hash")
def update_view(server: "SlackServer", call: Call) -> Json:
    args = call.args
    view = server.desk.view(args.get("view_id"), args.get("external_id"))
    shown = _checked(call, view.shown["type"])
    if args.get("hash") and args["hash"] != view.hash:
        raise Refused("hash_conflict")
    return {"view": server.desk.change(view, shown).json()}


@methods.on("views.publish", "user_id! view:object! hash")
def publish_view(server: "SlackServer", call: Call) -> Json:
    shown = _checked(call, "home")
    user = server.world.users.get(call.args["user_id"])
    if user is None or user.team_id != call.team.id:
        raise Refused("invalid_arguments")
    before = server.desk.homes.get(user.id)
    if call.args.get("hash") and before is not None and call.args["hash"] != before.hash:
        raise Refused("hash_conflict")
    return {"view": server.desk.publish(user, call.team, shown).json()}


def _pane(server: "SlackServer", call: Call) -> Pane:
    channel = channel_of(server, call, "channel_id")
    thread_ts = call.args.get("thread_ts", "" if server.is_agent else None)
    if thread_ts is None:
        panes = (one for one in server.desk.panes.values() if one.channel is channel)
        thread_ts = max((one.thread_ts for one in panes), default="")
    return server.desk.pane(channel, thread_ts)


@methods.on(
    "assistant.threads.setStatus",
    "channel_id! thread_ts:ts! status:str loading_messages:list icon_emoji icon_url username",
    scope=ASSISTANT,
)
def set_status(server: "SlackServer", call: Call) -> Json:
    _pane(server, call).statuses.append(call.args.get("status", ""))
    return {}


@methods.on(
    "assistant.threads.setSuggestedPrompts",
    "channel_id! thread_ts:ts title prompts:list!",
    scope=ASSISTANT,
)
def set_prompts(server: "SlackServer", call: Call) -> Json:
    pane, prompts = _pane(server, call), call.args["prompts"]
    if not 1 <= len(prompts) <= MAX_PROMPTS:
        raise invalid_arguments(f"1 to {MAX_PROMPTS} prompts")
    for one in prompts:
        if not isinstance(one, dict) or set(one) != {"title", "message"} or not all(one.values()):
            raise invalid_arguments("a prompt has a title and a message")
    if (
        not server.is_agent or "thread_ts" not in call.args
    ):  # else Slack says yes, and shows nothing
        pane.prompts, pane.prompts_title = prompts, call.args.get("title", "")
    return {}


@methods.on("assistant.threads.setTitle", "channel_id! thread_ts:ts! title!", scope=ASSISTANT)
def set_title(server: "SlackServer", call: Call) -> Json:
    pane = _pane(server, call)
    pane.title = call.args["title"]
    if server.is_agent:
        return {}
    root = pane.channel.messages[pane.thread_ts]
    before = message_json(root)
    root.extra = {**root.extra, "assistant_app_thread": {"title": pane.title, "title_blocks": []}}
    server.acts.rewritten(root, before, None)
    return {}
