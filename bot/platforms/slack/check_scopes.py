"""Whether a token may do all that Earshot does: what it lacks, what for, and which events fail."""

from collections.abc import Mapping

from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.platforms.checking import Check
from bot.platforms.slack.credentials import APPS
from bot.platforms.slack.scopes import SCOPES, events_needing


def scope_check(answer: AsyncSlackResponse, *, how: str) -> Check:
    """Compare what a token may do with what is needed; Slack says it with each answer.

    `how` says what to do once they were added there.
    """
    headers: Mapping[str, str] = answer.headers
    line = next((v for k, v in headers.items() if k.lower() == "x-oauth-scopes"), None)
    if line is None:
        return Check("which scopes it has, this server does not say")
    granted = {name.strip() for name in line.split(",")}
    lacking = [scope for scope in SCOPES if scope.name not in granted]
    needed = [scope for scope in lacking if scope.needed]
    without = [f"without {s.name}, which it would use {s.reason}" for s in lacking if not s.needed]
    unheard = events_needing([scope.name for scope in lacking])
    if unheard:
        without.append(f"so these events cannot come: {', '.join(unheard)}")
    if not needed:
        return Check("; ".join(["it has the scopes it needs", *without]))
    names = ", ".join(scope.name for scope in needed)
    reasons = "; ".join(f"{scope.name} {scope.reason}" for scope in needed)
    remedy = (
        f"On {APPS}, your app, OAuth & Permissions, Bot Token Scopes, add them ({reasons}), or paste "
        f"`earshot slack manifest` under App Manifest. {how}"
    )
    return Check("; ".join([f"it lacks the scopes {names}", *without]), ok=False, remedy=remedy)
