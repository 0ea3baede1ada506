"""Who takes the word on Slack, when, and what becomes of questions that are taken back."""

from datetime import timedelta

import pytest

from bot.messages import Rule
from tests.fakes import PausingModel

QUESTION = "what is the capital of France?"
LONG = "\n".join(f"{n}. {'-'.join(['word'] * 8)}" for n in range(400))


async def last_rule(chat, channel="general"):
    (last,) = await chat.store.decisions.last(chat.place(channel), 1)
    return last.decision.rule


async def is_gone(chat, message, thread=None):
    entry = await chat.store.messages.find(chat.place(thread=thread), message.ts)
    return entry is not None and entry.deleted


async def test_the_answer_to_a_question_that_is_deleted_goes_with_it(talk, slack):
    asked = await talk.asks("Alice", QUESTION)
    assert talk.posts() == ["Paris."]

    await slack.deletes(asked)

    await slack.until(lambda: talk.posts() == [])
    await talk.settled()
    assert await talk.history() == []


async def test_all_parts_of_an_answer_go_with_its_question(talk, slack):
    talk.model.reply_text = LONG
    asked = await talk.asks("Alice", "tell me everything")
    assert len(talk.posts()) > 1

    await slack.deletes(asked)

    await slack.until(lambda: talk.posts() == [])


async def test_an_unasked_answer_goes_with_what_it_answered(talk, slack):
    said = await talk.says("Alice", "does anybody know the capital of France?")
    assert talk.posts() == ["Paris."]

    await slack.deletes(said)

    await slack.until(lambda: talk.posts() == [])


@pytest.mark.parametrize("refused", [None, "method_not_supported_for_channel_type"])
async def test_a_question_deleted_while_its_answer_is_written_is_not_answered(chat, slack, refused):
    slack.team.stream_error = refused
    chat.model = PausingModel(reply_text="The capital of France is| Paris.")
    async with chat.running():
        asked = await slack.says("Alice", "general", f"{slack.bot.mention} {QUESTION}")
        await slack.until(chat.posts)

        await slack.deletes(asked)
        await chat.until(lambda: is_gone(chat, asked))
        chat.model.may_go_on.set()
        await chat.settled()

        assert chat.posts() == []
        assert await last_rule(chat) is Rule.WITHDRAWN
        assert await chat.history() == []


async def test_a_question_deleted_while_its_answer_is_on_the_way_takes_it_along(chat, slack):
    async with chat.running():
        await chat.set(stream_replies=False)
        await slack.until_posted("general")  # the greeting
        gate = slack.faults.hold(on="chat.postMessage", after=True)
        asked = await slack.says("Alice", "general", f"{slack.bot.mention} {QUESTION}")
        await gate.reached.wait()
        await slack.deletes(asked)
        await chat.until(lambda: is_gone(chat, asked))
        gate.open()
        await chat.settled()

        await slack.until(lambda: chat.posts() == [])
        assert ("Earshot", "Paris.") not in await chat.history()


async def test_an_answer_that_somebody_deletes_is_forgotten(talk, slack):
    asked = await talk.asks("Alice", QUESTION)
    (answer,) = talk.messages()

    await slack.deletes(answer)
    await talk.asks("Alice", "again?", thread=asked)

    assert await talk.history() == [("Alice", f"@Earshot {QUESTION}")]
    assert "(response) Paris." not in talk.shown()


async def test_a_question_that_is_edited_after_its_answer_is_seen_as_it_stands(talk, slack):
    asked = await talk.asks("Alice", QUESTION)

    await slack.edits(asked, f"{slack.bot.mention} what is the capital of Peru?")
    await talk.says("Ben", "well?")

    assert talk.shown()[0] == "Alice: assistant what is the capital of Peru?"
    assert talk.posts() == ["Paris.", "Paris."]  # once to each of them


async def test_a_question_asked_while_another_is_answered_is_answered_next(chat, slack):
    chat.model = PausingModel(reply_text="|Paris.")
    async with chat.running():
        first = await slack.says("Alice", "general", f"{slack.bot.mention} {QUESTION}")
        await chat.model.is_writing.wait()
        second = await slack.says("Ben", "general", f"{slack.bot.mention} and of Italy?")
        chat.model.may_go_on.set()
        await chat.heard(second)

        assert [answer.thread_ts for answer in chat.messages()] == [first.ts, second.ts]


async def test_what_nobody_asked_for_is_kept_back_once_people_have_moved_on(chat, slack):
    chat.model = PausingModel(p_speak=lambda text: 0.1 if "of course" in text else 0.9)
    async with chat.running():
        await slack.says("Alice", "general", QUESTION)
        await chat.model.is_writing.wait()
        moved_on = await slack.says("Ben", "general", "Paris, of course")
        await chat.until(lambda: chat.store.messages.find(chat.place(), moved_on.ts))
        chat.model.may_go_on.set()
        await chat.heard(moved_on)

        assert chat.posts() == []


async def test_who_shouts_to_everyone_does_not_ask_it(talk):
    await talk.says("Alice", "<!channel> the server restarts tonight")

    assert talk.posts() == []
    assert await last_rule(talk) is Rule.THRESHOLD


async def test_its_name_alone_does_not_ask_it(talk):
    await talk.says("Alice", "I wonder what Earshot thinks")

    assert await last_rule(talk) is Rule.THRESHOLD


async def test_where_it_is_quiet_it_answers_who_asks_and_nobody_else(talk):
    await talk.types("Olga", "quiet 2h")
    before = len(talk.posts())

    await talk.says("Alice", QUESTION)
    assert len(talk.posts()) == before

    await talk.asks("Alice", QUESTION)
    assert len(talk.posts()) == before + 1


async def test_its_share_of_the_talk_is_kept_to(talk):
    await talk.set(max_share_of_voice=0.25)

    for number in range(8):
        await talk.says("Alice", f"question {number}?")
    num_unasked = len(talk.posts())
    assert 0 < num_unasked <= 3

    await talk.asks("Alice", QUESTION)
    assert len(talk.posts()) == num_unasked + 1


async def test_it_rests_after_it_spoke(talk):
    await talk.types("Olga", "limits cooldown 5m")
    before = len(talk.posts())

    await talk.says("Alice", "one?")
    await talk.says("Alice", "two?")
    assert len(talk.posts()) == before + 1

    await talk.asks("Alice", "three?")
    assert len(talk.posts()) == before + 2


async def test_apps_that_talk_to_each_other_do_not_keep_it_talking(talk, slack):
    slack.member("Robot", is_bot=True)
    await talk.types("Olga", "limits bots 2")
    before = len(talk.posts())
    asked = await talk.asks("Robot", "question 0?")

    for number in range(1, 5):
        await talk.asks("Robot", f"question {number}?", thread=asked)

    assert len(talk.posts()) <= before + 4


async def test_what_was_cleared_does_not_come_back_at_the_next_start(chat):
    async with chat.running():
        await chat.says("Alice", "a secret")
        await chat.types("Olga", "clear confirm")
        assert await chat.history() == []

    async with chat.running():
        await chat.says("Alice", "hello")

        assert await chat.history() == [("Alice", "hello")]


async def test_what_is_older_than_the_channel_keeps_things_goes(chat):
    async with chat.running():
        await chat.says("Alice", "hello")
        await chat.says("Alice", "long ago", ago=timedelta(days=3))
        await chat.says("Alice", "today")

        await chat.types("Olga", "privacy retention 2")

        assert ("Alice", "long ago") not in await chat.history()
        assert ("Alice", "today") in await chat.history()


async def test_after_a_downtime_it_answers_what_is_new_once(chat, slack):
    async with chat.running():
        await slack.until_posted("general")  # the greeting
        await chat.says("Alice", "hello")
    for number in range(3):
        await slack.says("Alice", "general", f"line {number}", tell=False)
    asked = await slack.says("Alice", "general", f"{slack.bot.mention} {QUESTION}", tell=False)

    async with chat.running():
        await slack.until(chat.posts)
        await chat.settled()

        (answer,) = chat.messages()
        assert (answer.text, answer.thread_ts) == ("Paris.", asked.ts)
        assert [text for _, text in await chat.history()][:4] == [
            "hello",
            *(f"line {n}" for n in range(3)),
        ]
