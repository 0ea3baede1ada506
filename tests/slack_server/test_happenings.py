"""What people do, as the app hears of it."""

import pytest

from tests.slack_server import Kind
from tests.slack_server.mrkdwn import rich_text


@pytest.fixture
def heard(slack):
    """The events that were sent, whoever took them."""
    return lambda: [one["event"] for one in slack.events.sent]


def kinds(events):
    return [one.get("subtype") or one["type"] for one in events]


async def test_a_message_comes_as_a_client_sends_it(slack, heard):
    said = await slack.says("Alice", "general", f"{slack.bot.mention} *look*: <https://a.example>")

    message, mention = heard()
    assert (message["type"], mention["type"]) == ("message", "app_mention")
    assert message["ts"] == mention["ts"] == said.ts
    assert (message["channel"], message["channel_type"]) == (slack.general.id, "channel")
    assert (message["user"], message["team"]) == (said.user.id, slack.team.id)
    (section,) = message["blocks"][0]["elements"]
    assert section["elements"] == [
        {"type": "user", "user_id": slack.bot.id},
        {"type": "text", "text": " "},
        {"type": "text", "text": "look", "style": {"bold": True}},
        {"type": "text", "text": ": "},
        {"type": "link", "url": "https://a.example"},
    ]


def test_rich_text_has_quotes_and_code():
    (block,) = rich_text("&gt; said\nso ```x &lt; 1``` :wave:", "b")

    shown = [(one["type"], [e.get("text") for e in one["elements"]]) for one in block["elements"]]
    assert shown == [
        ("rich_text_quote", ["said"]),
        ("rich_text_section", ["so "]),
        ("rich_text_preformatted", ["x < 1"]),
        ("rich_text_section", [" ", None]),
    ]


async def test_a_reply_that_is_sent_to_the_channel_too_shows_its_root(slack, heard):
    root = await slack.says("Alice", "general", "hello")
    await slack.says("Bob", "general", "to all", thread=root, broadcast=True)

    reply = heard()[-1]
    assert (reply["subtype"], reply["thread_ts"]) == ("thread_broadcast", root.ts)
    assert (reply["root"]["text"], reply["root"]["reply_count"]) == ("hello", 1)
    assert reply["parent_user_id"] == root.user.id


async def test_an_edit_tells_both_versions(slack, heard):
    said = await slack.says("Alice", "general", "hello")
    await slack.edits(said, "hello all")
    await slack.unfurls(said, {"title": "A page"})

    _, edit, unfurl = heard()
    assert kinds([edit, unfurl]) == ["message_changed"] * 2
    assert (edit["previous_message"]["text"], edit["message"]["text"]) == ("hello", "hello all")
    assert edit["message"]["edited"]["user"] == said.user.id
    assert unfurl["message"]["attachments"] == [{"title": "A page"}]
    assert edit["message"]["edited"] == unfurl["message"]["edited"]


async def test_a_deleted_root_of_a_thread_leaves_a_tombstone(slack, heard):
    alone = await slack.says("Alice", "general", "alone")
    root = await slack.says("Alice", "general", "root")
    await slack.says("Bob", "general", "reply", thread=root)

    await slack.deletes(alone)
    await slack.deletes(root)

    gone, tombstone = heard()[-2:]
    assert kinds([gone, tombstone]) == ["message_deleted", "message_changed"]
    assert (gone["deleted_ts"], gone["previous_message"]["text"]) == (alone.ts, "alone")
    assert (tombstone["message"]["subtype"], tombstone["message"]["ts"]) == ("tombstone", root.ts)


async def test_people_and_bots_come_and_go(slack, heard):
    away = slack.add_channel("away", Kind.PRIVATE, members=["Alice"], bot_present=False)
    await slack.joins("Bob", "general", inviter="Alice")
    await slack.leaves("Bob", "general")
    await slack.invites_bot("Alice", away)
    await slack.removes_bot("Alice", away)

    assert kinds(heard()) == [
        "member_joined_channel",
        "channel_join",
        "member_left_channel",
        "channel_leave",
        "member_joined_channel",
        "group_join",
        "member_left_channel",
        "group_left",
    ]
    assert heard()[4]["user"] == slack.bot.id


async def test_channels_change(slack, heard):
    await slack.renames("Olga", "general", "plaza")
    await slack.sets_topic("Olga", "plaza", "Boats")
    await slack.archives("Olga", "plaza")
    await slack.unarchives("Olga", "plaza")

    assert kinds(heard()) == [
        "channel_rename",
        "channel_name",
        "channel_topic",
        "channel_archive",
        "channel_unarchive",
    ]


async def test_a_stranger_in_a_shared_channel_is_told_as_one(slack, heard):
    other = slack.add_team("Elsewhere", installed=False)
    stan = slack.member("Stan", team=other)
    shared = slack.add_channel("shared", members=["Alice", stan], shared_with=[other])

    await slack.says(stan, shared, "hello")

    callback = slack.events.sent[-1]
    assert (callback["is_ext_shared_channel"], callback["event"]["user_team"]) == (True, other.id)
    assert callback["authorizations"][0]["team_id"] == slack.team.id


async def test_each_workspace_hears_of_its_own(slack, heard):
    other = slack.add_team("Elsewhere")
    square = slack.add_channel("square", team=other)

    await slack.says(slack.member("Stan", team=other), square, f"{other.bot.mention} hello")

    assert {one["authorizations"][0]["team_id"] for one in slack.events.sent} == {other.id}
    assert kinds(heard()) == ["message", "app_mention"]


async def test_an_app_that_is_taken_out_hears_that_and_no_more(slack, heard):
    await slack.uninstalls()
    await slack.says("Alice", "general", "hello")

    assert kinds(heard()) == ["tokens_revoked", "app_uninstalled"]


async def test_files_webhooks_and_me_messages(slack, heard):
    await slack.uploads("Alice", "general", "plan.txt", b"dig", text="see")
    await slack.webhook_says("Builds", "general", "It is red.")
    await slack.says_me("Alice", "general", "waves")

    assert kinds(heard()) == ["file_share", "file_shared", "bot_message", "me_message"]
    share, _, webhook, _ = heard()
    assert share["files"][0]["mimetype"] == "text/plain"
    assert ("user" in webhook, webhook["username"]) == (False, "Builds")


async def test_reactions_name_their_message(slack, heard):
    said = await slack.says("Alice", "general", "hello")
    await slack.reacts("Bob", said, "tada")
    await slack.unreacts("Bob", said, "tada")

    added, removed = heard()[-2:]
    assert kinds([added, removed]) == ["reaction_added", "reaction_removed"]
    assert (added["item"]["ts"], added["item_user"]) == (said.ts, said.user.id)
