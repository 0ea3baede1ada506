"""Rights, failures, and what everybody can throw at it."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from bot.commands import COMMANDS
from bot.commands.dispatch import NOT_SHOWN
from bot.messages import Mode
from tests.commands.conftest import BEN, WHERE, Channel, silent


@pytest.mark.parametrize(
    "text",
    [
        *("mode off", "eagerness 100", "quiet 2h", "persona a pirate", "clear confirm"),
        *("privacy retention 1", "replies stream off", "limits share 25", "limits cooldown 5m"),
        *("limits bots 3", "preview 48"),
    ],
)
async def test_settings_are_refused_to_others_saying_who_may(channel: Channel, text: str) -> None:
    before = await channel.store.channels.settings(WHERE)

    answer = await channel.run(text, may_manage=False, may_manage_workspace=False)

    name = " ".join(text.split()[:-1]) if text != "clear confirm" else "clear"
    assert answer.text.startswith("Only people who may manage this channel can use /assistant ")
    assert name.split()[0] in answer.text
    assert answer.ephemeral
    assert await channel.store.channels.settings(WHERE) == before


@pytest.mark.parametrize(
    "text", ["mode off", "eagerness 0", "quiet 22-7", "persona a pirate", "retention 1"]
)
async def test_defaults_are_refused_to_who_manages_only_the_channel(
    channel: Channel, text: str
) -> None:
    before = await channel.store.channels.settings(WHERE)

    answer = await channel.run(f"defaults {text}", may_manage_workspace=False)

    assert answer.text.startswith("Only people who may manage this server can use /assistant def")
    assert answer.ephemeral
    assert await channel.store.channels.settings(WHERE) == before


@pytest.mark.parametrize("text", ["defaults mode off", "help defaults"])
async def test_a_workspace_is_called_as_people_there_call_it(channel: Channel, text: str) -> None:
    answer = await channel.run(text, may_manage_workspace=False, workspace_called="workspace")

    assert "people who may manage this workspace" in answer.text
    assert "server" not in answer.text


async def test_who_manages_the_server_manages_its_channels(channel: Channel) -> None:
    answer = await channel.run("mode listen", may_manage=False, may_manage_workspace=True)

    assert answer.text.startswith("My mode here is now listen")


@pytest.mark.parametrize(
    "text",
    [
        *("mode", "eagerness", "quiet", "persona", "status", "why"),
        *("replies reference", "limits share", "defaults show", "defaults mode"),
    ],
)
async def test_everyone_may_look(channel: Channel, text: str) -> None:
    answer = await channel.run(text, may_manage=False, may_manage_workspace=False)

    assert not answer.text.startswith("Only")
    assert answer.ephemeral


async def test_a_failing_history_is_a_fixed_sentence_and_its_cause_is_logged(
    channel: Channel, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with sqlite3.connect(tmp_path / "earshot.db") as database:
        database.execute("DROP TABLE channels")
    database.close()

    answer = await channel.run("mode listen")

    assert answer.text.startswith("That didn't work: I can't reach my history right now.")
    assert answer.ephemeral
    assert "/assistant mode failed in room/local/lobby" in caplog.text


@given(
    st.sampled_from([*(command.name for command in COMMANDS), "privacy retention", "quiet hours"]),
    st.text(max_size=40),
)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_nothing_anybody_types_raises(channel: Channel, name: str, rest: str) -> None:
    answer = await channel.run(f"{name} {rest}")

    assert answer.text or answer.ask


async def test_a_threads_command_sets_its_channel(channel: Channel) -> None:
    thread = type(WHERE)(WHERE.platform, WHERE.workspace, WHERE.channel, "t1")

    await channel.run("mode listen", where=thread)

    assert (await channel.store.channels.settings(WHERE)).mode is Mode.LISTEN


@pytest.mark.parametrize("text", ["why", "catchup", "preview"])
async def test_who_may_not_read_back_is_told_nothing_of_what_was_said(
    channel: Channel, text: str
) -> None:
    await channel.says(BEN, "the safe is open")
    await channel.decides(silent())

    answer = await channel.run(text, may_read_back=False)

    assert answer.text == NOT_SHOWN.format(name=f"/assistant {text}")
    assert answer.ephemeral
    assert channel.model.asked == []
