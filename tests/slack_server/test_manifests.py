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


def test_a_new_app_gets_no_pane_for_assistants(slack):
    wrong = copy.deepcopy(MANIFEST)
    wrong["features"]["assistant_view"] = {"assistant_description": "It says it again"}
    wrong["oauth_config"]["scopes"]["bot"].append("assistant:write")

    with pytest.raises(AssertionError):
        slack.set_up(wrong)
    slack.is_new_app = False
    slack.set_up(wrong)
    assert slack.has_pane


async def test_an_agent_is_told_what_people_look_at_and_offers_above_the_whole_chat(slack):
    agent = copy.deepcopy(MANIFEST)
    agent["features"]["agent_view"] = {"agent_description": "It says it again"}
    agent["oauth_config"]["scopes"]["bot"] += ["assistant:write", "im:history"]
    agent["settings"]["event_subscriptions"]["bot_events"] = [
        "app_context_changed",
        "app_home_opened",
        "message.im",
    ]
    slack.set_up(agent)
    client = AsyncWebClient(slack.token, base_url=slack.api_url)
    prompts, chat = [{"title": "Say", "message": "say it"}], slack.dm("Alice").id

    await slack.opens_home("Alice", tab="messages")
    await slack.looks_at("Alice", "general")
    said = await slack.says("Alice", "@Alice", "hello")
    offer = client.assistant_threads_setSuggestedPrompts
    await offer(channel_id=chat, prompts=prompts, thread_ts=said.ts)
    before = slack.chat("Alice").prompts
    await offer(channel_id=chat, prompts=prompts)
    await client.assistant_threads_setTitle(channel_id=chat, thread_ts=said.ts, title="Hello")

    opened, moved, heard = slack.events.sent
    general = {"type": "slack#/types/channel_id", "value": slack.general.id}
    context = {"entities": [{**general, "team_id": slack.team.id}]}
    assert opened["event"]["context"] == {}
    assert moved["event"] == {"type": "app_context_changed", "context": context}
    assert moved["authorizations"][0]["user_id"] == slack.user("Alice").id
    assert heard["event"]["app_context"] == context
    assert before == []
    assert slack.chat("Alice").prompts == prompts
    assert slack.chat("Alice", said.ts).title == "Hello"


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
