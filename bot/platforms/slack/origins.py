"""Whose an event, a command or an interaction is: read from what Slack sends. Pure."""

from dataclasses import dataclass

from bot.platforms.slack.lenient import Payload, part_of, parts_of, text_in

Body = Payload


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
    ours = next(iter(parts_of(body, "authorizations")), {})
    team_id = text_in(ours, "team_id") or text_in(body, "context_team_id", "team_id")
    enterprise_id = text_in(ours, "enterprise_id") or text_in(body, "context_enterprise_id")
    return Origin(team_id, enterprise_id or None)


def _of_act(body: Body) -> Origin:
    view = part_of(body, "view")
    team_id = (
        text_in(view, "app_installed_team_id")  # where a form was opened from another workspace
        or text_in(part_of(body, "team"), "id")
        or text_in(body, "team_id")
        or text_in(part_of(body, "user"), "team_id")
        or text_in(view, "team_id")
    )
    enterprise_id = text_in(part_of(body, "enterprise"), "id") or text_in(body, "enterprise_id")
    return Origin(team_id, enterprise_id or None)
