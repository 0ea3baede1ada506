"""earshot data import slack: an export becomes conversations, or a sentence says why not."""

import json
import struct
import zipfile

import pytest

from inference.tune.data import safe_zip
from inference.tune.data.slack_export import plain_text
from inference.wire.data_rights import FLAG
from tests.data.conftest import shown

USERS = [
    {
        "id": "U1",
        "name": "asilva",
        "profile": {"display_name": "Ana", "real_name": "Ana Silva"},
    },
    {"id": "U2", "name": "ben", "real_name": "Ben Okri", "profile": {"display_name": ""}},
    {"id": "U9", "name": "helper", "is_bot": True, "profile": {"real_name": "Helper Bot"}},
]

DAY = 1_767_600_000.0


def post(user, text, minutes, **more):
    return {"type": "message", "user": user, "text": text, "ts": f"{DAY + 60 * minutes:.6f}"} | more


GENERAL = [
    post("U1", "has anyone the <#C2|ops> link?", 0),
    post("U2", "look at <https://ops.example|the page> &amp; ask <@U9>", 1),
    post("U1", "<@U9> is it up?", 2),
    post("U9", "Yes, since noon.", 3),
    post("U1", "thanks asilva here", 4),
]


@pytest.fixture
def export(tmp_path):
    """Zip a Slack export: members by name, bytes as they are, all else as JSON."""

    def make(members, **how):
        file = tmp_path / "export.zip"
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                raw = content if isinstance(content, bytes) else json.dumps(content).encode()
                archive.writestr(name, raw, **how)
        return file

    return make


def slack(**days):
    members = {f"{day.replace('__', '/')}/2026-01-05.json": posts for day, posts in days.items()}
    return {"users.json": USERS, "channels.json": [], **members}


def test_a_slack_export_becomes_conversations(export, run_import):
    done, conversations = run_import("slack", export(slack(general=GENERAL)))

    assert done.exit_code == 0, done.stderr
    assert [shown(one) for one in conversations] == [
        [
            ("Ana", "has anyone the #ops link?"),
            ("Ben Okri", "look at the page & ask assistant"),
            ("Ana", "assistant is it up?"),
            (None, "Yes, since noon."),
            ("Ana", "thanks asilva here"),
        ]
    ]
    assert conversations[0]["source"] == "slack"
    assert "1 conversations, 4 messages of people, 25.0% of them followed by Helper Bot" in (
        done.stdout
    )


def test_without_the_statement_nothing_is_read_and_the_terms_are_named(run_import, tmp_path):
    for kind in ("slack", "discord"):
        done, conversations = run_import(kind, tmp_path / "no-such-file", right=False)

        assert done.exit_code == 1
        assert conversations == []
        assert "Nothing was read. Discord's developer policy forbids training" in done.stderr
        assert "Slack's API terms restrict it likewise" in done.stderr
        assert FLAG in done.stderr


def test_names_are_replaced_everywhere_on_request(export, run_import):
    _, conversations = run_import("slack", export(slack(general=GENERAL)), "--pseudonyms")

    text = json.dumps(conversations)
    assert not any(name in text.lower() for name in ("ana", "silva", "ben", "okri", "helper"))
    ana = conversations[0]["messages"][0]["name"]
    assert shown(conversations[0])[4] == (ana, f"thanks {ana} here")


def test_threads_are_apart_and_what_they_hang_on_goes_with_them(export, run_import):
    root = GENERAL[2] | {"thread_ts": GENERAL[2]["ts"], "reply_count": 2}
    inside = {"thread_ts": root["ts"]}
    posts = [
        *GENERAL[:2],
        root,
        GENERAL[3] | inside,
        post("U1", "great", 9, **inside, subtype="thread_broadcast"),
        post("U2", "lunch?", 10, thread_ts=f"{DAY + 600:.6f}"),
    ]

    _, conversations = run_import("slack", export(slack(general=posts)), "--min-messages", "1")

    assert [(one["title"], [text for _, text in shown(one)]) for one in conversations] == [
        (
            "#general",
            ["has anyone the #ops link?", "look at the page & ask assistant", "lunch?"],
        ),
        ("#general, a thread", ["assistant is it up?", "Yes, since noon.", "great"]),
    ]


def test_events_are_no_messages_and_other_bots_are_people(export, run_import):
    posts = [
        post("U1", "joined", 0, subtype="channel_join"),
        {"type": "message", "subtype": "bot_message", "bot_id": "B7", "username": "deploybot"}
        | {"text": "build 4 passed", "ts": f"{DAY + 1}"},
        post("U7", "who am I", 1, user_profile={"real_name": "Guest Gil"}),
        post("U8", "and I", 2, files=[{"name": "cat.png"}, {}]),
        post("U1", "(was deleted)", 3, subtype="tombstone"),
        post("U9", "An answer to what is gone", 4),
        post("U2", "edited well", 5, edited={"user": "U2", "ts": "1"}),
    ]

    done, conversations = run_import("slack", export(slack(general=posts)))

    assert shown(conversations[0]) == [
        ("deploybot", "build 4 passed"),
        ("Guest Gil", "who am I"),
        ("unlisted-1", "and I [cat.png] [file]"),
        ("Ben Okri", "edited well"),
    ]
    assert "Not messages of anybody: channel_join 1." in done.stdout


def test_an_export_zipped_again_in_a_folder_is_read_and_private_places_are_not_named(
    export, run_import
):
    members = {f"My export/{name}": content for name, content in slack(general=[]).items()}
    members["My export/mpdm-ana--ben-1/2026-01-05.json"] = GENERAL

    _, conversations = run_import("slack", export(members))

    assert [one["title"] for one in conversations] == ["direct messages"]


def test_whom_to_leave_out_is_left_out_with_the_replies_to_them(export, run_import):
    _, conversations = run_import(
        "slack", export(slack(general=GENERAL)), "--leave-out", "Ana", "--min-messages", "1"
    )

    assert shown(conversations[0]) == [("Ben Okri", "look at the page & ask assistant")]


def test_the_same_conversation_in_two_channels_is_one(export, run_import):
    done, conversations = run_import("slack", export(slack(general=GENERAL, copy=GENERAL)))

    assert len(conversations) == 1
    assert "Left out: 1 copies of other conversations." in done.stdout


def test_slack_markup_becomes_what_people_see():
    assert plain_text(
        "<!here> <!subteam^S1|@ops> <!channel> <mailto:a@b.c> <http://x.y> &lt;3"
    ) == ("@here @ops @channel a@b.c http://x.y <3")


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"channels.json": []}, "is no Slack workspace export: there is no users.json"),
        ({"users.json": {}}, "users.json in "),
        ({"users.json": b"[oops"}, "is no JSON"),
        ({"users.json": b"\xff\xfe[\x00]\x00"}, "is not UTF-8: byte 0xff at position 1"),
        ({"users.json": USERS}, "holds no messages: no day files in folders of channels"),
        (slack(general=[{"user": "U1", "text": "x"}]), "a message has no usable time (ts)"),
        (slack(general=["x"]), "is not a list of objects"),
        (slack(general=GENERAL[:1]), "nothing is left to learn from"),
        ({"users.json": b"[" + b" " * 5_000_000 + b"]"}, "unpacks to 200 times its size and more"),
        ({"users.json": b"[" * 100_000}, "is no JSON"),
    ],
)
def test_an_export_that_cannot_be_used_is_one_sentence(export, run_import, members, words):
    done, conversations = run_import("slack", export(members))

    assert done.exit_code == 1
    assert words in done.stderr
    assert done.stderr.startswith("error: ")
    assert conversations == []


def test_a_zip_that_claims_little_and_unpacks_to_much_is_refused(export, run_import, monkeypatch):
    monkeypatch.setattr(safe_zip, "MAX_MEMBER_BYTES", 1000)
    file = export(slack(general=GENERAL * 10))

    done, _ = run_import("slack", file)

    assert "is larger than" in done.stderr

    raw = bytearray(file.read_bytes())  # now lie about the sizes, in the directory at the end
    for start in (at for at in range(len(raw)) if raw[at : at + 4] == b"PK\x01\x02"):
        raw[start + 24 : start + 28] = struct.pack("<I", 900)
    file.write_bytes(raw)

    done, conversations = run_import("slack", file)

    assert done.exit_code == 1
    assert conversations == []


def test_too_many_members_and_too_large_a_whole_are_refused(export, run_import, monkeypatch):
    file = export(slack(general=GENERAL))
    monkeypatch.setattr(safe_zip, "MAX_TOTAL_BYTES", 10)
    assert "unpacks to more than" in run_import("slack", file)[0].stderr
    monkeypatch.setattr(safe_zip, "MAX_MEMBERS", 1)
    assert "holds 3 files, more than 1" in run_import("slack", file)[0].stderr


def test_what_is_no_zip_file_is_told(run_import, tmp_path):
    (tmp_path / "x.zip").write_text("not a zip")

    assert "is no zip file, or a damaged one" in run_import("slack", tmp_path / "x.zip")[0].stderr
    assert "cannot be read: No such file" in run_import("slack", tmp_path / "y.zip")[0].stderr


def test_a_damaged_or_encrypted_member_is_named(export, run_import):
    file = export(slack(general=GENERAL))
    whole = file.read_bytes()

    raw = bytearray(whole)
    raw[60:70] = b"\x00" * 10
    file.write_bytes(raw)
    assert "users.json in " in run_import("slack", file)[0].stderr

    raw = bytearray(whole)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.find(mark) + offset] |= 1
    file.write_bytes(raw)
    assert "is encrypted" in run_import("slack", file)[0].stderr

    file = export(slack(general=GENERAL), compress_type=zipfile.ZIP_LZMA)
    raw = bytearray(file.read_bytes())
    raw[60:90] = b"\xff" * 30
    file.write_bytes(raw)
    assert "users.json in " in run_import("slack", file)[0].stderr


@pytest.mark.parametrize("number", [1, 2])
def test_a_member_whose_name_is_no_utf_8_is_told(export, run_import, number):
    file = export({**slack(), "\u00e9/2026-01-05.json": GENERAL})
    raw = file.read_bytes()
    assert raw.count(b"\xc3\xa9/") == 2  # before the member, and in the directory at the end
    file.write_bytes(raw.replace(b"\xc3\xa9/", b"\xff\xa9/", number))

    done, conversations = run_import("slack", file)

    assert done.exit_code == 1
    assert "a name that is not UTF-8" in done.stderr
    assert conversations == []


def test_nobody_of_that_name_lists_who_there_is(export, run_import):
    done, _ = run_import("slack", export(slack(general=GENERAL)), assistant="Claudia")

    assert 'nobody is called "Claudia"' in done.stderr
    assert "Helper Bot (U9, a bot, 1 messages)" in done.stderr


def test_an_output_that_stands_is_not_overwritten(export, run_import, tmp_path):
    (tmp_path / "out.jsonl").write_text("{}\n")

    done, conversations = run_import("slack", export(slack(general=GENERAL)))

    assert "out.jsonl exists already" in done.stderr
    assert conversations == [{}]
