"""Each reply once: after a stop, beside another process, and where somebody deletes it."""

import asyncio
from dataclasses import replace

import pytest

from bot.errors import PlatformRemoved, PlatformUnavailable
from bot.messages import OutboxItem
from tests.discord.speaking import KEY, Speaker, minutes
from tests.discord_server import DiscordServer, Permission

POST = "POST */messages"
LONG = "\n\n".join(" ".join([f"word{number}"] * 200) for number in range(3))  # three messages


def ids(server: DiscordServer) -> list[str]:
    return [message.id for message in server.posts(server.general)]


async def test_posting_twice_posts_once(server, earshot):
    item = await earshot.reply(LONG)

    once = await earshot.platform.post(item)
    again = await earshot.platform.post(item)

    assert once == again
    assert "\n\n".join(earshot.texts) == LONG


async def test_a_stop_between_posting_and_writing_it_down_doubles_nothing(server, earshot):
    item = await earshot.reply("About 250 km.")
    await stopped_after(server, earshot, item, "About")

    message_id = await (await earshot.restarted()).platform.post(item)

    assert ids(server) == [message_id]
    assert await earshot.store.outbox.parts(KEY) == [message_id]


async def test_a_stop_amid_a_long_reply_posts_only_the_rest(server, earshot):
    item = await earshot.reply(LONG)
    await stopped_after(server, earshot, item, "word1")

    await (await earshot.restarted()).platform.post(item)

    assert "\n\n".join(earshot.texts) == LONG
    assert await earshot.store.outbox.parts(KEY) == ids(server)


async def test_an_ambient_reply_of_another_process_is_known_by_its_text(server, earshot):
    earshot.is_addressed = earshot.platform.is_addressed = never
    item = await earshot.reply("Or by bike?")
    await stopped_after(server, earshot, item, "bike")

    await (await earshot.restarted()).platform.post(item)

    assert earshot.texts == ["Or by bike?"]


async def test_words_of_ours_from_before_the_reply_are_not_taken_for_it(server, client, earshot):
    await client.room.send("Or by bike?")
    server.clock.advance(minutes(10))
    earshot.is_addressed = earshot.platform.is_addressed = never
    item = await earshot.reply("Or by bike?")

    await (await earshot.restarted()).platform.post(item)

    assert earshot.texts == ["Or by bike?", "Or by bike?"]


async def test_what_may_have_been_posted_is_looked_for_once_the_nonce_is_forgotten(server, earshot):
    item = await earshot.reply("About 250 km.")
    server.faults.reset(on=POST, after=True, times=1)
    server.faults.respond(503, on=POST, times=99)
    with pytest.raises(PlatformUnavailable):
        await earshot.platform.post(item)
    server.faults.clear()
    server.clock.advance(minutes(10))

    await earshot.platform.post(item)

    assert earshot.texts == ["About 250 km."]


async def test_a_reply_whose_answer_was_lost_is_taken_away_where_it_is_wanted_no_more(
    server, earshot
):
    item = await earshot.reply("About 250 km.")
    server.faults.reset(on=POST, after=True, times=1)
    server.faults.respond(503, on=POST, times=99)
    with pytest.raises(PlatformUnavailable):
        await earshot.platform.post(item, is_new=True)
    server.faults.clear()

    await earshot.platform.withdraw(item)

    assert earshot.texts == []


async def test_words_of_another_reply_that_lost_its_decision_are_not_taken_for_it(server, earshot):
    await earshot.store.channels.change(earshot.where, reply_as_reference=False)
    orphan = await earshot.reply("About 250 km.")
    await earshot.platform.post(orphan)
    _, other = await earshot.asked("and by bike?")
    begun = replace(earshot.begun(earshot.where, other), key=KEY[::-1])
    item = await earshot.written(begun, "About 250 km.")

    await earshot.platform.post(item)

    assert earshot.texts == ["About 250 km.", "About 250 km."]


async def test_where_nobody_may_look_a_reply_is_posted_all_the_same(server, earshot):
    server.change_permissions(server.general, deny=Permission.READ_MESSAGE_HISTORY)
    item = await earshot.reply("About 250 km.")
    server.clock.advance(minutes(10))

    await (await earshot.restarted()).platform.post(item)

    assert earshot.texts == ["About 250 km."]


async def test_a_later_part_that_somebody_deleted_is_not_put_back(server, earshot):
    item = await earshot.reply(LONG)
    await earshot.platform.post(item)
    first, second, third = server.posts(server.general)
    await server.founder.deletes(second)

    again = await (await earshot.restarted()).platform.post(item)

    assert again == first.id
    assert ids(server) == [first.id, third.id]


async def test_a_reply_whose_beginning_somebody_deleted_is_wanted_no_more(server, earshot):
    item = await earshot.reply("About 250 km.")
    await earshot.platform.post(item)
    (message,) = server.posts(server.general)
    await server.founder.deletes(message)

    with pytest.raises(PlatformRemoved):
        await (await earshot.restarted()).platform.post(item)

    assert earshot.texts == []


async def never(item: OutboxItem) -> bool:
    return False


async def stopped_after(
    server: DiscordServer, earshot: Speaker, item: OutboxItem, words: str
) -> None:
    """Stop the process when Discord took the part of these words, and before it says so."""
    is_it = lambda call: call.method == "POST" and words in str(call.body)  # noqa: E731
    gate = server.faults.hold(on=is_it, after=True)
    posting = asyncio.create_task(earshot.platform.post(item))
    await gate.reached.wait()
    posting.cancel()
    await asyncio.wait([posting])
    gate.open()
    server.clock.advance(minutes(10))
