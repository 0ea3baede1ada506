"""Commands over the wire: the real discord.py, and the platform's own way of posting."""

import asyncio
from dataclasses import replace

from bot.messages import Mode
from bot.platforms.asking import ANSWERED_WITH_NEXT, TOO_LATE
from bot.platforms.discord.keys import channel_key
from tests.discord.wired import ASKED, QUESTION, REPLY, Bot
from tests.discord_server import DiscordServer, Permission


async def test_discord_takes_the_commands_in_all_languages(server: DiscordServer, bot: Bot) -> None:
    assert [command["name"] for command in server.commands[""]] == [
        "assistant",
        "Ask Earshot about this",
    ]


async def test_a_question_is_answered_where_it_was_asked(server: DiscordServer, bot: Bot) -> None:
    mia = server.member("Mia", nick="Mia from Ops")

    asked = await mia.slash("assistant ask", question=QUESTION)
    await bot.pipeline.conversations.drain()

    assert asked.text == ASKED
    assert [post.content for post in server.posts(server.general)] == [ASKED]
    question, reply = await bot.said(server.general)
    assert (question.author.name, question.id) == ("Mia from Ops", f"ask-{asked.id}")
    assert (reply.text, reply.id) == (REPLY, asked.original.id)


async def test_a_long_answer_goes_on_below(server: DiscordServer, bot: Bot) -> None:
    bot.model.reply_text = "\n".join(["Nine words that say not very much at all."] * 100)

    asked = await server.member("Mia").slash("assistant ask", question=QUESTION)
    await bot.pipeline.conversations.drain()

    assert asked.text.startswith(f"> {QUESTION}\nNine")
    shown = [message.content for message in server.posts(server.general)]
    assert "\n".join(shown) == f"> {QUESTION}\n{bot.model.reply_text}"
    assert [len(each) <= 2000 for each in shown] == [True] * 3


async def test_a_question_in_a_thread_is_part_of_the_thread(
    server: DiscordServer, bot: Bot
) -> None:
    mia = server.member("Mia")
    thread = server.add_thread(server.general, "trains", by=mia)

    asked = await mia.slash("assistant ask", where=thread, question=QUESTION)
    await bot.pipeline.conversations.drain()

    assert asked.text == ASKED
    assert [entry.text for entry in await bot.said(server.general, thread=thread)] == [
        QUESTION,
        REPLY,
    ]


async def test_a_setting_changed_in_a_thread_is_that_of_its_channel(
    server: DiscordServer, bot: Bot
) -> None:
    thread = server.add_thread(server.general, "trains", by=server.founder)

    await server.founder.slash("assistant mode", where=thread, mode="listen")

    where = channel_key(int(server.guild.id), int(server.general.id))
    assert (await bot.store.channels.settings(where)).mode is Mode.LISTEN


async def test_a_question_in_a_direct_message_is_answered_there(
    server: DiscordServer, bot: Bot
) -> None:
    mia = server.member("Mia")

    asked = await mia.slash("assistant ask", where=mia.dm, question=QUESTION)

    assert asked.text == ASKED


async def test_who_manages_channels_may_set_them_and_nobody_else(
    server: DiscordServer, bot: Bot
) -> None:
    mia, ben = server.member("Mia"), server.member("Ben")
    server.add_role("keepers", Permission.MANAGE_CHANNELS, to=mia)

    changed = await mia.slash("assistant eagerness", level=70)
    refused = await ben.slash("assistant eagerness", level=10)

    assert (changed.ephemeral, refused.ephemeral) == (False, True)
    where = channel_key(int(server.guild.id), int(server.general.id))
    assert (await bot.store.channels.settings(where)).eagerness == 70


async def test_what_cannot_be_read_is_told_to_the_caller_alone(
    server: DiscordServer, bot: Bot
) -> None:
    told = await server.founder.slash("assistant quiet", time="sometimes")

    assert "sometimes" in told.text
    assert [(answer.ephemeral, answer.versions) for answer in told.messages] == [
        (True, [told.text])
    ]


async def test_completions_are_offered(server: DiscordServer, bot: Bot) -> None:
    offered = await server.founder.is_typing("assistant quiet", option="time", time="unt")

    assert offered == ["until 18:00"]


async def test_a_message_is_asked_about_by_its_menu(server: DiscordServer, bot: Bot) -> None:
    mia = server.member("Mia")
    about = await mia.says(server.general, "Turin is lovely")

    form = await mia.asks_about(about)
    asked = await mia.submits(form, question="is it far?")

    place = f"{server.guild.id}/{server.general.id}"
    assert asked.text.startswith(f"> is it far? https://discord.com/channels/{place}/")
    assert asked.text.endswith(f"\n{REPLY}")
    await bot.pipeline.conversations.drain()
    heard, question, _ = await bot.said(server.general)
    assert (heard.id, question.reply_to) == (about.id, about.id)


async def test_of_two_questions_answered_at_once_the_first_says_so(
    server: DiscordServer, bot: Bot
) -> None:
    mia, ben = server.member("Mia"), server.member("Ben")
    is_writing, may_go_on = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        is_writing.set()
        await may_go_on.wait()

    bot.model.before_reply = wait
    asked = [await mia.slash("assistant ask", wait=False, question="first?")]
    await is_writing.wait()
    for number, person in enumerate((mia, ben), start=2):
        asked.append(await person.slash("assistant ask", wait=False, question=f"{number}?"))
        await server.until(lambda number=number: bot.pipeline.num_received == number)
    may_go_on.set()
    await server.until(lambda: all(question.settled for question in asked))

    first, second, third = [question.text for question in asked]
    assert first == f"> first?\n{REPLY}"
    assert second == f"> 2?\n{ANSWERED_WITH_NEXT}"
    assert third == f"> 3?\n{REPLY}"


async def test_a_question_too_old_to_be_answered_ends_the_thinking(
    server: DiscordServer, bot: Bot
) -> None:
    bot.pipeline.judge = replace(bot.pipeline.judge, max_age_s=-1.0)

    asked = await server.member("Mia").slash("assistant ask", question=QUESTION)

    assert asked.text == f"> {QUESTION}\n{TOO_LATE}"
