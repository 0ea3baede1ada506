"""What the bot records of a message on Slack; who is who, a server on the loopback tells."""

from datetime import UTC, datetime

import pytest

from bot.messages import Author
from bot.platforms.slack.files import unread
from bot.platforms.slack.hearing import WORDLESS, heard, heard_again, place
from bot.platforms.slack.keys import channel_key
from tests.slack.directory import (
    BOT,
    DIRECT,
    GENERAL,
    HELPER,
    IN_GENERAL,
    NELLY,
    OTTO,
    TEAM,
    TS,
    Directory,
    people,
    rich,
    said,
    served,
)

PARENT = "1777636000.000200"


@pytest.fixture
async def directory():
    return Directory()


@pytest.fixture
async def hears(directory):
    """Hears an event."""
    everybody = people()

    async with served(directory) as team:

        async def hear(event):
            where = place(event, TEAM)
            return await heard(event, where, team=team, people=everybody, reader=unread)

        yield hear


async def test_a_message_is_heard_with_who_said_it_where_and_when(hears):
    message = await hears(said("hello"))

    assert message.conversation == IN_GENERAL
    assert message.author == Author(NELLY, "Nelly")
    assert (message.id, message.text) == (TS, "hello")
    assert message.sent_at == datetime(2026, 5, 1, 12, 0, 0, 100, tzinfo=UTC)
    assert (message.addressed, message.reply_to, message.attachments) == (False, None, ())


@pytest.mark.parametrize(
    ("event", "where"),
    [
        (said(), IN_GENERAL),
        (said(thread_ts=PARENT), channel_key(TEAM, GENERAL, thread_ts=PARENT)),
        (said(thread_ts=TS), IN_GENERAL),
        (said(thread_ts=""), IN_GENERAL),
        (said(thread_ts=None), IN_GENERAL),
        (said(channel=DIRECT), channel_key(TEAM, DIRECT)),
        (
            {"channel": GENERAL, "subtype": "message_changed", "message": said(thread_ts=PARENT)},
            channel_key(TEAM, GENERAL, thread_ts=PARENT),
        ),
        (
            {
                "channel": GENERAL,
                "subtype": "message_deleted",
                "deleted_ts": TS,
                "previous_message": said(thread_ts=PARENT),
            },
            channel_key(TEAM, GENERAL, thread_ts=PARENT),
        ),
        (
            said(subtype="thread_broadcast", thread_ts=PARENT, root=said()),
            channel_key(TEAM, GENERAL, thread_ts=PARENT),
        ),
        ({"type": "message"}, None),
        ({"type": "message", "channel": {"id": GENERAL}}, None),
    ],
)
def test_a_message_belongs_to_its_thread_or_else_to_its_channel(event, where):
    assert place(event, TEAM) == where


async def test_both_events_of_a_mention_give_the_same_message(hears):
    text = f"<@{BOT}> lunch?"
    blocks = rich({"type": "user", "user_id": BOT}, {"type": "text", "text": " lunch?"})

    as_message = await hears(said(text, blocks=blocks))
    as_mention = await hears(said(text, blocks=blocks, type="app_mention", channel_type=None))

    assert as_message == as_mention
    assert (as_message.addressed, as_message.text) == (True, "@Earshot lunch?")


async def test_a_mention_that_came_with_an_edit_is_no_new_message(hears):
    edited = {"edited": {"user": NELLY, "ts": "1777636900.000000"}}

    assert await hears(said(f"<@{BOT}> lunch?", type="app_mention", **edited)) is None
    assert (await hears(said(f"<@{BOT}> lunch?", **edited))).addressed


@pytest.mark.parametrize(
    ("event", "addressed"),
    [
        (said(f"<@{BOT}>"), True),
        (said(f"<@{BOT}|earshot>"), True),
        (said("hi", blocks=rich({"type": "user", "user_id": BOT})), True),
        (said("hi", channel=DIRECT, channel_type="im"), True),
        (
            said("hi", channel=DIRECT, thread_ts=PARENT, assistant_thread={"action_token": "x"}),
            True,
        ),
        (said(f"<@{BOT}>", bot_id="B3", user=HELPER), True),
        (said(f"<@{OTTO}>"), False),
        (said("Earshot?"), False),
        (said(f"&lt;@{BOT}&gt;"), False),
        (said("hi", blocks=rich({"type": "text", "text": f"<@{BOT}>"})), False),
        (said("<!here> <!channel>"), False),
        (said("hi", channel="C7", channel_type="mpim"), False),
        (said("look", attachments=[{"is_share": True, "text": f"<@{BOT}> hm"}]), False),
        (said("hi", thread_ts=PARENT, parent_user_id=BOT), True),
        (said(f"<@{OTTO}> hi", thread_ts=PARENT, parent_user_id=BOT), False),
        (said(f"<@{OTTO}> <@{BOT}>", thread_ts=PARENT, parent_user_id=BOT), True),
        (said("hi", thread_ts=PARENT, parent_user_id=OTTO), False),
    ],
)
async def test_a_mention_a_direct_chat_and_the_thread_below_its_words_address_the_assistant(
    hears, event, addressed
):
    message = await hears(event)

    assert message.addressed is addressed


async def test_somebody_whom_slack_does_not_show_goes_by_what_the_message_says(hears):
    profile = {"display_name": "Zoe", "real_name": "Zoe Z."}

    message = await hears(said("hi from afar", user="U77", user_profile=profile))

    assert message.author == Author("U77", "Zoe")


@pytest.mark.parametrize(
    ("subtype", "text"),
    [
        (None, "hello"),
        ("", "hello"),
        ("me_message", "_hello_"),
        ("file_share", "hello"),
        ("thread_broadcast", "hello"),
        ("bot_message", "hello"),
        ("slackbot_response", "hello"),
        ("file_comment", "hello"),
        ("something_new", "hello"),
    ],
)
async def test_words_of_somebody_are_heard_whatever_their_kind(hears, subtype, text):
    assert (await hears(said("hello", subtype=subtype))).text == text


@pytest.mark.parametrize(
    "subtype",
    [
        "message_changed", "message_deleted", "message_replied", "reply_broadcast", "tombstone",
        "channel_join", "channel_leave", "channel_topic", "channel_purpose", "channel_name",
        "channel_archive", "channel_unarchive", "channel_posting_permissions",
        "channel_convert_to_private", "channel_canvas_updated", "group_join", "group_leave",
        "group_topic", "group_purpose", "group_name", "group_archive", "group_unarchive",
        "pinned_item", "unpinned_item", "bot_add", "bot_remove", "bot_enable", "bot_disable",
        "ekm_access_denied", "huddle_thread", "sh_room_created", "reminder_add",
        "assistant_app_thread", "app_conversation_join", "joiner_notification",
    ],
)  # fmt: skip
async def test_what_slack_tells_of_a_place_is_not_heard(hears, subtype):
    assert await hears(said("<@U1> has joined the channel", subtype=subtype)) is None


async def test_what_only_one_person_sees_is_not_heard(hears):
    assert await hears(said("psst", is_ephemeral=True)) is None


async def test_blocks_say_more_than_the_text_beside_them(hears):
    blocks = rich({"type": "emoji", "name": "wave", "unicode": "1f44b"})

    assert (await hears(said(":wave:", blocks=blocks))).text == "👋"


async def test_blocks_without_words_leave_the_text(hears):
    blocks = [{"type": "actions", "elements": [{"type": "button"}]}]

    message = await hears(said("Approve?", user=HELPER, bot_id="B3", blocks=blocks))

    assert message.text == "Approve?"


async def test_everybody_and_everything_mentioned_has_its_name(hears):
    message = await hears(said(f"<@{OTTO}> <@U77> <#{GENERAL}> <#C9|secret> <!subteam^S1>"))

    assert message.text == "@Otto M. @someone #general #secret @painters"


async def test_a_message_without_words_is_heard_only_if_it_is_to_the_assistant(hears):
    assert await hears(said("")) is None
    assert (await hears(said("", channel=DIRECT))).attachments == (WORDLESS,)


@pytest.mark.parametrize(
    "lacking",
    [
        {"ts": None},
        {"ts": "soon"},
        {"ts": "999999999999.000000"},
        {"user": None},
        {"user": 7},
        {"user": {}, "bot_id": []},
    ],
)
async def test_a_message_that_lacks_what_messages_have_is_not_heard(hears, lacking):
    assert await hears(said("hello", **lacking)) is None


async def test_a_message_fetched_later_is_the_same(directory):
    told = {key: value for key, value in said("hello").items() if "channel" not in key}

    async with served(directory) as team:
        message = await heard_again(told, IN_GENERAL, team=team, people=people())

    assert (message.conversation, message.id, message.text) == (IN_GENERAL, TS, "hello")
    assert message.author == Author(NELLY, "Nelly")


async def test_a_file_in_a_shared_channel_is_asked_for(hears, directory):
    untold = [{"id": each, "file_access": "check_file_info"} for each in ("F1", "F2")]
    directory.files["F1"] = {"id": "F1", "name": "plan.pdf", "pretty_type": "PDF"}

    message = await hears(said("the plan", files=untold))

    assert message.attachments == ("file plan.pdf (PDF)", "a file")
