"""People use `/assistant` and the menu of messages where Slack lets them: in places of every kind."""

from datetime import timedelta

import pytest

from bot.errors import ModelUnavailable
from bot.notices import CANNOT_THINK
from bot.platforms.slack.interactions import ASK_ABOUT
from bot.runtime import utc_now
from tests.fakes import PausingModel
from tests.slack_server import Kind

QUESTION = "what is the capital of France?"


async def done(talk, slack):
    await slack.until_delivered()
    await talk.settled()


async def asks_about(talk, slack, who, message, question=None):
    """Choose "Ask Earshot about this" in the menu of a message, and send the form."""
    await slack.message_shortcut(who, message, ASK_ABOUT)
    await slack.until_modal(who)
    await slack.submits(who, **({"question": question} if question else {}))
    await done(talk, slack)


@pytest.mark.parametrize("kind", [Kind.PUBLIC, Kind.PRIVATE, Kind.MPIM])
async def test_in_a_channel_that_it_is_not_in_a_question_is_not_answered_and_says_why(
    talk, slack, kind
):
    slack.add_channel("boats", kind, members=["Alice"], bot_present=False)

    told = await talk.types("Alice", f"ask {QUESTION}", "boats")

    assert "invite" in told.casefold()
    assert slack.posts("boats") == []
    assert await talk.history("boats") == []


async def test_help_is_given_everywhere(talk, slack):
    slack.add_channel("boats", members=["Alice"], bot_present=False)

    assert "privacy optout" in await talk.types("Alice", "help", "boats")


async def test_who_opts_out_where_it_is_not_is_opted_out(talk, slack):
    slack.add_channel("boats", members=["Alice"], bot_present=False)

    told = await talk.types("Alice", "privacy optout", "boats")
    await talk.says("Alice", "a secret")

    assert told.startswith("You are opted out")
    assert "a secret" not in str(await talk.history())


async def test_an_answer_to_a_command_grows_like_any_other(chat, slack):
    chat.model = PausingModel(reply_text="The capital of France is| Paris.")
    async with chat.running():
        await slack.slash("Alice", "general", "/assistant", f"ask {QUESTION}")
        await slack.until(chat.posts)
        chat.model.may_go_on.set()
        await done(chat, slack)

        (answer,) = chat.messages()
        head = f"> *Alice*: {QUESTION}\n"
        assert answer.versions == [
            f"{head}The capital of France is",
            f"{head}The capital of France is Paris.",
        ]
        assert not slack.pinged


async def test_a_question_of_a_command_cannot_ping_anybody(talk, slack):
    ben, crew = slack.member("Ben"), slack.add_group("crew", "Ben")
    # Slack escapes what is typed to a command, unless the app asks it not to.
    await talk.types("Alice", f"ask &lt;!channel&gt; <!here> {ben.mention} {crew.mention} @here ?")

    assert len(talk.posts()) == 1
    assert slack.pinged == []


async def test_a_message_in_a_thread_is_asked_about_in_it(talk, slack):
    parent = await talk.says("Alice", "trips")
    about = await talk.says("Ben", "Lyon is lovely", thread=parent)

    await asks_about(talk, slack, "Alice", about, "is it the capital?")

    (answer,) = talk.messages()
    assert answer.thread_ts == parent.ts
    assert "Ben: Lyon is lovely" in "\n".join(talk.shown())


async def test_a_message_of_long_ago_is_asked_about(talk, slack):
    about = await slack.says("Ben", "general", "Lyon is lovely", ago=timedelta(days=9), tell=False)
    await talk.says("Ben", "hello")

    await asks_about(talk, slack, "Alice", about, "is it the capital?")

    (answer,) = talk.messages()
    assert answer.thread_ts == about.ts
    assert answer.text.startswith("> *Alice*: is it the capital?")


async def test_a_message_where_it_is_not_is_not_asked_about(talk, slack):
    slack.add_channel("boats", members=["Alice"], bot_present=False)
    about = await slack.says("Alice", "boats", "Lyon is lovely")

    await slack.message_shortcut("Alice", about, ASK_ABOUT)
    await done(talk, slack)
    if slack.modal("Alice"):
        await slack.submits("Alice", question="is it the capital?")
        await done(talk, slack)

    assert slack.posts("boats") == []
    assert await talk.history("boats") == []


async def test_its_own_answer_is_asked_about(talk, slack):
    asked = await talk.asks("Alice", QUESTION)
    (answer,) = talk.messages()

    await asks_about(talk, slack, "Ben", answer, "are you sure?")

    assert talk.messages()[-1].thread_ts == asked.ts
    assert talk.messages()[-1].text.startswith("> *Ben*: are you sure?")


async def test_its_greeting_is_quoted_where_it_is_asked_about(talk, slack):
    await slack.until_posted("general")
    (greeting,) = slack.posts("general")

    await asks_about(talk, slack, "Ben", greeting, "are you sure?")

    assert talk.shown()[-2].startswith(
        'Ben: are you sure? ⏎ "started from what Earshot said: "Hello'
    )


async def test_a_notice_of_its_own_is_quoted_where_it_is_asked_about(talk, slack):
    talk.model.failure = ModelUnavailable("the worker is loading")
    asked = await talk.asks("Alice", QUESTION)
    (notice,) = slack.posts("general", thread=asked.ts)
    talk.model.failure = None

    await asks_about(talk, slack, "Ben", notice, "are you sure?")

    own = f'[about a message of the assistant: "{CANNOT_THINK}"]'
    assert talk.shown()[-2] == f"Ben: are you sure? {own}"
    assert talk.messages()[-1].text.startswith("> *Ben*: are you sure?\n")


async def test_why_tells_of_silence_and_of_words(talk):
    await talk.says("Alice", "nice weather")
    await talk.asks("Alice", QUESTION)

    told = await talk.types("Alice", "why")

    assert "0.10" in told
    assert len(talk.posts()) == 1


async def test_what_was_missed_is_summed_up_for_who_asks_alone(talk, slack):
    await talk.says("Alice", "hello")
    await talk.says("Ben", "we meet on Friday")
    talk.model.reply_text = "Ben wants to meet on Friday."

    told = await talk.types("Alice", "catchup")

    assert "Ben wants to meet on Friday." in told
    assert talk.posts() == []


async def test_what_was_missed_is_told_in_slacks_dialect_and_pings_nobody(talk, slack):
    await talk.says("Alice", "hello")
    await talk.says("Ben", "we meet in Lyon")
    talk.model.reply_text = "**Ben** wants [Lyon](https://lyon.fr):\n- *soon* <!here>"

    told = await talk.types("Alice", "catchup")

    assert told.endswith("*Ben* wants <https://lyon.fr|Lyon>:\n• _soon_ &lt;!here&gt;")


async def test_quiet_hours_and_a_quiet_time_are_set_by_words(talk):
    told = await talk.types("Olga", "quiet 2h")

    assert "I'll be quiet until " in told
    settings = await talk.store.channels.settings(talk.place())
    assert settings.quiet_until > utc_now() + timedelta(minutes=118)


async def test_the_pane_shows_that_it_writes(chat, slack):
    chat.model = PausingModel(reply_text="|Paris.")
    async with chat.running():
        pane = await slack.opens_pane("Alice")
        await slack.until(lambda: pane.prompts)
        asked = await slack.says("Alice", "@Alice", QUESTION, thread=pane.thread_ts)
        await slack.until(lambda: pane.status)
        chat.model.may_go_on.set()
        await chat.heard(asked)

        assert pane.statuses == ["is writing...", ""]


async def test_an_answer_in_the_pane_is_streamed(chat, slack):
    chat.model = PausingModel(reply_text="The capital of France is| Paris.")
    async with chat.running():
        pane = await slack.opens_pane("Alice")
        await slack.until(lambda: pane.prompts)
        asked = await slack.says("Alice", "@Alice", QUESTION, thread=pane.thread_ts)
        await slack.until(lambda: chat.posts("@Alice"))
        chat.model.may_go_on.set()
        await chat.heard(asked)

        (answer,) = chat.messages("@Alice")
        assert answer.streamed
        assert answer.versions[-1] == "The capital of France is Paris."


async def test_the_second_question_in_the_pane_knows_the_first(talk, slack):
    pane = await slack.opens_pane("Alice")
    await slack.until(lambda: pane.prompts)

    await talk.says("Alice", QUESTION, where="@Alice", thread=pane.thread_ts)
    await talk.says("Alice", "and of Italy?", where="@Alice", thread=pane.thread_ts)

    assert talk.shown() == [
        f"Alice: {QUESTION}",
        "(response) Paris.",
        "Alice: and of Italy?",
        "(response)",
    ]
    assert pane.title == QUESTION
