"""Whose an event, a command or an interaction is: read from what Slack sends. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

Body = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Origin:
    """The workspace with our installation; its organization, where it has one."""

    team_id: str
    enterprise_id: str | None


def origin(body: Body) -> Origin | None:
    """Read for which of our installations something is meant; None if it does not say.

    An event of a shared channel names the workspace that it comes from, and beside it ours.
    https://docs.slack.dev/apis/events-api/#event-type-structure
    """
    found = _of_event(body) if body.get("type") == "event_callback" else _of_act(body)
    if found.team_id:
        return found
    enterprise_id = found.enterprise_id
    return Origin(enterprise_id, enterprise_id) if enterprise_id else None


def _of_event(body: Body) -> Origin:
    authorizations = body.get("authorizations")
    first = authorizations[0] if isinstance(authorizations, list) and authorizations else None
    ours = _mapping(first)
    team_id = (
        _text(ours.get("team_id"))
        or _text(body.get("context_team_id"))
        or _text(body.get("team_id"))
    )
    enterprise_id = _text(ours.get("enterprise_id")) or _text(body.get("context_enterprise_id"))
    return Origin(team_id, enterprise_id or None)


def _of_act(body: Body) -> Origin:
    view, team, user, enterprise = (
        _mapping(body.get(name)) for name in ("view", "team", "user", "enterprise")
    )
    team_id = (
        _text(view.get("app_installed_team_id"))  # where a form was opened from another workspace
        or _text(team.get("id"))
        or _text(body.get("team_id"))
        or _text(user.get("team_id"))
        or _text(view.get("team_id"))
    )
    enterprise_id = _text(enterprise.get("id")) or _text(body.get("enterprise_id"))
    return Origin(team_id, enterprise_id or None)


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
