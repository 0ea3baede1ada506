import discord

from tests.discord_server import Intent, Permission
from tests.discord_server.probe import INTENTS, Ears, ready


def without(*names: str) -> discord.Intents:
    return discord.Intents(**{**dict(INTENTS), **dict.fromkeys(names, False)})


async def test_events_that_nobody_asked_for_are_not_sent(server):
    mia = server.member("Mia")

    async with ready(Ears(server, intents=without("guild_messages"))) as client:
        await mia.types(server.general)
        await mia.says(server.general, "to all")
        await mia.says(mia.dm, "to the bot")
        await server.until(lambda: client.heard)

    assert client.texts == ["to the bot"]
    assert "raw_typing" not in client.events


async def test_without_the_content_intent_only_words_to_the_bot_are_read(server):
    mia = server.member("Mia")

    async with ready(Ears(server, intents=without("message_content"))) as client:
        said = await mia.says(server.general, "to all")
        await mia.says(server.general, "to you", mentions=[server.bot])
        own = await client.room.send("from me")
        await mia.replies(said, "to myself")
        await mia.replies(server.posts(server.general)[0], "in reply")
        await mia.says(mia.dm, "in private")
        await server.until(lambda: len(client.heard) == 6)

    mention = server.bot.mention
    assert client.texts == ["", f"{mention} to you", "from me", "", "in reply", "in private"]
    assert own.content == "from me"


async def test_without_the_grant_history_is_empty_of_words_as_well(server):
    server.gateway.granted &= ~Intent.MESSAGE_CONTENT
    await server.member("Mia").says(server.general, "to all", files=[("a.txt", b"hello")])

    async with ready(Ears(server, intents=without("message_content"))) as client:
        (message,) = [one async for one in client.room.history()]
        information = await client.application_info()

    assert (message.content, message.attachments) == ("", [])
    assert not information.flags.gateway_message_content_limited


async def test_messages_of_channels_that_the_bot_cannot_see_are_not_told(server, client):
    mia, hidden = server.member("Mia"), server.add_channel("hidden")
    server.change_permissions(hidden, deny=Permission.VIEW_CHANNEL)

    await mia.says(hidden, "in secret")
    await mia.says(server.general, "in the open")
    await server.until(lambda: client.heard)

    assert client.texts == ["in the open"]
