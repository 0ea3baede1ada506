"""Earshot among people on Slack: when it speaks, where, and what it keeps to itself."""

from tests.fakes import PausingModel

QUESTION = "what is the capital of France?"


async def test_two_people_talk_and_it_stays_silent(chat, slack):
    async with chat.running():
        await chat.says("Alice", "lunch is at noon")
        await chat.says("Ben", "sure, see you there")

        assert chat.posts() == []
        assert await chat.history() == [
            ("Alice", "lunch is at noon"),
            ("Ben", "sure, see you there"),
        ]


async def test_who_mentions_it_is_answered_in_a_thread(chat, slack):
    async with chat.running():
        asked = await chat.asks("Alice", QUESTION)

        (answer,) = chat.messages()
        assert answer.text == "Paris."
        assert answer.thread_ts == asked.ts
        assert not slack.pinged


async def test_who_asks_while_it_answers_somebody_else_is_answered_in_their_own_thread(chat, slack):
    chat.model = PausingModel(reply_text="Paris| it is.")
    mention = slack.bot.mention
    async with chat.running():
        await slack.until_posted("general")
        asked = [await slack.says("Olga", "general", f"{mention} {QUESTION}")]
        await chat.model.is_writing.wait()
        asked.append(await slack.says("Alice", "general", f"{mention} where is the printer?"))
        asked.append(await slack.says("Ben", "general", f"{mention} when is lunch?"))
        await slack.until_delivered()
        chat.model.may_go_on.set()
        await chat.settled()

        for one in asked:
            (answer,) = slack.posts("general", thread=one.ts)
            assert answer.text == "Paris it is."


async def test_who_is_answered_in_the_channel_shares_an_answer(chat, slack):
    chat.model = PausingModel(reply_text="Paris| it is.")
    mention = slack.bot.mention
    async with chat.running():
        await slack.until_posted("general")
        await chat.set(reply_as_reference=False)
        await slack.says("Olga", "general", f"{mention} {QUESTION}")
        await chat.model.is_writing.wait()
        await slack.says("Alice", "general", f"{mention} where is the printer?")
        await slack.says("Ben", "general", f"{mention} when is lunch?")
        await slack.until_delivered()
        chat.model.may_go_on.set()
        await chat.settled()

        assert [each.text for each in chat.messages()] == ["Paris it is."] * 2
