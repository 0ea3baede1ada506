"""Settings on Slack: each command once, who may, what holds where, and what new channels begin with."""

import pytest

from bot.messages import Mode

# what is typed, what the answer says, whether only the asker sees it
EVERY = [
    ("ask the capital of France?", "the capital of France?\nParis.", False),
    ("why 3", "I haven't decided on anything here yet.", True),
    ("catchup", "Nothing was said here since you last wrote.", True),
    ("mode mention", "My mode here is now mention: ", False),
    ("mode", "My mode here is active: ", True),
    ("eagerness 30", "My eagerness here is now 30 of 100.", False),
    ("quiet 2h", "I'll be quiet until ", False),
    ("persona a dry librarian", "My persona here is now: a dry librarian", False),
    ("replies reference off", "My answers here stand alone", False),
    ("replies stream off", "once they are whole", False),
    ("replies threads off", "In threads I speak only", False),
    ("limits share 25", "At most 25% of the last 20 messages", False),
    ("limits cooldown 5m", "After I spoke I rest for 5 min", False),
    ("limits bots 2", "at most 2 times in a row", False),
    ("defaults show", "What holds in channels that chose nothing themselves:", True),
    ("defaults mode mention", "By default: My mode", False),
    ("defaults eagerness 30", "By default: My eagerness", False),
    ("defaults quiet 22:00-07:00 UTC", "By default: Quiet hours are now", False),
    ("defaults persona a pirate", "By default: My persona", False),
    ("defaults retention 30", "By default: Messages", False),
    ("defaults follow", "it follows the defaults already", False),
    ("preview 2", "In the last 2 h nothing was said here", True),
    ("privacy show", "I store no messages of yours.", True),
    ("privacy optout", "You are opted out", True),
    ("privacy optin", "You are opted in", True),
    ("privacy forget-me", "I deleted the text of no messages", True),
    ("privacy retention 30", "Messages here are deleted after 30 days.", False),
    ("privacy training on", "That stays off", False),
    ("status", "Mode: active.", True),
    ("clear", "This would delete what I remember here", True),
    ("clear confirm", "I forgot this conversation", False),
    ("help quiet", "Keep me quiet for a while", True),
]
FOR_MANAGERS = ["mode mention", "eagerness 30", "quiet 2h", "limits share 25", "clear confirm"]


@pytest.mark.parametrize("given", EVERY, ids=lambda given: given[0].replace(" ", "_"))
async def test_each_command_is_answered(talk, slack, given):
    typed, says, only_asker = given

    told = await talk.types("Olga", typed)

    assert says in told
    assert (talk.posts() == []) is only_asker
    assert slack.pinged == []


async def test_what_managers_of_a_channel_set_nobody_else_sets(talk, slack):
    slack.member("Ada", is_admin=True)
    for typed in FOR_MANAGERS:
        before = len(talk.posts())
        refused = await talk.types("Ben", typed)
        assert refused.startswith("Only ")
        assert len(talk.posts()) == before

        assert not (await talk.types("Ada", typed)).startswith("Only ")


async def test_what_holds_everywhere_is_set_by_who_manages_the_workspace(talk):
    refused = await talk.types("Ben", "defaults eagerness 20")

    assert refused.startswith("Only people who may manage this workspace can ")


async def test_who_may_not_set_a_thing_may_still_see_it(talk):
    assert "My eagerness here is 50 of 100." in await talk.types("Ben", "eagerness")


async def test_channels_take_over_what_holds_in_the_workspace_unless_they_choose(talk, slack):
    slack.add_channel("news")

    await talk.types("Olga", "eagerness 80", "news")
    await talk.types("Olga", "defaults eagerness 20")

    assert "20 of 100" in await talk.types("Olga", "eagerness")
    assert "80 of 100" in await talk.types("Olga", "eagerness", "news")

    await talk.types("Olga", "defaults follow", "news")
    assert "20 of 100" in await talk.types("Olga", "eagerness", "news")


async def test_the_defaults_of_a_workspace_hold_in_a_channel_made_later(talk, slack):
    await talk.types("Olga", "defaults mode mention")

    slack.add_channel("news")
    await talk.says("Alice", "who is there?", where="news")

    assert talk.posts("news") == []
    assert await talk.history("news") == [("Alice", "who is there?")]


async def test_a_question_by_command_is_heard_like_any_other(talk):
    await talk.says("Alice", "we are off to France")

    await talk.types("Ben", "ask which capital?")

    assert "Ben: which capital?" in "\n".join(talk.shown())
    assert await talk.history() == [
        ("Alice", "we are off to France"),
        ("Ben", "which capital?"),
        ("Earshot", "Paris."),
    ]


async def test_settings_are_asked_for_and_set_in_a_thread_by_mention(talk, slack):
    parent = await talk.says("Alice", "trips")

    await talk.asks("Olga", "!eagerness 30", thread=parent)

    (told,) = talk.messages()
    assert told.text.startswith("My eagerness here is now 30 of 100.")
    assert told.thread_ts == parent.ts
    assert "30 of 100" in await talk.types("Olga", "eagerness")
    assert "!eagerness" not in str(await talk.history(thread=parent.ts))


@pytest.mark.parametrize("mode", [Mode.LISTEN, Mode.MENTION, Mode.ACTIVE])
async def test_new_channels_begin_in_the_mode_that_was_chosen_for_them(chat, mode):
    chat.changes["new_channel_mode"] = mode
    async with chat.running():
        await chat.says("Alice", "does anybody know the capital of France?")
        assert len(chat.posts()) == (mode is Mode.ACTIVE)
        assert f"Mode: {mode}." in await chat.types("Olga", "status")


async def test_the_persona_reaches_the_model(talk):
    await talk.types("Olga", "persona a dry librarian")

    await talk.asks("Alice", "who are you?")

    assert "a dry librarian" in talk.model.asked[-1][0]["content"]


async def test_who_is_no_administrator_any_more_sets_nothing_any_more(talk, slack):
    ada = slack.member("Ada", is_admin=True)
    assert "is now 30 of 100" in await talk.types(ada, "eagerness 30")

    ada.is_admin = False
    slack.acts.change_user(ada)
    await slack.until_delivered()

    assert (await talk.types(ada, "eagerness 40")).startswith("Only ")
