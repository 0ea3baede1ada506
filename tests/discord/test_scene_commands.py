"""People use `/assistant` on Discord: each command once, who may, and who sees the answer."""

import pytest

from bot.messages import Mode
from tests.discord_server import Permission

# path, values, what the answer says, whether only the asker sees it
EVERY = [
    ("ask", {"question": "the capital of France?"}, "> the capital of France?\nParis.", False),
    ("why", {"n": 3}, "I haven't decided on anything here yet.", True),
    ("catchup", {}, "Nothing was said here since you last wrote.", True),
    ("mode", {"mode": "mention"}, "My mode here is now mention: ", False),
    ("mode", {}, "My mode here is active: ", True),
    ("eagerness", {"level": 30}, "My eagerness here is now 30 of 100.", False),
    ("quiet", {"time": "2h"}, "I'll be quiet until ", False),
    ("persona", {"text": "a dry librarian"}, "My persona here is now: a dry librarian", False),
    ("replies reference", {"switch": "off"}, "My answers here stand alone", False),
    ("replies stream", {"switch": "off"}, "once they are whole", False),
    ("replies threads", {"switch": "off"}, "In threads I speak only", False),
    ("limits share", {"percent": 25}, "At most 25% of the last 20 messages", False),
    ("limits cooldown", {"time": "5m"}, "After I spoke I rest for 5 min", False),
    ("limits bots", {"times": 2}, "at most 2 times in a row", False),
    ("defaults show", {}, "What holds in channels that chose nothing themselves:", True),
    ("defaults mode", {"mode": "mention"}, "By default: My mode", False),
    ("defaults eagerness", {"level": 30}, "By default: My eagerness", False),
    ("defaults quiet", {"hours": "22:00-07:00 UTC"}, "By default: Quiet hours are now", False),
    ("defaults persona", {"text": "a pirate"}, "By default: My persona", False),
    ("defaults retention", {"days": 30}, "By default: Messages", False),
    ("defaults follow", {}, "it follows the defaults already", False),
    ("preview", {"hours": 2}, "In the last 2 h nothing was said here", True),
    ("privacy show", {}, "I store no messages of yours.", True),
    ("privacy optout", {}, "You are opted out", True),
    ("privacy optin", {}, "You are opted in", True),
    ("privacy forget-me", {}, "I deleted the text of no messages", True),
    ("privacy retention", {"days": 30}, "Messages here are deleted after 30 days.", False),
    ("privacy training", {"allowed": "on"}, "That stays off", False),
    ("status", {}, "Mode: active.", True),
    ("clear", {}, "This would delete what I remember here", True),
    ("clear", {"confirm": "confirm"}, "I forgot this conversation", False),
    ("help", {"command": "quiet"}, "Keep me quiet for a while", True),
]
FOR_MANAGERS = ["mode", "eagerness", "quiet", "persona", "limits share", "privacy retention"]
FOR_SERVER_MANAGERS = ["defaults mode", "defaults eagerness", "defaults retention"]


def values_of(path):
    return next(values for name, values, _, _ in EVERY if name == path)


@pytest.mark.parametrize("given", EVERY, ids=lambda given: given[0].replace(" ", "_"))
async def test_each_command_is_answered(talk, server, given):
    path, values, says, ephemeral = given
    answer = await server.founder.slash(f"assistant {path}", **values)

    assert says in answer.text
    assert answer.ephemeral is ephemeral
    assert answer.original.pings == []


async def test_what_managers_of_channels_set_nobody_else_sets(talk, server):
    mia, ben = server.member("Mia"), server.member("Ben")
    server.add_role("keepers", Permission.MANAGE_CHANNELS, to=mia)

    for path in FOR_MANAGERS:
        refused = await ben.slash(f"assistant {path}", **values_of(path))
        done = await mia.slash(f"assistant {path}", **values_of(path))

        assert refused.text.startswith("Only ")
        assert refused.ephemeral
        assert not done.text.startswith("Only ")


async def test_what_managers_of_the_server_set_no_manager_of_channels_sets(talk, server):
    mia, ben = server.member("Mia"), server.member("Ben")
    server.add_role("captains", Permission.MANAGE_GUILD, to=mia)
    server.add_role("keepers", Permission.MANAGE_CHANNELS, to=ben)

    for path in FOR_SERVER_MANAGERS:
        refused = await ben.slash(f"assistant {path}", **values_of(path))
        done = await mia.slash(f"assistant {path}", **values_of(path))

        assert refused.text.startswith("Only ")
        assert refused.ephemeral
        assert done.text.startswith("By default: ")


async def test_who_may_not_set_a_thing_may_still_see_it(talk, server):
    shown = await server.member("Ben").slash("assistant eagerness")

    assert "My eagerness here is 50 of 100." in shown.text


async def test_what_somebody_types_is_completed(talk, server):
    founder = server.founder

    times = await founder.is_typing("assistant quiet", option="time", time="2")
    assert times[0] == "2h"
    personas = await founder.is_typing("assistant persona", option="text", text="")
    assert "a dry-witted librarian" in personas


async def test_the_model_hears_a_question_asked_by_command_like_any_other(talk, server):
    mia = server.member("Mia")
    await talk.says(mia, "we are off to France")

    await server.member("Ben").slash("assistant ask", question="which capital?")
    await talk.settled()

    assert "Ben: which capital?" in "\n".join(talk.shown())
    assert await talk.history(server.general) == [
        ("Mia", "we are off to France"),
        ("Ben", "which capital?"),
        ("Earshot", "Paris."),
    ]


async def test_a_question_by_command_is_refused_where_it_only_listens(talk, server):
    await talk.set(mode=Mode.LISTEN)

    told = await server.member("Ben").slash("assistant ask", wait=False, question="which capital?")
    await server.until(lambda: told.original and told.original.deleted)

    assert "My mode here is listen" in told.followups[0].content
    assert told.followups[0].ephemeral
    assert talk.posts() == []


def link(server, message):
    return f"https://discord.com/channels/{server.guild.id}/{message.channel.id}/{message.id}"


async def test_a_message_is_asked_about_by_its_menu(talk, server):
    mia, ben = server.member("Mia"), server.member("Ben")
    about = await talk.says(mia, "Lyon is lovely")

    form = await ben.asks_about(about, "Ask Earshot about this")
    asked = await ben.submits(form, question="is it the capital?")
    await talk.settled()

    assert asked.text == f"> is it the capital? {link(server, about)}\nParis."
    assert not asked.ephemeral


async def test_a_menu_with_no_question_asks_what_goes_without_saying(talk, server):
    about = await talk.says(server.member("Mia"), "Lyon is lovely")

    form = await server.member("Ben").asks_about(about)
    asked = await server.member("Ben").submits(form)

    assert asked.text == f"> What do you say to this? {link(server, about)}\nParis."


async def test_the_reply_to_a_command_is_liked_and_taken_back_like_any_other(talk, server):
    ben = server.member("Ben")
    asked = await ben.slash("assistant ask", question="which capital?")
    await talk.settled()

    await ben.reacts(asked.original, "👍")

    status = await talk.until(lambda: liked(server))
    assert "liked 1" in status


async def liked(server):
    status = await server.founder.slash("assistant status")
    return status.text if "liked 1" in status.text else None


async def test_commands_work_in_private(talk, server):
    mia = server.member("Mia")

    asked = await mia.slash("assistant ask", where=mia.dm, question="which capital?")
    changed = await mia.slash("assistant eagerness", where=mia.dm, level=70)

    assert asked.text == "> which capital?\nParis."
    assert "is now 70 of 100" in changed.text


async def test_nobody_sets_in_private_what_holds_in_all_private_talk(talk, server):
    mia = server.member("Mia")

    refused = await mia.slash("assistant defaults eagerness", where=mia.dm, level=100)

    assert refused.text.startswith("Only ")
    ben = server.member("Ben")
    shown = await ben.slash("assistant eagerness", where=ben.dm)
    assert "50 of 100" in shown.text


async def test_who_is_forgotten_in_private_is_forgotten_there_alone(talk, server):
    mia, ben = server.member("Mia"), server.member("Ben")
    for person in (mia, ben):
        await talk.says(person, "good morning", where=person.dm)

    await mia.slash("assistant privacy forget-me", where=mia.dm)

    assert ("Mia", "good morning") not in await talk.history(mia.dm)
    assert ("Ben", "good morning") in await talk.history(ben.dm)


async def test_channels_take_over_what_holds_in_the_server_unless_they_choose(talk, server):
    news = server.add_channel("news")
    founder = server.founder

    await founder.slash("assistant eagerness", where=news, level=80)
    await founder.slash("assistant defaults eagerness", level=20)

    taken = await founder.slash("assistant eagerness")
    chosen = await founder.slash("assistant eagerness", where=news)
    assert "20 of 100" in taken.text
    assert "80 of 100" in chosen.text

    await founder.slash("assistant defaults follow", where=news)
    assert "20 of 100" in (await founder.slash("assistant eagerness", where=news)).text


async def test_the_defaults_of_a_server_hold_in_a_channel_made_later(talk, server):
    await server.founder.slash("assistant defaults mode", mode="mention")

    news = server.add_channel("news")
    await talk.says(server.member("Mia"), "who is there?", where=news)

    assert talk.posts(news) == []
    assert len(await talk.history(news)) == 1


async def test_who_may_not_read_the_history_is_not_told_of_it(talk, server):
    mia = server.member("Mia")
    await talk.says(server.member("Ben"), "the safe is open")
    server.change_permissions(server.general, mia, deny=Permission.READ_MESSAGE_HISTORY)

    told = [await mia.slash(f"assistant {name}") for name in ("why", "catchup")]

    assert all(each.text.startswith("You may not read what was said here") for each in told)
    assert all(each.ephemeral for each in told)
