"""What Earshot hears on Discord, and what the model sees of it."""

from bot.messages import Mode
from tests.discord_server import Message
from tests.discord_server.message_views import message_json
from tests.discord_server.odd import webhook_says
from tests.discord_server.views import member_json
from tests.discord_server.world import MessageType
from tests.fakes import PausingModel

NEXT = "what do you think?"


async def seen_after(talk, *, by="Ben"):
    """Let somebody ask, and give the lines that the model sees before the question."""
    await talk.says(talk.server.member(by), NEXT)
    turns = [turn for turn in talk.shown() if not turn.startswith("(")]
    lines = [line for turn in turns for line in turn.splitlines()]
    return lines[: lines.index(f"{by}: {NEXT}")]


async def raw(server, person, **parts):
    """Let Discord tell of a message that has parts no test server knows."""
    message = Message(server.ids.next(), server.general, person.user, "", server.clock.now())
    member = member_json(server.guild.members[person.id])
    shown = {**message_json(message, reader=server.bot, has_content=True), "member": member}
    shown |= {"guild_id": server.guild.id, **parts}
    server.gateway.emit("MESSAGE_CREATE", shown, guild=server.guild)
    return message


async def test_an_edit_changes_what_the_model_sees_next(talk, server):
    mia = server.member("Mia")
    message = await talk.says(mia, "lunch at noon")

    await mia.edits(message, "lunch at one")

    assert await seen_after(talk) == ["Mia: lunch at one"]


async def test_what_was_deleted_the_model_sees_no_more(talk, server):
    mia = server.member("Mia")
    message = await talk.says(mia, "my password is swordfish")
    await talk.says(mia, "oops")

    await mia.deletes(message)

    assert await seen_after(talk) == ["Mia: oops"]


async def test_what_was_deleted_in_bulk_the_model_sees_no_more(talk, server):
    mia = server.member("Mia")
    spam = [await talk.says(mia, f"buy {number}") for number in range(3)]
    await talk.says(mia, "sorry")

    server.acts.delete_many(server.general, spam)

    assert await seen_after(talk) == ["Mia: sorry"]


async def test_a_question_deleted_while_the_answer_is_written_is_not_answered(chat, server):
    mia = server.member("Mia")
    chat.model = PausingModel(reply_text="The capital of France is| Paris.")
    async with chat.running():
        asked = await mia.says(server.general, "the capital of France?", mentions=[server.bot])
        await server.until(chat.posts)

        await mia.deletes(asked)
        await chat.forgotten(asked)
        chat.model.may_go_on.set()
        await chat.settled()

        assert chat.posts() == []
        (decision,) = await chat.store.decisions.last(chat.place(server.general), 5)
        assert decision.decision.rule == "withdrawn"


async def test_the_answer_to_a_question_that_is_deleted_goes_with_it(talk, server):
    mia = server.member("Mia")
    asked = await talk.asks(mia, "what is the capital of France?")
    assert talk.posts() == ["Paris."]

    await mia.deletes(asked)

    await server.until(lambda: talk.posts() == [])
    await talk.settled()
    assert await seen_after(talk) == []


async def test_all_parts_of_an_answer_go_with_its_question(talk, server):
    mia = server.member("Mia")
    talk.model.reply_text = "\n".join(
        f"{n}. A line of some length, and no more." for n in range(120)
    )
    asked = await talk.asks(mia, "tell me everything")
    assert len(talk.posts()) > 1

    await mia.deletes(asked)

    await server.until(lambda: talk.posts() == [])


async def test_people_go_by_the_names_that_others_see(talk, server):
    mia = server.member("Mia", nick="Mia from Ops")

    await talk.says(mia, "the server is down")

    assert await seen_after(talk) == ["Mia from Ops: the server is down"]


async def test_two_people_of_one_name_stay_apart(talk, server):
    mia, other = server.member("Mia"), server.member("Mia Meyer", nick="Mia")

    await talk.says(mia, "I say yes")
    await talk.says(other, "I say no")

    first, second = await seen_after(talk)
    assert first == "Mia: I say yes"
    assert second.endswith(": I say no")
    assert second.startswith("Mia")
    assert not second.startswith("Mia:")


async def test_mentions_are_names(talk, server):
    mia, ben = server.member("Mia"), server.member("Ben", nick="Benny")
    crew, news = server.add_role("crew"), server.add_channel("news")
    await talk.says(ben, "hello")

    await talk.says(
        mia, f"{ben.mention} {crew.mention} see {news.mention} and ask {server.bot.mention}"
    )

    assert talk.shown()[-2] == "Mia: @Benny @crew see #news and ask assistant"


async def test_custom_emoji_are_their_names(talk, server):
    await talk.says(server.member("Mia"), "well done <:party:123456789012345678>")

    assert await seen_after(talk) == ["Mia: well done :party:"]


async def test_a_sticker_is_named(talk, server):
    sticker = {"id": "12", "name": "Waving cat", "format_type": 1}
    message = await raw(server, server.member("Mia"), sticker_items=[sticker])
    await talk.heard(server.general, message)

    assert await seen_after(talk) == ["Mia: [sticker: Waving cat]"]


async def test_a_poll_is_told_by_its_question_and_answers(talk, server):
    answers = [{"answer_id": n, "poll_media": {"text": t}} for n, t in enumerate(("tea", "coffee"))]
    poll = {
        "question": {"text": "What do we drink?"},
        "answers": answers,
        "expiry": "2030-01-01T00:00:00+00:00",
        "allow_multiselect": False,
        "layout_type": 1,
    }
    message = await raw(server, server.member("Mia"), poll=poll)
    await talk.heard(server.general, message)

    assert await seen_after(talk) == ["Mia: [poll: What do we drink? (tea / coffee)]"]


async def test_text_files_are_read_and_pictures_named(talk, server):
    files = [("notes.txt", b"buy milk"), ("cat.png", b"\x89PNG")]
    await talk.says(server.member("Mia"), "here", files=files)

    assert await seen_after(talk) == ["Mia: here [file notes.txt: buy milk] [image cat.png]"]


async def test_who_joins_says_nothing(talk, server):
    mia = server.member("Mia")
    await raw(server, mia, type=int(MessageType.JOINED))
    await raw(server, mia, type=int(MessageType.PINNED))

    assert await seen_after(talk) == []


async def test_bots_and_webhooks_are_heard_and_not_answered(talk, server):
    robot = server.member("Robot", bot=True)
    await talk.says(robot, "is anybody there?", mentions=[server.bot])
    relayed = webhook_says(server, server.general, "Mia (IRC)", "what is up?")
    await talk.heard(server.general, relayed)

    assert talk.posts() == []
    assert await talk.history(server.general) == [
        ("Robot", "@Earshot is anybody there?"),
        ("Mia (IRC)", "what is up?"),
    ]


async def test_bots_are_answered_as_often_in_a_row_as_they_may_be(talk, server):
    robot = server.member("Robot", bot=True)
    await server.founder.slash("assistant limits bots", times=2)
    before = len(talk.posts())

    for number in range(4):
        await talk.asks(robot, f"question {number}?")
    assert len(talk.posts()) == before + 2

    await talk.says(server.member("Mia"), "poor robot")
    await talk.asks(robot, "question 5?")
    assert len(talk.posts()) == before + 3


async def test_where_it_is_off_nothing_is_kept_of_what_was_said_then(talk, server):
    mia = server.member("Mia")
    await server.founder.slash("assistant mode", mode="off")
    await mia.says(server.general, "a secret")
    await talk.says(mia, "hello", where=mia.dm)  # until the secret, said before, came and went

    await server.founder.slash("assistant mode", mode="active")

    assert (await seen_after(talk))[-1:] != ["Mia: a secret"]
    settings = await talk.store.channels.settings(talk.place(server.general))
    assert settings.mode is Mode.ACTIVE
    assert "a secret" not in str(await talk.history(server.general))
