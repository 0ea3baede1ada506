"""earshot data import discord: what DiscordChatExporter wrote becomes conversations."""

import json

import pytest

from tests.data.conftest import shown


def said(author, content, minutes, **more):
    people = {
        "1": {"id": "1", "name": "ana_s", "nickname": "Ana", "isBot": False},
        "9": {"id": "9", "name": "helper", "nickname": "Helper", "isBot": True},
    }
    message = {"id": str(minutes), "type": "Default", "content": content, "author": people[author]}
    return message | {"timestamp": f"2026-01-05T10:{minutes:02}:00.5+01:00"} | more


CHANNEL = {
    "guild": {"id": "5", "name": "Home"},
    "channel": {"id": "7", "type": "GuildTextChat", "name": "kitchen"},
    "messages": [
        said("1", "hi <@&12> in <#13> <a:wave:14>", 1),
        said("1", "<@!9> is there milk?", 3, type="Reply"),
        said("9", "There is.", 4, mentions=[{"id": "1", "name": "ana_s", "nickname": "Ana"}]),
        said("1", "@Helper good", 5, attachments=[{"fileName": "milk.jpg"}, {}]),
        said("1", "pinned", 6, type="ChannelPinnedMessage"),
        said("9", "early bird", 0),
    ],
}


@pytest.fixture
def channel_file(tmp_path):
    """Write a file of DiscordChatExporter."""

    def write(content, name="kitchen.json"):
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return file

    return write


def test_discord_channels_become_conversations(channel_file, run_import):
    private = {
        "channel": {"id": "8", "type": "DirectTextChat", "name": "Ana"},
        "messages": [said("1", f"line {number} of a chat", number) for number in range(4)],
    }
    files = channel_file(CHANNEL), channel_file(private, "dm.json")

    done, conversations = run_import("discord", *files)

    assert done.exit_code == 0, done.stderr
    assert [one["title"] for one in conversations] == ["#kitchen", "direct messages"]
    assert shown(conversations[0]) == [
        ("Ana", "hi @role in #channel :wave:"),
        ("Ana", "assistant is there milk?"),
        (None, "There is."),
        ("Ana", "assistant good [milk.jpg] [file]"),
    ]
    assert "Not messages of anybody: ChannelPinnedMessage 1." in done.stdout


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff", "is not UTF-8: position 1"),
        (b"{", "is no JSON"),
        ([], "was not written by DiscordChatExporter as JSON"),
        (CHANNEL | {"messages": [3]}, "message 1 is not an object"),
        (CHANNEL | {"messages": [{"type": "Default"}]}, "message 1 has no author"),
        (
            CHANNEL | {"messages": [said("1", "x", 1, timestamp="noon")]},
            "message 1 has no usable timestamp",
        ),
    ],
)
def test_a_discord_file_that_cannot_be_used_is_one_sentence(
    channel_file, run_import, content, words
):
    done, conversations = run_import("discord", channel_file(content))

    assert done.exit_code == 1
    assert words in done.stderr
    assert conversations == []


def test_a_discord_file_that_is_not_there_is_told(run_import, tmp_path):
    assert "cannot be read" in run_import("discord", tmp_path / "none.json")[0].stderr
