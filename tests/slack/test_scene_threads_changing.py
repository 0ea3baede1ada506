"""Threads on Slack whose beginning changes, goes, or is what Earshot itself said."""

from datetime import timedelta

from tests.fakes import PausingModel

QUESTION = "what is the capital of France?"


async def test_an_edit_of_the_parent_is_seen_in_its_thread(talk, slack):
    parent = await talk.says("Alice", "we meet on Friday")
    await talk.says("Ben", "fine", thread=parent)

    await slack.edits(parent, "we meet on Monday")
    await talk.asks("Ben", "when?", thread=parent)

    assert "Alice: we meet on Monday" in "\n".join(talk.shown())
    assert "Friday" not in "\n".join(talk.shown())


async def test_a_parent_that_is_deleted_goes_from_its_thread(talk, slack):
    parent = await talk.says("Alice", "we meet on Friday")
    await talk.says("Ben", "fine", thread=parent)

    await slack.deletes(parent)
    await talk.asks("Ben", "when?", thread=parent.ts)

    assert "Friday" not in "\n".join(talk.shown())
    assert await talk.history(thread=parent.ts) == [
        ("Ben", "fine"),
        ("Ben", "@Earshot when?"),
        ("Earshot", "Paris."),
    ]
    assert await talk.history() == []


async def test_an_edit_in_a_thread_is_that_of_the_thread(talk, slack):
    parent = await talk.says("Alice", "holidays")
    reply = await talk.says("Ben", "to Rome", thread=parent)

    await slack.edits(reply, "to Nice")
    await talk.says("Alice", "and back", thread=parent)

    assert await talk.history(thread=parent.ts) == [
        ("Alice", "holidays"),
        ("Ben", "to Nice"),
        ("Alice", "and back"),
    ]


async def test_a_deletion_in_a_thread_is_that_of_the_thread(talk, slack):
    parent = await talk.says("Alice", "holidays")
    reply = await talk.says("Ben", "to Rome", thread=parent)

    await slack.deletes(reply)
    await talk.says("Alice", "well", thread=parent)

    assert await talk.history(thread=parent.ts) == [("Alice", "holidays"), ("Alice", "well")]


async def test_an_edit_of_a_reply_that_the_channel_sees_too_is_one_in_both(talk, slack):
    parent = await talk.says("Alice", "trips")
    said = await talk.says("Ben", "to Rome", thread=parent, broadcast=True)

    await slack.edits(said, "to Nice")
    await talk.says("Alice", "fine")

    assert ("Ben", "to Nice") in await talk.history()
    assert ("Ben", "to Nice") in await talk.history(thread=parent.ts)


async def test_a_thread_below_its_own_words_knows_them(talk, slack):
    await talk.says("Alice", "does anybody know the capital of France?")
    (unasked,) = talk.messages()

    await talk.says("Ben", "are you sure?", thread=unasked)

    assert talk.shown()[0] == 'Thread: started from what assistant said: "Paris."'
    assert talk.messages()[-1].thread_ts == unasked.ts


async def test_its_own_words_that_are_deleted_go_from_the_thread_below_them(talk, slack):
    said = await talk.says("Alice", "does anybody know the capital of France?")
    (unasked,) = talk.messages()
    await talk.says("Ben", "hm", thread=unasked)
    assert len(await talk.history(thread=unasked.ts)) == 3

    await slack.deletes(said)
    await slack.until(lambda: unasked not in talk.messages())
    await talk.says("Ben", "what?", thread=unasked.ts)

    assert await talk.history(thread=unasked.ts) == [
        ("Ben", "hm"),
        ("Earshot", "Paris."),
        ("Ben", "what?"),
        ("Earshot", "Paris."),
    ]


async def test_a_thread_below_what_was_said_before_it_came_begins_without_that(chat, slack):
    parent = await slack.says("Alice", "general", "old secrets", ago=timedelta(days=1), tell=False)
    async with chat.running():
        await chat.says("Alice", "hello")
        await chat.asks("Ben", "what was that?", thread=parent)

        (answer,) = chat.messages()
        assert answer.thread_ts == parent.ts
        assert ("Ben", "@Earshot what was that?") in await chat.history(thread=parent.ts)


async def test_the_answer_in_a_thread_goes_with_its_question_also_after_a_restart(chat, slack):
    async with chat.running():
        parent = await chat.says("Alice", "trips")
        asked = await chat.asks("Ben", QUESTION, thread=parent)

    async with chat.running():
        await slack.deletes(asked)

        await slack.until(lambda: chat.posts() == [])


async def test_an_answer_that_comes_after_the_thread_began_is_known_in_it(chat, slack):
    chat.model = PausingModel(reply_text="|Paris.", p_speak=lambda text: 0.1)
    async with chat.running():
        await slack.until_posted("general")  # the greeting
        asked = await slack.says("Alice", "general", f"{slack.bot.mention} {QUESTION}")
        await chat.model.is_writing.wait()
        said = await slack.says("Ben", "general", "I think it is Lyon", thread=asked)
        await slack.until_delivered()
        chat.model.may_go_on.set()
        await chat.heard(said)

        await chat.asks("Ben", "is it not?", thread=asked)

        assert "(response) Paris." in chat.shown()
        assert len(await chat.history(thread=asked.ts)) == 5
        assert [each.thread_ts for each in chat.messages()] == [asked.ts] * 2


async def test_a_thread_below_the_answer_to_a_command_keeps_no_copy_of_the_question(talk, slack):
    await talk.types("Alice", f"ask {QUESTION}")
    (answer,) = talk.messages()

    await talk.asks("Ben", "are you sure?", thread=answer)

    assert talk.shown()[0] == 'Thread: started from what assistant said: "Paris."'
    assert talk.messages()[-1].thread_ts == answer.ts
    await talk.types("Alice", "privacy forget-me")
    assert QUESTION not in str(await talk.history(thread=answer.ts))


async def test_a_thread_below_a_later_part_of_an_answer_knows_that_part(talk, slack):
    talk.model.reply_text = "\n".join(f"{n}. {'-'.join(['word'] * 8)}" for n in range(400))
    await talk.says("Alice", "tell me everything?")
    last = talk.messages()[-1]
    talk.model.reply_text = "Yes."

    await talk.asks("Ben", "are you sure?", thread=last)

    assert talk.shown()[0].startswith("Thread: started from what assistant said: ")
    assert last.text.splitlines()[0] in talk.shown()[0]
    assert talk.messages()[-1].thread_ts == last.ts
