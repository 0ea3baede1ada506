"""Who takes the word, when, and what becomes of it: turns of a conversation on Discord."""

from datetime import timedelta

from bot.messages import Rule
from tests.fakes import PausingModel

QUESTION = "what is the capital of France?"


async def last_rule(chat):
    (last,) = await chat.store.decisions.last(chat.place(chat.server.general), 1)
    return last.decision.rule


async def test_a_reply_to_what_it_said_is_said_to_it_with_or_without_a_ping(talk, server):
    mia = server.member("Mia")
    await talk.asks(mia, QUESTION)
    (answer,) = talk.messages()

    for ping in (True, False):
        reply = await mia.replies(answer, "thanks", ping=ping)
        await talk.heard(server.general, reply)

        assert await last_rule(talk) is Rule.ADDRESSED


async def test_a_reply_to_any_part_of_a_long_answer_is_said_to_it(talk, server):
    mia = server.member("Mia")
    talk.model.reply_text = "\n".join(
        f"{n}. A line of some length, and no more." for n in range(99)
    )
    await talk.asks(mia, "tell me everything")

    reply = await mia.replies(talk.messages()[-1], "thanks", ping=False)
    await talk.heard(server.general, reply)

    assert await last_rule(talk) is Rule.ADDRESSED


async def test_who_shouts_to_everyone_does_not_ask_it(talk, server):
    await talk.says(server.founder, "@everyone the server restarts tonight")

    assert talk.posts() == []
    assert await last_rule(talk) is Rule.THRESHOLD


async def test_its_name_alone_does_not_ask_it(talk, server):
    await talk.says(server.member("Mia"), "I wonder what Earshot thinks")

    assert await last_rule(talk) is Rule.THRESHOLD


async def test_what_discord_tells_twice_is_answered_once(talk, server):
    mia = server.member("Mia")
    await talk.asks(mia, QUESTION)

    server.gateway.again("MESSAGE_CREATE")
    await talk.says(mia, "thanks")

    assert talk.posts() == ["Paris."]
    assert [text for _, text in await talk.history(server.general)].count("thanks") == 1


async def test_who_changes_the_name_is_called_by_the_new_one(talk, server):
    mia = server.member("Mia")
    await talk.says(mia, "hello")

    server.member("Mia", nick="Captain Mia")
    await talk.says(mia, "it is me")

    assert talk.shown()[0] == "Captain Mia: hello"
    assert talk.shown()[2] == "Captain Mia: it is me"


async def test_a_question_asked_while_another_is_answered_is_answered_next(chat, server):
    mia, ben = server.member("Mia"), server.member("Ben")
    chat.model = PausingModel()
    async with chat.running():
        first = await mia.says(server.general, QUESTION, mentions=[server.bot])
        await chat.model.is_writing.wait()
        second = await ben.says(server.general, "and of Italy?", mentions=[server.bot])
        chat.model.may_go_on.set()
        await chat.heard(server.general, second)

        assert [answer.reply_to_id for answer in chat.messages()] == [first.id, second.id]


async def test_what_nobody_asked_for_is_kept_back_once_people_have_moved_on(chat, server):
    mia, ben = server.member("Mia"), server.member("Ben")
    chat.model = PausingModel(p_speak=lambda text: 0.1 if "of course" in text else 0.9)
    async with chat.running():
        await mia.says(server.general, QUESTION)
        await chat.model.is_writing.wait()
        moved_on = await ben.says(server.general, "Paris, of course")
        await chat.until(lambda: chat.store.messages.find(chat.place(server.general), moved_on.id))
        chat.model.may_go_on.set()
        await chat.heard(server.general, moved_on)

        assert chat.posts() == []


async def test_an_unasked_answer_is_not_given_to_what_was_deleted_meanwhile(chat, server):
    mia = server.member("Mia")
    chat.model = PausingModel()
    async with chat.running():
        asked = await mia.says(server.general, QUESTION)
        await chat.model.is_writing.wait()
        await mia.deletes(asked)
        await chat.forgotten(asked)
        chat.model.may_go_on.set()
        await chat.settled()

        assert chat.posts() == []
        assert await last_rule(chat) is Rule.WITHDRAWN


async def test_who_opts_out_is_no_longer_shown_to_the_model(talk, server):
    mia, ben = server.member("Mia"), server.member("Ben")
    await talk.says(mia, "a word of mine")

    await mia.slash("assistant privacy optout")
    await talk.says(mia, "another word of mine")
    await talk.says(ben, "hello")

    assert talk.shown() == ["Ben: hello", "("]


async def test_an_edit_of_somebody_who_opted_out_brings_no_words_back(talk, server):
    mia = server.member("Mia")
    message = await talk.says(mia, "a word of mine")
    await mia.slash("assistant privacy optout")

    await mia.edits(message, "a better word")
    await talk.says(server.member("Ben"), "hello")

    assert talk.shown() == ["Ben: hello", "("]


async def test_what_was_cleared_does_not_come_back_at_the_next_start(chat, server):
    mia = server.member("Mia")
    async with chat.running():
        await chat.says(mia, "a secret")
        await server.founder.slash("assistant clear", confirm="confirm")
        assert await chat.history(server.general) == []

    async with chat.running():
        await chat.says(mia, "hello")

        assert await chat.history(server.general) == [("Mia", "hello")]


async def test_what_is_older_than_the_channel_keeps_things_goes(talk, server):
    mia = server.member("Mia")
    await talk.says(mia, "long ago", ago=timedelta(days=3))
    await talk.says(mia, "today")

    await server.founder.slash("assistant privacy retention", days=2)

    assert await talk.history(server.general) == [("Mia", "today")]


async def test_reactions_count_in_private_and_in_threads(talk, server):
    mia = server.member("Mia")
    thread = server.add_thread(server.general, "trips", by=mia)
    for place in (mia.dm, thread):
        await talk.asks(mia, QUESTION, where=place)
        await mia.reacts(talk.messages(place)[0], "👍")

        async def is_kept(place=place):
            since = talk.bot.clock.now() - timedelta(hours=1)
            return await talk.store.feedback.received(talk.place(place), since=since)

        await talk.until(is_kept)


async def test_a_question_deleted_while_its_answer_is_on_the_way_takes_it_along(chat, server):
    mia = server.member("Mia")
    async with chat.running():
        await chat.set(stream_replies=False)
        await server.until(lambda: server.posts(server.general))  # the greeting
        gate = server.faults.hold(on=f"POST /channels/{server.general.id}/messages", after=True)
        asked = await mia.says(server.general, QUESTION, mentions=[server.bot])
        await gate.reached.wait()
        await mia.deletes(asked)
        await chat.forgotten(asked)
        gate.open()
        await chat.settled()

        await server.until(lambda: chat.posts() == [])
        assert ("Earshot", "Paris.") not in await chat.history(server.general)


async def test_questions_and_answers_deleted_at_once_are_both_forgotten(talk, server):
    mia = server.member("Mia")
    asked = [await talk.asks(mia, f"{QUESTION} {number}") for number in range(2)]

    server.acts.delete_many(server.general, [*talk.messages(), *asked])
    await talk.says(mia, "so")

    assert await talk.history(server.general) == [("Mia", "so")]
