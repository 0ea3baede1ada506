"""What `/assistant preview` shows a manager of a channel where it speaks only when asked."""

import pytest

from bot.messages import Mode


@pytest.fixture
async def harbor(talk, server):
    """A channel in which it is mentioned or silent, after some chat."""
    await talk.set(mode=Mode.MENTION)
    talk.model.p_speak = lambda text: float(text.rpartition(" ")[2])
    for text in ("a joke 0.05", "a remark 0.4", "a question 0.6", "a cry for help 0.95"):
        await talk.says(server.member("Mia"), text)
    return talk


async def preview(server, **values):
    return await server.founder.slash("assistant preview", **values)


async def test_it_counts_what_it_would_have_said_at_each_eagerness(harbor, server):
    shown = await preview(server)

    # A model without a calibration speaks from 0.8 up at 20, from 0.5 at 50, from 0.2 at 80.
    assert "I decided 4 times on what nobody had asked me" in shown.text
    assert "1 at eagerness 20, 2 at eagerness 50, 3 at eagerness 80" in shown.text


async def test_it_quotes_what_it_would_have_answered_and_with_what(harbor, server):
    shown = await preview(server)

    assert "Mia: a cry for help 0.95" in shown.text
    assert "Earshot: Paris." in shown.text
    assert "a joke" not in shown.text


async def test_only_who_asks_sees_it_and_nothing_is_posted(harbor, server):
    shown = await preview(server, hours=1)

    assert shown.ephemeral
    assert harbor.posts() == []
    assert len(await harbor.history(server.general)) == 4


async def test_what_was_deleted_or_forgotten_is_not_quoted(harbor, server):
    mia = server.member("Mia")
    await mia.slash("assistant privacy forget-me")

    shown = await preview(server)

    assert "a cry for help" not in shown.text


async def test_only_managers_of_the_channel_may_look(harbor, server):
    refused = await server.member("Mia").slash("assistant preview")

    assert refused.text.startswith("Only ")
    assert refused.ephemeral
