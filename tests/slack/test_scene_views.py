"""What people see of Earshot beside messages: forms, the Home tab, the pane for assistants."""

import pytest

from bot.messages import Mode
from bot.platforms.slack.prompts import MISSED
from tests.slack.living import Chat
from tests.slack.viewing import channel_line, texts

OWNER, ALICE = "Olga", "Alice"  # Olga owns the workspace


@pytest.fixture
def chat(slack, tmp_path):
    slack.general.members.append(slack.member(ALICE).id)
    return Chat(slack, f"sqlite:///{tmp_path / 'history.db'}")


async def until_shown(slack, who, words):
    """Wait until somebody reads something in a form: what takes long comes after it opened."""
    await slack.until(lambda: words in str(slack.modal(who) and slack.modal(who).shown))


async def test_the_settings_are_changed_in_a_form(chat, slack):
    async with chat.running():
        await slack.slash(OWNER, "general", "/assistant")
        await until_shown(slack, OWNER, "Save")
        await slack.submits(OWNER, mode="mention", eagerness="30")
        await until_shown(slack, OWNER, "My mode here is now mention")

        settings = await chat.store.channels.settings(chat.place())
        assert (settings.mode, settings.eagerness) == (Mode.MENTION, 30)


async def test_an_error_stands_beside_its_field(chat, slack):
    async with chat.running():
        await slack.slash(OWNER, "general", "/assistant", "settings")
        await until_shown(slack, OWNER, "Save")
        await slack.submits(OWNER, quiet="soonish")
        # Where the machine is so slow that Slack's patience ends, it stands in the form's place.
        await slack.until(
            lambda: slack.modal(OWNER).errors or "soonish" in str(texts(slack.modal(OWNER).shown))
        )

        shown = slack.modal(OWNER)
        assert 'I can\'t read "soonish" as a time.' in "".join(
            [*shown.errors.values(), *texts(shown.shown)]
        )


async def test_whoever_manages_nothing_reads_the_settings(chat, slack):
    async with chat.running():
        await slack.slash(ALICE, "general", "/assistant", "settings")
        await until_shown(slack, ALICE, "My mode here is active")

        assert "submit" not in slack.modal(ALICE).shown


async def test_the_home_tab_shows_channels_and_ones_own_data(chat, slack):
    async with chat.running():
        await chat.says(ALICE, "lunch is at noon")
        await slack.opens_home(ALICE)
        await slack.until(lambda: slack.home(ALICE))
        await chat.settled()

        seen = texts(slack.home(ALICE).shown)
        assert channel_line(slack.general, seen).endswith(": mode active, eagerness 50")
        assert any(text.startswith("I store 1 message of yours") for text in seen)


async def test_opting_out_on_the_home_tab_wipes_what_was_said(chat, slack):
    async with chat.running():
        await chat.says(ALICE, "lunch is at noon")
        await slack.opens_home(ALICE)
        await slack.until(lambda: slack.home(ALICE))
        await slack.presses(ALICE, slack.home(ALICE), "Opt out")
        await slack.until(lambda: "You are opted out" in str(slack.home(ALICE).shown))

        assert await chat.history() == [(ALICE, "")]


async def test_the_settings_on_the_home_tab_are_those_after_a_change(chat, slack):
    async with chat.running():
        await slack.opens_home(OWNER)
        await slack.until(lambda: slack.home(OWNER))
        await slack.presses(OWNER, slack.home(OWNER), "Settings")
        await until_shown(slack, OWNER, "Save")
        await slack.submits(OWNER, eagerness="30")
        await slack.until(lambda: "eagerness 30" in str(slack.home(OWNER).shown))

        line = channel_line(slack.general, texts(slack.home(OWNER).shown))
        assert line.endswith(": mode active, eagerness 30")


async def test_the_pane_greets_answers_and_gets_a_title(chat, slack):
    async with chat.running():
        pane = await slack.opens_pane(ALICE, beside="general")
        await slack.until(lambda: pane.prompts)
        await chat.says(
            ALICE, "what is the capital of France?", where="@Alice", thread=pane.thread_ts
        )
        await slack.until(lambda: pane.title)

        greeting, answer = slack.posts("@Alice", thread=pane.thread_ts)
        assert greeting.text.startswith("Hello, I'm Earshot.")
        assert answer.text == "Paris."
        assert pane.title == "what is the capital of France?"
        assert pane.status == ""


async def test_the_pane_sums_up_the_channel_in_view(chat, slack):
    async with chat.running():
        await chat.says("Ben", "we meet on Friday")
        pane = await slack.opens_pane(ALICE, beside="general")
        await slack.until(lambda: pane.prompts)
        chat.model.reply_text = "Ben wants to meet on Friday."
        await chat.says(ALICE, MISSED, where="@Alice", thread=pane.thread_ts)

        _, summary = slack.posts("@Alice", thread=pane.thread_ts)
        assert summary.text.endswith("Ben wants to meet on Friday.")
        assert await chat.history("@Alice", thread=pane.thread_ts) == []


async def test_what_the_pane_offers_to_ask_is_answered_in_it(chat, slack):
    async with chat.running():
        pane = await slack.opens_pane(ALICE)
        await slack.until(lambda: pane.prompts)
        for prompt in pane.prompts:
            await chat.says(ALICE, prompt["message"], where="@Alice", thread=pane.thread_ts)

        _, written, stored, commands = slack.posts("@Alice", thread=pane.thread_ts)
        assert written.text == chat.model.reply_text
        assert stored.text.startswith("I store 1 message of yours")
        assert "privacy optout" in commands.text
