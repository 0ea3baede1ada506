"""Whatever people call themselves and each other, and wherever Earshot quotes them: nobody is pinged."""

import pytest

from bot.messages import Mode
from bot.platforms.slack.interactions import ASK_ABOUT

SHOUT = "<!channel> @here @everyone <!subteam^S0CREW> <@U0OTHER>"


@pytest.fixture
async def loud(talk, slack):
    """A channel in which somebody with a name that shouts, shouts."""
    slack.member("Alice", display_name="<!channel> *@here*")
    talk.model.reply_text = f"As you say: {SHOUT}"
    await talk.types("Olga", f"persona {SHOUT.replace('<', '&lt;').replace('>', '&gt;')}")
    await talk.says("Alice", "&lt;!channel&gt; @here @everyone &lt;@U0OTHER&gt;")
    return talk


@pytest.mark.parametrize(
    "typed",
    ["ask who is &lt;!here&gt; @channel?", "why", "catchup", "preview", "status", "persona",
     "privacy show", "settings", "help &lt;!channel&gt;", "&lt;!channel&gt; @here"],
)  # fmt: skip
async def test_no_command_pings(loud, slack, typed):
    await loud.types("Olga", typed)
    await loud.types("Alice", typed)

    assert slack.pinged == []


async def test_no_preview_pings(loud, slack):
    await loud.set(mode=Mode.MENTION)
    await loud.says("Alice", "who is &lt;!here&gt;?")

    shown = await loud.types("Olga", "preview")

    assert "who is" in shown
    assert slack.pinged == []


async def test_no_question_about_a_message_pings(loud, slack):
    about = await loud.says("Alice", "&lt;!channel&gt; look")

    await slack.message_shortcut("Alice", about, ASK_ABOUT)
    await slack.until_modal("Alice")
    await slack.submits("Alice", question="<!channel> @here <@U0OTHER> what?")
    await slack.until_delivered()
    await loud.settled()

    assert "what?" in loud.posts()[-1]
    assert slack.pinged == []


async def test_no_command_in_a_thread_pings(loud, slack):
    parent = await loud.says("Alice", "trips")

    await loud.asks("Olga", "!persona &lt;!channel&gt; @here", thread=parent)
    await loud.asks("Olga", "!persona", thread=parent)

    assert slack.pinged == []


async def test_no_answer_in_private_pings(loud, slack):
    await loud.says("Alice", "who is here?", where="@Alice")

    (answer,) = loud.messages("@Alice")
    assert answer.text.startswith("As you say: ")
    assert slack.pinged == []


async def test_a_thread_below_shouting_words_of_its_own_pings_nobody(loud, slack):
    await loud.says("Ben", "who is here?")
    shouted = loud.messages()[-1]

    await loud.says("Ben", "what?", thread=shouted)

    assert loud.messages()[-1].thread_ts == shouted.ts
    assert slack.pinged == []
