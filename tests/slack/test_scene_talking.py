"""Earshot among people on Slack: when it speaks, where, and what it keeps to itself."""

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
