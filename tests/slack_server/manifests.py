"""Set an app up by its manifest, as its page does: what it may, hears of and offers from then on."""

from typing import TYPE_CHECKING

from tests.slack_server.deliveries import EVENTS
from tests.slack_server.events import NEEDED
from tests.slack_server.http import COMMANDS, INTERACTIVE
from tests.slack_server.tokens import SCOPES
from tests.slack_server.world import Json

if TYPE_CHECKING:
    from tests.slack_server.server import SlackServer

# https://docs.slack.dev/reference/app-manifest
MAX_NAME, MAX_DESCRIPTION, MIN_LONG, MAX_LONG = 35, 140, 174, 4000
MAX_COMMAND_DESCRIPTION, MAX_HINT, MAX_SHORTCUT = 2000, 1000, 24
MAX_COMMAND, MAX_SHORTCUT_DESCRIPTION, MAX_CALLBACK = 32, 150, 255
MAX_BOT_NAME = 80
MAX_AGENT_DESCRIPTION = 300
FURTHER_SCOPES = {
    "chat:write.public",
    "chat:write.customize",
    "channels:manage",
    "emoji:read",
    "im:write",
    "metadata.message:read",
    "mpim:write",
    "pins:read",
    "users.profile:read",
}


def set_up(server: "SlackServer", manifest: Json) -> None:
    """Make the app what its manifest says; everywhere it is installed it gets new tokens.

    Fails the test for what Slack would not take.
    """
    _check(manifest)
    assert not (server.is_new_app and "assistant_view" in manifest["features"]), "agent_view now"
    settings = manifest["settings"]
    server.events.subscribed = set(settings["event_subscriptions"]["bot_events"])
    server.commands = {one["command"] for one in manifest["features"].get("slash_commands", [])}
    server.callbacks = {one["callback_id"] for one in manifest["features"].get("shortcuts", [])}
    server.has_pane = "assistant_view" in manifest["features"]
    server.is_agent = "agent_view" in manifest["features"]
    server.rotates_tokens = bool(settings.get("token_rotation_enabled"))
    _set_urls(server, manifest)
    for team in server.world.teams.values():
        if team.installed:
            scopes = manifest["oauth_config"]["scopes"]["bot"]
            server.install(team, scopes, rotates=server.rotates_tokens)


def _set_urls(server: "SlackServer", manifest: Json) -> None:
    settings = manifest["settings"]
    if settings["socket_mode_enabled"]:
        server.http.urls.clear()
        return
    (command,) = manifest["features"]["slash_commands"]
    server.http.urls = {
        EVENTS: settings["event_subscriptions"]["request_url"],
        INTERACTIVE: settings["interactivity"]["request_url"],
        COMMANDS: command["url"],
    }
    server.redirect_uri = manifest["oauth_config"]["redirect_urls"][0]


def _check(manifest: Json) -> None:
    shown, features = manifest["display_information"], manifest["features"]
    assert 1 <= len(shown["name"]) <= MAX_NAME
    assert len(shown.get("description", "")) <= MAX_DESCRIPTION
    if "long_description" in shown:
        assert MIN_LONG <= len(shown["long_description"]) <= MAX_LONG
    assert len(features["bot_user"]["display_name"]) <= MAX_BOT_NAME
    for command in features.get("slash_commands", []):
        assert command["command"].startswith("/")
        assert len(command["command"]) <= MAX_COMMAND
        assert 1 <= len(command["description"]) <= MAX_COMMAND_DESCRIPTION
        assert len(command.get("usage_hint", "")) <= MAX_HINT
    for shortcut in features.get("shortcuts", []):
        assert shortcut["type"] in ("message", "global")
        assert 1 <= len(shortcut["name"]) <= MAX_SHORTCUT
        assert 1 <= len(shortcut["description"]) <= MAX_SHORTCUT_DESCRIPTION
        assert len(shortcut["callback_id"]) <= MAX_CALLBACK
    if "agent_view" in features:
        assert "assistant_view" not in features
        assert 1 <= len(features["agent_view"]["agent_description"]) <= MAX_AGENT_DESCRIPTION
    _check_rights(manifest)


def _check_rights(manifest: Json) -> None:
    """See that there is every scope which an event or a feature needs."""
    scopes = set(manifest["oauth_config"]["scopes"]["bot"])
    unknown = scopes - set(SCOPES) - FURTHER_SCOPES
    assert not unknown, f"no such scopes: {sorted(unknown)}"
    events = set(manifest["settings"]["event_subscriptions"]["bot_events"])
    assert events <= set(NEEDED), f"no such events: {sorted(events - set(NEEDED))}"
    needed = {scope for one in events if (scope := NEEDED[one]) is not None}
    features = manifest["features"]
    needed |= {"commands"} if "slash_commands" in features or "shortcuts" in features else set()
    needed |= {"assistant:write"} if {"assistant_view", "agent_view"} & set(features) else set()
    if "agent_view" not in features:
        assert "app_context_changed" not in events, "it comes to agents alone"
    assert needed <= scopes, f"scopes are missing: {sorted(needed - scopes)}"
