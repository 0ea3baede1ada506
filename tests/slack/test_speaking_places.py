"""A reply stays where it was begun, whatever `replies reference` is changed to meanwhile."""

import pytest

from bot.errors import PlatformUnavailable
from tests.slack.growing import BEGUN, SHOWN, WHOLE, shown
from tests.slack.speaking import LONG


class KilledBeforeParts:
    """A history that a process cannot tell any more which messages it posted."""

    def __init__(self, outbox):
        self._outbox = outbox

    def __getattr__(self, name):
        return self._outbox.__getattribute__(name)

    async def part_posted(self, key, number, message_id):
        pass


async def turned(earshot, *, reference):
    await earshot.store.channels.change(
        earshot.where, at=earshot.server.clock.now(), reply_as_reference=reference
    )


@pytest.mark.parametrize("reference", [True, False])
async def test_a_reply_that_nobody_wrote_down_is_found_where_it_was_posted(
    slack, earshot, reference
):
    await turned(earshot, reference=reference)
    item = await earshot.reply("About 250 km.")
    earshot.platform.outbox = KilledBeforeParts(earshot.store.outbox)
    posted = await earshot.platform.post(item, is_new=True)

    await turned(earshot, reference=not reference)
    after = await earshot.restarted()

    assert await after.platform.post(item) == posted
    assert [message.ts for message in slack.posts("general")] == [posted]


async def test_a_reply_is_finished_where_it_was_begun(slack, earshot):
    item = await earshot.reply(LONG)
    slack.faults.unavailable(on=lambda call: "word2" in str(call.given), times=100)
    with pytest.raises(PlatformUnavailable):
        await earshot.platform.post(item, is_new=True)
    slack.faults.clear()

    await turned(earshot, reference=False)
    after = await earshot.restarted()
    await after.platform.post(item)

    places = [message.thread_ts for message in slack.posts("general")]
    assert places == [item.reply_to] * 3
    assert "\n\n".join(after.texts) == LONG


async def test_a_reply_that_grew_is_finished_where_it_was_begun(slack, earshot, draft):
    earshot.platform.outbox = KilledBeforeParts(earshot.store.outbox)
    await shown(earshot, draft, BEGUN)
    item = await earshot.written(draft, WHOLE)

    await turned(earshot, reference=False)
    after = await earshot.restarted()
    await after.platform.post(item)

    (message,) = slack.posts("general")
    assert (message.text, message.thread_ts) == (SHOWN, draft.reply_to)


async def test_a_draft_is_taken_away_from_where_it_was_begun(slack, earshot, draft):
    earshot.platform.outbox = KilledBeforeParts(earshot.store.outbox)
    await shown(earshot, draft, BEGUN)

    await turned(earshot, reference=False)
    after = await earshot.restarted()
    (left,) = await after.store.outbox.drafts("slack")
    await after.platform.withdraw(left)

    assert after.texts == []


async def test_a_reply_that_may_stand_in_no_thread_is_found_in_the_channel(slack, earshot):
    item = await earshot.reply("About 250 km.")
    earshot.platform.outbox = KilledBeforeParts(earshot.store.outbox)
    slack.faults.error("restricted_action_non_threadable_channel", on="chat.postMessage")
    posted = await earshot.platform.post(item, is_new=True)

    after = await earshot.restarted()

    assert await after.platform.post(item) == posted
    assert [message.thread_ts for message in slack.posts("general")] == [None]
