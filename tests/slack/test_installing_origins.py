"""Whose an event, a command or an interaction is, in each form in which Slack says it."""

import pytest

from bot.platforms.slack.origins import Origin, origin

EVENT = {"type": "event_callback", "team_id": "T1", "event": {"type": "message", "team": "T9"}}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (EVENT, Origin("T1", None)),
        (EVENT | {"context_team_id": "T2"}, Origin("T2", None)),
        (EVENT | {"authorizations": []}, Origin("T1", None)),
        (
            EVENT | {"authorizations": [{"team_id": "T3", "enterprise_id": None}]},
            Origin("T3", None),
        ),
        (
            EVENT | {"authorizations": [{"team_id": "T3", "enterprise_id": "E1"}]},
            Origin("T3", "E1"),
        ),
        (
            EVENT | {"authorizations": [{"team_id": None, "enterprise_id": "E1"}]},
            Origin("T1", "E1"),
        ),
        (
            {"type": "event_callback", "authorizations": [{"enterprise_id": "E1"}]},
            Origin("E1", "E1"),
        ),
        ({"command": "/assistant", "team_id": "T1", "enterprise_id": "E1"}, Origin("T1", "E1")),
        (
            {"type": "block_actions", "team": {"id": "T1"}, "user": {"team_id": "T2"}},
            Origin("T1", None),
        ),
        ({"type": "block_actions", "team": None, "user": {"team_id": "T2"}}, Origin("T2", None)),
        (
            {
                "type": "view_submission",
                "team": {"id": "T2"},
                "view": {"app_installed_team_id": "T1", "team_id": "T2"},
            },
            Origin("T1", None),
        ),
        (
            {"type": "view_closed", "view": {"team_id": "T1"}, "enterprise": {"id": "E1"}},
            Origin("T1", "E1"),
        ),
        ({"type": "event_callback", "authorizations": ["odd"], "team_id": 7}, None),
        ({"type": "block_actions", "team": "odd", "user": []}, None),
        ({}, None),
    ],
)
def test_the_workspace_with_our_installation_is_found(body, found):
    assert origin(body) == found
