"""Questions asked by a command are answered where they were asked, and "thinking" always ends."""

from collections.abc import AsyncIterator

import discord
import pytest
from simcord import Env
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle

from bot.commands.dispatch import STORE_FAILED
from bot.errors import ModelUnavailable, StoreError
from bot.messages import Author, Message, Mode
from bot.notices import CANNOT_THINK, OPTED_OUT
from bot.platforms.asking import NOT_HEARD, TOO_LATE
from bot.platforms.discord.answering import MAX_CHARS, under_question
from bot.platforms.discord.buttons import DEFAULT_QUESTION
from bot.platforms.discord.keys import PLATFORM, channel_key
from bot.split import num_units
from tests.discord.commanded import Bot, running_bot
from tests.logs import warnings_in

MENU = "Ask Earshot about this"
ASKED = "assistant ask"
QUESTION = "how far is Turin?"
REPLY = "About 250 km."


@pytest.fixture
async def simcord_bot(database_url: str) -> AsyncIterator[Bot]:
    async with running_bot(database_url) as bot:
        yield bot


@pytest.fixture
def channel(simcord_env: Env) -> ChannelHandle:
    return simcord_env.create_guild().create_text_channel("general")


@pytest.fixture
def ana(simcord_env: Env, channel: ChannelHandle) -> MemberActor:
    return simcord_env.guild.add_member(simcord_env.create_user("ana"), nick="Ana")


async def test_the_reply_stands_under_the_question_for_everybody(
    channel: ChannelHandle, ana: MemberActor
) -> None:
    asked = await ana.slash(channel, ASKED, question=QUESTION)

    assert asked.response.content == f"> {QUESTION}\n{REPLY}"
    assert not asked.response.ephemeral


async def test_a_question_is_part_of_the_history_with_its_asker(
    simcord_bot: Bot, channel: ChannelHandle, ana: MemberActor
) -> None:
    await ana.slash(channel, ASKED, question=QUESTION)

    question, reply = await simcord_bot.said(channel.id, ana.guild.id)
    assert question.author == Author(str(ana.id), "Ana")
    assert (question.text, question.addressed) == (QUESTION, True)
    assert (reply.text, reply.from_assistant) == (REPLY, True)


async def test_people_in_a_question_have_names(
    simcord_bot: Bot, channel: ChannelHandle, ana: MemberActor
) -> None:
    text = f"what do <@{simcord_bot.user.id}> and <#{channel.id}> mean?"

    await ana.slash(channel, ASKED, question=text)

    question, _ = await simcord_bot.said(channel.id, ana.guild.id)
    assert question.text == "what do @Earshot and #general mean?"


async def test_a_model_that_fails_ends_the_thinking_with_a_notice(
    simcord_bot: Bot, channel: ChannelHandle, ana: MemberActor
) -> None:
    simcord_bot.model.failure = ModelUnavailable("it is down")

    asked = await ana.slash(channel, ASKED, question=QUESTION)

    assert asked.response.content == f"> {QUESTION}\n{CANNOT_THINK}"


async def test_where_nobody_would_answer_the_asker_is_told_alone(
    simcord_bot: Bot, channel: ChannelHandle, ana: MemberActor
) -> None:
    where = channel_key(ana.guild.id, channel.id)
    await simcord_bot.store.channels.change(where, mode=Mode.OFF)

    asked = await ana.slash(channel, ASKED, question=QUESTION)

    assert asked.response is None
    (told,) = asked.followups
    assert told.ephemeral
    assert told.content.startswith("My mode here is off")


async def test_who_opted_out_is_told_alone(
    simcord_bot: Bot, channel: ChannelHandle, ana: MemberActor
) -> None:
    await simcord_bot.store.speakers.opt_out(
        PLATFORM, str(ana.guild.id), Author(str(ana.id), "Ana")
    )

    asked = await ana.slash(channel, ASKED, question=QUESTION)

    assert [(told.content, told.ephemeral) for told in asked.followups] == [(OPTED_OUT, True)]


async def test_a_question_that_is_not_heard_ends_the_thinking(
    simcord_bot: Bot, channel: ChannelHandle, ana: MemberActor
) -> None:
    simcord_bot.pipeline.me = Author(str(ana.id), "Ana")  # who is never heard

    asked = await ana.slash(channel, ASKED, question=QUESTION)

    assert asked.response.content == f"> {QUESTION}\n{NOT_HEARD}"


async def test_a_history_that_cannot_be_written_ends_the_thinking(
    simcord_bot: Bot,
    channel: ChannelHandle,
    ana: MemberActor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def broken(message: Message) -> bool:
        raise StoreError("the disk is full")

    monkeypatch.setattr(simcord_bot.store.messages, "record", broken)

    asked = await ana.slash(channel, ASKED, question=QUESTION)

    assert asked.response.content == f"> {QUESTION}\n{STORE_FAILED}"


class TestLate:
    @pytest.fixture
    async def simcord_bot(self, database_url: str) -> AsyncIterator[Bot]:
        async with running_bot(database_url, patience_s=0.0) as bot:
            yield bot

    async def test_when_nothing_comes_in_time_the_thinking_ends_and_the_reply_comes_by_itself(
        self, simcord_bot: Bot, channel: ChannelHandle, ana: MemberActor
    ) -> None:
        asked = await ana.slash(channel, ASKED, question=QUESTION)

        assert asked.response.content == f"> {QUESTION}\n{TOO_LATE}"
        await simcord_bot.pipeline.conversations.drain()
        assert simcord_bot.platform.posts == [REPLY]


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 404, "code": 10062, "message": "Unknown interaction"},
        {"status": 403, "code": 50001, "message": "Missing Access"},
    ],
)
async def test_a_question_whose_interaction_is_lost_is_answered_as_an_ordinary_message(
    simcord_env: Env,
    simcord_bot: Bot,
    channel: ChannelHandle,
    ana: MemberActor,
    fault: dict[str, object],
) -> None:
    simcord_env.inject_error("POST", "/interactions/*/callback", **fault)

    await ana.slash(channel, ASKED, question=QUESTION)

    await simcord_bot.pipeline.conversations.drain()
    assert simcord_bot.platform.posts == [REPLY]


async def test_a_reply_after_discord_forgot_the_interaction_is_an_ordinary_message(
    simcord_env: Env, simcord_bot: Bot, channel: ChannelHandle, ana: MemberActor
) -> None:
    unknown = {"status": 404, "code": 10015, "message": "Unknown Webhook"}
    simcord_env.inject_error("PATCH", "/webhooks/*", times=None, **unknown)

    await ana.slash(channel, ASKED, question=QUESTION)

    assert simcord_bot.platform.posts == [REPLY]


def shown(channel: ChannelHandle, target: discord.Message, question: str) -> str:
    """Give a question about a message and its answer, as everybody sees them."""
    link = f"https://discord.com/channels/{channel.guild.id}/{channel.id}/{target.id}"
    return f"> {question} {link}\n{REPLY}"


class TestAboutAMessage:
    async def test_without_a_question_it_is_asked_what_the_message_means_to_it(
        self, simcord_bot: Bot, channel: ChannelHandle, ana: MemberActor
    ) -> None:
        target = await ana.send(channel, "Turin is lovely")

        form = await ana.context_menu(channel, MENU, target)
        asked = await ana.submit_modal(form, {"question": ""})

        assert asked.response.content == shown(channel, target, DEFAULT_QUESTION)
        heard, question, _ = await simcord_bot.said(channel.id, ana.guild.id)
        assert heard.text == "Turin is lovely"
        assert question.text == DEFAULT_QUESTION
        assert (question.reply_to, question.addressed) == (str(target.id), True)

    async def test_the_question_typed_is_asked(
        self, simcord_bot: Bot, channel: ChannelHandle, ana: MemberActor
    ) -> None:
        target = await ana.send(channel, "Turin is lovely")

        form = await ana.context_menu(channel, MENU, target)
        asked = await ana.submit_modal(form, {"question": "is it\nfar?"})

        assert asked.response.content == shown(channel, target, "is it far?")

    async def test_a_message_that_is_known_is_not_heard_again(
        self, simcord_bot: Bot, channel: ChannelHandle, ana: MemberActor
    ) -> None:
        target = await ana.send(channel, "Turin is lovely")
        await simcord_bot.hear(simcord_bot, target)

        form = await ana.context_menu(channel, MENU, target)
        await ana.submit_modal(form, {})

        assert simcord_bot.heard == ["Turin is lovely"]

    async def test_the_words_of_people_who_opted_out_are_not_quoted(
        self, simcord_env: Env, simcord_bot: Bot, channel: ChannelHandle, ana: MemberActor
    ) -> None:
        ben = ana.guild.add_member(simcord_env.create_user("ben"))
        author = Author(str(ben.id), "ben")
        await simcord_bot.store.speakers.opt_out(PLATFORM, str(ana.guild.id), author)
        target = await ben.send(channel, "keep this to yourself")

        form = await ana.context_menu(channel, MENU, target)
        asked = await ana.submit_modal(form, {})

        assert asked.response.content == shown(channel, target, DEFAULT_QUESTION)
        assert all(
            "keep this" not in entry.text
            for entry in await simcord_bot.said(channel.id, ana.guild.id)
        )

    async def test_a_message_that_is_gone_is_asked_about_without_its_words(
        self, simcord_env: Env, channel: ChannelHandle, ana: MemberActor
    ) -> None:
        target = await ana.send(channel, "Turin is lovely")
        form = await ana.context_menu(channel, MENU, target)
        await ana.delete(target)

        asked = await ana.submit_modal(form, {})

        assert asked.response.content == shown(channel, target, DEFAULT_QUESTION)

    async def test_an_own_message_is_not_heard(
        self, simcord_bot: Bot, channel: ChannelHandle, ana: MemberActor
    ) -> None:
        target = await simcord_bot.get_channel(channel.id).send("I was made in May")

        form = await ana.context_menu(channel, MENU, target)
        await ana.submit_modal(form, {})

        assert simcord_bot.heard == []


async def test_a_lost_form_is_logged_in_one_line(
    simcord_env: Env, channel: ChannelHandle, ana: MemberActor, caplog: pytest.LogCaptureFixture
) -> None:
    target = await ana.send(channel, "Turin is lovely")
    simcord_env.inject_error("POST", "/interactions/*/callback", status=404, code=10062)

    await ana.context_menu(channel, MENU, target)

    (line,) = warnings_in(caplog.records)
    assert "10062" in line


@pytest.mark.parametrize("num_chars", [0, 1600, 1900, 1985, 2000])
def test_the_question_is_cut_so_that_the_reply_fits(num_chars: int) -> None:
    shown = under_question("*why* " * 500, "x" * num_chars)

    assert num_units(shown) <= MAX_CHARS
    assert shown.endswith("x" * num_chars)


def test_a_question_is_shown_as_typed_on_one_line_of_at_most_300_characters() -> None:
    quote, _, text = under_question("```why\n*me* " + "x" * 500, REPLY).rpartition("\n")

    assert quote.startswith(r"> \`\`\`why \*me\* xxx")
    assert len(quote.replace("\\", "")) <= 302
    assert text == REPLY
