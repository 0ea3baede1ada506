"""A new app on Slack is an agent: greeted in its chat, answered in threads with status and titles."""

import asyncio

import pytest

from bot.platforms.slack.assistant_view import AssistantView
from bot.platforms.slack.manifest import manifest
from bot.platforms.slack.prompts import ABOUT_THE_CHANNEL, MISSED
from tests.fakes import FakeModel, PausingModel
from tests.slack.living import Chat

ALICE, CHAT = "Alice", "@Alice"


@pytest.fixture
def chat(slack, tmp_path):
    slack.general.members.append(slack.member(ALICE).id)
    slack.set_up(manifest("Earshot"))
    return Chat(slack, f"sqlite:///{tmp_path / 'history.db'}")


async def opened(slack, *, beside=None):
    await slack.opens_home(ALICE, tab="messages", beside=beside)
    await slack.until_delivered()
    await slack.until(lambda: slack.chat(ALICE).prompts)


async def test_whoever_opens_the_chat_is_greeted_once_and_offered_things_to_ask(chat, slack):
    async with chat.running():
        await opened(slack, beside="general")
        await opened(slack, beside="general")
        await chat.settled()

    async with chat.running():
        await opened(slack)
        await slack.until(lambda: len(slack.chat(ALICE).prompts) == 3)

        (greeting,) = slack.posts(CHAT)
        assert greeting.text.startswith("Hello, I'm Earshot.")
        assert greeting.thread_ts is None
        assert slack.home(ALICE) is None


async def test_what_is_offered_follows_the_channel_in_view(chat, slack):
    slack.add_channel("elsewhere", members=[ALICE], bot_present=False)
    async with chat.running():
        await opened(slack, beside="general")
        assert slack.chat(ALICE).prompts[0] == ABOUT_THE_CHANNEL

        await slack.looks_at(ALICE, "elsewhere")
        await slack.until(lambda: len(slack.chat(ALICE).prompts) == 3)
        await slack.looks_at(ALICE, "general")
        await slack.until(lambda: len(slack.chat(ALICE).prompts) == 4)


async def test_an_answer_stands_in_the_thread_of_its_question_which_has_status_and_title(
    chat, slack
):
    async with chat.running():
        await opened(slack)
        asked = await chat.says(ALICE, "what is the capital of France?", where=CHAT)
        await slack.until(lambda: slack.chat(ALICE, asked.ts).title)

        (answer,) = slack.posts(CHAT, thread=asked.ts)
        thread = slack.chat(ALICE, asked.ts)
        assert answer.text == "Paris."
        assert thread.title == "what is the capital of France?"
        assert thread.statuses == ["is writing...", ""]


async def test_where_the_answer_is_withdrawn_the_status_goes_too(chat, slack):
    chat.model = PausingModel(reply_text="|Paris.")
    async with chat.running():
        await opened(slack)
        asked = await slack.says(ALICE, CHAT, "what is the capital of France?")
        await slack.until(lambda: slack.chat(ALICE, asked.ts).statuses == ["is writing..."])
        await slack.deletes(asked)
        await slack.until_delivered()

        chat.model.may_go_on.set()
        await chat.settled()

        assert slack.chat(ALICE, asked.ts).statuses == ["is writing...", ""]
        assert slack.posts(CHAT, thread=asked.ts) == []


async def test_whose_chat_was_never_seen_to_open_is_answered_in_the_thread_too(chat, slack):
    async with chat.running():
        asked = await chat.says(ALICE, "what is the capital of France?", where=CHAT)

        (answer,) = slack.posts(CHAT, thread=asked.ts)
        assert answer.text == "Paris."


async def test_of_several_questions_each_has_its_answer_and_its_status(chat, slack):
    chat.model = PausingModel(reply_text="Paris| it is.")
    async with chat.running():
        await opened(slack)
        asked = [await slack.says(ALICE, CHAT, "one?")]
        await chat.model.is_writing.wait()
        asked += [await slack.says(ALICE, CHAT, text) for text in ("two?", "three?")]
        await slack.until_delivered()
        chat.model.may_go_on.set()
        await chat.settled()

        for one in asked:
            (answer,) = slack.posts(CHAT, thread=one.ts)
            assert answer.text == "Paris it is."
            assert slack.chat(ALICE, one.ts).statuses == ["is writing...", ""]


async def test_what_comes_quickly_stands_in_the_order_it_was_said(chat, slack, monkeypatch):
    looked_up = AssistantView._in_view
    is_second_there = asyncio.Event()

    async def slow_at_first(view, event, where):
        if "first" in event["text"]:
            await is_second_there.wait()
        return await looked_up(view, event, where)

    monkeypatch.setattr(AssistantView, "_in_view", slow_at_first)
    async with chat.running():
        await slack.says(ALICE, CHAT, "this is first")
        second = await slack.says(ALICE, CHAT, "this is second")
        await slack.until(lambda: slack.deliveries.all[-1].acknowledged)
        is_second_there.set()
        await chat.heard(second)

        said = [text for name, text in await chat.history(CHAT) if name == ALICE]
        assert said == ["this is first", "this is second"]


async def test_the_thread_goes_on_where_it_began(chat, slack):
    async with chat.running():
        await opened(slack)
        asked = await chat.says(ALICE, "what is the capital of France?", where=CHAT)
        chat.model.reply_text = "About two million."
        await chat.says(ALICE, "how many live there?", where=CHAT, thread=asked.ts)

        assert [each.text for each in slack.posts(CHAT, thread=asked.ts)] == [
            "Paris.",
            "About two million.",
        ]
        assert "capital of France" in str(chat.shown())
        assert len(slack.asked("assistant.threads.setTitle")) == 1


@pytest.mark.parametrize("refused", [None, "method_not_supported_for_channel_type"])
async def test_an_answer_that_a_stop_cut_short_stands_once_in_its_thread(chat, slack, refused):
    slack.team.stream_error = refused
    chat.model = PausingModel(reply_text="The capital of France is| Paris.")
    async with chat.running():
        await opened(slack)
        asked = await slack.says(ALICE, CHAT, "what is the capital of France?")
        await slack.until(lambda: slack.posts(CHAT, thread=asked.ts))

    chat.model = FakeModel(reply_text="It is Paris.")
    async with chat.running():
        await slack.until(
            lambda: [one.text for one in slack.posts(CHAT, thread=asked.ts)] == ["It is Paris."]
        )
        await chat.settled()

        greeting, answer = slack.posts(CHAT)
        assert greeting.thread_ts is None
        assert not answer.streaming


async def test_the_answer_to_a_command_stands_in_the_thread_of_its_message(chat, slack):
    async with chat.running():
        await opened(slack)
        asked = await chat.says(ALICE, "!help", where=CHAT)
        await slack.until(lambda: slack.posts(CHAT, thread=asked.ts))

        assert "privacy optout" in slack.posts(CHAT, thread=asked.ts)[0].text
        assert await chat.history(CHAT) == []


async def test_where_threads_are_not_wanted_answers_stand_in_the_chat(chat, slack):
    async with chat.running():
        await opened(slack)
        await chat.set(CHAT, reply_as_reference=False)
        await chat.says(ALICE, "what is the capital of France?", where=CHAT)

        assert slack.posts(CHAT)[-1].text == "Paris."
        assert slack.posts(CHAT)[-1].thread_ts is None
        assert not slack.asked("assistant.threads.setStatus")


async def test_what_was_missed_is_that_of_the_channel_in_view(chat, slack):
    async with chat.running():
        await chat.says("Ben", "we meet on Friday")
        await opened(slack)
        await slack.looks_at(ALICE, "general")
        chat.model.reply_text = "Ben wants to meet on Friday."
        asked = await chat.says(ALICE, MISSED, where=CHAT)

        (summary,) = slack.posts(CHAT, thread=asked.ts)
        assert summary.text.endswith("Ben wants to meet on Friday.")
        assert await chat.history(CHAT) == []


async def test_without_its_extras_the_chat_is_an_ordinary_one_and_one_line_says_so(
    chat, slack, caplog
):
    slack.faults.error("not_allowed_token_type", on="assistant.*", times=9)
    async with chat.running():
        for _ in range(2):
            await slack.opens_home(ALICE, tab="messages")
            await chat.heard(None)
        await chat.says(ALICE, "what is the capital of France?", where=CHAT)

        assert slack.posts(CHAT)[-1].text == "Paris."
        said = [line for line in caplog.messages if "offer" in line]
        assert said == ["Slack: could not offer things to ask in Harbor: not_allowed_token_type"]


async def test_what_was_asked_as_a_command_is_not_taken_for_missed_after_a_stop(chat, slack):
    async with chat.running():
        await chat.says("Ben", "we meet on Friday")
        await opened(slack)
        await slack.looks_at(ALICE, "general")
        asked = await chat.says(ALICE, MISSED, where=CHAT)
        await slack.until(lambda: slack.posts(CHAT, thread=asked.ts))

    async with chat.running():
        await chat.says(ALICE, "thanks", where=CHAT)

        assert len(slack.posts(CHAT, thread=asked.ts)) == 1
        assert MISSED not in [text for _, text in await chat.history(CHAT)]
