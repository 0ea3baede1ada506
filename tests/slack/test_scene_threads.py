"""Threads on Slack: conversations of their own, which know what they hang on."""

from bot.messages import Mode
from tests.fakes import PausingModel

QUESTION = "what is the capital of France?"


async def test_who_goes_on_in_the_thread_of_an_answer_is_understood(talk, slack):
    asked = await talk.asks("Alice", QUESTION)

    await talk.asks("Alice", "and of Italy?", thread=asked)

    assert talk.shown()[:3] == [
        f"Alice: assistant {QUESTION}",
        "(response) Paris.",
        "Alice: assistant and of Italy?",
    ]
    assert [each.thread_ts for each in talk.messages()] == [asked.ts] * 2


async def test_in_the_thread_of_its_answer_nobody_needs_to_mention_it(talk, slack):
    asked = await talk.asks("Alice", QUESTION)

    await talk.says("Alice", "and of Italy?", thread=asked)

    assert [each.thread_ts for each in talk.messages()] == [asked.ts] * 2
    assert talk.shown()[1] == "(response) Paris."


async def test_a_thread_knows_its_parent(talk, slack):
    parent = await talk.says("Alice", "we meet on Friday")

    await talk.asks("Ben", "when?", thread=parent)

    assert [turn for turn in talk.shown() if not turn.startswith("(")] == [
        "Alice: we meet on Friday",
        "Ben: assistant when?",
    ]
    (answer,) = talk.messages()
    assert answer.thread_ts == parent.ts
    assert not answer.broadcast


async def test_a_thread_is_a_conversation_of_its_own(talk, slack):
    await talk.says("Alice", "in the channel")
    parent = await talk.says("Alice", "lunch")
    await talk.asks("Ben", "when?", thread=parent)

    await talk.says("Alice", "well?")

    assert "when?" not in "\n".join(talk.shown())
    assert "in the channel" in "\n".join(talk.shown())
    assert await talk.history() == [
        ("Alice", "in the channel"),
        ("Alice", "lunch"),
        ("Alice", "well?"),
        ("Earshot", "Paris."),
    ]


async def test_threads_are_followed_unless_the_channel_wants_none_of_that(talk, slack):
    parent = await talk.says("Alice", "trips")
    await talk.says("Ben", "where to?", thread=parent)
    assert len(talk.posts()) == 1

    await talk.types("Olga", "replies threads off")
    before = len(talk.posts())
    await talk.says("Ben", "and when?", thread=parent)
    assert len(talk.posts()) == before

    await talk.asks("Ben", "and when?", thread=parent)
    assert talk.messages()[-1].thread_ts == parent.ts
    assert len(talk.posts()) == before + 1


async def test_where_references_are_off_answers_stand_in_the_channel(talk, slack):
    await talk.types("Olga", "replies reference off")

    await talk.asks("Alice", QUESTION)

    assert (talk.messages()[-1].text, talk.messages()[-1].thread_ts) == ("Paris.", None)


async def test_what_is_asked_in_a_thread_is_answered_there_also_without_references(talk, slack):
    await talk.set(reply_as_reference=False)
    parent = await talk.says("Alice", "trips")

    await talk.asks("Ben", QUESTION, thread=parent)

    (answer,) = talk.messages()
    assert answer.thread_ts == parent.ts


async def test_what_nobody_asked_for_is_said_where_the_talk_is(talk, slack):
    await talk.says("Alice", "does anybody know the capital of France?")
    parent = await talk.says("Alice", "trips")
    await talk.says("Ben", "where to?", thread=parent)

    assert [each.thread_ts for each in talk.messages()] == [None, parent.ts]


async def test_below_its_own_words_nobody_needs_to_mention_it(talk, slack):
    await talk.says("Alice", "does anybody know the capital of France?")
    (own,) = talk.messages()
    await talk.set(mode=Mode.MENTION)

    await talk.says("Ben", "I am sure of that", thread=own)

    assert [each.thread_ts for each in talk.messages()] == [None, own.ts]


async def test_below_its_own_words_two_people_who_talk_are_left_alone(talk, slack):
    await talk.says("Alice", "does anybody know the capital of France?")
    (own,) = talk.messages()
    await talk.set(mode=Mode.MENTION)

    await talk.says("Ben", "I am sure of that", thread=own)
    await talk.says("Alice", "so am I", thread=own)
    await talk.says("Ben", "good", thread=own)

    assert [each.thread_ts for each in talk.messages()] == [None, own.ts]


async def test_what_people_say_to_each_other_below_its_words_is_theirs(talk, slack):
    await talk.says("Alice", "does anybody know the capital of France?")
    (own,) = talk.messages()
    await talk.set(mode=Mode.MENTION)

    await talk.says("Ben", f"{slack.member('Alice').mention} there you are", thread=own)

    assert talk.messages() == [own]


async def test_whoever_calls_a_user_group_below_its_words_does_not_mean_it(talk, slack):
    await talk.says("Alice", "does anybody know the capital of France?")
    (own,) = talk.messages()
    await talk.set(mode=Mode.MENTION)

    await talk.says("Ben", "<!subteam^S0PAINT> please look at this", thread=own)

    assert talk.messages() == [own]


async def test_thanks_in_the_thread_of_somebodys_question_gets_no_answer(talk, slack):
    await talk.set(mode=Mode.MENTION)
    asked = await talk.asks("Alice", QUESTION)

    await talk.says("Alice", "thanks", thread=asked)

    (answer,) = talk.messages()
    assert answer.thread_ts == asked.ts


async def test_a_reply_that_the_channel_sees_too_is_heard_in_both_and_answered_once(talk, slack):
    parent = await talk.says("Alice", "trips")

    said = await talk.says("Ben", f"{slack.bot.mention} where to?", thread=parent, broadcast=True)

    (answer,) = talk.messages()
    assert answer.thread_ts == parent.ts
    assert ("Ben", "@Earshot where to?") in await talk.history()
    assert ("Ben", "@Earshot where to?") in await talk.history(thread=parent.ts)

    await slack.deletes(said)
    await slack.until(lambda: talk.posts() == [])
    await talk.settled()
    assert await talk.history() == [("Alice", "trips")]
    assert await talk.history(thread=parent.ts) == [("Alice", "trips")]


async def test_a_reply_that_the_channel_sees_too_is_answered_once_however_often_one_looks(
    talk, slack
):
    parent = await talk.says("Alice", "trips")
    await talk.says("Ben", f"{slack.bot.mention} where to?", thread=parent, broadcast=True)

    await talk.bot.rounds.post()
    await talk.settled()

    (answer,) = talk.messages()
    assert answer.thread_ts == parent.ts


async def test_settings_of_a_channel_hold_in_its_threads(talk, slack):
    await talk.types("Olga", "mode mention")
    before = len(talk.posts())
    parent = await talk.says("Alice", "trips")

    await talk.says("Ben", "who comes along?", thread=parent)
    assert len(talk.posts()) == before

    await talk.asks("Ben", QUESTION, thread=parent)
    assert len(talk.posts()) == before + 1


async def test_a_thread_in_a_direct_chat_is_one_too(talk, slack):
    first = await talk.says("Alice", "good morning", where="@Alice")
    (answer,) = talk.messages("@Alice")
    assert answer.thread_ts is None

    await talk.says("Alice", "how are you?", where="@Alice", thread=first)

    assert talk.messages("@Alice")[-1].thread_ts == first.ts
    assert talk.shown() == [
        "Alice: good morning",
        "(response) Paris.",
        "Alice: how are you?",
        "(response)",
    ]


async def test_two_threads_are_answered_each_in_its_own_time(chat, slack):
    chat.model = PausingModel(reply_text="|Paris.")
    async with chat.running():
        parents = [await chat.says("Alice", f"trip {number}") for number in range(2)]
        for parent in parents:
            await slack.says("Ben", "general", f"{slack.bot.mention} {QUESTION}", thread=parent)
        await chat.until(lambda: writing(chat, 2))
        chat.model.may_go_on.set()
        await chat.settled()

        assert sorted(each.thread_ts for each in chat.messages()) == [one.ts for one in parents]


async def writing(chat, num):
    asked = [turns for turns in chat.model.asked if turns[-1]["content"] == "(response)"]
    return len(asked) == num


async def test_who_says_a_command_in_a_thread_is_answered_there_alone(talk, slack):
    parent = await talk.asks("Alice", QUESTION)

    await talk.asks("Alice", "!help", thread=parent)
    await talk.asks("Alice", "!mode off", thread=parent)

    told, refused = slack.whispers("general", "Alice")
    assert {told.thread_ts, refused.thread_ts} == {parent.ts}
    assert refused.text.startswith("Only ")
    assert talk.posts() == ["Paris."]
