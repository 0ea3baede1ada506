"""Replies, notices and removals of the platform: each once, in as many messages as it takes."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.errors import PlatformError, PlatformUnavailable, StoreError
from bot.messages import Action, Decision, OutboxItem, Rule
from bot.platforms.discord.platform import addressed_by
from tests.discord.speaking import KEY, Speaker, key_of, minutes, speaker
from tests.discord_server import DiscordServer, Permission, discord_server, pointed_at
from tests.discord_server.probe import Ears, ready

POST = "POST */messages"
LONG = "\n\n".join(" ".join([f"word{number}"] * 200) for number in range(3))  # three messages
LONG_CODE = "```py\n" + "x = 12345\n" * 300 + "```"


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with discord_server() as running:
        with pointed_at(running):
            yield running


@pytest.fixture
async def client(server) -> AsyncIterator[Ears]:
    async with ready(Ears(server)) as ears:
        yield ears


@pytest.fixture
async def earshot(server, client, database_url) -> AsyncIterator[Speaker]:
    async with speaker(server, client, database_url) as speaks:
        yield speaks


def ids(server: DiscordServer) -> list[str]:
    return [message.id for message in server.posts(server.general)]


async def test_a_reply_refers_to_the_question_and_pings_who_asked(server, earshot):
    mia, asked = await earshot.asked()
    item = await earshot.written(earshot.begun(earshot.where, asked), "About 250 km.")

    message_id = await earshot.platform.post(item)

    (message,) = server.posts(server.general)
    assert (message.id, message.content) == (message_id, "About 250 km.")
    assert (message.reply_to_id, message.pings) == (asked, [mia.user])
    assert await earshot.store.outbox.parts(KEY) == [message_id]


async def test_an_ambient_reply_refers_to_nothing(server, client, earshot):
    earshot.platform.is_addressed = never

    await earshot.platform.post(await earshot.reply("Or by bike?"))

    assert [message.reply_to_id for message in server.posts(server.general)] == [None]


async def test_a_channel_may_want_no_references(server, earshot):
    await earshot.store.channels.change(earshot.where, reply_as_reference=False)

    await earshot.platform.post(await earshot.reply("About 250 km."))

    assert [message.reply_to_id for message in server.posts(server.general)] == [None]


@pytest.mark.parametrize(("rule", "expected"), [(Rule.ADDRESSED, True), (Rule.THRESHOLD, False)])
async def test_the_kept_decision_tells_who_was_addressed(earshot, rule, expected):
    item = await earshot.reply("About 250 km.")
    kept = await earshot.store.decisions.keep(
        earshot.where,
        [1],
        Decision(Action.SPEAK, rule, "for a test"),
        model="m",
        adapter=None,
        latency_ms=1.0,
        at=item.created_at,
    )
    is_addressed = addressed_by(earshot.store.decisions)

    assert await is_addressed(replace(item, decision_id=kept.id)) is expected
    assert await is_addressed(replace(item, decision_id=kept.id + 1)) is False
    assert await is_addressed(item) is False


async def test_a_long_reply_is_several_messages_of_which_the_first_refers(server, earshot):
    first_id = await earshot.platform.post(await earshot.reply(LONG))

    messages = server.posts(server.general)
    assert "\n\n".join(earshot.texts) == LONG
    assert [bool(message.reply_to_id) for message in messages] == [True, False, False]
    assert await earshot.store.outbox.parts(KEY) == ids(server)
    assert first_id == ids(server)[0]
    assert len({message.nonce for message in messages}) == 3


async def test_long_code_comes_as_a_file(server, earshot):
    await earshot.platform.post(await earshot.reply(f"Try this:\n{LONG_CODE}\nGood luck!"))

    first, second = server.posts(server.general)
    assert (first.content, second.content) == ("Try this:", "Good luck!")
    assert first.attachments[0].filename == "code.py"
    assert first.attachments[0].content == b"x = 12345\n" * 300


async def test_a_reply_that_shows_nothing_is_refused(earshot):
    item = await earshot.reply("\u200b")

    with pytest.raises(PlatformError, match="shows nothing"):
        await earshot.platform.post(item)


async def test_posting_twice_posts_once(server, earshot):
    item = await earshot.reply(LONG)

    once = await earshot.platform.post(item)
    again = await earshot.platform.post(item)

    assert once == again
    assert "\n\n".join(earshot.texts) == LONG


async def test_a_reply_in_a_thread_stays_there(server, earshot):
    thread = server.add_thread(server.general, "Keys", by=server.member("Mia"))
    asked = await server.member("Mia").says(thread, "who has it?")
    item = await earshot.written(earshot.begun(key_of(thread), asked.id), "Ben has it.")

    await earshot.platform.post(item)

    assert [message.content for message in server.posts(thread)] == ["Ben has it."]


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


async def test_where_nobody_may_look_a_reply_is_posted_all_the_same(server, earshot):
    server.change_permissions(server.general, deny=Permission.READ_MESSAGE_HISTORY)
    item = await earshot.reply("About 250 km.")
    server.clock.advance(minutes(10))

    await (await earshot.restarted()).platform.post(item)

    assert earshot.texts == ["About 250 km."]


async def test_a_part_that_somebody_deleted_is_not_put_back(server, earshot):
    item = await earshot.reply("About 250 km.")
    await earshot.platform.post(item)
    (message,) = server.posts(server.general)
    await server.founder.deletes(message)

    again = await (await earshot.restarted()).platform.post(item)

    assert again == message.id
    assert earshot.texts == []


async def test_replies_are_removed_whole_and_twice_is_no_error(server, earshot):
    await earshot.platform.post(await earshot.reply(LONG))
    message_ids = ids(server)

    await earshot.platform.remove(earshot.where, message_ids)
    await earshot.platform.remove(earshot.where, message_ids)

    assert earshot.texts == []


async def test_a_notice_is_silent_and_refers_to_the_question(server, earshot):
    _, asked = await earshot.asked()

    await earshot.platform.notice(earshot.where, "I can't think right now.", reply_to=asked)

    (message,) = server.posts(server.general)
    assert (message.content, message.reply_to_id) == ("I can't think right now.", asked)
    assert message.flags & 1 << 12


async def test_typing_is_shown_until_the_reply_is_written(server, earshot):
    async with earshot.platform.typing(earshot.where):
        await earshot.pace.asked_for(1)
        assert server.general.num_typing == 1
        earshot.pace.go()
        await earshot.pace.asked_for(2)

    assert server.general.num_typing == 2
    assert all(seconds < 10 for seconds in earshot.pace.asked)


async def test_typing_that_fails_stops_nobody(server, earshot, caplog):
    server.change_permissions(server.general, deny=Permission.SEND_MESSAGES)

    async with earshot.platform.typing(earshot.where):
        await server.until(lambda: server.refusals)

    assert server.general.num_typing == 0


async def test_nobody_waits_for_typing_to_be_shown(server, earshot):
    gate = server.faults.hold(on="POST */typing")

    async with earshot.platform.typing(earshot.where):
        await gate.reached.wait()

    gate.open()
    assert earshot.pace.asked == []


class Failing:
    """A history that cannot be read or written."""

    async def settings(self, where):
        raise StoreError("the disk is full")

    async def begin(self, item):
        raise StoreError("the disk is full")

    async def part_posted(self, key, number, message_id):
        raise StoreError("the disk is full")

    async def parts(self, key):
        return []


async def test_a_reply_waits_for_the_history(earshot):
    item = await earshot.reply("About 250 km.")
    earshot.platform.channels = Failing()

    with pytest.raises(PlatformUnavailable, match="the history does not answer: the disk is full"):
        await earshot.platform.post(item)

    assert earshot.texts == []


async def test_a_draft_that_cannot_be_written_down_is_not_shown(server, earshot, caplog):
    _, asked = await earshot.asked()
    earshot.platform.outbox = Failing()

    await earshot.platform.draft(earshot.begun(earshot.where, asked), "Turin is quite far away")
    await earshot.pace.asked_for(1)

    assert earshot.texts == []
    assert "a draft was not shown: the history does not answer: the disk is full" in caplog.text


async def test_a_part_that_cannot_be_written_down_is_found_in_the_channel(earshot, server):
    item = await earshot.reply("About 250 km.")
    earshot.platform.outbox = Failing()
    posted = await earshot.platform.post(item)
    server.clock.advance(minutes(10))

    again = await (await earshot.restarted()).platform.post(item)

    assert again == posted
    assert earshot.texts == ["About 250 km."]


async def test_a_reply_waits_while_the_channel_cannot_be_read(server, earshot):
    item = await earshot.reply("About 250 km.")
    server.clock.advance(minutes(10))
    server.faults.respond(503, on="GET */messages", times=99)

    with pytest.raises(PlatformUnavailable, match="could not read the history in #general"):
        await earshot.platform.post(item)

    assert earshot.texts == []


async def test_a_defect_in_typing_stops_nobody(earshot, caplog):
    met = asyncio.Event()

    async def broken(seconds: float) -> None:
        met.set()
        raise RuntimeError("a defect")

    earshot.platform.sleep = broken

    async with earshot.platform.typing(earshot.where):
        await met.wait()

    assert f"typing in {earshot.where} failed" in caplog.text


class Answering:
    """Answers a command in the server's general channel."""

    def __init__(self, client: Ears, *, is_over: bool = False) -> None:
        self.client = client
        self.is_over = is_over
        self.message = None
        self.more: list[str] = []

    def expired(self) -> bool:
        return self.is_over

    async def edit_first(self, text: str) -> str:
        if self.message is None:
            self.message = await self.client.room.send(f"> how far?\n{text}")
        else:
            await self.message.edit(content=f"> how far?\n{text}")
        return str(self.message.id)

    async def send_more(self, text: str) -> str:
        self.more.append(text)
        return str((await self.client.room.send(text)).id)


async def test_the_reply_to_a_command_takes_its_place(server, client, earshot):
    responder = Answering(client)
    earshot.platform.responders.register("77", responder)
    item = await earshot.written(earshot.begun(earshot.where, "77"), LONG)

    await earshot.platform.post(item)

    assert "\n\n".join(earshot.texts) == f"> how far?\n{LONG}"
    assert responder.more == []  # ordinary messages, which a broken connection does not double
    assert await earshot.store.outbox.parts(KEY) == ids(server)
    assert earshot.platform.responders.of("77") is None


async def test_a_command_that_is_over_gets_an_ordinary_message(server, client, earshot):
    earshot.platform.responders.register("77", Answering(client, is_over=True))
    item = await earshot.written(earshot.begun(earshot.where, "77"), "About 250 km.")

    await earshot.platform.post(item)

    assert earshot.texts == ["About 250 km."]


async def test_a_notice_to_a_command_takes_its_place(client, earshot):
    earshot.platform.responders.register("77", Answering(client))

    await earshot.platform.notice(earshot.where, "I can't think right now.", reply_to="77")

    assert earshot.texts == ["> how far?\nI can't think right now."]


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
