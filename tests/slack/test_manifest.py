"""The manifest has the form that Slack documents, and names what the adapter hears and calls."""

import json
import re

import pytest
import yaml

from bot.errors import ConfigError
from bot.platforms.slack.interactions import ASK_ABOUT
from bot.platforms.slack.manifest import as_json, as_yaml, manifest
from bot.platforms.slack.scopes import BOT_EVENTS, BOT_SCOPES, SCOPES, events_needing

URL = "https://bot.example.com/"

# From https://docs.slack.dev/reference/app-manifest: how many characters each may have.
MOST = {
    "display_information.name": 35,
    "display_information.description": 140,
    "display_information.long_description": 4000,
    "features.bot_user.display_name": 80,
    "features.agent_view.agent_description": 300,
}
# From https://docs.slack.dev/reference/events: which scope each event needs.
NEEDS = {
    "app_mention": "app_mentions:read",
    "app_context_changed": "assistant:write",
    "channel_": "channels:read",
    "group_": "groups:read",
    "member_": "channels:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
    "reaction_": "reactions:read",
    "user_change": "users:read",
}


def at(given, path):
    for key in path.split("."):
        given = given[key]
    return given


@pytest.mark.parametrize("name", ["Earshot", "N" * 32])
@pytest.mark.parametrize("http", [None, URL])
def test_it_keeps_to_the_lengths_that_slack_allows(name, http):
    given = manifest(name, http=http)

    for path, most in MOST.items():
        assert 1 <= len(at(given, path)) <= most, path
    assert len(given["display_information"]["long_description"]) >= 175
    (shortcut,) = given["features"]["shortcuts"]
    assert len(shortcut["name"]) <= 24
    assert len(shortcut["description"]) <= 150
    (command,) = given["features"]["slash_commands"]
    assert re.fullmatch(r"/[a-z]{1,31}", command["command"])


def test_over_socket_mode_it_names_no_address():
    given = manifest("Earshot")

    assert given["settings"]["socket_mode_enabled"] is True
    assert "http" not in as_json(given)


def test_over_http_it_names_where_slack_sends_what():
    given = manifest("Earshot", http=URL, rotates_tokens=True)

    events = "https://bot.example.com/slack/events"
    assert given["settings"]["socket_mode_enabled"] is False
    assert given["settings"]["token_rotation_enabled"] is True
    assert at(given, "settings.event_subscriptions.request_url") == events
    assert at(given, "settings.interactivity.request_url") == events
    assert given["features"]["slash_commands"][0]["url"] == events
    redirect = "https://bot.example.com/slack/oauth_redirect"
    assert at(given, "oauth_config.redirect_urls") == [redirect]


@pytest.mark.parametrize("http", [None, URL])
def test_yaml_says_the_same_as_json(http):
    given = manifest("Earshot", http=http)

    assert yaml.safe_load(as_yaml(given)) == json.loads(as_json(given)) == given


def test_yaml_quotes_what_would_mean_something_else():
    given = {"name": 'Ear "shot" # 1', "more": ["- a: b", "ü"]}

    assert yaml.safe_load(as_yaml(given)) == given


def test_the_shortcut_is_the_one_that_is_listened_to():
    (shortcut,) = manifest("Earshot")["features"]["shortcuts"]

    assert (shortcut["type"], shortcut["callback_id"]) == ("message", ASK_ABOUT)


def test_every_event_has_the_scope_that_it_needs():
    for event in BOT_EVENTS:
        needed = [scope for begins, scope in NEEDS.items() if event.startswith(begins)]
        assert all(scope in BOT_SCOPES for scope in needed), event
    assert list(BOT_EVENTS) == sorted(set(BOT_EVENTS))
    assert list(BOT_SCOPES) == sorted(set(BOT_SCOPES))


def test_a_new_app_is_an_agent_and_one_of_before_may_keep_its_pane():
    new, old = manifest("Earshot"), manifest("Earshot", has_pane=True)

    assert "assistant_view" not in new["features"]
    assert "agent_view" not in old["features"]
    assert 1 <= len(at(old, "features.assistant_view.assistant_description")) <= 140
    added = set(at(old, "settings.event_subscriptions.bot_events")) ^ set(BOT_EVENTS)
    assert added == {
        "app_context_changed",
        "assistant_thread_context_changed",
        "assistant_thread_started",
    }


def test_the_events_that_a_missing_scope_keeps_away_are_known():
    assert events_needing(["im:history", "chat:write"]) == ["message.im"]
    assert set(events_needing([scope.name for scope in SCOPES])) == {
        event for event in BOT_EVENTS if any(event.startswith(begins) for begins in NEEDS)
    }


async def test_the_loopback_slack_knows_every_event_and_scope(slack):
    from tests.slack_server.events import NEEDED
    from tests.slack_server.tokens import SCOPES

    assert set(BOT_SCOPES) <= set(SCOPES)
    assert set(BOT_EVENTS) <= set(NEEDED)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Ohrenschützer", "the letters a to z, digits, spaces and - _ . only"),
        ("@earshot", "the letters a to z, digits, spaces and - _ . only"),
        ("", "the letters a to z, digits, spaces and - _ . only"),
    ],
)
def test_a_name_that_slack_does_not_take_is_refused_in_words_that_say_so(name, says):
    with pytest.raises(ConfigError, match=re.escape(says)):
        manifest(name)


@pytest.mark.parametrize("name", ["Earshot", "E" * 32, "ear.shot_2-b", "Harbor Ears"])
def test_a_name_that_slack_takes_is_the_apps_and_the_bots(name):
    given = manifest(name)

    assert at(given, "display_information.name") == at(given, "features.bot_user.display_name")
