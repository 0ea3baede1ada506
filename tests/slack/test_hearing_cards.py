"""What comes with a message, in a few words each: cards of apps, previews, forwarded words, files."""

import pytest
from hypothesis import given, strategies as st
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.slack import files
from bot.platforms.slack.describing import card, described
from bot.platforms.slack.edits import now_said
from bot.platforms.slack.hearing import heard
from bot.platforms.slack.keys import sent_at
from bot.platforms.slack.reading import Names
from bot.platforms.slack.teams import Team
from tests.slack.directory import IN_GENERAL, OTTO, Directory, Kept, people, said, served
from tests.slack.test_hearing_words import JSON

TEAM = Team("T1", "Painters", "UBOT", "BBOT", "A1", AsyncWebClient(token="xoxb-secret"))
NAMES = Names(people={"U1": "Nelly"}, channels={"C1": "general"})


@pytest.mark.parametrize(
    ("attachment", "shown"),
    [
        (
            {
                "pretext": "New issue by <@U1>",
                "title": "It leaks &amp; smells",
                "title_link": "https://tracker.example/1",
                "text": "See <#C1>",
                "fields": [{"title": "State", "value": "open"}, {"value": "urgent"}],
                "footer": "Tracker",
                "fallback": "ignored",
            },
            "card: New issue by @Nelly | It leaks & smells | See #general | State: open | urgent"
            " | Tracker (tracker.example)",
        ),
        ({"fallback": "Build 7 failed"}, "card: Build 7 failed"),
        (
            {"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "red"}}]},
            "card: red",
        ),
        ({"image_url": "https://x.example/i.png"}, "card: image"),
        ({"text": "hi", "title_link": "http://["}, "card: hi"),
        ({}, ""),
        (
            {"from_url": "https://x.example/", "title": "The plan", "text": "A long story"},
            "link: The plan",
        ),
        ({"from_url": "https://x.example/", "service_name": "X"}, "link: X"),
        ({"original_url": "https://x.example/", "image_url": "https://x/i"}, "linked image"),
        ({"from_url": "https://x.example/"}, ""),
        (
            {
                "is_app_unfurl": True,
                "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "Ticket 7"}}],
            },
            "link: Ticket 7",
        ),
        (
            {"is_share": True, "is_msg_unfurl": True, "author_name": "Otto", "text": "ask <@U1>"},
            "forwarded: Otto: ask @Nelly",
        ),
        (
            {
                "is_msg_unfurl": True,
                "from_url": "https://x.slack.com/archives/C1/p1",
                "author_name": "Otto",
                "text": "plain",
                "message_blocks": [
                    {
                        "message": {
                            "blocks": [
                                {
                                    "type": "rich_text",
                                    "elements": [
                                        {
                                            "type": "rich_text_section",
                                            "elements": [{"type": "text", "text": "rich"}],
                                        }
                                    ],
                                }
                            ]
                        }
                    }
                ],
                "files": [{"name": "a.png", "mimetype": "image/png"}],
            },
            "forwarded: Otto: rich [image a.png]",
        ),
    ],
)
def test_a_card_is_told_in_one_line(attachment, shown):
    assert card(attachment, NAMES) == shown


def test_a_long_card_is_cut():
    assert len(card({"text": "x" * 9000}, NAMES)) < 1100


@pytest.mark.parametrize("kind", ["is_share", "is_msg_unfurl"])
async def test_forwarded_words_of_somebody_who_opted_out_are_not_kept(kind):
    everybody = people(Kept(opted_out=[(IN_GENERAL.workspace, "U9")]))
    secret = {kind: True, "author_name": "Zoe", "text": "a secret", "files": [{"name": "b.png"}]}
    other = {kind: True, "author_id": OTTO, "author_name": "Otto", "text": "no secret"}
    event = said("look", attachments=[{**secret, "author_id": "U9"}, other])

    async with served(Directory()) as team:
        message = await heard(event, IN_GENERAL, team=team, people=everybody, reader=files.unread)
        now = await now_said(event, team=team, people=everybody)

    assert message.attachments == ("forwarded words", "forwarded: Otto: no secret")
    assert now.attachments == message.attachments


async def test_forwarded_words_from_before_their_author_was_forgotten_are_not_kept():
    at = sent_at("1735689700.000000")
    everybody = people(Kept(kept_from={(IN_GENERAL.workspace, "U9"): at}))
    old, new, timeless = (
        {"is_share": True, "author_id": "U9", "author_name": "Zoe", "text": text, **ts}
        for text, ts in (
            ("old", {"ts": "1735689600.000000"}),
            ("new", {"ts": "1735689700.000000"}),
            ("of some time", {}),
        )
    )
    event = said("look", attachments=[old, new, timeless])

    async with served(Directory()) as team:
        message = await heard(event, IN_GENERAL, team=team, people=everybody, reader=files.unread)

    assert message.attachments == ("forwarded words", "forwarded: Zoe: new", "forwarded words")


@pytest.mark.parametrize(
    ("file", "words", "shown"),
    [
        (
            {"name": "cat.png", "mimetype": "image/png", "pretty_type": "PNG", "size": 92582},
            None,
            "image cat.png (PNG, 93 kB)",
        ),
        (
            {"name": "cat.png", "mimetype": "image/png", "alt_txt": "a cat &amp; a dog"},
            None,
            "image cat.png: a cat & a dog",
        ),
        ({"name": "plan.pdf", "pretty_type": "PDF", "size": 1234567}, None, "file plan.pdf (PDF, 1.2 MB)"),
        ({"name": "a.txt", "size": 12}, "hello\nyou", "file a.txt (12 bytes): hello\nyou"),
        ({"title": "Plan", "name": "plan.txt", "size": 5000}, None, "file Plan (5.0 kB)"),
        ({"mode": "snippet", "title": "x.py", "pretty_type": "Python"}, "x = 1", "snippet x.py (Python): x = 1"),
        ({"mode": "email", "title": "Re: lunch"}, None, "email Re: lunch"),
        ({"filetype": "quip", "title": "Notes"}, None, "canvas Notes"),
        ({"mode": "tombstone"}, None, "a deleted file"),
        ({"mode": "hidden_by_limit"}, None, "a file that this workspace's plan hides"),
        ({"file_access": "check_file_info", "id": "F1"}, None, "a file"),
        ({"subtype": "slack_audio", "duration_ms": 12400}, None, "voice message (12 s)"),
        (
            {
                "subtype": "slack_audio",
                "duration_ms": 900,
                "transcription": {"status": "complete", "preview": {"content": "see you"}},
            },
            None,
            "voice message (1 s): see you",
        ),
        ({}, None, "file"),
        ({"name": 7, "size": "big", "mimetype": []}, None, "file"),
    ],
)  # fmt: skip
def test_a_file_is_told_in_one_line(file, words, shown):
    assert files.described(file, words) == shown


async def test_only_the_first_text_files_of_a_message_are_read():
    texts = [{"id": f"F{n}", "name": f"{n}.txt", "mode": "hosted"} for n in range(5)]
    picture = {"id": "F9", "name": "cat.png", "mimetype": "image/png"}

    async def read(file, _team):
        return f"words of {file['id']}"

    found = await described(
        {"files": [picture, *texts], "attachments": [{}]}, NAMES, team=TEAM, reader=read
    )

    assert found == (
        "image cat.png",
        "file 0.txt: words of F0",
        "file 1.txt: words of F1",
        "file 2.txt: words of F2",
        "file 3.txt",
        "file 4.txt",
    )


@pytest.mark.parametrize(
    ("file", "is_text"),
    [
        ({"name": "a.py"}, True),
        ({"name": "a", "mimetype": "text/plain; charset=utf-8"}, True),
        ({"mode": "snippet"}, True),
        ({"name": "a.txt", "mode": "external"}, False),
        ({"name": "a.txt", "is_external": True}, False),
        ({"name": "a.txt", "mode": "tombstone"}, False),
        ({"name": "a.png", "mimetype": "image/png"}, False),
        ({"name": "a.zip", "mimetype": "application/zip"}, False),
        ({}, False),
    ],
)
def test_text_files_and_snippets_are_known_by_type_or_name(file, is_text):
    assert files.is_text(file) is is_text


@given(st.dictionaries(st.sampled_from(("files", "attachments")), st.lists(JSON, max_size=3)))
async def test_nothing_is_too_odd_to_be_described(message):
    async def read(_file, _team):
        return None

    found = await described(message, NAMES, team=TEAM, reader=read)

    assert all(isinstance(each, str) for each in found)
