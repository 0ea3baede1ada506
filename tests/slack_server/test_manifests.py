"""An app that is set up by its manifest."""

import copy

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

MANIFEST = {
    "display_information": {"name": "Parrot"},
    "features": {
        "bot_user": {"display_name": "Parrot"},
        "slash_commands": [{"command": "/say", "description": "Say it again"}],
    },
    "oauth_config": {"scopes": {"bot": ["app_mentions:read", "chat:write", "commands"]}},
    "settings": {
        "event_subscriptions": {"bot_events": ["app_mention"]},
        "interactivity": {"is_enabled": True},
        "socket_mode_enabled": True,
    },
}


async def test_an_app_may_do_and_hears_what_its_manifest_says(slack):
    slack.set_up(MANIFEST)
    client = AsyncWebClient(slack.token, base_url=slack.api_url)

    await client.chat_postMessage(channel=slack.general.id, text="Hello")
    with pytest.raises(SlackApiError, match="missing_scope"):
        await client.users_info(user=slack.bot.id)
    await slack.says("Alice", "general", f"{slack.bot.mention} hello")

    assert [one["event"]["type"] for one in slack.events.sent] == ["app_mention"]
    with pytest.raises(AssertionError):
        await slack.slash("Alice", "general", "/shout")
    with pytest.raises(AssertionError):
        await slack.opens_pane("Alice")


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("display_information", {"name": "x" * 36}),
        ("oauth_config", {"scopes": {"bot": ["app_mentions:read", "chat:write"]}}),
        ("oauth_config", {"scopes": {"bot": ["app_mentions:read", "commands", "chat:shout"]}}),
    ],
)
def test_what_slack_would_not_take_fails_the_test(slack, part, value):
    wrong = {**copy.deepcopy(MANIFEST), part: value}

    with pytest.raises(AssertionError):
        slack.set_up(wrong)
