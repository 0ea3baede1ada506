"""What Slack refuses, in words for whoever runs the bot: what went wrong, where, and what to do."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.errors import PlatformError, PlatformUnavailable
from bot.messages import ConversationKey
from bot.platforms.slack.keys import is_direct
from bot.platforms.slack.teams import Team
from bot.platforms.slack.unreachable import in_words
from bot.platforms.trying import Gone, Trying

SlackTrying = Trying[Team]

FAILURES: tuple[type[BaseException], ...] = (
    SlackClientError,
    aiohttp.ClientError,
    OSError,
    json.JSONDecodeError,
)
NUM_TOO_MANY = 429
NUM_OK = 200
FINAL = (NUM_OK, 400, 401, 403, 404)  # with these the error that Slack names is what counts

# From https://docs.slack.dev/reference/methods/chat.postMessage#errors: these may pass by themselves.
RATE_LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
PASSING = RATE_LIMITED | {
    "accesslimited",
    "fatal_error",
    "internal_error",
    "request_timeout",
    "service_unavailable",
    "team_added_to_org",
    "update_failed",
}
GONE = frozenset({"message_not_found", "channel_not_found", "thread_not_found"})
NO_THREADS = frozenset({"cannot_reply_to_message", "restricted_action_non_threadable_channel"})
# No message of any kind is taken there, whoever asks how.
SPEECHLESS = frozenset(
    {
        "account_inactive",
        "channel_not_found",
        "invalid_auth",
        "is_archived",
        "is_inactive",
        "not_authed",
        "not_in_channel",
        "restricted_action",
        "restricted_action_read_only_channel",
        "restricted_action_thread_locked",
        "thread_not_found",
        "token_expired",
        "token_revoked",
    }
)
# A workspace that says so has no streams at all; any other refusal is of one channel.
NO_STREAMS = frozenset(
    {
        "access_denied",
        "feature_not_enabled",
        "method_deprecated",
        "method_not_supported",
        "missing_scope",
        "not_allowed_token_type",
        "unknown_method",
    }
)
STREAM_RUNS = "streaming_state_conflict"
NO_STREAM_RUNS = "message_not_in_streaming_state"

_REINSTALL = (
    "install the app again, or give the token that the app's page on api.slack.com shows now"
)
_SENTENCES = {
    "account_inactive": f"the app was removed from this workspace: {_REINSTALL}",
    "cannot_reply_to_message": "the message it answers takes no replies, or is gone",
    "cant_delete_message": "Slack lets it delete only its own messages",
    "cant_update_message": "Slack lets it edit only its own messages",
    "edit_window_closed": "the workspace allows no edits after so long a time",
    "invalid_auth": f"Slack does not know its token: {_REINSTALL}",
    "is_archived": "the channel is archived; whoever unarchives it gets answers again",
    "is_inactive": "the channel is frozen; whoever opens it gets answers again",
    "message_not_found": "the message is gone",
    "msg_too_long": "the message is longer than Slack takes",
    "not_authed": f"it has no token: {_REINSTALL}",
    "org_login_required": "the organization moves this workspace; Slack ends that by itself",
    "restricted_action": "a setting of the workspace keeps it from that: ask an admin to let apps write there",
    "restricted_action_non_threadable_channel": "this channel has no threads: set reply_as_reference to off there",
    "restricted_action_read_only_channel": "only some people may write there: ask an admin to add the app to them",
    "restricted_action_thread_locked": "the thread is locked",
    "restricted_action_thread_only_channel": "this channel takes only replies in threads: set reply_as_reference to on there",
    "team_access_not_granted": "the organization did not give the app this workspace: ask an admin of it",
    "thread_not_found": "the thread is gone",
    "token_expired": f"its token has expired: {_REINSTALL}",
    "token_revoked": f"its token was revoked: {_REINSTALL}",
}  # fmt: skip


class SlackDialect:
    """What slack_sdk raises, and what it means."""

    @property
    def failures(self) -> tuple[type[BaseException], ...]:
        """What a call of slack_sdk's may raise."""
        return FAILURES

    def retry_after_s(self, error: BaseException) -> float | None:
        """Give how long Slack wants us to wait, None where it does not say."""
        return retry_after_s(error)

    def told(
        self, error: BaseException, client: Team, where: ConversationKey, doing: str
    ) -> PlatformError:
        """Say what a failure means."""
        place = place_name(client, where)
        if may_pass(error):
            return PlatformUnavailable(f"Earshot could not {doing} in {place}: {cause(error)}")
        sentence = refusal(error, place, where, doing)
        return Gone(sentence) if code(error) in GONE else PlatformError(sentence)

    def cut_short(self, client: Team) -> None:
        """Mend nothing: each call of slack_sdk's has a connection of its own."""

    def is_closed(self, client: Team) -> bool:
        """Tell that a client is never closed."""
        return False


def code(error: BaseException | None) -> str:
    """Give Slack's name for what went wrong, "" where there is none."""
    answer = _answer(error)
    said = answer.body.get("error") if answer else None
    return said if isinstance(said, str) else ""


def may_pass(error: BaseException) -> bool:
    """Tell whether the same may succeed later: Slack in trouble, its limits, the connection."""
    answer = _answer(error)
    if answer is None:
        return True
    return answer.status not in FINAL or code(error) in {*PASSING, ""}


def surely_not_done(error: BaseException) -> bool:
    """Tell whether Slack did nothing of what was asked; in doubt it may have."""
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return True
    return _answer(error) is not None and (is_limited(error) or not may_pass(error))


def is_limited(error: BaseException) -> bool:
    """Tell whether Slack refused because it is asked too much."""
    answer = _answer(error)
    return answer is not None and (answer.status == NUM_TOO_MANY or code(error) in RATE_LIMITED)


def retry_after_s(error: BaseException) -> float | None:
    """Give how long Slack wants us to wait, None where it does not say."""
    answer = _answer(error)
    said = str(answer.headers.get("Retry-After", "")) if answer else ""
    return float(said) if said.replace(".", "", 1).isdecimal() else None


def cause(error: BaseException) -> str:
    """Say in one line what went wrong, without the address asked: it may hold a secret."""
    answer = _answer(error)
    if answer is not None:
        words = code(error) or "an answer that is none of Slack's"
        return words if answer.status == NUM_OK else f"{words} (status {answer.status})"
    if isinstance(error, OSError | aiohttp.ClientError):
        return in_words(error)
    return " ".join(str(error).split()) or type(error).__name__


def refusal(error: BaseException, place: str, where: ConversationKey, doing: str) -> str:
    """Say why Slack refused, and what to do about it."""
    said = code(error)
    if said == "not_in_channel":
        return f"Earshot may not {doing} in {place}: invite it there with /invite @Earshot"
    if said == "channel_not_found":
        why = "this chat is gone" if is_direct(where.channel) else (
            "it is gone, or private: invite Earshot there with /invite @Earshot"
        )  # fmt: skip
        return f"Earshot cannot {doing} in {place}: {why}"
    if said in ("missing_scope", "no_permission", "not_allowed_token_type"):
        return f"Earshot may not {doing} in {place}: {_scope(error)}"
    if said in _SENTENCES:
        return f"Earshot cannot {doing} in {place}: {_SENTENCES[said]} ({said})"
    return f"Slack does not let Earshot {doing} in {place}: {cause(error)}"


def place_name(team: Team, where: ConversationKey) -> str:
    """Name a conversation for the log: its ids, and the workspace as people call it."""
    kind = "the direct chat" if is_direct(where.channel) else "the channel"
    thread = f", thread {where.thread}" if where.thread else ""
    return f"{kind} {where.channel} of {team.name}{thread}"


def _scope(error: BaseException) -> str:
    answer = _answer(error)
    needed = answer.body.get("needed") if answer else None
    scope = f"the scope {needed}" if isinstance(needed, str) and needed else "a scope"
    return f"it lacks {scope}; add it to the app and install the app again ({code(error)})"


@dataclass(frozen=True, slots=True)
class _Answer:
    """What Slack, or whoever stands before it, answered; `body` is empty where that is no JSON."""

    status: int
    headers: Mapping[str, str]
    body: Mapping[str, object]


def _answer(error: BaseException | None) -> _Answer | None:
    """Give the answer behind an error; slack_sdk hands over objects of several kinds."""
    if not isinstance(error, SlackApiError):
        return None
    response: object = error.response
    if isinstance(response, AsyncSlackResponse):
        body = response.data if isinstance(response.data, dict) else {}
        return _Answer(response.status_code, response.headers, body)
    if isinstance(response, aiohttp.ClientResponse):  # what was said is cut off, or no JSON
        return _Answer(response.status, response.headers, {})
    return _Answer(NUM_OK, {}, response if isinstance(response, dict) else {})
