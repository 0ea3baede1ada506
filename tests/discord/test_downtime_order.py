"""What was missed and could not be fetched at once stands, once it is fetched, where it was said."""

import pytest

from bot.platforms import crowds
from tests.discord.test_gaps_sessions import anew
from tests.discord.weather import Weather
from tests.logs import logged
from tests.waiting import seen

FETCH = "GET */messages"


@pytest.fixture
def chat(server, database_url):
    return Weather(server, database_url)


@pytest.fixture(params=["database_url", "postgresql_url"])
def on_either(request, server):
    """The chat on each of both databases."""
    return Weather(server, request.getfixturevalue(request.param))


@pytest.fixture
def ben(server):
    return server.member("Ben")


async def missed_after_a_first_word(chat, ben, *texts):
    """Let the bot hear a first word, and Ben say more while it is away; nothing can be fetched."""
    general = chat.server.general
    async with chat.running():
        await chat.heard(general, await ben.says(general, "first"))
    for text in texts:
        await ben.says(general, text)
    nothing_can_be_fetched(chat)


def nothing_can_be_fetched(chat):
    chat.server.faults.respond(503, on=FETCH, times=999)


async def heard(chat, ben, *texts):
    """Let Ben say something that is heard at once."""
    for text in texts:
        await chat.says(ben, text)


async def fetched_later(chat):
    """Let Discord give the history again, and wait until nothing of it is missing."""
    chat.server.faults.clear()

    async def is_closed():
        chat.naps.over()
        return await chat.store.marks.gap_from(chat.place()) is None

    await chat.until(is_closed)
    async with chat.bot.parts.ears.turns.turn(int(chat.server.general.id)):
        pass
    await chat.settled()


async def test_it_stands_before_what_was_heard_meanwhile(chat, ben):
    await missed_after_a_first_word(chat, ben, "missed 1", "missed 2")

    async with chat.running():
        await heard(chat, ben, "live 1", "live 2")
        await fetched_later(chat)
        await heard(chat, ben, "live 3")

        assert await chat.texts() == ["first", "missed 1", "missed 2", "live 1", "live 2", "live 3"]


async def test_it_does_also_after_a_restart(on_either, ben):
    chat = on_either
    await missed_after_a_first_word(chat, ben, "missed 1", "missed 2")
    async with chat.running():
        await heard(chat, ben, "live 1")
    await ben.says(chat.server.general, "missed 3")
    chat.server.faults.clear()

    async with chat.running():
        await heard(chat, ben, "live 2")

        texts = ["first", "missed 1", "missed 2", "live 1", "missed 3", "live 2"]
        assert await chat.texts() == texts


async def test_so_does_what_several_sessions_missed_one_after_the_other(chat, server, ben):
    await missed_after_a_first_word(chat, ben, "missed 1")

    async with chat.running():
        await heard(chat, ben, "live 1")
        await anew(server, lambda: ben.says(server.general, "missed 2"))
        await heard(chat, ben, "live 2")
        await anew(server, lambda: ben.says(server.general, "missed 3"))
        await heard(chat, ben, "live 3")
        await fetched_later(chat)

        texts = [
            "first",
            *(f"{how} {number}" for number in (1, 2, 3) for how in ("missed", "live")),
        ]
        assert await chat.texts() == texts


async def test_so_does_what_several_starts_missed_one_after_the_other(chat, ben):
    await missed_after_a_first_word(chat, ben, "missed 1")
    async with chat.running():
        await heard(chat, ben, "live 1")
    await ben.says(chat.server.general, "missed 2")
    async with chat.running():
        await heard(chat, ben, "live 2")
    await ben.says(chat.server.general, "missed 3")
    chat.server.faults.clear()

    async with chat.running():
        await fetched_later(chat)

        texts = ["first", "missed 1", "live 1", "missed 2", "live 2", "missed 3"]
        assert await chat.texts() == texts


async def test_a_start_at_which_nothing_was_heard_makes_one_gap_of_two(chat, ben):
    await missed_after_a_first_word(chat, ben, "missed 1")
    async with chat.running():
        await chat.until(lambda: chat.store.marks.gap_from(chat.place()))
    await ben.says(chat.server.general, "missed 2")

    async with chat.running():
        await heard(chat, ben, "live 1")
        await fetched_later(chat)

        assert await chat.texts() == ["first", "missed 1", "missed 2", "live 1"]


async def test_what_is_said_during_the_late_fetch_stands_behind_what_was_heard(chat, server, ben):
    await missed_after_a_first_word(chat, ben, "missed")

    async with chat.running():
        await heard(chat, ben, "live 1")
        server.faults.clear()
        gate = server.faults.hold(on=f"GET /channels/{server.general.id}/messages")
        chat.naps.over()
        await gate.reached.wait()
        said = await ben.says(server.general, "live 2")
        turns = chat.bot.parts.ears.turns
        await seen(lambda: turns.num_waiting(int(server.general.id)) == 2)
        gate.open()
        await chat.heard(server.general, said)
        await chat.until(lambda: _holds(chat, 4))

        assert await chat.texts() == ["first", "missed", "live 1", "live 2"]


async def _holds(chat, number):
    return len(await chat.texts()) == number


async def test_a_question_asked_by_a_command_stands_behind_it(chat, server, ben):
    await missed_after_a_first_word(chat, ben, "missed 1")
    async with chat.running():
        await ben.slash("assistant ask", question="the capital of France?")
        await chat.settled()
    await ben.says(server.general, "missed 2")
    server.faults.clear()

    async with chat.running():
        await heard(chat, ben, "live 1")

        asked = ["the capital of France?", "Paris."]
        assert await chat.texts() == ["first", "missed 1", *asked, "missed 2", "live 1"]


async def test_a_question_in_it_is_answered_once_and_all_of_it_decided_on_together(
    chat, server, ben
):
    await missed_after_a_first_word(chat, ben, "missed 1")
    async with chat.running():
        await heard(chat, ben, "live 1")
        asked = await anew(
            server,
            lambda: ben.says(server.general, "the capital of France?", mentions=[server.bot]),
        )
        await heard(chat, ben, "live 2")
        num_before = len(await chat.decisions())
        await fetched_later(chat)

        assert [(each.content, each.reply_to_id) for each in chat.messages()] == [
            ("Paris.", asked.id)
        ]
        assert (await chat.decisions())[num_before:] == [("speak", "addressed")]
    async with chat.running():
        await heard(chat, ben, "live 3")

        texts = ["missed 1", "live 1", "@Earshot the capital of France?", "live 2", "Paris."]
        assert await chat.texts() == ["first", *texts, "live 3"]
        assert chat.posts() == ["Paris."]


async def test_what_a_crowd_let_go_is_not_lost_where_an_older_gap_is_open(
    chat, server, ben, monkeypatch
):
    monkeypatch.setattr(crowds, "MAX_WAITING", 3)
    await missed_after_a_first_word(chat, ben, "missed")
    here = int(server.general.id)

    async with chat.running():
        await heard(chat, ben, "live")
        await seen(lambda: not chat.bot.parts.handling.tasks)
        async with chat.bot.parts.ears.turns.turn(here):
            said = [await ben.says(server.general, str(number)) for number in range(9)]
            await seen(
                lambda: chat.bot.client.get_channel(here).last_message_id == int(said[-1].id)
            )
        await chat.heard(server.general, said[1])
        await fetched_later(chat)
        await chat.heard(server.general, said[-1])

        texts = [str(number) for number in range(9)]
        assert await chat.texts() == ["first", "missed", "live", *texts]


async def test_a_thread_begins_with_what_it_was_made_of_also_late(chat, server, ben):
    await missed_after_a_first_word(chat, ben)
    topic = await ben.says(server.general, "who brings the cake")
    thread = server.add_thread(server.general, "Cake", by=ben, starter=topic)
    await ben.says(thread, "I do")

    async with chat.running():
        await chat.says(ben, "thanks", where=thread)
        server.faults.clear()
        chat.naps.over()
        await chat.heard(thread, list(thread.messages.values())[-2])

        assert await chat.texts(thread) == ["who brings the cake", "I do", "thanks"]


async def test_what_was_cleared_meanwhile_is_not_fetched_late(chat, server, ben):
    await missed_after_a_first_word(chat, ben, "missed")

    async with chat.running():
        await heard(chat, ben, "live 1")
        await server.founder.slash("assistant clear", confirm="confirm")
        await heard(chat, ben, "live 2")
        await fetched_later(chat)

        assert await chat.texts() == ["live 2"]


async def test_nothing_late_is_recorded_where_the_mode_is_off_by_then(chat, server, ben):
    await missed_after_a_first_word(chat, ben, "missed")

    async with chat.running():
        await heard(chat, ben, "live 1")
        server.faults.clear()
        gate = server.faults.hold(on=FETCH)
        chat.naps.over()
        await gate.reached.wait()
        await server.founder.slash("assistant mode", mode="off")
        gate.open()
        await fetched_later(chat)

        assert await chat.texts() == ["first", "live 1"]


async def test_without_its_note_it_is_fetched_all_the_same(chat, server, ben, caplog):
    await missed_after_a_first_word(chat, ben, "missed")
    async with chat.running():
        await heard(chat, ben, "live 1")
        (name,) = await chat.store.notes.named("discord", "gap/", server.guild.id)
        await chat.store.notes.set("discord", f"gap/{name}/{server.guild.id}", '[["odd"]]')
    server.faults.clear()

    async with chat.running():
        await heard(chat, ben, "live 2")

        assert await chat.texts() == ["first", "live 1", "missed", "live 2"]
    assert 'Discord: a note about a gap cannot be read: [["odd"]]' in logged(caplog)


async def test_nothing_is_noted_any_more_once_it_is_fetched(chat, server, ben):
    await missed_after_a_first_word(chat, ben, "missed")

    async with chat.running():
        await heard(chat, ben, "live")
        assert await chat.store.notes.named("discord", "gap/", server.guild.id)
        await fetched_later(chat)

        assert await chat.store.notes.named("discord", "gap/", server.guild.id) == {}
