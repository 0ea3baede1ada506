"""Which Discord messages are said to the assistant, and which message each answers."""

import pytest

from bot.platforms.discord.hearing import WORDLESS
from tests.discord.ears import (
    BOT,
    GENERAL,
    GUILD,
    HELPER_BOT,
    IN_GENERAL,
    ME,
    MODERATORS,
    OTTO,
    OWN_ROLE,
    Memory,
    file,
    reply_to,
    said,
    user,
)


@pytest.mark.parametrize(
    ("payload", "addressed"),
    [
        (said(f"<@{ME.user_id}> hi", mentions=[BOT]), True),
        (said(f"<@!{ME.user_id}> hi", mentions=[BOT]), True),
        (said(f"<@{ME.user_id}> hi"), True),
        (said(f"hi <@&{OWN_ROLE}>", mention_roles=[str(OWN_ROLE)]), True),
        (said(f"hi <@&{MODERATORS}>", mention_roles=[str(MODERATORS)]), False),
        (said("hi <@501>", mentions=[user(OTTO, "otto")]), False),
        (said("@everyone come", mention_everyone=True), False),
        (said("@here come", mention_everyone=True), False),
        (said("Earshot is a nice bot"), False),
        (said(f"`<@{ME.user_id}>` is how to call it"), False),
        (said(f"```\n<@{ME.user_id}>\n```"), False),
        (said("quietly", **reply_to(said("I think so", author=BOT))), True),
        (said("loudly", mentions=[BOT], **reply_to(said("I think so", author=BOT))), True),
        (said("to Otto", **reply_to(said("hm", author=user(OTTO, "otto")))), False),
        (said("to nobody now", **reply_to(None)), False),
        (said("hi", guild_id=None, channel_id="310"), True),
        (said(f"<@{ME.user_id}>", author=user(HELPER_BOT, "b", bot=True), mentions=[BOT]), True),
    ],
)
async def test_who_is_addressed(ears, payload, addressed):
    message = await ears.hears(payload)

    assert message.addressed is addressed


async def test_a_reply_to_what_discord_does_not_show_is_addressed_if_it_is_known_to_be_ours(ears):
    kept = Memory(own=[(IN_GENERAL, "777")])

    to_us = await ears.hears(said("really?", **reply_to(777)), kept=kept)
    to_a_stranger = await ears.hears(said("really?", **reply_to(778)), kept=kept)

    assert (to_us.addressed, to_us.reply_to) == (True, "777")
    assert (to_a_stranger.addressed, to_a_stranger.reply_to) == (False, "778")


async def test_a_webhook_that_mentions_the_assistant_addresses_it(ears):
    message = await ears.hears(_relayed("Ada (irc)", f"<@{ME.user_id}> hello"))

    assert message.addressed
    assert message.text == "@Earshot hello"


async def test_an_addressed_message_without_anything_to_show_is_not_lost(ears):
    message = await ears.hears(said("", **reply_to(said("I think so", author=BOT))))

    assert message.attachments == (WORDLESS,)


async def test_a_reply_names_the_message_it_answers(ears):
    message = await ears.hears(said("yes", **reply_to(said("no?", message_id=900))))

    assert message.reply_to == "900"


async def test_a_forward_answers_nothing_and_addresses_nobody(ears):
    message = await ears.hears(_forward(f"<@{ME.user_id}> and <@{OTTO}>, <@&{MODERATORS}>!"))

    assert (message.addressed, message.reply_to, message.text) == (False, None, "")
    assert message.attachments == (
        "forwarded: @Earshot and @someone, @Moderators! [image map.png: the way]",
    )


async def test_forwarded_words_that_were_wiped_where_they_were_said_are_not_kept(ears):
    words = _forward("my number is 555", guild_id=str(GUILD))

    told = await ears.hears(words, kept=Memory(wiped=[(str(GUILD), "700")]))
    elsewhere = await ears.hears(words, kept=Memory(wiped=[("2", "700")]))

    assert told.attachments == ("forwarded words",)
    assert "555" in str(elsewhere.attachments)


async def test_a_post_of_a_followed_channel_answers_nothing(ears):
    reference = {"channel_id": "12", "guild_id": "13", "message_id": "14"}
    payload = _relayed("Elsewhere #news", "We moved.", flags=1 << 1, message_reference=reference)

    message = await ears.hears(payload)

    assert (message.text, message.reply_to) == ("We moved.", None)


def _relayed(name, text="hi", **more):
    return said(
        text, author=user(600, name, bot=True, discriminator="0000"), webhook_id="600", **more
    )


def _forward(text, **more):
    snapshot = {
        "type": 0,
        "content": text,
        "embeds": [],
        "attachments": [file("map.png", content_type="image/png", description="the way")],
        "timestamp": "2026-05-01T11:00:00+00:00",
        "edited_timestamp": None,
        "flags": 0,
        "mentions": [],
        "components": [],
    }
    reference = {"type": 1, "message_id": "700", "channel_id": str(GENERAL), **more}
    return said(
        flags=1 << 14, message_reference=reference, message_snapshots=[{"message": snapshot}]
    )
