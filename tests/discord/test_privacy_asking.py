"""Who asks about somebody's message keeps none of its words."""


async def asked_about(talk, person, message, question="whose is it?"):
    """Choose the menu's command, fill in the form, and give the answer and the question's entry."""
    form = await person.asks_about(message)
    asked = await person.submits(form, question=question)
    await talk.settled()
    entries = await talk.store.messages.recent(talk.place(message.channel), limit=100)
    return asked, next(each for each in entries if each.id.startswith("ask-"))


async def test_the_words_asked_about_stay_in_their_own_row(talk, server):
    words = await talk.says(server.member("Ana"), "my number is 555")

    asked, entry = await asked_about(talk, server.member("Ben"), words)

    assert (entry.text, entry.reply_to) == ("whose is it?", words.id)
    assert "555" not in asked.text


async def test_what_is_forgotten_is_in_no_question_about_it(talk, server):
    ana = server.member("Ana")
    words = await talk.says(ana, "my number is 555-0199")
    await asked_about(talk, server.member("Ben"), words)

    await ana.slash("assistant privacy forget-me")

    assert "555-0199" not in str(
        await talk.store.messages.recent(talk.place(server.general), limit=9)
    )


async def test_the_question_is_shown_with_a_link_to_the_message(talk, server):
    words = await talk.says(server.member("Ana"), "my number is 555")

    asked, _ = await asked_about(talk, server.member("Ben"), words, "why? " * 99)

    place = f"{server.guild.id}/{server.general.id}"
    assert f"https://discord.com/channels/{place}/{words.id}\n" in asked.text


async def test_a_later_part_of_a_reply_is_asked_about_as_that_reply(talk, server):
    talk.model.reply_text = "long words " * 400
    await talk.asks(server.member("Ana"), "tell me all")
    first, *_, last = talk.messages()

    _, entry = await asked_about(talk, server.member("Ben"), last)

    assert (entry.reply_to, first.id != last.id) == (first.id, True)
