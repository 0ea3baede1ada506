"""That a reply is being written is shown in a thread of the assistant view, and nowhere else."""

import asyncio
import logging


def _showing():
    """The tasks that show that it writes."""
    return [one for one in asyncio.all_tasks() if "_keep_status" in one.get_coro().__qualname__]


async def test_a_thread_of_the_assistant_view_shows_that_it_writes(slack, earshot):
    chat = slack.dm("Mia")
    asked = await earshot.asked(where=chat)
    where = earshot.key_of(chat, thread=asked.ts)

    async with earshot.platform.typing(where):
        await slack.until(lambda: slack.asked("assistant.threads.setStatus"))

    (call,) = slack.asked("assistant.threads.setStatus")
    assert call.given["status"] == "is writing..."
    assert call.given["thread_ts"] == asked.ts


async def test_a_workspace_without_the_assistant_view_is_asked_for_a_status_once(
    slack, earshot, caplog
):
    caplog.set_level(logging.INFO)
    chat = slack.dm("Mia")
    asked = await earshot.asked(where=chat)
    slack.faults.error("missing_scope", on="assistant.*", needed="assistant:write", times=2)

    for _ in range(2):
        async with earshot.platform.typing(earshot.key_of(chat, thread=asked.ts)):
            await asyncio.gather(*_showing())

    assert len(slack.asked("assistant.threads.setStatus")) == 1
    assert "it lacks the scope assistant:write" in caplog.text


async def test_a_plain_thread_keeps_none_of_the_assistant_view_from_a_status(slack, earshot):
    plain, pane = await earshot.asked(where=slack.dm("Mia")), await slack.opens_pane("Mia")

    async with earshot.platform.typing(earshot.key_of(pane.channel, thread=plain.ts)):
        await asyncio.gather(*_showing())
    async with earshot.platform.typing(earshot.key_of(pane.channel, thread=pane.thread_ts)):
        await slack.until(lambda: pane.statuses)

    assert slack.refusals == [("assistant.threads.setStatus", "invalid_thread_ts")]


async def test_elsewhere_nothing_shows_that_it_writes(slack, earshot):
    async with earshot.platform.typing(earshot.where):
        pass

    assert not slack.calls
