"""What Earshot hears on Slack, and what the model sees of it."""

import pytest

from tests.fakes import PausingModel
from tests.slack_server import Kind

NEXT = "what do you think?"
QUESTION = "what is the capital of France?"


async def seen_after(talk, *, by="Ben", where="general", thread=None):
    """Let somebody ask, and give the lines that the model sees before the question."""
    await talk.says(by, NEXT, where=where, thread=thread)
    turns = [turn for turn in talk.shown() if not turn.startswith("(")]
    lines = [line for turn in turns for line in turn.splitlines()]
    return lines[: lines.index(f"{by}: {NEXT}")]


async def test_an_edit_changes_what_the_model_sees_next(talk, slack):
    message = await talk.says("Alice", "lunch at noon")

    await slack.edits(message, "lunch at one")

    assert await seen_after(talk) == ["Alice: lunch at one"]


async def test_a_preview_of_a_link_changes_nothing(talk, slack):
    message = await talk.says("Alice", "see <https://example.com/menu|the menu>")

    await slack.unfurls(message, {"title": "Menu", "from_url": "https://example.com/menu"})

    (line,) = await seen_after(talk)
    assert line.startswith("Alice: see ")
    assert "Menu" not in line


async def test_what_was_deleted_the_model_sees_no_more(talk, slack):
    message = await talk.says("Alice", "my password is swordfish")
    await talk.says("Alice", "oops")

    await slack.deletes(message)

    assert await seen_after(talk) == ["Alice: oops"]


async def test_a_question_edited_before_it_is_decided_is_answered_as_it_stands(chat, slack):
    chat.model = PausingModel(reply_text="|Rome.")
    async with chat.running():
        await slack.says("Alice", "general", f"{slack.bot.mention} first: {QUESTION}")
        await chat.model.is_writing.wait()
        asked = await slack.says("Alice", "general", f"{slack.bot.mention} {QUESTION}")
        await slack.edits(asked, f"{slack.bot.mention} what is the capital of Italy?")
        await slack.until_delivered()
        chat.model.may_go_on.set()
        await chat.settled()

        assert "Alice: assistant what is the capital of Italy?" in "\n".join(chat.shown())
        assert [each.thread_ts for each in chat.messages()][-1] == asked.ts
        assert len(chat.posts()) == 2


async def test_a_mention_that_an_edit_adds_is_not_answered_but_seen(talk, slack):
    talk.model.p_speak = lambda text: 0.1
    message = await talk.says("Alice", "lunch at noon")

    await slack.edits(message, f"{slack.bot.mention} lunch at noon?")

    assert await seen_after(talk) == ["Alice: assistant lunch at noon?"]
    assert talk.posts() == []


@pytest.mark.parametrize("mention_first", [False, True])
async def test_a_mention_is_told_twice_and_answered_once(talk, slack, mention_first):
    slack.mention_first = mention_first

    asked = await talk.asks("Alice", QUESTION)

    assert talk.posts() == ["Paris."]
    assert await talk.history() == [("Alice", f"@Earshot {QUESTION}"), ("Earshot", "Paris.")]
    told = [each["event"] for each in slack.events.sent if each["event"].get("ts") == asked.ts]
    assert {each["type"] for each in told} == {"message", "app_mention"}


async def test_what_slack_delivers_twice_is_heard_once(talk, slack):
    slack.events.twice = True
    await talk.asks("Alice", QUESTION)
    await talk.says("Alice", "thanks")

    for callback in list(slack.events.sent):
        slack.events.deliver(callback)
    await talk.says("Ben", "bye")

    assert talk.posts() == ["Paris."]
    assert await talk.history() == [
        ("Alice", f"@Earshot {QUESTION}"),
        ("Earshot", "Paris."),
        ("Alice", "thanks"),
        ("Ben", "bye"),
    ]


async def test_what_people_write_is_read_as_they_see_it(talk, slack):
    ben, crew = slack.member("Ben", display_name="Benny"), slack.add_group("crew", "Ben")
    news = slack.add_channel("news")

    await talk.says(
        "Alice",
        f"{ben.mention} {crew.mention} <!here> see {news.mention} at <https://a.example|the site>"
        f" :tada: *now* &lt;3 {slack.bot.mention}",
    )

    line = talk.shown()[-2]
    assert line.startswith("Alice: @Benny @crew @here see #news at ")
    assert "the site" in line
    assert "🎉" in line or ":tada:" in line
    assert "<3 assistant" in line
    assert "<@" not in line
    assert "<!" not in line


async def test_names_are_looked_up_once(talk, slack):
    for number in range(5):
        await talk.says("Alice", f"line {number}")

    asked = [
        call for call in slack.asked("users.info") if call.args["user"] == slack.member("Alice").id
    ]
    assert len(asked) == 1


async def test_who_changes_the_name_is_called_by_the_new_one(talk, slack):
    await talk.says("Alice", "hello")

    alice = slack.member("Alice", team=slack.team)
    alice.display_name = "Captain Alice"
    slack.acts.change_user(alice)
    await talk.says(alice, "it is me")

    assert await seen_after(talk) == ["Captain Alice: hello", "Captain Alice: it is me"]


async def test_two_people_of_one_name_stay_apart(talk, slack):
    slack.member("Alice")
    slack.member("Alice Jones", display_name="Alice")

    await talk.says("Alice", "I say yes")
    await talk.says("Alice Jones", "I say no")

    first, second = await seen_after(talk)
    assert first == "Alice: I say yes"
    assert second.endswith(": I say no")
    assert not second.startswith("Alice:")


async def test_what_somebody_does_is_heard(talk, slack):
    waved = await slack.says_me("Alice", "general", "waves")
    await talk.heard(waved)

    assert await seen_after(talk) == ["Alice: _waves_"]


async def test_text_files_are_read_and_pictures_named(talk, slack):
    files = [("notes.txt", b"buy milk"), ("cat.png", b"\x89PNG")]
    await talk.says("Alice", "here", files=files)

    assert await seen_after(talk) == [
        "Alice: here [file notes.txt (TXT, 8 bytes): buy milk] [image cat.png (PNG, 4 bytes)]"
    ]


async def test_joins_topics_and_names_are_nothing_that_somebody_said(talk, slack):
    slack.acts.join(slack.general, slack.member("Carla"), inviter=slack.member("Olga"))
    slack.acts.set_topic(slack.general, "boats", slack.member("Olga"))
    slack.acts.rename(slack.general, "harbor", slack.member("Olga"))
    slack.acts.leave(slack.general, slack.member("Carla"))
    await slack.until_delivered()

    assert await seen_after(talk, where=slack.general) == []


async def test_apps_and_webhooks_are_heard_and_not_answered(talk, slack):
    slack.member("Robot", is_bot=True)
    await talk.asks("Robot", "is anybody there?")
    alarm = await slack.webhook_says("Alarm", "general", "is the oven on?")
    await talk.heard(alarm)

    assert talk.posts() == []
    assert await talk.history() == [
        ("Robot", "@Earshot is anybody there?"),
        ("Alarm", "is the oven on?"),
    ]


async def test_apps_are_answered_as_often_in_a_row_as_they_may_be(talk, slack):
    slack.member("Robot", is_bot=True)
    await talk.set(answer_other_bots=True, bot_loop_budget=2)

    for number in range(4):
        await talk.asks("Robot", f"question {number}?")
    assert len(talk.posts()) == 2

    await talk.says("Alice", "poor robot")
    await talk.asks("Robot", "question 5?")
    assert len(talk.posts()) == 3


async def test_where_it_is_off_nothing_is_kept_of_what_was_said_then(talk):
    await talk.types("Olga", "mode off")
    await talk.says("Alice", "a secret")
    await talk.asks("Alice", QUESTION)

    await talk.types("Olga", "mode active")

    assert await seen_after(talk) == []
    assert "a secret" not in str(await talk.history())


@pytest.mark.parametrize("kind", [Kind.PUBLIC, Kind.PRIVATE, Kind.MPIM])
async def test_it_hears_and_answers_in_channels_of_every_kind(talk, slack, kind):
    slack.add_channel("boats", kind, members=["Alice", "Ben"])

    await talk.says("Alice", "lunch at noon", where="boats")
    await talk.asks("Ben", QUESTION, where="boats")

    assert talk.posts("boats") == ["Paris."]
    assert "Alice: lunch at noon" in "\n".join(talk.shown())
    assert talk.posts() == []


async def test_a_channel_that_it_is_not_in_is_not_its_business(talk, slack):
    slack.add_channel("boats", members=["Alice"], bot_present=False)

    await slack.says("Alice", "boats", QUESTION)
    await talk.says("Alice", "hello")

    assert await talk.history("boats") == []
    assert slack.asked("conversations.join") == []
