"""What Earshot's words look like on Discord, and whom they ping."""

import pytest

from bot.errors import ModelUnavailable
from bot.messages import Mode
from bot.notices import CANNOT_THINK, LISTENING, OPTED_OUT
from tests.discord_server import Permission
from tests.discord_server.world import Flags
from tests.fakes import PausingModel


def sent(server):
    """List the bodies of what the bot posted to the channel, the greeting left out."""
    calls = server.asked("POST", f"/channels/{server.general.id}/messages")
    return [call.body for call in calls if not call.body["content"].startswith("Hello, I'm")]


async def test_an_answer_refers_to_its_question_and_pings_the_one_who_asked(talk, server):
    mia = server.member("Mia")

    asked = await talk.asks(mia, "what is the capital of France?")

    (answer,) = talk.messages()
    assert (answer.content, answer.reply_to_id) == ("Paris.", asked.id)
    assert answer.pings == [mia.user]
    assert sent(server)[0]["allowed_mentions"] == {"parse": [], "replied_user": True}


async def test_what_nobody_asked_for_refers_to_nothing_and_pings_nobody(talk, server):
    await talk.says(server.member("Mia"), "does anybody know the capital of France?")

    (answer,) = talk.messages()
    assert (answer.content, answer.reply_to_id, answer.pings) == ("Paris.", None, [])


async def test_what_it_says_unasked_stays_where_it_was_asked_before(talk, server):
    mia = server.member("Mia")
    await talk.asks(mia, "what is the capital of France?")

    await talk.says(mia, "and which is that of Italy?")

    assert talk.posts() == ["Paris.", "Paris."]


async def test_answers_stand_alone_where_references_are_off(talk, server):
    await server.founder.slash("assistant replies reference", switch="off")
    before = len(talk.messages())

    await talk.asks(server.member("Mia"), "what is the capital of France?")

    answer = talk.messages()[before]
    assert (answer.content, answer.reply_to_id, answer.pings) == ("Paris.", None, [])


async def test_an_answer_shows_while_it_is_written(chat, server):
    chat.model = PausingModel(reply_text="The capital of France is| Paris.")
    async with chat.running():
        asked = await server.member("Mia").says(
            server.general, "the capital of France?", mentions=[server.bot]
        )
        await server.until(lambda: chat.posts() == ["The capital of France is"])

        chat.model.may_go_on.set()
        await chat.heard(server.general, asked)

        (answer,) = chat.messages()
        assert answer.versions == ["The capital of France is", "The capital of France is Paris."]
        assert len(sent(server)) == 1


async def test_an_answer_appears_whole_where_streaming_is_off(chat, server):
    chat.model = PausingModel(reply_text="The capital of France is| Paris.")
    async with chat.running():
        await server.founder.slash("assistant replies stream", switch="off")
        before = len(chat.posts())
        asked = await server.member("Mia").says(
            server.general, "the capital of France?", mentions=[server.bot]
        )
        await chat.model.is_writing.wait()
        assert len(chat.posts()) == before

        chat.model.may_go_on.set()
        await chat.heard(server.general, asked)

        assert chat.messages()[before].versions == ["The capital of France is Paris."]


async def test_a_long_answer_comes_in_messages_that_are_short_enough(talk, server):
    talk.model.reply_text = "\n".join(
        f"{n}. A line of some length, and no more." for n in range(120)
    )

    asked = await talk.asks(server.member("Mia"), "tell me everything")

    answers = talk.messages()
    assert len(answers) > 1
    assert all(len(answer.content) <= 2000 for answer in answers)
    assert "\n".join(answer.content for answer in answers) == talk.model.reply_text
    assert [answer.reply_to_id for answer in answers] == [asked.id] + [None] * (len(answers) - 1)
    assert (await talk.history(server.general))[-1] == ("Earshot", talk.model.reply_text)


async def test_long_code_comes_as_a_file(talk, server):
    code = "".join(f"print({n})  # one more line\n" for n in range(150))
    talk.model.reply_text = f"Here it is:\n```python\n{code}```\nThat is all."

    await talk.asks(server.member("Mia"), "write me a program")

    (file,) = [file for message in talk.messages() for file in message.attachments]
    assert (file.filename, file.content.decode()) == ("code.py", code)
    assert talk.posts() == ["Here it is:", "That is all."]


async def test_long_code_comes_in_messages_where_files_are_not_allowed(talk, server):
    server.change_permissions(server.general, deny=Permission.ATTACH_FILES)
    code = "".join(f"print({n})  # one more line\n" for n in range(150))
    talk.model.reply_text = f"Here it is:\n```python\n{code}```\nThat is all."

    await talk.asks(server.member("Mia"), "write me a program")

    assert len(talk.posts()) > 1
    assert all(len(post) <= 2000 for post in talk.posts())
    assert "print(0)" in talk.posts()[0]
    assert "That is all." in talk.posts()[-1]


async def test_whatever_the_model_writes_nobody_else_is_pinged(chat, server):
    mia, ben = server.member("Mia"), server.member("Ben")
    crew = server.add_role("crew", to=ben)
    server.change_permissions(server.general, allow=Permission.MENTION_EVERYONE)
    shout = f"@everyone @here {ben.mention} {crew.mention} come and see, all of you!"
    chat.model = PausingModel(reply_text=f"{shout}| {shout}")
    async with chat.running():
        asked = await mia.says(server.general, "who is here?", mentions=[server.bot])
        await server.until(chat.posts)
        chat.model.may_go_on.set()
        await chat.heard(server.general, asked)
        await chat.says(ben, "and what does it say unasked?")

        streamed, unasked = chat.messages()
        assert streamed.content == f"{shout} {shout}"
        assert (streamed.pings, streamed.role_pings) == ([mia.user], [])
        assert (unasked.pings, unasked.role_pings) == ([], [])
        assert not streamed.pings_everyone
        assert not unasked.pings_everyone
        edits = server.asked("PATCH", f"/messages/{streamed.id}")
        said = [*sent(server), *(call.body for call in edits)]
        assert all(body["allowed_mentions"]["parse"] == [] for body in said)


async def test_links_in_an_answer_show_no_previews(talk, server):
    talk.model.reply_text = "See https://example.com for more."

    await talk.asks(server.member("Mia"), "where can I read on?")

    assert talk.messages()[0].flags & Flags.SUPPRESS_EMBEDS


async def test_it_types_only_once_it_has_decided_to_speak(chat, server):
    typed_before = []

    def p_speak(text):
        typed_before.append(server.general.num_typing)
        return 0.9

    chat.model = PausingModel(p_speak=p_speak)
    async with chat.running():
        asked = await server.member("Mia").says(server.general, "the capital of France?")
        await server.until(lambda: server.general.num_typing == 1)
        chat.model.may_go_on.set()
        await chat.heard(server.general, asked)

    assert typed_before == [0]


async def test_it_does_not_type_where_it_stays_silent(talk, server):
    await talk.says(server.member("Mia"), "nice weather")

    assert not server.asked("POST", "/typing")


async def test_who_asks_is_told_that_the_model_fails(talk, server, caplog):
    talk.model.failure = ModelUnavailable("gone")

    asked = await talk.asks(server.member("Mia"), "what is the capital of France?")

    (notice,) = talk.messages()
    assert (notice.content, notice.reply_to_id) == (CANNOT_THINK, asked.id)
    assert notice.flags & Flags.SUPPRESS_NOTIFICATIONS


async def test_where_nobody_asked_a_failing_model_is_told_nobody(talk, server):
    talk.model.failure = ModelUnavailable("gone")

    await talk.says(server.member("Mia"), "the capital of France?")

    assert talk.posts() == []
    (decision,) = await talk.store.decisions.last(talk.place(server.general), 5)
    assert decision.decision.action == "failed"


async def test_who_asks_where_it_only_listens_is_told_so(talk, server):
    await talk.set(mode=Mode.LISTEN)

    await talk.asks(server.member("Mia"), "what is the capital of France?")

    assert talk.posts() == [LISTENING]


async def test_who_asks_where_it_is_off_hears_nothing_and_leaves_nothing(talk, server):
    await talk.set(mode=Mode.OFF)
    mia = server.member("Mia")

    await mia.says(server.general, "what is the capital of France?", mentions=[server.bot])
    await talk.says(mia, "are you there?", where=mia.dm)

    assert talk.posts() == []
    assert await talk.history(server.general) == []


async def test_who_opted_out_and_asks_is_reminded_of_it(talk, server):
    mia = server.member("Mia")
    await mia.slash("assistant privacy optout")

    await talk.asks(mia, "what is the capital of France?")
    await server.until(talk.posts)

    assert talk.posts() == [OPTED_OUT]
    assert all(text == "" for _, text in await talk.history(server.general))


@pytest.mark.parametrize("words", ["(silence)", "  "])
async def test_who_asks_and_gets_no_words_is_told_so(talk, server, words):
    talk.model.reply_text = words

    await talk.asks(server.member("Mia"), "what is the capital of France?")

    assert talk.posts() == ["I have no answer to that."]
