"""Where people talk on Slack: direct chats, group chats, shared channels, several workspaces."""

import pytest

from bot.messages import Mode
from tests.fakes import PausingModel
from tests.living import GREETING
from tests.slack_server import Kind

QUESTION = "what is the capital of France?"


async def test_whatever_is_said_in_private_is_answered(talk):
    await talk.says("Alice", "good morning", where="@Alice")

    (answer,) = talk.messages("@Alice")
    assert (answer.text, answer.thread_ts) == ("Paris.", None)
    assert talk.posts() == []


@pytest.mark.parametrize("mode", [Mode.MENTION, Mode.LISTEN])
async def test_in_private_it_answers_whatever_new_channels_begin_with(chat, mode):
    chat.changes["new_channel_mode"] = mode
    async with chat.running():
        await chat.says("Alice", "good morning", where="@Alice")

        assert chat.posts("@Alice") == ["Paris."]


async def test_in_private_its_mode_is_nobodys_choice_before_somebody_chooses_one(talk):
    await talk.says("Alice", "good morning", where="@Alice")

    assert "choice" not in await talk.types("Alice", "mode", "@Alice")
    assert "chose for itself" not in await talk.types("Alice", "defaults show", "@Alice")
    await talk.types("Alice", "mode listen", "@Alice")
    assert "own choice" in await talk.types("Alice", "mode", "@Alice")


async def test_in_private_its_mode_is_told_where_it_is_not_that_of_channels(chat):
    chat.changes["new_channel_mode"] = Mode.LISTEN
    async with chat.running():
        told = await chat.types("Alice", "defaults show", "@Alice")

    assert "This chat follows all of it but the mode, which begins as mention here." in told


async def test_private_talk_is_seen_nowhere_else(talk):
    await talk.says("Alice", "I am looking for another job", where="@Alice")

    await talk.asks("Alice", QUESTION)
    await talk.says("Ben", "hello", where="@Ben")

    assert "another job" not in str(talk.model.asked[2:])


async def test_an_edit_in_private_changes_what_the_model_sees_next(talk, slack):
    message = await talk.says("Alice", "good morning", where="@Alice")

    await slack.edits(message, "good evening")
    await talk.says("Alice", "how are you?", where="@Alice")

    assert talk.shown()[0] == "Alice: good evening"


async def test_a_question_deleted_in_private_takes_its_answer_along(talk, slack):
    message = await talk.says("Alice", "good morning", where="@Alice")

    await slack.deletes(message)

    await slack.until(lambda: talk.posts("@Alice") == [])


async def test_in_private_everybody_sets_what_holds_there(talk):
    told = await talk.types("Alice", "eagerness 70", "@Alice")

    assert "is now 70 of 100" in told
    assert "50 of 100" in await talk.types("Ben", "eagerness", "@Ben")


async def test_nobody_sets_in_private_what_holds_in_the_workspace(talk):
    refused = await talk.types("Alice", "defaults eagerness 100", "@Alice")

    assert refused.startswith("Only ")
    assert "50 of 100" in await talk.types("Ben", "eagerness", "@Ben")


async def test_who_is_forgotten_in_private_is_forgotten_in_the_whole_workspace(talk):
    for who in ("Alice", "Ben"):
        await talk.says(who, "good morning", where=f"@{who}")
    await talk.says("Alice", "hello to all")

    await talk.types("Alice", "privacy forget-me", "@Alice")

    assert ("Alice", "good morning") not in await talk.history("@Alice")
    assert ("Ben", "good morning") in await talk.history("@Ben")
    assert ("Alice", "hello to all") not in await talk.history()


async def test_in_a_group_chat_it_speaks_as_in_a_channel(talk, slack):
    slack.add_channel("mpdm-alice--ben-1", Kind.MPIM, members=["Alice", "Ben"])
    where = "mpdm-alice--ben-1"

    await talk.says("Alice", "lunch is at noon", where=where)
    assert talk.posts(where) == []

    asked = await talk.asks("Ben", QUESTION, where=where)
    (answer,) = talk.messages(where)
    assert answer.thread_ts == asked.ts


async def test_a_group_chat_made_with_it_is_greeted_once_something_is_said_there(talk, slack):
    slack.add_channel("trio", Kind.MPIM, members=["Alice", "Ben"])

    for text in ("a plan", "a better plan"):
        await talk.says("Ben", text, where="trio")

    (hello,) = slack.posts("trio")
    assert hello.text.startswith(GREETING)
    assert [text for _, text in await talk.history("trio")] == ["a plan", "a better plan"]


async def test_guests_are_heard_and_answered_and_manage_nothing(talk, slack):
    slack.member("Gil", is_restricted=True)

    await talk.asks("Gil", QUESTION)
    refused = await talk.types("Gil", "mode off")

    assert talk.posts() == ["Paris."]
    assert refused.startswith("Only ")
    assert await talk.history() == [("Gil", f"@Earshot {QUESTION}"), ("Earshot", "Paris.")]


async def test_a_guest_who_made_a_channel_manages_nothing_all_the_same(talk, slack):
    gil = slack.member("Gil", is_restricted=True)
    slack.add_channel("boats", members=[gil])

    refused = await talk.types("Gil", "mode off", "boats")

    assert refused.startswith("Only ")


async def test_who_made_a_channel_manages_it_and_nothing_else(talk, slack):
    slack.add_channel("boats", members=["Alice", "Ben"])

    done = await talk.types("Alice", "eagerness 30", "boats")
    refused = await talk.types("Ben", "eagerness 40", "boats")
    elsewhere = await talk.types("Alice", "eagerness 40")

    assert "is now 30 of 100" in done
    assert refused.startswith("Only ")
    assert elsewhere.startswith("Only ")


async def test_people_of_another_workspace_are_heard_in_a_shared_channel(talk, slack):
    island = slack.add_team("Island", installed=False)
    zoe = slack.member("Zoe", team=island, is_admin=True)
    shared = slack.add_channel("bridge", members=["Alice"], shared_with=[island])

    await talk.says("Alice", "welcome", where=shared)
    await talk.asks(zoe, QUESTION, where=shared)

    assert talk.posts(shared) == ["Paris."]
    assert "Zoe: assistant what is the capital of France?" in "\n".join(talk.shown())
    assert (await talk.history(shared))[0] == ("Alice", "welcome")


@pytest.fixture
def bridge(slack):
    """A channel that is shared with another workspace, of which Zoe is an administrator."""
    island = slack.add_team("Island", installed=False)
    zoe = slack.member("Zoe", team=island, is_admin=True)
    return slack.add_channel("bridge", members=["Alice", zoe], shared_with=[island])


async def test_an_administrator_of_another_workspace_manages_nothing_here(talk, slack, bridge):
    parent = await talk.says("Alice", "welcome", where=bridge)

    await talk.asks("Zoe", "!mode off", where=bridge, thread=parent)
    await talk.asks("Zoe", "!defaults mode off", where=bridge, thread=parent)

    told = [each.text for each in slack.whispers(bridge, "Zoe")]
    assert len(told) == 2
    assert all(each.startswith("Only ") for each in told)
    assert (await talk.store.channels.settings(talk.place(bridge))).mode is Mode.ACTIVE


async def test_who_is_of_another_workspace_may_opt_out_here(talk, slack, bridge):
    await talk.says("Zoe", "a word of mine", where=bridge)

    await talk.asks("Zoe", "!privacy optout", where=bridge)
    await talk.says("Zoe", "another word of mine", where=bridge)
    await talk.asks("Alice", QUESTION, where=bridge)

    assert talk.shown()[-2:] == [f"Alice: assistant {QUESTION}", "(response)"]
    assert "word of mine" not in str(talk.shown())
    assert slack.whispers(bridge, "Zoe")[0].text.startswith("You are opted out")


async def test_an_answer_is_streamed_to_somebody_of_another_workspace(chat, slack, bridge):
    chat.model = PausingModel(reply_text="The capital of France is| Paris.")
    async with chat.running():
        asked = await slack.says("Zoe", bridge, f"{slack.bot.mention} {QUESTION}")
        await slack.until(lambda: chat.posts(bridge) == ["The capital of France is"])
        chat.model.may_go_on.set()
        await chat.heard(asked)

        (answer,) = chat.messages(bridge)
        assert answer.streamed
        (call,) = slack.asked("chat.startStream")
        assert call.args["recipient_team_id"] == asked.user.team_id != slack.team.id


async def test_the_answer_to_a_stranger_can_be_taken_back(talk, slack, bridge):
    asked = await talk.asks("Zoe", QUESTION, where=bridge)
    (answer,) = talk.messages(bridge)
    assert (answer.text, answer.thread_ts) == ("Paris.", asked.ts)

    await slack.deletes(asked)

    await slack.until(lambda: talk.posts(bridge) == [])


async def test_a_channel_that_becomes_private_goes_on_where_it_was(talk, slack):
    boats = slack.add_channel("boats", members=["Alice"])
    await talk.says("Alice", "we meet on Friday", where=boats)

    boats.kind = Kind.PRIVATE
    await talk.asks("Alice", "when?", where=boats)

    assert "Alice: we meet on Friday" in talk.shown()
    assert talk.posts(boats) == ["Paris."]


async def test_a_channel_by_another_name_is_the_same_and_is_called_by_the_new_one(talk, slack):
    boats = slack.add_channel("boats", members=["Alice"])
    await talk.says("Alice", f"see {boats.mention.partition('|')[0]}>", where=boats)
    slack.acts.rename(boats, "ships", slack.member("Alice"))
    await slack.until_delivered()

    await talk.asks("Alice", f"where is <#{boats.id}>?", where=boats)

    assert "where is #ships?" in "\n".join(talk.shown())
    assert "#boats" in "\n".join(talk.shown())
