"""Replies on a Slack where anything may fail at any time: each stands once, whole, in its order."""

import asyncio
from dataclasses import replace

import pytest

from bot.errors import PlatformUnavailable, StoreError
from tests.faults import Fault, Planned
from tests.slack.speaking import KEY, LONG, always, never

BEGUN = "Turin is **quite** far away"  # words worth a look
WHOLE = f"{BEGUN}: about 250 km."
NUM_TRIES = 60


def kinds_of_trouble():
    busy = {"ok": False, "error": "service_unavailable"}
    broken = {"ok": False, "error": "internal_error"}
    limited = {"ok": False, "error": "ratelimited"}
    return [
        Fault("*", 1, True),
        Fault("*", 1, False),
        Fault("*", 1, True, Planned(503, busy, {})),
        Fault("*", 1, False, Planned(200, broken, {})),
        Fault("*", 1, True, Planned(200, broken, {})),
        Fault("*", 1, False, Planned(429, limited, {"Retry-After": "1"})),
        Fault("*", 1, True, Planned(502, "<html>no</html>", {})),
    ]


async def until_posted(earshot, item):
    for _ in range(NUM_TRIES):
        try:
            return await earshot.platform.post(item)
        except PlatformUnavailable:
            continue
    raise AssertionError("never posted")


async def grown(earshot, draft, texts):
    for text in texts:
        num_asked = len(earshot.pace.asked)
        await earshot.platform.draft(draft, text)
        earshot.pace.go()
        await earshot.pace.asked_for(num_asked + 1)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("text", [WHOLE, LONG], ids=["short", "long"])
async def test_whatever_fails_a_reply_stands_once(slack, earshot, draft, seed, text):
    earshot.is_addressed = always if seed % 2 else never  # drafts are of addressed ones alone
    slack.faults.at_random(0.4, kinds_of_trouble(), seed=seed)
    if seed % 2:
        await grown(earshot, draft, [text[:30], text[: len(text) // 2]])
    item = await earshot.written(draft, text)
    if seed % 4 == 3:
        earshot = await earshot.restarted()

    message_id = await until_posted(earshot, item)

    slack.faults.clear()
    shown = "\n\n".join(earshot.texts).replace("**", "*")
    assert shown == text.replace("**", "*")
    assert await earshot.store.outbox.parts(KEY) == [post.ts for post in slack.posts("general")]
    assert message_id == slack.posts("general")[0].ts
    assert not any(post.streaming for post in slack.posts("general"))


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_fails_a_withdrawn_reply_is_gone(slack, earshot, draft, seed):
    slack.faults.at_random(0.4, kinds_of_trouble(), seed=seed)
    await grown(earshot, draft, [LONG[:30], LONG[:2000], LONG[:5000]])
    left = draft
    if seed % 2:
        earshot = await earshot.restarted()
        known = await earshot.store.outbox.drafts("slack")
        left = known[0] if known else draft

    for _ in range(NUM_TRIES):
        try:
            await earshot.platform.withdraw(left)
        except PlatformUnavailable:
            continue
        break

    slack.faults.clear()
    assert not slack.posts("general")


async def test_replies_to_several_questions_at_once_do_not_mix(slack, earshot):
    slack.faults.at_random(0.3, kinds_of_trouble(), seed=7)
    asked = [await earshot.asked(f"question {number}") for number in range(6)]
    items = [
        replace(earshot.begun(earshot.where, question.ts), key=f"{number}" * 24)
        for number, question in enumerate(asked)
    ]
    items = [await earshot.written(item, f"answer {item.key[0]}") for item in items]

    await asyncio.gather(*(until_posted(earshot, item) for item in items))

    slack.faults.clear()
    for number, question in enumerate(asked):
        posts = slack.posts("general", thread=question)
        assert [post.text for post in posts] == [f"answer {number}"]


async def test_messages_that_the_whole_reply_does_not_need_go(slack, earshot, draft):
    await earshot.store.channels.change(earshot.where, reply_as_reference=False)
    await grown(earshot, draft, [LONG[:3000], LONG[:5000]])
    assert len(earshot.texts) == 2

    await earshot.platform.post(await earshot.written(draft, "Never mind."))

    assert earshot.texts == ["Never mind."]


async def test_a_part_deleted_by_a_moderator_is_not_put_back(slack, earshot, draft):
    await earshot.store.channels.change(earshot.where, reply_as_reference=False)
    await grown(earshot, draft, [BEGUN])
    (message,) = slack.posts("general")
    await slack.deletes(message)

    message_id = await earshot.platform.post(await earshot.written(draft, WHOLE))

    assert message_id == message.ts
    assert not slack.posts("general")


async def test_a_part_that_cannot_be_written_down_is_posted_all_the_same(
    slack, earshot, monkeypatch, caplog
):
    item = await earshot.reply(WHOLE)

    async def failing(key, number, message_id):
        raise StoreError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(earshot.store.outbox, "part_posted", failing)
        message_id = await earshot.platform.post(item)
    after = await earshot.restarted()

    assert await after.platform.post(item) == message_id
    assert len(after.texts) == 1
    assert "is not written down: the disk is full" in caplog.text


async def test_a_question_of_nobody_s_is_answered_without_a_stream(slack, earshot):
    said = await slack.webhook_says("Deploys", "general", "which version runs?")
    draft = earshot.begun(earshot.where, said.ts)

    await grown(earshot, draft, [BEGUN])

    assert [post.streamed for post in slack.posts("general")] == [False]
