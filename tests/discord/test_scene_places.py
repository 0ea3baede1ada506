"""Where people talk on Discord: threads, forum posts, direct messages, voice channels, servers."""

from tests.discord_server import ChannelType
from tests.fakes import PausingModel

QUESTION = "what is the capital of France?"


async def test_a_thread_knows_the_message_it_was_made_of(talk, server):
    mia, ben = server.member("Mia"), server.member("Ben")
    starter = await talk.says(mia, "Lyon or Paris")
    thread = server.add_thread(server.general, "trips", by=ben, starter=starter)

    await talk.asks(ben, QUESTION, where=thread)

    assert "\n".join(talk.shown()).splitlines()[0] == "Mia: Lyon or Paris"
    assert talk.posts(thread) == ["Paris."]


async def test_a_thread_made_of_its_own_words_knows_them(talk, server):
    mia = server.member("Mia")
    await talk.asks(mia, QUESTION)
    thread = server.add_thread(server.general, "why", by=mia, starter=talk.messages()[0])

    await talk.asks(mia, "are you sure?", where=thread)

    assert talk.shown()[0] == 'Thread: started from what assistant said: "Paris."'
    assert talk.posts(thread)[-1] == "Paris."


async def test_words_of_its_own_that_are_deleted_go_from_the_thread_made_of_them(talk, server):
    mia = server.member("Mia")
    asked = await talk.asks(mia, QUESTION)
    thread = server.add_thread(server.general, "why", by=mia, starter=talk.messages()[0])
    await talk.says(mia, "hm", where=thread)
    assert len(await talk.history(thread)) == 2

    await mia.deletes(asked)

    async def is_gone():
        return await talk.history(thread) == [("Mia", "hm")]

    await talk.until(is_gone)


async def test_a_thread_is_a_conversation_of_its_own(talk, server):
    mia = server.member("Mia")
    await talk.says(mia, "in the channel")
    thread = server.add_thread(server.general, "trips", by=mia)

    await talk.asks(mia, QUESTION, where=thread)

    assert talk.posts(thread) == ["Paris."]
    assert talk.posts() == []
    assert await talk.history(thread) == [("Mia", f"@Earshot {QUESTION}"), ("Earshot", "Paris.")]
    assert "in the channel" not in str(talk.shown())


async def test_a_thread_begun_while_it_runs_is_heard_from_the_first_word(talk, server):
    mia = server.member("Mia")
    thread = server.add_thread(server.general, "trips", by=mia)

    await talk.says(mia, "who comes along?", where=thread)

    assert talk.posts(thread) == ["Paris."]


async def test_a_forum_post_is_heard_with_its_title(talk, server):
    mia = server.member("Mia")
    forum = server.add_channel("help", ChannelType.FORUM)

    post = await server.add_post(forum, "The printer burns", "what do I do?", by=mia)
    await server.until(lambda: talk.posts(post) == ["Paris."])
    await talk.settled()

    assert (await talk.history(post))[0] == ("Mia", "Title: The printer burns\nwhat do I do?")


async def test_settings_of_a_channel_hold_in_its_threads(talk, server):
    mia = server.member("Mia")
    await server.founder.slash("assistant mode", mode="mention")
    thread = server.add_thread(server.general, "trips", by=mia)

    await talk.says(mia, "who comes along?", where=thread)
    assert talk.posts(thread) == []

    await talk.asks(mia, QUESTION, where=thread)
    assert talk.posts(thread) == ["Paris."]


async def test_what_was_said_in_a_deleted_thread_is_forgotten(talk, server):
    mia = server.member("Mia")
    thread = server.add_thread(server.general, "trips", by=mia)
    await talk.asks(mia, QUESTION, where=thread)
    await talk.says(mia, "in the channel")

    server.acts.delete_channel(thread)

    await talk.until(lambda: is_forgotten(talk, thread))
    assert await talk.history(server.general) == [("Mia", "in the channel")]


async def is_forgotten(talk, channel):
    return not await talk.history(channel)


async def test_what_was_said_in_a_deleted_channel_and_its_threads_is_forgotten(talk, server):
    mia, news = server.member("Mia"), server.add_channel("news")
    thread = server.add_thread(news, "trips", by=mia)
    await talk.says(mia, "one", where=news)
    await talk.says(mia, "two", where=thread)
    await talk.says(mia, "three")

    server.acts.delete_channel(news)

    await talk.until(lambda: is_forgotten(talk, news))
    await talk.until(lambda: is_forgotten(talk, thread))
    assert await talk.history(server.general) == [("Mia", "three")]


async def test_a_channel_deleted_while_the_answer_is_written_is_let_go(chat, server):
    mia, news = server.member("Mia"), server.add_channel("news")
    chat.model = PausingModel(reply_text="The capital of France is| Paris.")
    async with chat.running():
        await mia.says(news, QUESTION, mentions=[server.bot])
        await server.until(lambda: chat.posts(news))

        server.acts.delete_channel(news)
        chat.model.may_go_on.set()
        await chat.settled()
        chat.model.reply_text = "Paris.|"
        await chat.asks(mia, QUESTION)

        assert chat.posts() == ["Paris."]


async def test_a_thread_that_sleeps_wakes_for_its_answer(talk, server):
    mia = server.member("Mia")
    thread = server.add_thread(server.general, "trips", by=mia)
    await talk.says(mia, "good night", where=thread)
    server.acts.archive(thread, archived=True)

    await talk.asks(mia, QUESTION, where=thread)

    assert talk.posts(thread) == ["Paris."]
    assert [text for _, text in await talk.history(thread)] == [
        "good night",
        f"@Earshot {QUESTION}",
        "Paris.",
    ]


async def test_an_edit_in_a_thread_is_that_of_the_thread(talk, server):
    mia = server.member("Mia")
    thread = server.add_thread(server.general, "trips", by=mia)
    message = await talk.says(mia, "to Rome", where=thread)

    await mia.edits(message, "to Nice")
    await talk.says(mia, "and back", where=thread)

    assert await talk.history(thread) == [("Mia", "to Nice"), ("Mia", "and back")]


async def test_the_first_message_of_a_thread_is_edited_and_deleted_with_the_original(talk, server):
    mia = server.member("Mia")
    starter = await talk.says(mia, "Lyon or Paris")
    thread = server.add_thread(server.general, "trips", by=mia, starter=starter)
    await talk.says(mia, "hm", where=thread)

    await mia.edits(starter, "Lyon or Nice")
    await talk.says(mia, "so")
    assert (await talk.history(thread))[0] == ("Mia", "Lyon or Nice")

    await mia.deletes(starter)
    await talk.says(mia, "or not")
    assert await talk.history(thread) == [("Mia", "hm")]


async def test_whatever_is_said_in_private_is_answered(talk, server):
    mia = server.member("Mia")

    await talk.says(mia, "good morning", where=mia.dm)

    assert talk.posts(mia.dm) == ["Paris."]
    assert talk.posts() == []


async def test_an_edit_in_private_changes_what_the_model_sees_next(talk, server):
    mia = server.member("Mia")
    message = await talk.says(mia, "good morning", where=mia.dm)

    await mia.edits(message, "good evening")
    await talk.says(mia, "how are you?", where=mia.dm)

    assert talk.shown()[0] == "Mia: good evening"


async def test_a_question_deleted_in_private_takes_its_answer_along(talk, server):
    mia = server.member("Mia")
    message = await talk.says(mia, "good morning", where=mia.dm)

    await mia.deletes(message)

    await server.until(lambda: talk.posts(mia.dm) == [])


async def test_the_chat_of_a_voice_channel_is_a_channel(talk, server):
    voice = server.add_channel("lounge", ChannelType.VOICE)

    await talk.asks(server.member("Mia"), QUESTION, where=voice)

    assert talk.posts(voice) == ["Paris."]


async def test_servers_are_kept_apart(talk, server):
    other = server.add_guild("Island")
    beach = server.add_channel("beach", guild=other)
    mia = server.member("Mia", nick="Captain")
    server.member("Mia", guild=other, nick="Castaway")
    await mia.slash("assistant privacy optout")

    await talk.says(mia, "a word in the harbor")
    await talk.says(mia, "who is there?", where=beach)

    assert talk.posts(beach) == ["Paris."]
    assert talk.shown()[:1] == ["Castaway: who is there?"]
    assert await talk.history(server.general) == [("Captain", "")]
