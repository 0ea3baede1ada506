"""Scenes on PostgreSQL: what people see there is what they see on SQLite."""

import pytest

from tests.fakes import FakeModel, PausingModel
from tests.slack.living import Chat

QUESTION = "what is the capital of France?"


@pytest.fixture
def chat(slack, postgresql_url):
    return Chat(slack, postgresql_url)


async def test_an_answer_is_remembered_and_taken_back(talk, slack):
    asked = await talk.asks("Alice", QUESTION)
    assert await talk.history() == [("Alice", f"@Earshot {QUESTION}"), ("Earshot", "Paris.")]

    await slack.deletes(asked)

    await slack.until(lambda: talk.posts() == [])
    await talk.settled()
    assert await talk.history() == []


async def test_a_thread_knows_its_parent_and_the_answer_in_it(talk, slack):
    asked = await talk.asks("Alice", QUESTION)
    await slack.edits(asked, f"{slack.bot.mention} what is the capital of Gaul?")

    await talk.says("Ben", "really?", thread=asked)

    assert talk.shown()[:3] == [
        "Alice: assistant what is the capital of Gaul?",
        "(response) Paris.",
        "Ben: really?",
    ]


async def test_a_thread_below_its_own_words_knows_them(talk):
    await talk.says("Alice", "does anybody know the capital of France?")
    (unasked,) = talk.messages()

    await talk.says("Ben", "are you sure?", thread=unasked)

    assert talk.shown()[0] == 'Thread: started from what assistant said: "Paris."'


async def test_what_is_told_twice_is_heard_once(talk, slack):
    slack.events.twice = True

    parent = await talk.asks("Alice", QUESTION)
    await talk.says("Ben", "thanks", thread=parent, broadcast=True)

    assert talk.posts() == ["Paris."]
    assert [text for _, text in await talk.history()].count("thanks") == 1
    assert [text for _, text in await talk.history(thread=parent.ts)].count("thanks") == 1


async def test_who_opts_out_leaves_no_words(talk):
    parent = await talk.says("Alice", "a word of mine")
    await talk.says("Ben", "hm", thread=parent)

    await talk.types("Alice", "privacy optout")
    await talk.says("Alice", "another word of mine")

    assert "of mine" not in str(await talk.history())
    assert "of mine" not in str(await talk.history(thread=parent.ts))


async def test_thumbs_and_settings_are_kept(talk, slack):
    await talk.types("Olga", "defaults eagerness 20")
    await talk.asks("Alice", QUESTION)
    await slack.reacts("Ben", talk.messages()[-1], "+1")
    await slack.until_delivered()

    assert "liked 1" in await talk.types("Olga", "status")
    assert "20 of 100" in await talk.types("Olga", "eagerness")


async def test_an_answer_that_a_stop_cut_short_stands_once_and_whole(chat, slack):
    chat.model = PausingModel(reply_text="The capital of France is| Paris.")
    async with chat.running():
        await slack.until_posted("general")  # the greeting
        await slack.says("Alice", "general", f"{slack.bot.mention} {QUESTION}")
        await slack.until(chat.posts)

    chat.model = FakeModel(reply_text="It is Paris.")
    async with chat.running():
        await slack.until(lambda: chat.posts() == ["It is Paris."])
        await chat.settled()

        assert (await chat.history())[-1] == ("Earshot", "It is Paris.")
