"""Replies, notices and removals of the platform: each once, in as many messages as it takes."""

import logging

import pytest

from bot.errors import PlatformError, PlatformUnavailable, StoreError
from tests.slack.speaking import KEY, LONG, ids, never
from tests.slack_server import Kind


async def test_a_question_in_a_channel_is_answered_in_its_thread(slack, earshot):
    asked = await earshot.asked()
    item = await earshot.written(earshot.begun(earshot.where, asked.ts), "About **250** km.")

    message_id = await earshot.platform.post(item)

    (message,) = slack.posts("general", thread=asked)
    assert (message.ts, message.text) == (message_id, "About *250* km.")
    assert await earshot.store.outbox.parts(KEY) == [message_id]


async def test_a_channel_may_want_its_answers_beside_the_questions(slack, earshot):
    await earshot.store.channels.change(earshot.where, reply_as_reference=False)

    await earshot.platform.post(await earshot.reply("About 250 km."))

    assert [message.thread_ts for message in slack.posts("general")] == [None]


async def test_an_ambient_reply_goes_where_the_talk_is(slack, earshot):
    earshot.is_addressed = never

    await earshot.platform.post(await earshot.reply("Or by bike?"))

    assert [message.thread_ts for message in slack.posts("general")] == [None]


async def test_a_question_in_a_thread_is_answered_there(slack, earshot):
    root = await earshot.asked("who drives?")
    asked = await earshot.asked(thread=root.ts)
    where = earshot.key_of(slack.general, thread=root.ts)
    earshot.is_addressed = never

    await earshot.platform.post(await earshot.written(earshot.begun(where, asked.ts), "I don't."))

    assert [message.thread_ts for message in slack.posts("general")] == [root.ts]


async def test_a_direct_chat_has_its_answers_one_below_the_other(slack, earshot):
    chat = slack.dm("Mia")
    asked = await earshot.asked(where=chat)
    begun = earshot.begun(earshot.key_of(chat), asked.ts)

    await earshot.platform.post(await earshot.written(begun, "About 250 km."))

    assert [(post.text, post.thread_ts) for post in slack.posts("@Mia")] == [
        ("About 250 km.", None)
    ]


async def test_no_reply_pings_anybody_or_shows_previews(slack, earshot):
    item = await earshot.reply("<!channel> <!here> <@U0000002M> @everyone, see https://turin.it")

    await earshot.platform.post(item)

    (call,) = slack.asked("chat.postMessage")
    assert (call.args["unfurl_links"], call.args["unfurl_media"]) == (False, False)
    assert not slack.pinged


async def test_a_long_reply_is_several_messages(slack, earshot):
    first_id = await earshot.platform.post(await earshot.reply(LONG))

    assert "\n\n".join(earshot.texts) == LONG
    assert await earshot.store.outbox.parts(KEY) == ids(slack)
    assert first_id == ids(slack)[0]
    assert len({message.thread_ts for message in slack.posts("general")}) == 1


async def test_each_message_carries_the_reply_s_key_unseen(slack, earshot):
    await earshot.platform.post(await earshot.reply(LONG))

    assert [post.metadata for post in slack.posts("general")] == [
        {"event_type": "earshot_reply", "event_payload": {"key": KEY, "part": number}}
        for number in range(3)
    ]


async def test_the_answer_to_a_command_stands_under_the_question(slack, earshot):
    asked = await earshot.asked_by_command("how far is\nTurin & Milan?")

    await earshot.platform.post(
        await earshot.written(earshot.begun(earshot.where, asked), "About 250 km.")
    )

    (post,) = slack.posts("general")
    assert post.text == "> *Mia*: how far is Turin &amp; Milan?\nAbout 250 km."
    assert post.thread_ts is None


@pytest.mark.parametrize("text", ["", " \n ", "\u200b"])
async def test_a_reply_that_shows_nothing_is_refused(earshot, text):
    item = await earshot.reply("x")

    with pytest.raises(PlatformError, match="shows nothing"):
        await earshot.platform.post(earshot.begun(item.conversation, item.reply_to))


async def test_a_reply_is_withdrawn_with_all_its_messages(slack, earshot):
    item = await earshot.reply(LONG)
    await earshot.platform.post(item)

    await earshot.platform.withdraw(item)

    assert not slack.posts("general")


async def test_what_is_gone_already_is_removed_without_a_word(slack, earshot):
    await earshot.platform.post(await earshot.reply("About 250 km."))
    (message_id,) = ids(slack)

    for _ in range(2):
        await earshot.platform.remove(earshot.where, [message_id])

    assert not slack.posts("general")


async def test_a_notice_stands_where_the_answer_would(slack, earshot):
    asked = await earshot.asked()

    await earshot.platform.notice(earshot.where, "I can't think *now* & here.", reply_to=asked.ts)

    (post,) = slack.posts("general", thread=asked)
    assert post.text == "I can't think _now_ &amp; here."


async def test_a_notice_about_a_command_is_for_who_asked_alone(slack, earshot):
    asked = await earshot.asked_by_command("how far is Turin?")
    await slack.says("Mia", "general", "hello")

    await earshot.platform.notice(earshot.where, "I can't think now.", reply_to=asked)

    assert not slack.posts("general")
    assert [post.text for post in slack.whispers("general", "Mia")] == ["I can't think now."]


async def test_a_notice_for_somebody_who_left_is_for_everybody(slack, earshot):
    asked = await earshot.asked_by_command("how far is Turin?")

    await earshot.platform.notice(earshot.where, "I can't think now.", reply_to=asked)

    assert earshot.texts == ["I can't think now."]


async def test_a_notice_whose_answer_was_lost_stands_once(slack, earshot):
    asked = await earshot.asked()
    slack.faults.reset(on="chat.postMessage", after=True)

    await earshot.platform.notice(earshot.where, "I can't think now.", reply_to=asked.ts)

    assert len(slack.posts("general")) == 1


async def test_the_question_was_deleted_before_it_was_answered(slack, earshot, caplog):
    caplog.set_level(logging.INFO)
    item = await earshot.reply("About 250 km.")
    (question,) = slack.general.messages.values()
    await slack.deletes(question)

    with pytest.raises(PlatformError, match="the thread is gone"):
        await earshot.platform.post(item)
    await earshot.platform.notice(item.conversation, "Sorry.", reply_to=item.reply_to)

    assert not slack.posts("general")
    assert "a notice is not posted" in caplog.text


async def test_a_channel_without_threads_gets_its_answer_all_the_same(slack, earshot):
    item = await earshot.reply("About 250 km.")
    slack.faults.error("restricted_action_non_threadable_channel", on="chat.postMessage")

    await earshot.platform.post(item)

    assert [post.thread_ts for post in slack.posts("general")] == [None]


async def test_a_channel_that_it_left_is_named_with_what_to_do(slack, earshot):
    item = await earshot.reply("About 250 km.")
    slack.general.members.remove(slack.bot.id)

    with pytest.raises(PlatformError, match=r"invite it there with /invite @Earshot"):
        await earshot.platform.post(item)


async def test_an_archived_channel_is_named(slack, earshot):
    item = await earshot.reply("About 250 km.")
    slack.general.archived = True

    with pytest.raises(PlatformError, match="the channel is archived"):
        await earshot.platform.post(item)


async def test_a_private_channel_that_is_unknown_is_named(slack, earshot):
    secret = slack.add_channel("secret", Kind.PRIVATE, bot_present=False)
    item = await earshot.written(earshot.begun(earshot.key_of(secret), None), "Hi.")

    with pytest.raises(PlatformError, match="it is gone, or private"):
        await earshot.platform.post(item)


async def test_a_failing_history_is_no_reason_to_lose_a_reply(slack, earshot, monkeypatch):
    item = await earshot.reply("About 250 km.")

    async def failing(key):
        raise StoreError("the disk is full")

    monkeypatch.setattr(earshot.store.outbox, "parts", failing)

    with pytest.raises(PlatformUnavailable, match="the history does not answer: the disk is full"):
        await earshot.platform.post(item)
