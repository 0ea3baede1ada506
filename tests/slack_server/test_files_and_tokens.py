"""Files, and tokens that are given for a code, as the real client asks for them."""

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient


async def refusal(asked) -> str:
    with pytest.raises(SlackApiError) as caught:
        await asked
    return caught.value.response["error"]


async def test_files_are_given_to_those_with_a_token(slack, client):
    said = await slack.uploads("Alice", "general", "notes.txt", b"hello", text="see")
    url = said.files[0].url

    async with aiohttp.ClientSession() as http:
        headers = {"Authorization": f"Bearer {slack.token}"}
        async with http.get(url, headers=headers) as told:
            assert await told.read() == b"hello"
        async with http.get(url) as told:
            assert told.content_type == "text/html"

    assert (await client.files_info(file=said.files[0].id))["file"]["name"] == "notes.txt"


async def test_the_app_sends_a_file(slack, client):
    sent = await client.files_upload_v2(
        channel=slack.general.id, content="x = 1\n", filename="code.py", initial_comment="See"
    )

    (post,) = slack.posts("general")
    assert (post.files[0].content, post.text) == (b"x = 1\n", "See")
    assert sent["files"][0]["id"] == post.files[0].id


async def test_a_code_is_good_for_one_token_which_is_renewed(slack):
    slack.rotates_tokens = True
    other = slack.add_team("Elsewhere", installed=False)
    link = f"{slack.url}/oauth/v2/authorize?client_id={slack.client_id}&scope=chat:write&state=s1"
    back = slack.authorizes(slack.member("Stan", team=other), link, team=other)
    assert back.startswith(slack.redirect_uri)
    code = back.partition("code=")[2].partition("&")[0]
    assert back.endswith("state=s1")
    client = AsyncWebClient(base_url=slack.api_url)
    ours = {"client_id": slack.client_id, "client_secret": slack.client_secret}

    got = await client.oauth_v2_access(**ours, code=code)

    assert (got["team"]["id"], got["bot_user_id"]) == (other.id, other.bot.id)
    assert (await client.auth_test(token=got["access_token"]))["team_id"] == other.id
    assert await refusal(client.oauth_v2_access(**ours, code=code)) == "invalid_code"
    wrong = {**ours, "client_secret": "guess"}
    assert await refusal(client.oauth_v2_access(**wrong, code=code)) == "bad_client_secret"
    slack.clock.advance(got["expires_in"])
    assert await refusal(client.auth_test(token=got["access_token"])) == "token_expired"
    renewal = {"grant_type": "refresh_token", "refresh_token": got["refresh_token"]}
    renewed = await client.oauth_v2_access(**ours, **renewal)
    assert (await client.auth_test(token=renewed["access_token"]))["ok"]
    assert await refusal(client.oauth_v2_access(**ours, **renewal)) == "invalid_refresh_token"
