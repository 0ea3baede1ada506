"""A thread made of an old message brings nothing back: its copy is heard if the original was."""

from datetime import timedelta

from tests.discord_server import Permission


async def thread_of(talk, message, *, by):
    """Make a thread of a message and say something in it; give what is known of the thread."""
    thread = talk.server.add_thread(message.channel, "on that", by=by, starter=message)
    await talk.says(by, "well", where=thread)
    return [text for _, text in await talk.history(thread)]


async def test_what_was_forgotten_stays_forgotten_in_a_thread_made_of_it(talk, server):
    ana, ben = server.member("Ana"), server.member("Ben")
    words = await talk.says(ana, "my number is 555")
    await ana.slash("assistant privacy forget-me")

    assert await thread_of(talk, words, by=ben) == ["well"]


async def test_what_was_cleared_stays_cleared_in_a_thread_made_of_it(talk, server):
    words = await talk.says(server.member("Ana"), "my number is 555")
    await server.founder.slash("assistant clear", confirm="confirm")

    assert await thread_of(talk, words, by=server.member("Ben")) == ["well"]


async def test_its_own_words_that_were_cleared_are_not_quoted_in_a_thread(talk, server):
    ana = server.member("Ana")
    await talk.asks(ana, "the capital?")
    (reply,) = talk.messages()
    await server.founder.slash("assistant clear", confirm="confirm")

    assert await thread_of(talk, reply, by=ana) == ["well"]


async def test_what_is_too_old_to_be_kept_is_not_heard_in_a_thread_made_of_it(talk, server):
    ana = server.member("Ana")
    words = await talk.says(ana, "my number is 555")
    await talk.set(retention_days=1)
    await talk.store.messages.purge(words.sent_at + timedelta(days=2))

    assert await thread_of(talk, words, by=ana) == ["well"]


async def test_what_was_said_before_it_came_is_not_heard_in_a_thread_made_of_it(chat, server):
    ana = server.member("Ana")
    words = await ana.says(server.general, "my number is 555", ago=timedelta(hours=1))
    async with chat.running():
        assert await thread_of(chat, words, by=ana) == ["well"]


async def test_what_was_said_while_the_channel_was_hidden_is_not_heard_in_a_thread(talk, server):
    ana = server.member("Ana")
    server.change_permissions(server.general, deny=Permission.VIEW_CHANNEL)
    await talk.says(ana, "hello", where=ana.dm)  # by now the bot knows
    words = await ana.says(server.general, "my number is 555")
    server.change_permissions(server.general, allow=Permission.VIEW_CHANNEL)
    await talk.says(ana, "hello again")

    assert await thread_of(talk, words, by=ana) == ["well"]


async def test_a_thread_made_of_what_is_known_begins_with_it(talk, server):
    ana = server.member("Ana")
    words = await talk.says(ana, "shall we go?")

    assert await thread_of(talk, words, by=ana) == ["shall we go?", "well"]


async def test_a_thread_made_of_a_later_part_of_a_reply_quotes_it(talk, server):
    ana = server.member("Ana")
    talk.model.reply_text = "long words " * 400
    await talk.asks(ana, "tell me all")
    *_, last = talk.messages()
    await talk.says(ana, "hm")

    quote, *_ = await thread_of(talk, last, by=ana)
    assert quote.startswith("started from what Earshot said")
