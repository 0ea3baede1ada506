"""What the bot records of a Discord message; the messages are discord.py's own, made of payloads."""

from datetime import UTC, datetime

import pytest

from bot.messages import Author, ConversationKey
from bot.platforms.discord.hearing import WORDLESS, heard, starter
from bot.platforms.discord.reading import unread
from tests.discord.ears import (
    EDITED,
    GENERAL,
    GUILD,
    HELP,
    HELPER_BOT,
    ME,
    MODERATORS,
    NELLY,
    NEWS,
    OTTO,
    OWN_ROLE,
    POST,
    STAGE,
    THREAD,
    VOICE,
    Ears,
    file,
    nick,
    reply_to,
    said,
    user,
)

BOT = user(ME.user_id, "earshot-bot", bot=True)
IN_GENERAL = ConversationKey("discord", str(GUILD), str(GENERAL))
IN_THREAD = ConversationKey("discord", str(GUILD), str(GENERAL), str(THREAD))


class Memory:
    """Remembers names and the assistant's messages."""

    def __init__(self, names=(), own=()):
        self.names, self.own = dict(names), set(own)

    async def name_of(self, where, author_id):
        return self.names.get((where.workspace, author_id))

    async def is_ours(self, where, message_id):
        return (where, message_id) in self.own


@pytest.fixture
async def ears():
    return Ears()


async def test_a_message_is_heard_with_who_said_it_where_and_when(ears):
    message = await ears.hears(said("hello", message_id=(1777636800000 - 1420070400000) << 22))

    assert message.conversation == IN_GENERAL
    assert message.author == Author(str(NELLY), "nelly")
    assert message.text == "hello"
    assert message.sent_at == datetime(2026, 5, 1, 12, tzinfo=UTC)
    assert (message.addressed, message.reply_to, message.attachments) == (False, None, ())


@pytest.mark.parametrize(
    ("author", "member", "name"),
    [
        (user(NELLY, "nelly"), None, "nelly"),
        (user(NELLY, "nelly", global_name="Nelly B."), None, "Nelly B."),
        (user(NELLY, "nelly", global_name="Nelly B."), nick("Captain"), "Captain"),
        (user(NELLY, "nelly", global_name="Nelly B."), nick(None), "Nelly B."),
        (user(NELLY, "nelly", global_name="ن̷e̶ll\u202ey 🐘"), None, "ن̷e̶ll\u202ey 🐘"),
    ],
)
async def test_people_go_by_the_name_that_people_see(ears, author, member, name):
    membership = {"member": member} if member else {}

    message = await ears.hears(said("hi", author=author, **membership))

    assert message.author == Author(str(NELLY), name)


async def test_a_message_fetched_later_goes_by_the_name_kept_from_before(ears):
    kept = Memory(names={(str(GUILD), str(NELLY)): "Captain"})
    fetched = ears.fetched(said("hi", member=nick("Captain")))

    message = await _heard(fetched, kept=kept)

    assert message.author.name == "Captain"


async def test_other_bots_are_heard_as_bots(ears):
    message = await ears.hears(said("beep", author=user(HELPER_BOT, "helper", bot=True)))

    assert message.author == Author(str(HELPER_BOT), "helper", is_bot=True)


async def test_two_people_relayed_by_one_webhook_stay_apart(ears):
    authors = [
        (await ears.hears(_relayed(name))).author
        for name in ("Ada (irc)", "Bob (irc)", "Ada (irc)")
    ]

    assert all(author.is_bot for author in authors)
    assert [author.name for author in authors] == ["Ada (irc)", "Bob (irc)", "Ada (irc)"]
    assert authors[0] == authors[2]
    assert authors[0].id != authors[1].id


async def test_the_answer_to_a_command_is_its_bots_and_no_webhooks(ears):
    payload = said(
        "Rolled 6.",
        author=user(HELPER_BOT, "dice", bot=True),
        type=20,
        webhook_id=str(HELPER_BOT),
        application_id=str(HELPER_BOT),
        interaction_metadata=_command(),
    )

    message = await ears.hears(payload)

    assert message.author == Author(str(HELPER_BOT), "dice", is_bot=True)
    assert message.text == "Rolled 6."


@pytest.mark.parametrize("kind", [*range(1, 19), 22, *range(24, 40), 44, 46, 63, 999])
async def test_what_discord_itself_announces_is_not_heard(ears, kind):
    message = await ears.hears(said("something", type=kind, mentions=[user(OTTO, "otto")]))

    assert message is None


@pytest.mark.parametrize(
    "payload",
    [
        said("my own words", author=BOT),
        said("for your eyes", author=user(HELPER_BOT, "dice", bot=True), type=20, flags=1 << 6),
        said("", author=user(HELPER_BOT, "dice", bot=True), type=20, flags=1 << 7),
        said(""),
    ],
    ids=["own", "ephemeral", "loading", "empty"],
)
async def test_nothing_is_heard_of(ears, payload):
    assert await ears.hears(payload) is None


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


async def test_a_post_of_a_followed_channel_answers_nothing(ears):
    reference = {"channel_id": "12", "guild_id": "13", "message_id": "14"}
    payload = _relayed("Elsewhere #news", "We moved.", flags=1 << 1, message_reference=reference)

    message = await ears.hears(payload)

    assert (message.text, message.reply_to) == ("We moved.", None)


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


async def test_mentions_are_shown_as_names(ears):
    text = f"<@{NELLY}> <@{OTTO}> <@506> <@{ME.user_id}> <@&{OWN_ROLE}> <#{NEWS}> <#{THREAD}> <#1>"
    people = [user(NELLY, "nelly", member=nick("Captain")), user(OTTO, "otto", global_name="Otto")]

    message = await ears.hears(said(text, mentions=[*people, BOT]))

    assert message.text == (
        "@Captain @Otto @someone @Earshot @Earshot #news #a thread #unknown-channel"
    )


async def test_a_mention_that_discord_does_not_resolve_goes_by_the_name_kept(ears):
    kept = Memory(names={(str(GUILD), str(OTTO)): "Otto the Great"})

    message = await ears.hears(said(f"ask <@{OTTO}>"), kept=kept)

    assert message.text == "ask @Otto the Great"


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


async def test_an_edit_gives_the_new_text_as_people_see_it(ears):
    payload = said(f"<#{NEWS}> at <t:0>", edited_timestamp=EDITED)

    assert await ears.hears_edit(payload) == "#news at 1970-01-01 00:00 UTC"


@pytest.mark.parametrize(
    "payload",
    [
        said(
            "http://a.example", embeds=[{"type": "link", "url": "http://a.example", "title": "A"}]
        ),
        said("pinned", pinned=True),
        said("mine", author=BOT, edited_timestamp=EDITED),
        said("Nelly pinned", type=6, edited_timestamp=EDITED),
    ],
    ids=["unfurled", "pinned", "own", "system"],
)
async def test_what_nobody_edited_is_no_edit(ears, payload):
    assert await ears.hears_edit(payload) is None


async def test_the_answer_to_a_command_is_edited_in_when_it_is_ready(ears):
    bot = user(HELPER_BOT, "dice", bot=True)
    payload = said("Rolled 6.", author=bot, type=20, interaction_metadata=_command())

    assert await ears.hears_edit(payload) == "Rolled 6."


async def test_a_server_that_is_not_known_is_no_obstacle(ears):
    message = await ears.hears(said("hi <@&7> <#8>", guild_id="998", channel_id="999"))

    assert message.conversation == ConversationKey("discord", "998", "999")
    assert message.text == "hi @unknown-role #unknown-channel"
    assert not message.addressed


async def _heard(message, **more):
    return await heard(message, me=ME, reader=unread, **more)


def _relayed(name, text="hi", **more):
    return said(
        text, author=user(600, name, bot=True, discriminator="0000"), webhook_id="600", **more
    )


def _command():
    return {
        "id": "800",
        "type": 2,
        "user": user(NELLY, "nelly"),
        "authorizing_integration_owners": {},
    }


def _forward(text):
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
    reference = {"type": 1, "message_id": "700", "channel_id": str(GENERAL)}
    return said(
        flags=1 << 14, message_reference=reference, message_snapshots=[{"message": snapshot}]
    )
