"""Answers of commands as Slack shows them: escaped, in parts, with a button where there is an offer."""

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.commands import CommandAnswer, Offer
from bot.messages import ConversationKey
from bot.platforms.slack.answering import MAX_BY_URL, MAX_CHARS, Listener, is_slacks, posts
from bot.platforms.slack.buttons import offered
from bot.platforms.slack.teams import Team

SLACK = "https://slack.com/api/"
STAND_IN = "http://127.0.0.1:3960/api/"


def test_what_people_wrote_mentions_nobody() -> None:
    (post,) = posts(CommandAnswer("Persona: <!channel> & <@U1>", ephemeral=True))

    assert post.text == "Persona: &lt;!channel&gt; &amp; &lt;@U1&gt;"


def test_what_lines_up_stands_in_a_code_block_that_nothing_ends() -> None:
    (post,) = posts(CommandAnswer("AGE ``` <x>", ephemeral=True, fixed_width=True))

    assert post.text.startswith("```\n")
    assert post.text.endswith("\n```")
    assert post.text.count("```") == 2
    assert "&lt;x&gt;" in post.text


def test_a_long_answer_is_split_where_it_reads_well() -> None:
    lines = "\n".join(f"row {number} <{'x' * 80}>" for number in range(200))

    shown = list(posts(CommandAnswer(lines, ephemeral=True, fixed_width=True)))

    assert len(shown) > MAX_BY_URL
    assert all(len(post.text) <= MAX_CHARS for post in shown)
    assert all(post.text.startswith("```") and post.text.endswith("```") for post in shown)


def test_an_offer_is_a_button_under_the_last_part() -> None:
    offer = Offer("Set eagerness to 60", "eagerness 60")

    *before, last = posts(CommandAnswer("word " * 1500, ephemeral=True, offer=offer))

    assert before
    assert all(post.blocks is None for post in before)
    section, actions = last.blocks or []
    assert section["text"] == {"type": "mrkdwn", "text": last.text, "verbatim": True}
    (button,) = actions["elements"]
    assert offered({"actions": [button]}) == "eagerness 60"


def test_an_offer_too_long_for_a_button_is_said_in_words() -> None:
    (post, *_) = posts(
        CommandAnswer("Done.", ephemeral=True, offer=Offer("Say it", "ask " + "x" * 2000))
    )

    assert post.blocks is None
    assert "/assistant ask xxx" in post.text


def test_the_button_of_somebody_else_means_nothing() -> None:
    assert offered({"actions": [{"action_id": "home-mode", "value": "clear confirm"}]}) is None
    assert offered({"actions": []}) is None
    assert offered({}) is None


@pytest.mark.parametrize(
    ("url", "api_base", "is_trusted"),
    [
        ("https://hooks.slack.com/commands/T1/2/x", SLACK, True),
        ("https://hooks.slack-gov.com/commands/T1/2/x", "https://slack-gov.com/api/", True),
        ("http://127.0.0.1:3960/commands/T1/2/x", STAND_IN, True),
        ("http://hooks.slack.com/commands/T1/2/x", SLACK, False),
        ("https://hooks.slack.com.evil.example/x", SLACK, False),
        ("https://evilslack.com/x", SLACK, False),
        ("http://127.0.0.1:3960/commands/T1/2/x", SLACK, False),
        ("http://127.0.0.1:22/commands/T1/2/x", STAND_IN, False),
        ("https://169.254.169.254/latest", SLACK, False),
        ("", SLACK, False),
    ],
)
def test_answers_go_only_to_addresses_of_slack(url: str, api_base: str, is_trusted: bool) -> None:
    assert is_slacks(url, api_base) is is_trusted


def test_in_a_thread_the_address_is_of_no_use() -> None:
    team = Team("T1", "Acme", "U0BOT", "B0BOT", "A1", AsyncWebClient())
    url = "https://hooks.slack.com/actions/T1/2/x"

    in_channel = Listener(team, ConversationKey("slack", "T1", "C1"), "U1", url)
    in_thread = Listener(team, ConversationKey("slack", "T1", "C1", "1.000001"), "U1", url)

    assert in_channel.num_left == MAX_BY_URL
    assert in_thread.num_left == 0
