"""However Discord takes a reply, it is posted exactly once; or the log says why it is not."""

import pytest

from tests.discord.weather import Weather
from tests.discord_server import Permission
from tests.discord_server.gateway import IDENTIFY
from tests.discord_server.odd import poison
from tests.fakes import PausingModel
from tests.logs import logged
from tests.waiting import seen

POST = "POST */messages"
QUESTION = "the capital of France?"


@pytest.fixture
def chat(server, database_url):
    return Weather(server, database_url)


@pytest.fixture
async def talk(chat, server):
    """The bot among people, its greeting behind it."""
    async with chat.running():
        await server.until(lambda: server.posts(server.general))
        yield chat


async def asks(talk, channel=None):
    mia = talk.server.member("Mia")
    return await mia.says(channel or talk.server.general, QUESTION, mentions=[talk.server.bot])


async def answered(talk, channel=None):
    """Wait until everything is decided and posted; give the posts."""
    channel = channel or talk.server.general
    await talk.server.until(lambda: talk.posts(channel))
    await talk.settled()
    return talk.posts(channel)


FAULTS = {
    "429": lambda faults: faults.rate_limit(0.1, on=POST, times=2),
    "429 for all": lambda faults: faults.rate_limit(0.1, on=POST, times=2, for_all=True),
    "500": lambda faults: faults.respond(500, on=POST),
    "500 after": lambda faults: faults.respond(500, on=POST, after=True),
    "502 after": lambda faults: faults.respond(502, on=POST, after=True),
    "503": lambda faults: faults.respond(503, on=POST, times=3),
    "503 after": lambda faults: faults.respond(503, on=POST, times=3, after=True),
    "reset": lambda faults: faults.reset(on=POST, times=3),
    "reset after": lambda faults: faults.reset(on=POST, times=3, after=True),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_reply_is_posted_exactly_once(talk, server, fault):
    FAULTS[fault](server.faults)

    asked = await asks(talk)

    assert await answered(talk) == ["Paris."]
    assert talk.messages()[0].reply_to_id == asked.id
    assert await talk.texts() == [f"@Earshot {QUESTION}", "Paris."]


async def test_a_reply_waits_for_the_end_of_a_ban_by_the_guard_before_discord(talk, server, caplog):
    await talk.set(stream_replies=False)  # on a slow machine a draft would meet the ban
    server.faults.ban(on=POST, times=2)
    await asks(talk)
    for num_tries in (1, 2):
        await seen(lambda: sum(" has to wait: " in each for each in logged(caplog)) == num_tries)  # noqa: B023
        talk.naps.over()

    assert await answered(talk) == ["Paris."]
    assert "429 Too Many Requests <html>error code: 1015</html>" in logged(caplog)[0]


@pytest.mark.parametrize("after", [False, True])
async def test_a_client_that_dies_while_it_posts_neither_loses_nor_doubles_the_reply(
    talk, server, after
):
    gate = server.faults.hold(on=POST, after=after)
    await asks(talk)
    await gate.reached.wait()

    poison(server, server.general, server.member("Ben"))
    await server.until(lambda: server.gateway.num_heard(IDENTIFY) == 2)
    gate.open()
    await talk.settled()
    talk.naps.over()

    await server.until(lambda: talk.posts())
    await talk.heard(server.general, talk.messages()[0])
    assert talk.posts() == ["Paris."]
    assert await talk.texts() == [f"@Earshot {QUESTION}", "Paris."]


async def test_a_slow_discord_holds_up_no_other_channel(talk, server):
    tea = server.add_channel("tea")
    gate = server.faults.hold(on=f"POST /channels/{server.general.id}/messages")
    await asks(talk)
    await gate.reached.wait()

    await asks(talk, tea)
    await server.until(lambda: talk.posts(tea) == ["Paris."])
    gate.open()

    assert await answered(talk) == ["Paris."]


async def test_a_reply_waits_for_the_end_of_an_outage(talk, server, caplog):
    server.faults.respond(503, on=POST, times=99)
    await asks(talk)
    where = talk.place(server.general)
    line = f"a reply in {where} has to wait: Earshot could not write in #general of Harbor: 503"
    await seen(lambda: any(each.startswith(line) for each in logged(caplog)))
    await talk.settled()
    assert talk.posts() == []

    server.faults.clear()
    talk.naps.over()

    assert await answered(talk) == ["Paris."]
    await talk.heard(server.general, talk.messages()[0])
    assert await talk.texts() == [f"@Earshot {QUESTION}", "Paris."]


async def test_a_reply_whose_answer_was_lost_is_found_again_after_an_outage(talk, server):
    server.faults.reset(on=POST, times=1, after=True)
    server.faults.respond(503, on=POST, times=99)
    await asks(talk)
    await server.until(lambda: talk.posts())
    await talk.settled()
    server.nonces.clear()  # Discord has forgotten it meanwhile

    server.faults.clear()
    talk.naps.over()
    (reply,) = talk.messages()
    await talk.heard(server.general, reply)

    assert talk.posts() == ["Paris."]


async def test_a_reply_that_is_too_old_after_an_outage_is_withdrawn(talk, server, caplog):
    talk.bot.pipeline.delivery.max_age_s = 0.0
    server.faults.respond(503, on=POST, times=99)
    await asks(talk)
    await seen(lambda: any(" has to wait: " in each for each in logged(caplog)))
    await talk.settled()

    server.faults.clear()
    talk.naps.over()
    line = f"a reply in {talk.place(server.general)} is withdrawn: it could not be posted in time"
    await seen(lambda: line in logged(caplog))

    assert talk.posts() == []


async def refused(talk, caplog, happens, line):
    """Let something happen while a reply is written, and tell whether other channels go on."""
    await meanwhile(talk, happens)
    where = talk.place(talk.server.general)
    lines = logged(caplog)
    assert any(each.startswith(f"a reply in {where} could not be posted: ") for each in lines)
    assert any(line in each for each in lines), lines
    await answers_elsewhere(talk)


async def meanwhile(talk, happens):
    """Let something happen while a reply is written."""
    talk.model.reply_text = "The capital is| Paris."
    await talk.set(stream_replies=False)
    await asks(talk)
    await talk.model.is_writing.wait()

    happens(talk.server)
    talk.model.may_go_on.set()
    await talk.settled()


async def answers_elsewhere(talk):
    tea = talk.server.add_channel("tea")
    await asks(talk, tea)
    await talk.server.until(lambda: talk.posts(tea) == ["The capital is Paris."])


@pytest.fixture
async def writing(chat, server):
    chat.model = PausingModel()
    async with chat.running():
        await server.until(lambda: server.posts(server.general))
        yield chat


async def test_a_bot_that_is_kicked_in_the_middle_of_a_reply_goes_on_elsewhere(
    writing, server, caplog
):
    other = server.add_guild("Elsewhere")
    lobby = server.add_channel("lobby", guild=other)
    writing.model.reply_text = "The capital is| Paris."
    await asks(writing)
    await writing.model.is_writing.wait()

    server.acts.leave_guild(server.guild)
    writing.model.may_go_on.set()
    await writing.settled()
    where = writing.place(server.general)
    await seen(lambda: any(each.startswith(f"a notice in {where}") for each in logged(caplog)))
    told = [each.partition(": Earshot may not write in ")[0] for each in logged(caplog)]
    assert told[-2:] == [
        f"a reply in {where} could not be posted",
        f"a notice in {where} could not be posted",
    ]
    assert [each for each in caplog.records if each.exc_info] == []

    zoe = server.member("Zoe", guild=other)
    await zoe.says(lobby, QUESTION, mentions=[server.bot])
    await server.until(lambda: "The capital is Paris." in writing.posts(lobby))


async def test_a_channel_deleted_in_the_middle_of_a_reply(writing, server, caplog):
    await meanwhile(writing, lambda server: server.acts.delete_channel(server.general))

    where = writing.place(server.general)
    lines = {  # it depends on when Discord tells of it
        f"a reply in {where} is not posted: its decision is gone",
        f"a reply in {where} could not be posted",
    }
    assert lines & {each.partition(": Earshot")[0] for each in logged(caplog)}
    await answers_elsewhere(writing)


async def test_a_permission_taken_away_in_the_middle_of_a_reply(writing, server, caplog):
    await refused(
        writing,
        caplog,
        lambda server: server.change_permissions(server.general, deny=Permission.SEND_MESSAGES),
        "Earshot may not write in #general of Harbor: give it the permissions View Channel, "
        "Send Messages, Read Message History and Attach Files there",
    )


async def test_a_thread_archived_in_the_middle_of_a_reply_is_woken(writing, server):
    mia = server.member("Mia")
    thread = server.add_thread(server.general, "Cake", by=mia)
    writing.model.reply_text = "The capital is| Paris."
    await asks(writing, thread)
    await writing.model.is_writing.wait()

    server.acts.archive(thread, archived=True)
    writing.model.may_go_on.set()

    await server.until(lambda: writing.posts(thread) == ["The capital is Paris."])


async def test_a_thread_locked_in_the_middle_of_a_reply(writing, server, caplog):
    mia = server.member("Mia")
    thread = server.add_thread(server.general, "Cake", by=mia)
    writing.model.reply_text = "The capital is| Paris."
    await writing.set(stream_replies=False)
    await asks(writing, thread)
    await writing.model.is_writing.wait()

    thread.locked = True
    server.acts.archive(thread, archived=True)
    await seen(lambda: writing.bot.client.get_channel(int(thread.id)) is None)
    writing.model.may_go_on.set()
    await writing.settled()

    where = writing.place(thread)
    assert logged(caplog)[-1] == (
        f"a notice in {where} could not be posted: Earshot cannot write in the conversation {where}: "
        "the thread is archived, and it may not open it"
    )


async def test_neither_typing_nor_drafts_that_fail_stop_a_reply(writing, server, caplog):
    writing.model.reply_text = "The capital is this city:| Paris."
    server.faults.respond(503, on="POST */typing", times=99)
    server.faults.respond(503, on="PATCH *", times=1)
    await asks(writing)
    await server.until(lambda: writing.posts() == ["The capital is this city:"])
    writing.model.may_go_on.set()

    await server.until(lambda: writing.posts() == ["The capital is this city: Paris."])
    await writing.settled()
    line = "typing is not shown: Earshot could not show that it is typing in #general of Harbor"
    assert any(each.startswith(line) for each in logged(caplog))


async def test_a_draft_that_fails_stops_no_reply(writing, server, caplog):
    writing.model.reply_text = "The capital is this city:| Paris."
    server.faults.respond(503, on=POST, times=1)
    await asks(writing)
    await seen(lambda: any("a draft was not shown: " in each for each in logged(caplog)))
    writing.model.may_go_on.set()

    assert await answered(writing) == ["The capital is this city: Paris."]
