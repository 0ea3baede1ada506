"""What people think of what Earshot said: reactions, and moderators who delete it."""

from datetime import timedelta

import pytest

from bot.messages import FeedbackKind
from bot.runtime import utc_now
from tests.discord_server import Permission

LONG_AGO = utc_now() - timedelta(days=1)


async def kinds(talk, channel=None):
    where = talk.place(channel or talk.server.general)
    return [each.kind for each in await talk.store.feedback.received(where, since=LONG_AGO)]


async def known(talk, *expected):
    """Wait until just this feedback is kept."""

    async def as_expected():
        return await kinds(talk) == list(expected)

    await talk.until(as_expected)


@pytest.fixture
async def reply(talk, server):
    await talk.says(server.member("Mia"), "the capital of France?")
    return talk.messages()[-1]


async def test_thumbs_are_kept_as_feedback(talk, server, reply):
    await server.member("Ben").reacts(reply, "👍")
    await server.member("Mia").reacts(reply, "👎")

    await known(talk, FeedbackKind.LIKED, FeedbackKind.DISLIKED)


async def test_thumbs_of_any_colour_count(talk, server, reply):
    await server.member("Ben").reacts(reply, "👍🏽")
    await server.member("Mia").reacts(reply, "👎🏿")

    await known(talk, FeedbackKind.LIKED, FeedbackKind.DISLIKED)


async def test_a_reaction_that_is_taken_back_counts_no_more(talk, server, reply):
    ben = server.member("Ben")
    await ben.reacts(reply, "👎")
    await known(talk, FeedbackKind.DISLIKED)

    await ben.unreacts(reply, "👎")

    await known(talk)


async def test_other_reactions_and_those_to_people_are_no_feedback(talk, server, reply):
    mia, ben = server.member("Mia"), server.member("Ben")
    words = await talk.says(mia, "look")
    await ben.reacts(reply, "🎉")
    await ben.reacts(words, "👎")

    await talk.says(ben, "well")

    assert await kinds(talk) == []


async def test_a_reaction_to_any_part_of_a_reply_is_one_to_the_reply(talk, server):
    talk.model.reply_text = "\n".join(
        f"{n}. A line of some length, and no more." for n in range(120)
    )
    await talk.says(server.member("Mia"), "tell me everything?")

    await server.member("Ben").reacts(talk.messages()[-1], "👍")
    await server.member("Ben").reacts(talk.messages()[0], "👍")

    await known(talk, FeedbackKind.LIKED)


async def test_who_hushes_it_gets_an_hour_of_quiet(talk, server, reply):
    mia = server.member("Mia")
    await server.member("Ben").reacts(reply, "🔇")
    await known(talk, FeedbackKind.HUSHED)

    await talk.says(mia, "and the capital of Italy?")
    assert talk.posts() == ["Paris."]
    await talk.asks(mia, "and the capital of Spain?")
    assert talk.posts() == ["Paris.", "Paris."]

    settings = await talk.store.channels.settings(talk.place(server.general))
    left = settings.quiet_until - utc_now()
    assert timedelta(minutes=58) < left <= timedelta(hours=1, seconds=5)


async def test_who_takes_a_hush_back_lets_it_speak_again(talk, server, reply):
    mia, ben = server.member("Mia"), server.member("Ben")
    await ben.reacts(reply, "🔇")
    await known(talk, FeedbackKind.HUSHED)
    await ben.unreacts(reply, "🔇")
    await known(talk)

    await talk.says(mia, "and the capital of Italy?")

    assert talk.posts() == ["Paris.", "Paris."]


async def test_who_opted_out_can_take_a_hush_back_too(talk, server, reply):
    ben, where = server.member("Ben"), talk.place()
    await ben.slash("assistant privacy optout")

    async def is_quiet():
        return (await talk.store.channels.settings(where)).quiet_until is not None

    await ben.reacts(reply, "🔇")
    await talk.until(is_quiet)
    await ben.unreacts(reply, "🔇")
    await talk.says(server.member("Mia"), "and the capital of Italy?")

    assert talk.posts() == ["Paris.", "Paris."]
    assert await kinds(talk) == []


async def test_bots_have_no_opinions(talk, server, reply):
    robo = server.member("Robo", bot=True)
    for emoji in ("👍", "👎", "🔇"):
        await robo.reacts(reply, emoji)
    await server.member("Ben").reacts(reply, "👍")

    await known(talk, FeedbackKind.LIKED)
    assert (await talk.store.channels.settings(talk.place())).quiet_until is None


async def test_a_removal_by_a_moderator_is_feedback(talk, server, reply):
    await server.founder.deletes(reply)

    await known(talk, FeedbackKind.REMOVED)


async def test_two_removals_in_a_row_are_both_feedback(talk, server, reply):
    await talk.says(server.member("Mia"), "the capital of Italy?")
    second = talk.messages()[-1]

    await server.founder.deletes(reply)
    await server.founder.deletes(second)

    await known(talk, FeedbackKind.REMOVED, FeedbackKind.REMOVED)


async def test_a_removal_that_nobody_may_look_up_is_no_feedback(talk, server, reply):
    (own,) = [role for role in server.guild.roles if role.managed]
    own.permissions &= ~Permission.VIEW_AUDIT_LOG
    server.acts.update_role(server.guild, own)

    await server.founder.deletes(reply)
    await talk.says(server.member("Mia"), "well")

    assert await kinds(talk) == []
    assert not server.asked("GET", "/audit-logs")
    assert ("Earshot", "Paris.") not in await talk.history(server.general)


async def test_its_own_removal_is_no_feedback(talk, server):
    mia = server.member("Mia")
    asked = await talk.says(mia, "the capital of France?")

    await mia.deletes(asked)
    await server.until(lambda: talk.posts() == [])
    await talk.says(mia, "well")

    assert await kinds(talk) == []


async def test_a_moderator_who_deletes_what_people_said_gives_no_feedback(talk, server, reply):
    words = await talk.says(server.member("Mia"), "buy now")

    await server.founder.deletes(words)
    await talk.says(server.member("Mia"), "well")

    assert await kinds(talk) == []


async def disliked_thrice(talk, server):
    for number in range(3):
        await talk.says(server.member("Mia"), f"question {number}?")
        await server.member(f"Reader {number}").reacts(talk.messages()[-1], "👎")
    await known(talk, *[FeedbackKind.DISLIKED] * 3)


async def test_managers_are_offered_another_eagerness_and_nothing_changes_by_itself(talk, server):
    await disliked_thrice(talk, server)

    status = await server.founder.slash("assistant status")

    assert "I suggest an eagerness of" in status.text
    assert "50 of 100" in (await server.founder.slash("assistant eagerness")).text


async def test_the_button_sets_the_eagerness(talk, server):
    await disliked_thrice(talk, server)
    status = await server.founder.slash("assistant status")

    pressed = await server.founder.presses(status.original)

    label = status.original.components[0]["components"][0]["label"]
    level = label.rpartition(" ")[2]
    assert f"My eagerness here is now {level} of 100." in pressed.text
    assert (await server.founder.slash("assistant eagerness")).text.startswith(
        f"My eagerness here is {level}"
    )


async def test_nobody_else_is_offered_another_eagerness(talk, server):
    await disliked_thrice(talk, server)

    status = await server.member("Mia").slash("assistant status")

    assert "disliked 3" in status.text
    assert "I suggest" not in status.text
    assert status.original.components == []
