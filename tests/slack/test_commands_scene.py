"""What people do with `/assistant` on Slack, with the whole bot: it reads like the chat it is."""

import pytest

from bot.errors import ModelUnavailable
from bot.messages import Mode
from bot.notices import CANNOT_THINK
from bot.platforms.slack.interactions import ASK_ABOUT
from tests.slack.living import Chat

COMMAND = "/assistant"


@pytest.fixture
def chat(slack, tmp_path):
    return Chat(
        slack, f"sqlite:///{tmp_path / 'history.db'}", changes={"new_channel_mode": "listen"}
    )


async def types(chat, who, text, where="general"):
    done = await chat.slack.slash(who, where, COMMAND, text)
    await chat.slack.until_delivered()
    await chat.settled()
    return done


async def test_a_question_is_answered_for_everybody_under_its_words(chat, slack):
    slack.member("Alice", is_admin=True)
    async with chat.running():
        await types(chat, "Alice", "mode mention")

        asked = await types(chat, "Alice", "ask What is the capital of France?")

        told, answer = chat.messages()
        assert told.text.startswith("My mode here is now mention")
        assert answer.text == "> *Alice*: What is the capital of France?\nParis."
        assert asked.shown == []
        assert not slack.pinged


async def test_where_it_only_listens_the_asker_is_told_alone(chat):
    async with chat.running():
        asked = await types(chat, "Alice", "ask What is the capital of France?")

        assert chat.posts() == []
        (told,) = asked.texts
        assert told.startswith("My mode here is listen")


async def test_in_a_direct_chat_the_first_word_may_be_a_question(chat):
    async with chat.running():
        await types(chat, "Alice", "ask What is the capital of France?", "@Alice")

        (answer,) = chat.messages("@Alice")
        assert answer.text.endswith("Paris.")


async def test_a_model_that_fails_is_told_the_asker_alone(chat, slack):
    async with chat.running():
        await chat.set(mode=Mode.MENTION)
        await chat.says("Alice", "Good morning")
        chat.model.failure = ModelUnavailable("it is down")

        await types(chat, "Alice", "ask What is the capital of France?")

        assert chat.posts() == []
        assert [whisper.text for whisper in slack.whispers("general", "Alice")] == [CANNOT_THINK]


async def test_a_message_is_asked_about_in_its_thread(chat, slack):
    async with chat.running():
        await chat.set(mode=Mode.MENTION)
        said = await chat.says("Ben", "We meet in Paris.")

        await slack.message_shortcut("Alice", said, ASK_ABOUT)
        await slack.until_modal("Alice")
        await slack.submits("Alice", question="Where is that?")
        await slack.until_delivered()
        await chat.settled()

        (answer,) = chat.messages()
        assert answer.thread_ts == said.ts
        assert answer.text == "> *Alice*: Where is that?\nParis."
        assert "We meet in Paris." in "\n".join(chat.shown())


async def test_what_goes_wrong_is_seen_also_where_the_thread_has_no_reply_yet(chat, slack):
    async with chat.running():
        await chat.set(mode=Mode.MENTION)
        said = await chat.says("Ben", "We meet in Paris.")
        await chat.says("Alice", "Good morning")
        chat.model.failure = ModelUnavailable("it is down")

        await slack.message_shortcut("Alice", said, ASK_ABOUT)
        await slack.until_modal("Alice")
        await slack.submits("Alice", question="Where is that?")
        await slack.until_delivered()
        await chat.settled()

        (told,) = slack.whispers("general", "Alice")
        assert (told.text, told.thread_ts) == (CANNOT_THINK, None)


async def test_why_is_asked_in_a_thread_by_mention_and_is_no_chat(chat, slack):
    async with chat.running():
        await chat.set(mode=Mode.MENTION)
        asked = await chat.asks("Alice", "what is the capital of France?")
        before = await chat.history(thread=asked.ts)

        await chat.asks("Alice", "!why", thread=asked)

        (told,) = slack.whispers("general", "Alice")
        assert told.thread_ts == asked.ts
        assert await chat.history(thread=asked.ts) == before


async def test_what_is_opted_out_by_command_is_stored_no_more(chat):
    async with chat.running():
        await types(chat, "Alice", "privacy optout")

        await chat.says("Alice", "my secret")

        assert ("Alice", "my secret") not in await chat.history()
