"""The Web API, asked by the real client."""

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.slack_server import Kind


async def refusal(asked) -> str:
    with pytest.raises(SlackApiError) as caught:
        await asked
    return caught.value.response["error"]


async def test_the_app_learns_who_it_is_and_what_it_may(slack, client):
    told = await client.auth_test()

    assert (told["team_id"], told["user_id"]) == (slack.team.id, slack.bot.id)
    assert told["bot_id"] == slack.bot.bot_id
    assert "chat:write" in told.headers["x-oauth-scopes"].split(",")
    assert told.headers["Date"].endswith("GMT")


async def test_a_token_must_be_good_for_what_it_is_used_for(slack, client):
    def using(token):
        return AsyncWebClient(token, base_url=slack.api_url)

    assert await refusal(using("xoxb-none").auth_test()) == "invalid_auth"
    assert await refusal(using("").auth_test()) == "not_authed"
    assert await refusal(client.apps_connections_open(app_token=slack.token)) == (
        "not_allowed_token_type"
    )
    assert await refusal(using(slack.app_token).users_info(user="U1")) == "not_allowed_token_type"
    narrow = slack.install(slack.team, ["users:read"]).value
    asked = using(narrow).chat_postMessage(channel=slack.general.id, text="Hello")
    assert await refusal(asked) == "missing_scope"
    await slack.revokes_tokens()
    assert await refusal(client.auth_test()) == "token_revoked"
    await slack.uninstalls()
    assert await refusal(client.auth_test()) == "account_inactive"


async def test_a_post_stands_where_it_was_put(slack, client):
    asked = await slack.says("Alice", "general", "hello")

    sent = await client.chat_postMessage(
        channel=slack.general.id,
        text="Hi.",
        thread_ts=asked.ts,
        metadata={"event_type": "reply", "event_payload": {"key": "1"}},
        unfurl_links=False,
    )

    (post,) = slack.posts("general", thread=asked)
    assert (post.ts, post.text, post.asked["unfurl_links"]) == (sent["ts"], "Hi.", False)
    assert sent["message"]["bot_id"] == slack.bot.bot_id
    found = await client.conversations_replies(
        channel=slack.general.id, ts=asked.ts, include_all_metadata=True
    )
    assert [one["text"] for one in found["messages"]] == ["hello", "Hi."]
    assert found["messages"][1]["metadata"]["event_payload"] == {"key": "1"}
    bare = await client.conversations_replies(channel=slack.general.id, ts=asked.ts)
    assert "metadata" not in bare["messages"][1]


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({}, "no_text"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"markdown_text": "x" * 12_001}, "msg_too_long"),
        ({"text": "a", "markdown_text": "b"}, "markdown_text_conflict"),
        ({"text": "a", "thread_ts": "1.000000"}, "thread_not_found"),
        ({"text": "a", "thread_ts": "yesterday"}, "invalid_arguments"),
        ({"text": "a", "unfurl": False}, "invalid_arguments"),
        ({"text": "a", "mrkdwn": "perhaps"}, "invalid_arguments"),
        ({"text": "a", "metadata": {"event_type": "x"}}, "invalid_metadata_format"),
        ({"text": "a", "blocks": [{"type": "modal"}]}, "invalid_blocks"),
        (
            {
                "text": "a",
                "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}],
            },
            "invalid_blocks",
        ),
    ],
)
async def test_what_no_message_may_be_is_refused(slack, client, said, error):
    asked = client.api_call("chat.postMessage", json={"channel": slack.general.id, **said})

    assert await refusal(asked) == error
    assert slack.posts("general") == []


async def test_the_bot_writes_only_where_it_is(slack, client):
    away = slack.add_channel("away", bot_present=False)
    secret = slack.add_channel("secret", Kind.PRIVATE, bot_present=False)
    gone = slack.add_channel("gone")
    await slack.archives("Olga", gone)

    def post(channel):
        return client.chat_postMessage(channel=channel.id, text="Hello")

    assert await refusal(post(away)) == "not_in_channel"
    assert await refusal(post(secret)) == "channel_not_found"
    assert await refusal(post(gone)) == "is_archived"
    sent = await client.chat_postMessage(channel=slack.member("Alice").id, text="Hello")
    assert sent["channel"] == slack.dm("Alice").id


@pytest.mark.parametrize(
    ("said", "pings"),
    [
        ({"text": "<!channel> and <!here|here>"}, ["channel", "here"]),
        ({"text": "&lt;!channel&gt; @here"}, []),
        ({"text": "@here @alice", "link_names": True}, ["here", "alice"]),
        ({"markdown_text": "@everyone <!subteam^S1>"}, ["S1", "everyone"]),
        ({"text": "a", "blocks": [{"type": "markdown", "text": "<@UAB>"}]}, ["UAB"]),
        (
            {
                "text": "a",
                "blocks": [{"type": "section", "text": {"type": "plain_text", "text": "<!here>"}}],
            },
            [],
        ),
    ],
)
async def test_whom_a_post_pings_is_seen(slack, client, said, pings):
    slack.member("alice")

    await client.chat_postMessage(channel=slack.general.id, **said)

    named = {slack.user("alice").id: "alice"}
    assert [named.get(one, one) for one in slack.pinged] == pings


async def test_only_own_messages_are_changed_and_deleted(slack, client):
    asked, channel = await slack.says("Alice", "general", "hello"), slack.general.id
    sent = await client.chat_postMessage(channel=channel, text="One")

    await client.chat_update(channel=channel, ts=sent["ts"], text="Two")
    (post,) = slack.posts("general")
    await client.chat_delete(channel=channel, ts=sent["ts"])

    assert (post.versions, post.deleted) == (["One", "Two"], True)
    assert await refusal(client.chat_update(channel=channel, ts=asked.ts, text="x")) == (
        "cant_update_message"
    )
    assert await refusal(client.chat_delete(channel=channel, ts=sent["ts"])) == "message_not_found"


async def test_history_comes_in_pages_the_newest_first(slack, client):
    said = [await slack.says("Alice", "general", str(n)) for n in range(5)]

    pages = [
        [one["text"] for one in page["messages"]]
        async for page in await client.conversations_history(channel=slack.general.id, limit=2)
    ]

    assert pages == [["4", "3"], ["2", "1"], ["0"]]
    since = await client.conversations_history(channel=slack.general.id, oldest=said[2].ts)
    assert [one["text"] for one in since["messages"]] == ["4", "3"]


async def test_outside_the_marketplace_history_is_read_once_a_minute(slack, client):
    slack.team.is_limited = True
    for n in range(20):
        await slack.says("Alice", "general", str(n))
    first = await client.conversations_history(channel=slack.general.id, limit=200)

    with pytest.raises(SlackApiError) as caught:
        await client.conversations_history(channel=slack.general.id)

    assert (len(first["messages"]), first["has_more"]) == (15, True)
    assert (caught.value.response.status_code, caught.value.response["error"]) == (
        429,
        "ratelimited",
    )
    assert 58 <= int(caught.value.response.headers["Retry-After"]) <= 60
    slack.clock.advance(60)
    assert (await client.conversations_history(channel=slack.general.id))["ok"]


async def test_people_and_channels_are_told(slack, client):
    other = slack.add_team("Elsewhere", installed=False)
    alice, guest = slack.member("Alice", is_admin=True), slack.member("Gus", is_restricted=True)
    stranger = slack.member("Stan", team=other)
    shared = slack.add_channel("shared", members=[alice, stranger], shared_with=[other])
    group = slack.add_group("crew", alice, guest)

    assert (await client.users_info(user=alice.id))["user"]["is_admin"]
    assert (await client.users_info(user=guest.id))["user"]["is_restricted"]
    assert (await client.users_info(user=stranger.id))["user"]["is_stranger"]
    assert (await client.conversations_info(channel=shared.id))["channel"]["is_ext_shared"]
    listed = await client.usergroups_list(include_users=True)
    assert listed["usergroups"][0]["users"] == [alice.id, guest.id]
    assert listed["usergroups"][0]["id"] == group.id
    mine = await client.users_conversations(types="public_channel,private_channel")
    assert [one["name"] for one in mine["channels"]] == ["general", "shared"]
    assert await refusal(client.users_info(user="U404")) == "user_not_found"


async def test_a_message_is_streamed_in_a_thread(slack, client):
    asked = await slack.says("Alice", "general", "hello")
    where = {"channel": slack.general.id}
    to = {"recipient_team_id": slack.team.id, "recipient_user_id": asked.user.id}

    begun = await client.chat_startStream(**where, thread_ts=asked.ts, **to)
    (post,) = slack.posts("general")
    for words in ("**Hi", "**, <!chan", "nel>"):
        await client.chat_appendStream(**where, ts=begun["ts"], markdown_text=words)
    assert post.streaming
    await client.chat_stopStream(**where, ts=begun["ts"])

    assert (post.text, post.pings) == ("**Hi**, <!channel>", ["channel"])
    more = client.chat_appendStream(**where, ts=begun["ts"], markdown_text="x")
    assert await refusal(more) == "message_not_in_streaming_state"
    bare = client.chat_startStream(**where, thread_ts=asked.ts)
    assert await refusal(bare) == "missing_recipient_team_id"
    slack.team.stream_error = "channel_type_not_supported"
    again = client.chat_startStream(**where, thread_ts=asked.ts, **to)
    assert await refusal(again) == "channel_type_not_supported"


async def test_slack_ends_a_stream_to_which_nothing_is_added(slack, client):
    pane = await slack.opens_pane("Alice")
    where = {"channel": pane.channel.id}
    begun = await client.chat_startStream(**where, thread_ts=pane.thread_ts, markdown_text="Hm")
    writing = client.chat_update(**where, ts=begun["ts"], text="Too early")
    assert await refusal(writing) == "streaming_state_conflict"

    slack.clock.advance(301)

    more = client.chat_appendStream(**where, ts=begun["ts"], markdown_text="x")
    assert await refusal(more) == "message_not_in_streaming_state"
    await client.chat_update(**where, ts=begun["ts"], text="Done")


async def test_reactions_are_given_and_taken_back(slack, client):
    said = await slack.says("Alice", "general", "hello")
    it = {"channel": slack.general.id, "timestamp": said.ts, "name": "eyes"}

    await client.reactions_add(**it)
    assert said.reactions == {"eyes": [slack.bot]}
    assert await refusal(client.reactions_add(**it)) == "already_reacted"
    await client.reactions_remove(**it)

    assert said.reactions == {}
    assert await refusal(client.reactions_remove(**it)) == "no_reaction"
