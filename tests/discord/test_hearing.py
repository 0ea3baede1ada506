"""What the bot records of a Discord message; the messages are discord.py's own, made of payloads."""

from datetime import UTC, datetime

import pytest

from bot.messages import Author, ConversationKey
from bot.platforms.discord.hearing import heard
from bot.platforms.discord.reading import unread
from bot.platforms.edits import Edited
from tests.discord.ears import (
    BOT,
    EDITED,
    GUILD,
    HELPER_BOT,
    IN_GENERAL,
    ME,
    NELLY,
    NEWS,
    OTTO,
    OWN_ROLE,
    THREAD,
    Memory,
    nick,
    said,
    user,
)


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


async def test_an_edit_gives_the_new_text_as_people_see_it(ears):
    payload = said(f"<#{NEWS}> at <t:0>", edited_timestamp=EDITED)

    assert await ears.hears_edit(payload) == Edited("#news at 1970-01-01 00:00 UTC")


async def test_a_preview_that_comes_later_is_nothing_its_author_changed(ears):
    preview = {"type": "link", "url": "http://a.example", "title": "A"}

    told = await ears.hears_edit(said("http://a.example", embeds=[preview]))

    assert told == Edited("http://a.example", ("link: A",), by_author=False)


@pytest.mark.parametrize(
    "payload",
    [
        said("pinned", pinned=True),
        said("mine", author=BOT, edited_timestamp=EDITED),
        said("Nelly pinned", type=6, edited_timestamp=EDITED),
    ],
    ids=["pinned", "own", "system"],
)
async def test_what_nobody_edited_is_no_edit(ears, payload):
    assert await ears.hears_edit(payload) is None


async def test_the_answer_to_a_command_is_edited_in_when_it_is_ready(ears):
    bot = user(HELPER_BOT, "dice", bot=True)
    payload = said("Rolled 6.", author=bot, type=20, interaction_metadata=_command())

    assert await ears.hears_edit(payload) == Edited("Rolled 6.")


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
