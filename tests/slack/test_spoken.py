"""Which messages on Slack are commands by mention, and which are chat."""

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.slack.spoken import command_in
from bot.platforms.slack.teams import Team

CHANNEL, DIRECT = "C0GENERAL", "D0ALICE"


def team() -> Team:
    return Team("T1", "Acme", "U0BOT", "B0BOT", "A1", AsyncWebClient())


def said(text: str, channel: str = CHANNEL, **more: object) -> dict[str, object]:
    return {"type": "message", "user": "U0ALICE", "channel": channel, "text": text, **more}


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("<@U0BOT> /assistant why 5", "why 5"),
        ("<@U0BOT> !why", "why"),
        ("<@U0BOT|earshot>: !eagerness 30", "eagerness 30"),
        ("  <@U0BOT>, /assistant", ""),
        ("<@U0BOT> !settings", "settings"),
        ("<@U0BOT> !Privacy show", "Privacy show"),
        ("<@U0BOT> !wyh", "wyh"),
        ("<@U0BOT> !persona You &lt;3 R&amp;D", "persona You &lt;3 R&amp;D"),
        ("<@U0BOT> /assistant\nwhy", "why"),
    ],
)
def test_a_mention_that_goes_on_with_a_sign_is_a_command(text: str, typed: str) -> None:
    assert command_in(said(text), team()) == typed


@pytest.mark.parametrize(
    "text",
    [
        "<@U0BOT> why is the sky blue?",
        "<@U0BOT> !important: the build is red",
        "<@U0BOT> !!! look",
        "<@U0BOT> what does /assistant why do?",
        "<@U0BOT> /assistants are great",
        "<@U0OTHER> !why",
        "!why",
        "/assistant why",
        "hello <@U0BOT> !why",
        "<@U0BOT>",
        "",
    ],
)
def test_everything_else_is_chat(text: str) -> None:
    assert command_in(said(text), team()) is None


@pytest.mark.parametrize("text", ["<@U0BOT> !ask how far is Turin?", "<@U0BOT> /assistant ask it"])
def test_a_question_by_mention_is_an_ordinary_mention(text: str) -> None:
    assert command_in(said(text), team()) is None


@pytest.mark.parametrize("text", ["!why 5", "<@U0BOT> !why 5", "/assistant why 5"])
def test_in_a_direct_chat_the_mention_may_be_left_out(text: str) -> None:
    assert command_in(said(text, DIRECT), team()) == "why 5"


def test_what_is_said_in_a_direct_chat_is_chat() -> None:
    assert command_in(said("why is the sky blue?", DIRECT), team()) is None


def test_an_app_gives_no_commands() -> None:
    assert command_in(said("<@U0BOT> !why", bot_id="B0OTHER"), team()) is None


@pytest.mark.parametrize("subtype", ["message_changed", "channel_join", "bot_message"])
def test_only_what_people_write_can_be_a_command(subtype: str) -> None:
    assert command_in(said("<@U0BOT> !why", subtype=subtype), team()) is None
