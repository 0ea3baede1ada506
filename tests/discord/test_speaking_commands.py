"""Replies to `/assistant ask`: they take the place where Discord shows that we are thinking."""

import pytest

from bot.platforms.discord.acknowledging import Acknowledgement
from bot.platforms.discord.answering import InteractionResponder
from tests.discord.speaking import KEY, minutes

QUESTION = "how far is Turin?"
BEGUN = "Turin is quite far away"
WHOLE = f"{BEGUN}: about 250 km."
LONG = "\n\n".join(" ".join([f"word{number}"] * 200) for number in range(3))  # three messages


@pytest.fixture
async def draft(server, client, earshot):
    """A reply to a command that Discord shows as being thought about."""
    command = {"name": "ask", "type": 1, "description": "Ask.", "options": []}
    await client.http.bulk_upsert_global_commands(client.application_id, [command])
    await server.member("Mia").slash("ask", wait=False)
    interaction = await client.next_asked()
    asked = str(interaction.id)
    async with Acknowledgement(interaction, ephemeral=False) as acknowledgement:
        await acknowledgement.given()
        responder = InteractionResponder(acknowledgement, QUESTION)
        earshot.platform.responders.register(asked, responder)
        yield earshot.begun(earshot.where, asked)


async def test_the_reply_grows_under_the_question(server, earshot, draft):
    await earshot.platform.draft(draft, BEGUN)
    await server.until(lambda: earshot.texts)

    message_id = await earshot.platform.post(await earshot.written(draft, WHOLE))

    (message,) = server.posts(server.general)
    assert message.id == message_id
    assert message.versions[-2:] == [f"> {QUESTION}\n{BEGUN}", f"> {QUESTION}\n{WHOLE}"]


async def test_a_long_reply_follows_below(server, earshot, draft):
    await earshot.platform.post(await earshot.written(draft, LONG))

    assert "\n\n".join(earshot.texts) == f"> {QUESTION}\n{LONG}"
    shown = [message.id for message in server.posts(server.general)]
    assert await earshot.store.outbox.parts(KEY) == shown
    nonces = [call.body.get("nonce") for call in server.asked("POST", "/messages")]
    assert len(nonces) == 2
    assert None not in nonces


async def test_a_busy_discord_is_asked_again(server, earshot, draft):
    server.faults.respond(503, on="PATCH */messages/@original", times=2)

    await earshot.platform.post(await earshot.written(draft, WHOLE))

    assert earshot.texts == [f"> {QUESTION}\n{WHOLE}"]


async def test_a_reply_that_comes_too_late_is_an_ordinary_message(server, earshot, draft, caplog):
    server.clock.advance(minutes(16))

    await earshot.platform.post(await earshot.written(draft, WHOLE))

    assert earshot.texts == [WHOLE]
    assert "a command in discord/" in caplog.text


async def test_a_reply_that_is_too_late_for_its_end_goes_on_as_ordinary_messages(
    server, earshot, draft
):
    await earshot.platform.draft(draft, BEGUN)
    await earshot.pace.asked_for(1)
    server.clock.advance(minutes(16))

    await earshot.platform.post(await earshot.written(draft, LONG))

    assert "\n\n".join(earshot.texts) == LONG
    assert len(await earshot.store.outbox.parts(KEY)) == 3


async def test_a_notice_takes_the_place_of_the_reply(earshot, draft):
    await earshot.platform.notice(earshot.where, "I can't think.", reply_to=draft.reply_to)

    assert earshot.texts == [f"> {QUESTION}\nI can't think."]


async def test_a_notice_that_comes_too_late_is_an_ordinary_message(server, earshot, draft):
    server.clock.advance(minutes(16))

    await earshot.platform.notice(earshot.where, "I can't think.", reply_to=draft.reply_to)

    assert earshot.texts == ["I can't think."]


async def test_after_a_withdrawn_draft_a_notice_still_comes(server, earshot, draft):
    await earshot.platform.draft(draft, BEGUN)
    await earshot.pace.asked_for(1)

    await earshot.platform.withdraw(draft)
    await earshot.platform.notice(earshot.where, "I can't think.", reply_to=draft.reply_to)

    assert earshot.texts == ["I can't think."]


async def test_responders_that_expired_are_forgotten(earshot, draft):
    class Over:
        def expired(self) -> bool:
            return True

    earshot.platform.responders.register("1", Over())
    earshot.platform.responders.register("2", Over())

    assert list(earshot.platform.responders._waiting) == [draft.reply_to, "2"]
