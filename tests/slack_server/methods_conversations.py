"""Methods about channels and what was said in them."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tests.slack_server.calls import Call, Methods, channel_of, knows
from tests.slack_server.paging import cursor_at, next_cursor, page, read_at
from tests.slack_server.refusals import Refused, rate_limited
from tests.slack_server.views import channel_json, message_json
from tests.slack_server.world import Channel, Json, Kind, Message

if TYPE_CHECKING:
    from tests.slack_server.server import SlackServer

methods = Methods()
SPAN = "cursor inclusive:bool include_all_metadata:bool latest:moment limit:int oldest:moment"
MAX_MESSAGES, MAX_LIMITED = 999, 15
LIMITED_EVERY_S = 60  # of an app outside the marketplace
END_OF_TIME = "9999999999.999999"


@methods.on("conversations.history", f"channel! {SPAN}")
def history(server: "SlackServer", call: Call) -> Json:
    channel = _readable(server, call)
    newest_first = _within(channel.seen_in_channel(), call.args)[::-1]
    if server.pages_from_oldest and "oldest" in call.args and "latest" not in call.args:
        newest_first = newest_first[::-1]
    return _page(server, call, newest_first, newest_first=not server.pages_from_oldest)


@methods.on("conversations.replies", f"channel! ts:ts! {SPAN}")
def replies(server: "SlackServer", call: Call) -> Json:
    channel = _readable(server, call)
    ts = call.args["ts"]
    root = channel.messages.get(ts)
    following = channel.replies(ts)
    if root is None and not following:
        raise Refused("thread_not_found")
    answer = _page(server, call, _within(following, call.args), newest_first=False)
    if root is not None:  # each page begins with it
        answer["messages"].insert(0, message_json(root, with_metadata=_with_metadata(call)))
    return answer


def _readable(server: "SlackServer", call: Call) -> Channel:
    channel = channel_of(server, call)
    call.need(f"{channel.kind.scope}:history")
    if call.bot.id not in channel.members:
        raise Refused("not_in_channel")
    _limit_requests(server, call)
    return channel


def _limit_requests(server: "SlackServer", call: Call) -> None:
    """Let an app outside the marketplace read once a minute."""
    if not call.team.is_limited:
        return
    key, now_s = (call.team.id, call.name), server.clock.now().timestamp()
    free_at_s = server.history_free_at_s.get(key, 0.0)
    if now_s < free_at_s:
        raise rate_limited(max(1, math.ceil(free_at_s - now_s)))
    server.history_free_at_s[key] = now_s + LIMITED_EVERY_S


def _within(messages: Sequence[Message], args: Json) -> list[Message]:
    oldest, latest = args.get("oldest", ""), args.get("latest") or END_OF_TIME
    if args.get("inclusive"):
        return [one for one in messages if oldest <= one.ts <= latest]
    return [one for one in messages if oldest < one.ts < latest]


def _page(
    server: "SlackServer", call: Call, messages: Sequence[Message], *, newest_first: bool
) -> Json:
    most = MAX_LIMITED if call.team.is_limited else MAX_MESSAGES
    limit = min(call.args.get("limit") or (MAX_LIMITED if call.team.is_limited else 100), most)
    if limit < 1:
        raise Refused("invalid_limit")
    if call.args.get("cursor"):
        last = read_at(call.args["cursor"])
        messages = [one for one in messages if (one.ts < last) == newest_first and one.ts != last]
    shown, has_more = messages[:limit], len(messages) > limit
    answer: Json = {
        "messages": [message_json(one, with_metadata=_with_metadata(call)) for one in shown],
        "has_more": has_more,
    }
    if call.name == "conversations.history":
        answer |= {"pin_count": 0, "channel_actions_ts": None, "channel_actions_count": 0}
    return {**answer, **(next_cursor(cursor_at(shown[-1].ts)) if has_more else {})}


def _with_metadata(call: Call) -> bool:
    return bool(call.args.get("include_all_metadata"))


@methods.on("conversations.info", "channel! include_locale:bool include_num_members:bool")
def info(server: "SlackServer", call: Call) -> Json:
    channel = channel_of(server, call)
    call.need(f"{channel.kind.scope}:read")
    shown = channel_json(channel, seen_by=call.bot)
    if call.args.get("include_num_members"):
        shown["num_members"] = len(channel.members)
    return {"channel": shown}


LISTING = "cursor exclude_archived:bool limit:int team_id types:words"


@methods.on("conversations.list", LISTING)
def list_channels(server: "SlackServer", call: Call) -> Json:
    known = [one for one in server.world.channels.values() if knows(call, one)]
    return _listed(call, known)


@methods.on("users.conversations", f"{LISTING} user")
def channels_of_user(server: "SlackServer", call: Call) -> Json:
    user = server.world.users.get(call.args.get("user") or call.bot.id)
    if user is None:
        raise Refused("user_not_found")
    listed = _listed(call, [one for one in server.world.channels_of(user) if knows(call, one)])
    for shown in listed["channels"]:
        shown.pop("is_member", None)  # it says nothing here
    return listed


def _listed(call: Call, channels: list[Channel]) -> Json:
    kinds = call.args.get("types") or [Kind.PUBLIC]
    if not set(kinds) <= set(Kind):
        raise Refused("invalid_types")
    for kind in kinds:
        call.need(f"{Kind(kind).scope}:read")
    if call.args.get("exclude_archived"):
        channels = [one for one in channels if not one.archived]
    shown, cursor = page([one for one in channels if one.kind in kinds], call.args)
    return {
        "channels": [channel_json(one, seen_by=call.bot) for one in shown],
        **next_cursor(cursor),
    }


@methods.on("conversations.members", "channel! cursor limit:int")
def members(server: "SlackServer", call: Call) -> Json:
    channel = channel_of(server, call)
    call.need(f"{channel.kind.scope}:read")
    shown, cursor = page(channel.members, call.args)
    return {"members": shown, **next_cursor(cursor)}


@methods.on("conversations.open", "channel users:words return_im:bool prevent_creation:bool")
def open_chat(server: "SlackServer", call: Call) -> Json:
    call.need("im:write")
    if call.args.get("channel"):
        return {"channel": {"id": channel_of(server, call).id}}
    ids = call.args.get("users") or []
    users = [server.world.users.get(one) for one in ids]
    if not users or None in users:
        raise Refused("user_not_found")
    (user,) = users
    assert user is not None
    channel = server.dm(user, team=call.team)
    whole = call.args.get("return_im")
    return {"channel": channel_json(channel, seen_by=call.bot) if whole else {"id": channel.id}}


@methods.on("conversations.join", "channel!", scope="channels:join")
def join(server: "SlackServer", call: Call) -> Json:
    channel = channel_of(server, call)
    if channel.archived:
        raise Refused("is_archived")
    server.acts.join(channel, call.bot)
    return {"channel": channel_json(channel, seen_by=call.bot)}


@methods.on("conversations.leave", "channel!")
def leave(server: "SlackServer", call: Call) -> Json:
    channel = channel_of(server, call)
    if call.bot.id not in channel.members:
        return {"not_in_channel": True}
    server.acts.leave(channel, call.bot)
    return {}
