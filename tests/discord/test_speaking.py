"""Replies, notices and removals of the platform: each once, in as many messages as it takes."""

from dataclasses import replace

import pytest

from bot.errors import PlatformError
from bot.messages import Action, Decision, OutboxItem, Rule
from bot.platforms.speaking import addressed_by
from tests.discord.speaking import KEY, key_of
from tests.discord_server import DiscordServer, Permission
from tests.discord_server.probe import Ears

LONG = "\n\n".join(" ".join([f"word{number}"] * 200) for number in range(3))  # three messages
LONG_CODE = "```py\n" + "x = 12345\n" * 300 + "```"


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


async def test_a_reply_in_a_thread_stays_there(server, earshot):
    thread = server.add_thread(server.general, "Keys", by=server.member("Mia"))
    asked = await server.member("Mia").says(thread, "who has it?")
    item = await earshot.written(earshot.begun(key_of(thread), asked.id), "Ben has it.")

    await earshot.platform.post(item)

    assert [message.content for message in server.posts(thread)] == ["Ben has it."]


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


class Answering:
    """Answers a command in the server's general channel."""

    def __init__(self, client: Ears, *, is_over: bool = False) -> None:
        self.client = client
        self.is_over = is_over
        self.message = None
        self.more: list[str] = []

    def expired(self) -> bool:
        return self.is_over

    async def is_open(self) -> bool:
        return not self.is_over

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
    assert await earshot.platform.responders.of("77") is None


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
