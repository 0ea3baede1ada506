"""Where a Discord message is heard: channels, direct messages, threads and their first messages."""

import pytest

from bot.messages import ConversationKey
from bot.platforms.discord.hearing import starter
from bot.platforms.discord.reading import unread
from tests.discord.ears import (
    BOT,
    GENERAL,
    GUILD,
    HELP,
    ME,
    NEWS,
    OTTO,
    POST,
    STAGE,
    THREAD,
    VOICE,
    reply_to,
    said,
    user,
)

IN_THREAD = ConversationKey("discord", str(GUILD), str(GENERAL), str(THREAD))


@pytest.mark.parametrize("channel", [GENERAL, NEWS, VOICE, STAGE])
async def test_every_channel_that_people_write_in_is_heard(ears, channel):
    message = await ears.hears(said("hi", channel_id=str(channel)))

    assert message.conversation == ConversationKey("discord", str(GUILD), str(channel))


async def test_a_direct_message_is_heard_in_a_workspace_of_its_own(ears):
    message = await ears.hears(said("hi", guild_id=None, channel_id="310"))

    assert message.conversation == ConversationKey("discord", "@me", "310")


async def test_where_may_be_known_better_than_by_discord(ears):
    message = await ears.hears(said("hi", channel_id="9999"), where=IN_THREAD)

    assert message.conversation == IN_THREAD


async def test_the_title_of_a_post_stands_in_its_first_message_only(ears):
    first = await ears.hears(said("Seen them?", channel_id=str(POST), message_id=POST))
    second = await ears.hears(said("No.", channel_id=str(POST), message_id=1001))

    assert first.conversation == ConversationKey("discord", str(GUILD), str(HELP), str(POST))
    assert first.text == "Title: Lost keys\nSeen them?"
    assert second.text == "No."


async def test_a_thread_begins_with_the_message_it_was_made_of(ears):
    original = said(f"<@{ME.user_id}> look", mentions=[BOT], message_id=THREAD)
    opening = said(channel_id=str(THREAD), message_id=1001, author=user(OTTO, "otto"))

    begun = await ears.hears({**opening, **reply_to(original), "type": 21})
    given = await starter(ears.message(original), where=IN_THREAD, me=ME, reader=unread)

    assert begun == given
    assert (begun.conversation, begun.id) == (IN_THREAD, str(THREAD))
    assert (begun.author.name, begun.text) == ("nelly", "@Earshot look")
    assert not begun.addressed


async def test_a_thread_made_of_its_own_words_begins_with_a_quote(ears):
    opening = said(channel_id=str(THREAD), message_id=1001)

    begun = await ears.hears({**opening, **reply_to(said("mine", author=BOT)), "type": 21})

    assert (begun.author.name, begun.text) == ("Thread", 'started from what Earshot said: "mine"')
    assert begun.author.is_bot
    assert not begun.addressed


@pytest.mark.parametrize("original", [None, 998, said("", author=BOT), said("", type=6)])
async def test_a_thread_of_something_unheard_begins_with_nothing(ears, original):
    opening = said(channel_id=str(THREAD), message_id=1001)

    assert await ears.hears({**opening, **reply_to(original), "type": 21}) is None
