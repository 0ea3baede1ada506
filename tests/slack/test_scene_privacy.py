"""What people on Slack may have kept of theirs, and what not: opting out, being forgotten, time."""

from datetime import timedelta

from bot.messages import Mode
from bot.notices import OPTED_OUT
from bot.platforms.edits import NOT_KEPT

QUESTION = "what is the capital of France?"


async def test_who_opts_out_is_no_longer_shown_to_the_model(talk):
    await talk.says("Alice", "a word of mine")

    await talk.types("Alice", "privacy optout")
    await talk.says("Alice", "another word of mine")
    await talk.says("Ben", "hello")

    assert talk.shown() == ["Ben: hello", "("]
    assert all(text == "" for name, text in await talk.history() if name == "Alice")


async def test_who_opts_out_leaves_no_words_in_any_place(talk):
    parent = await talk.says("Alice", "a word of mine")
    await talk.says("Ben", "hm", thread=parent)
    await talk.says("Alice", "one more", thread=parent)
    await talk.says("Alice", "in private", where="@Alice")

    await talk.types("Alice", "privacy optout")

    for place in ({}, {"thread": parent.ts}, {"channel": "@Alice"}):
        assert "Alice" not in [name for name, text in await talk.history(**place) if text]


async def test_the_thread_below_somebody_who_opted_out_begins_without_words(talk):
    await talk.types("Alice", "privacy optout")
    parent = await talk.says("Alice", "a word of mine")

    await talk.asks("Ben", QUESTION, thread=parent)

    assert talk.shown() == [f"Ben: assistant {QUESTION}", "(response)"]


async def test_an_edit_of_somebody_who_opted_out_brings_no_words_back(talk, slack):
    message = await talk.says("Alice", "a word of mine")
    await talk.types("Alice", "privacy optout")

    await slack.edits(message, "a better word")
    await talk.says("Ben", "hello")

    assert talk.shown() == ["Ben: hello", "("]


async def test_no_file_of_somebody_who_opted_out_is_fetched(talk, slack):
    await talk.types("Alice", "privacy optout")
    download = slack.faults.unavailable(on="GET /files/*")

    await talk.says("Alice", "my list", files=[("list.txt", b"milk")])

    assert (await talk.history(), download.num_met) == ([("Alice", "")], 0)


async def test_who_opts_in_again_is_heard_from_then_on(talk):
    await talk.types("Alice", "privacy optout")
    await talk.says("Alice", "a word of mine")

    await talk.types("Alice", "privacy optin")
    await talk.asks("Alice", QUESTION)

    assert talk.posts() == ["Paris."]
    assert ("Alice", f"@Earshot {QUESTION}") in await talk.history()
    assert "a word of mine" not in str(await talk.history())


async def test_who_opted_out_and_writes_in_private_is_reminded_there(talk):
    await talk.says("Ben", "!privacy optout", where="@Ben")

    await talk.says("Ben", QUESTION, where="@Ben")

    assert talk.posts("@Ben")[-1] == OPTED_OUT


async def test_opting_out_works_in_a_thread_and_in_private(talk, slack):
    parent = await talk.says("Alice", "trips")
    await talk.asks("Alice", "!privacy optout", thread=parent)
    await talk.says("Ben", "!privacy optout", where="@Ben")

    await talk.asks("Alice", QUESTION)
    await talk.asks("Ben", QUESTION)

    told = [one.seen_by for one in slack.whispers("general") if one.text == OPTED_OUT]
    assert (told, talk.posts()) == ([slack.user("Alice"), slack.user("Ben")], [])
    assert await talk.history() == [("Alice", "")] * 2 + [("Ben", "")]


async def test_who_is_forgotten_goes_from_threads_too_and_is_heard_again(talk):
    parent = await talk.says("Alice", "a word of mine")
    await talk.says("Ben", "hm", thread=parent)

    told = await talk.types("Alice", "privacy forget-me")
    await talk.says("Alice", "a new word")

    assert "I deleted" in told
    assert "a word of mine" not in str(await talk.history())
    assert "a word of mine" not in str(await talk.history(thread=parent.ts))
    assert ("Alice", "a new word") in await talk.history()


async def test_what_is_stored_of_one_is_shown_to_that_one_alone(talk, slack):
    await talk.says("Alice", "lunch is at noon")

    done = await slack.slash("Alice", "general", "/assistant", "privacy show")
    await slack.until_delivered()
    await talk.settled()

    assert done.texts[0].startswith("I store 1 message of yours")
    assert talk.posts() == []


async def test_what_is_older_than_the_channel_keeps_things_goes_from_threads_too(talk):
    ago = timedelta(days=3)
    parent = await talk.says("Alice", "hello")
    await talk.says("Ben", "long ago", thread=parent, ago=ago)
    await talk.says("Ben", "today", thread=parent)

    await talk.types("Olga", "privacy retention 2")

    assert "long ago" not in str(await talk.history(thread=parent.ts))
    assert "today" in str(await talk.history(thread=parent.ts))


async def test_a_conversation_is_cleared_by_its_manager_alone(talk):
    parent = await talk.says("Alice", "a secret")
    await talk.says("Ben", "I know", thread=parent)
    assert (await talk.types("Ben", "clear confirm")).startswith("Only ")

    await talk.types("Olga", "clear confirm")

    assert await talk.history() == []
    await talk.asks("Ben", "what was it?", thread=parent)
    assert "a secret" not in str(talk.shown())


async def test_private_talk_may_be_turned_off(talk):
    await talk.types("Alice", "mode off", "@Alice")

    await talk.says("Alice", "are you there?", where="@Alice")

    assert "Paris." not in talk.posts("@Alice")
    assert await talk.history("@Alice") == []


async def test_where_it_is_off_an_edit_takes_the_old_words_away_and_brings_no_new_ones(talk, slack):
    said = await talk.says("Alice", "we meet at nine")
    await talk.set(mode=Mode.OFF)

    await slack.edits(said, "my password is rosebud")
    await slack.until_delivered()

    (entry,) = await talk.entries()
    assert (entry.text, entry.attachments) == ("", (NOT_KEPT,))


async def test_where_it_is_off_a_deletion_is_taken_over_and_a_preview_takes_nothing(talk, slack):
    stays, goes = await talk.says("Alice", "see a.example"), await talk.says("Alice", "or not")
    await talk.set(mode=Mode.OFF)

    await slack.unfurls(stays, {"from_url": "https://a.example/", "title": "The plan", "id": 1})
    await slack.deletes(goes)
    await slack.until_delivered()

    assert await talk.history() == [("Alice", "see a.example")]


async def test_where_it_is_off_nobody_is_asked_about_the_edit_of_what_is_not_known(talk, slack):
    await talk.set(mode=Mode.OFF)
    said = await talk.says("Alice", "hello")

    await slack.edits(said, f"hello {slack.member('Ben').mention}")
    await slack.until_delivered()

    assert slack.asked("users.info") == []


async def test_nobodys_words_are_for_training_also_where_a_manager_would_allow_it(talk):
    told = await talk.types("Olga", "privacy training on")

    assert "That stays off" in told
    assert (await talk.store.channels.settings(talk.place())).may_train is False
