"""A link in an answer shows no preview: what a page says of itself is not what the assistant says."""

import pytest

from tests.discord.weather import Weather
from tests.discord_server.world import Flags

LINK = "See https://example.com for more."
LONG = "\n\n".join([" ".join(["word"] * 300) + f" {LINK}"] * 3)  # three messages


@pytest.fixture
def chat(server, database_url):
    return Weather(server, database_url)


@pytest.mark.parametrize("text", [LINK, LONG])
@pytest.mark.parametrize("streams", [True, False])
async def test_an_answer_to_a_command_shows_no_previews(chat, server, text, streams):
    chat.model.reply_text = text
    async with chat.running():
        await chat.set(stream_replies=streams)
        await server.founder.slash("assistant ask", question="which page?")
        await server.until(lambda: text.endswith(chat.messages()[-1].content[-20:]))
        await chat.settled()

    shown = chat.messages()
    assert shown[-1].content.endswith(LINK)
    assert all(each.flags & Flags.SUPPRESS_EMBEDS for each in shown)


async def test_what_a_command_shows_of_the_settings_shows_no_previews(chat, server):
    async with chat.running():
        await server.founder.slash("assistant persona", text=f"You read a lot. {LINK}")
        shown = await server.founder.slash("assistant persona")

    assert shown.original.flags & Flags.SUPPRESS_EMBEDS
