"""However Slack takes a reply, it is posted exactly once; or the log says why it is not."""

import asyncio

import pytest

from tests.fakes import PausingModel
from tests.logs import logged
from tests.slack.weather import QUESTION, Weather, asks, question
from tests.waiting import seen

POST, STREAM = "chat.postMessage", "chat.startStream"
HTML = "<html><body>Service Unavailable</body></html>"
ELSEWHERE = "elsewhere"


@pytest.fixture
def chat(slack, database_url):
    return Weather(slack, database_url)


@pytest.fixture
def _elsewhere(slack):
    slack.add_channel(ELSEWHERE)


@pytest.fixture
async def talk(chat, _elsewhere):
    """The bot among people, its greetings behind it; replies appear whole."""
    async with chat.running():
        for channel in ("general", ELSEWHERE):
            await chat.greeted(channel)
            await chat.set(channel, stream_replies=False)
        yield chat


@pytest.fixture
async def writing(chat, _elsewhere):
    """The same, in the middle of a reply that appears whole."""
    chat.model = PausingModel(reply_text="The capital is| Paris.")
    async with chat.running():
        for channel in ("general", ELSEWHERE):
            await chat.greeted(channel)
            await chat.set(channel, stream_replies=False)
        chat.asked = await chat.slack.says("Alice", "general", question(chat))
        await chat.slack.until_delivered()
        await chat.model.is_writing.wait()
        yield chat


FAULTS = {
    "429": lambda faults: faults.rate_limit(1, on=POST, times=2),
    "ratelimited": lambda faults: faults.error("ratelimited", on=POST, times=2),
    "500": lambda faults: faults.respond(500, on=POST),
    "500 after": lambda faults: faults.respond(500, on=POST, after=True),
    "502 html after": lambda faults: faults.respond(502, HTML, on=POST, after=True),
    "503": lambda faults: faults.unavailable(on=POST, times=3),
    "503 html": lambda faults: faults.respond(503, HTML, on=POST, times=3),
    "503 after": lambda faults: faults.unavailable(on=POST, times=3, after=True),
    "200 html after": lambda faults: faults.respond(200, HTML, on=POST, after=True),
    "internal_error after": lambda faults: faults.error("internal_error", on=POST, after=True),
    "fatal_error after": lambda faults: faults.error("fatal_error", on=POST, after=True),
    "reset": lambda faults: faults.reset(on=POST, times=3),
    "reset after": lambda faults: faults.reset(on=POST, times=3, after=True),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_reply_is_posted_exactly_once(talk, slack, fault):
    FAULTS[fault](slack.faults)

    asked = await asks(talk)

    assert await talk.until_answered() == ["Paris."]
    assert talk.messages()[0].thread_ts == asked.ts
    assert await talk.texts() == [f"@Earshot {QUESTION}", "Paris."]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("method", ["chat.startStream", "chat.appendStream", "chat.stopStream"])
async def test_a_streamed_reply_is_posted_exactly_once(chat, slack, method, fault):
    chat.model = PausingModel(reply_text="The capital is this city:| Paris.")
    async with chat.running():
        await chat.greeted()
        FAULTS[fault](_Only(slack.faults, method))
        asked = await asks(chat)
        await chat.model.is_writing.wait()
        await slack.until(lambda: slack.asked("chat.startStream"))
        chat.model.may_go_on.set()

        await slack.until(
            lambda: (
                [each.text for each in chat.messages() if not each.streaming]
                == ["The capital is this city: Paris."]
            )
        )
        await chat.settled()
        assert [each.thread_ts for each in chat.messages()] == [asked.ts]
        assert chat.posts() == ["The capital is this city: Paris."]
        texts = await chat.texts()
        assert texts == [f"@Earshot {QUESTION}", "The capital is this city: Paris."]


class _Only:
    """Plans faults on another method than they name."""

    def __init__(self, faults, method):
        self._faults, self._method = faults, method

    def __getattr__(self, name):
        plan = getattr(self._faults, name)
        return lambda *args, **how: plan(*args, **{**how, "on": self._method})


async def test_a_reply_waits_for_the_end_of_an_outage(talk, slack, caplog):
    slack.faults.unavailable(on=POST, times=99)
    await asks(talk)
    where = talk.place()
    line = f"a reply in {where} has to wait: Earshot could not write in the channel {where.channel}"
    await seen(lambda: any(each.startswith(line) for each in logged(caplog)))
    await talk.settled()
    assert talk.posts() == []

    slack.faults.clear()
    talk.naps.over()

    assert await talk.until_answered() == ["Paris."]
    await talk.until(lambda: _is_posted(talk))
    assert await talk.texts() == [f"@Earshot {QUESTION}", "Paris."]


async def _is_posted(chat):
    return not await chat.pending()


async def test_a_reply_whose_answer_was_lost_is_found_again_after_an_outage(talk, slack):
    slack.faults.reset(on=POST, after=True)
    slack.faults.unavailable(on=POST, times=99)
    slack.faults.unavailable(on="conversations.*", times=99)
    await asks(talk)
    await slack.until(lambda: talk.posts())
    await talk.settled()

    slack.faults.clear()
    talk.naps.over()
    await talk.until(lambda: _is_posted(talk))

    assert talk.posts() == ["Paris."]
    assert await talk.texts() == [f"@Earshot {QUESTION}", "Paris."]


async def test_a_reply_that_is_too_old_after_an_outage_is_withdrawn(talk, slack, caplog):
    talk.bot.pipeline.delivery.max_age_s = 0.0
    slack.faults.unavailable(on=POST, times=99)
    await asks(talk)
    await seen(lambda: any(" has to wait: " in each for each in logged(caplog)))
    await talk.settled()

    slack.faults.clear()
    talk.naps.over()
    line = f"a reply in {talk.place()} is withdrawn: it could not be posted in time"
    await seen(lambda: line in logged(caplog))

    assert talk.posts() == []
    assert await talk.pending() == []


async def test_a_slow_slack_holds_up_no_other_channel(talk, slack):
    general = slack.general.id
    gate = slack.faults.hold(
        on=lambda call: call.name == POST and call.given.get("channel") == general
    )
    await asks(talk)
    await gate.reached.wait()

    await asks(talk, ELSEWHERE)
    await slack.until(lambda: talk.posts(ELSEWHERE) == ["Paris."])
    assert talk.posts() == []
    gate.open()

    assert await talk.until_answered() == ["Paris."]


REFUSED = {
    "archived": (
        lambda slack: slack.archives("Olga", "general"),
        "Earshot cannot write in {place}: the channel is archived; whoever unarchives it gets "
        "answers again (is_archived)",
    ),
    "removed": (
        lambda slack: slack.removes_bot("Olga", "general"),
        "Earshot may not write in {place}: invite it there with /invite @Earshot",
    ),
    "deleted": (
        lambda slack: slack.deletes_channel("Olga", "general"),
        "Earshot cannot write in {place}: it is gone, or private: invite Earshot there with "
        "/invite @Earshot",
    ),
}


@pytest.mark.parametrize("happens", REFUSED)
async def test_a_channel_that_takes_no_more_words_is_told_and_nothing_waits(
    writing, slack, caplog, happens
):
    act, line = REFUSED[happens]
    where = writing.place()

    await act(slack)
    await slack.until_delivered()
    writing.model.may_go_on.set()
    await writing.settled()

    refusal = f"a reply in {where} could not be posted"
    causes = [
        each.removeprefix(f"{refusal}: ") for each in logged(caplog) if each.startswith(refusal)
    ]
    place = f"the channel {where.channel} of Harbor"
    told = [each.partition(f", thread {writing.asked.ts}") for each in causes]
    lines = {  # it depends on when Slack tells of it
        f"a reply in {where} is not posted: its decision is gone",
        *(f"{refusal}: {each}" for each in causes),
        "decision 1 stays as it was: decision 1 is no longer kept: it was cleared meanwhile",
    }
    assert lines & set(logged(caplog)), logged(caplog)
    if told:
        assert "".join((told[0][0], told[0][2])) == line.format(place=place)
    assert await writing.pending() == []

    await asks(writing, ELSEWHERE)
    await slack.until(lambda: writing.posts(ELSEWHERE) == ["The capital is Paris."])


@pytest.mark.parametrize("code", ["not_in_channel", "channel_not_found", "is_archived"])
async def test_who_asked_in_a_channel_that_refuses_for_a_moment_is_told(talk, slack, caplog, code):
    slack.faults.error(code, on=POST, times=1)
    asked = await asks(talk)
    await talk.settled()

    assert f"a reply in {talk.place()} could not be posted: " in "\n".join(logged(caplog))
    assert [each for each in caplog.records if each.exc_info] == []
    notices = [each for each in talk.messages() if each.text != "Paris."]
    if code != "channel_not_found":
        assert [each.thread_ts for each in notices] == [asked.ts]
    assert await talk.pending() == []


async def test_a_question_deleted_while_it_is_answered_gets_no_answer(writing, slack, caplog):
    await slack.deletes(writing.asked)
    await slack.until_delivered()
    writing.model.may_go_on.set()
    await writing.settled()

    assert writing.posts() == []
    assert await writing.texts() == []
    assert await writing.pending() == []


async def test_a_question_deleted_while_its_answer_is_on_its_way_takes_it_along(talk, slack):
    gate = slack.faults.hold(on=POST, after=True)
    asked = await asks(talk)
    await gate.reached.wait()

    await slack.deletes(asked)
    await slack.until_delivered()
    gate.open()
    await talk.settled()

    await slack.until(lambda: talk.posts() == [])
    assert await talk.texts() == []


async def test_an_expired_trigger_costs_no_setting_and_is_told(talk, slack, caplog):
    slack.faults.error("expired_trigger_id", on="views.open", times=1)
    olga = slack.member("Olga", is_owner=True)

    asked = await slack.slash(olga, "general", "/assistant", "settings")
    await slack.until_delivered()
    await talk.settled()

    told = [line for line in logged(caplog, 20) if "expired_trigger_id" in line]
    assert len(told) == 1
    assert told == [f"Slack: could not open a form in {slack.team.name}: expired_trigger_id"]
    assert asked.texts or slack.whispers("general", olga)
    await asyncio.sleep(0)
