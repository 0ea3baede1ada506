"""Replies that grow, where Discord fails or the bot stops midway."""

import asyncio

from tests.discord.speaking import edits, key_of, minutes

POST = "POST */messages"
BEGUN = "Turin is quite far away"  # words worth a look
WHOLE = f"{BEGUN}: about 250 km."


def drafting() -> list[asyncio.Task[None]]:
    """Give the tasks that show drafts."""
    return [each for each in asyncio.all_tasks() if "Draft." in each.get_coro().__qualname__]


async def test_an_edit_that_fails_is_only_logged_and_the_last_one_lands(
    server, earshot, draft, caplog
):
    await earshot.platform.draft(draft, BEGUN)
    await earshot.pace.asked_for(1)
    server.faults.respond(503, on="PATCH *", times=2)
    await earshot.platform.draft(draft, f"{BEGUN}:")
    earshot.pace.go()
    await earshot.pace.asked_for(2)

    await earshot.platform.post(await earshot.written(draft, WHOLE))

    assert earshot.texts == [WHOLE]
    assert "a draft was not shown: Earshot could not edit its message in #general" in caplog.text


async def test_a_draft_whose_answer_was_lost_is_not_posted_again(server, earshot, draft):
    server.faults.reset(on=POST, after=True)
    await earshot.platform.draft(draft, BEGUN)
    await earshot.pace.asked_for(1)

    await earshot.platform.post(await earshot.written(draft, WHOLE))

    assert earshot.texts == [WHOLE]


async def test_a_draft_whose_answer_was_lost_goes_on_growing(server, earshot, draft):
    server.faults.reset(on=POST, after=True)
    await earshot.platform.draft(draft, BEGUN)
    await earshot.pace.asked_for(1)
    await earshot.platform.draft(draft, WHOLE)
    earshot.pace.go()
    await earshot.pace.asked_for(2)

    assert earshot.texts == [WHOLE]


async def test_a_lost_draft_is_found_in_the_channel_when_its_nonce_is_forgotten(
    server, earshot, draft
):
    server.faults.reset(on=POST, after=True)
    await earshot.platform.draft(draft, BEGUN)
    await earshot.pace.asked_for(1)
    server.clock.advance(minutes(10))

    await earshot.platform.post(await earshot.written(draft, WHOLE))

    assert earshot.texts == [WHOLE]


async def test_a_reply_that_is_ready_waits_for_the_edit_on_its_way(server, earshot, draft):
    await earshot.platform.draft(draft, BEGUN)
    await earshot.pace.asked_for(1)
    gate = server.faults.hold(on="PATCH *")
    await earshot.platform.draft(draft, f"{BEGUN}:")
    earshot.pace.go()
    await gate.reached.wait()

    posting = asyncio.create_task(earshot.platform.post(await earshot.written(draft, WHOLE)))
    gate.open()
    await posting

    assert edits(server) == [f"{BEGUN}:", WHOLE]
    assert earshot.texts == [WHOLE]


async def test_a_draft_of_an_earlier_process_is_taken_away(server, earshot, draft):
    await earshot.platform.draft(draft, BEGUN)
    await earshot.pace.asked_for(1)
    server.clock.advance(minutes(1))
    successor = await earshot.restarted()

    (left,) = await earshot.store.outbox.drafts("discord")
    await successor.platform.withdraw(left)

    assert earshot.texts == []


async def test_a_draft_that_was_shown_and_not_written_down_is_taken_away(server, earshot, draft):
    gate = server.faults.hold(on=POST, after=True)
    await earshot.platform.draft(draft, BEGUN)
    await gate.reached.wait()
    for task in drafting():
        task.cancel()
    gate.open()
    server.clock.advance(minutes(1))

    (left,) = await earshot.store.outbox.drafts("discord")
    await (await earshot.restarted()).platform.withdraw(left)

    assert earshot.texts == []


async def test_a_reply_that_began_in_a_thread_is_finished_there_though_that_was_archived(
    server, earshot
):
    mia = server.member("Mia")
    thread = server.add_thread(server.general, "Turin", by=mia)
    asked = await mia.says(thread, "how far is it?", mentions=[server.bot])
    draft = earshot.begun(key_of(thread), asked.id)
    await earshot.platform.draft(draft, BEGUN)
    await earshot.pace.asked_for(1)
    server.acts.archive(thread, archived=True)

    await earshot.platform.post(await earshot.written(draft, WHOLE))

    assert [message.content for message in server.posts(thread)] == [WHOLE]


async def test_an_answer_written_anew_stays_when_the_draft_before_is_taken_away_late(
    server, client, earshot, draft
):
    await earshot.platform.draft(draft, BEGUN)
    await earshot.pace.asked_for(1)
    server.clock.advance(minutes(1))
    successor = await earshot.restarted()
    server.clock.advance(minutes(1))
    asked = await client.room.fetch_message(int(draft.reply_to))
    await asked.reply(WHOLE)  # and it is not written down yet

    await successor.platform.withdraw(draft)

    assert earshot.texts == [WHOLE]


async def test_other_words_of_ours_stay_when_a_draft_is_taken_away(server, client, earshot, draft):
    await client.room.send("Good morning.")
    await earshot.platform.draft(draft, BEGUN)
    await earshot.pace.asked_for(1)
    server.clock.advance(minutes(1))

    await (await earshot.restarted()).platform.withdraw(draft)

    assert earshot.texts == ["Good morning."]


async def test_a_draft_left_half_shown_is_finished_after_a_restart(server, earshot, draft):
    await earshot.platform.draft(draft, BEGUN)
    await earshot.pace.asked_for(1)
    item = await earshot.written(draft, WHOLE)
    server.clock.advance(minutes(10))

    await (await earshot.restarted()).platform.post(item)

    assert earshot.texts == [WHOLE]
