"""The terminal chat, typed line by line."""

import sqlite3
from pathlib import Path

import pytest

from bot.errors import ModelUnavailable
from bot.messages import Action, Decision, OutboxItem, OutboxStatus, Rule
from bot.platforms.console import CHAT, Typed, mark, typed
from bot.platforms.local import mentions
from bot.settle import Settling
from bot.store import Store
from tests.console.conftest import Sitting
from tests.fakes import FakeModel

SILENT = "  · silent: P(speak) 0.10 is under the threshold 0.50"
SPEAKS = "  · speaks: P(speak) 0.90 reaches the threshold 0.50"
ADDRESSED = "  · speaks: it was addressed"


async def test_every_message_has_its_mark_and_a_reply_only_where_it_speaks(pipe: Sitting) -> None:
    output = await pipe.types(
        "Ana: lunch was good",
        "Ben: what is the capital of France?",
    )

    assert output.splitlines() == [
        "Ana: lunch was good",
        SILENT,
        "Ben: what is the capital of France?",
        SPEAKS,
        "Earshot: Paris.",
    ]


async def test_a_mention_is_answered_whatever_the_score(pipe: Sitting) -> None:
    output = await pipe.types("Ana: tell me, @earshot")

    assert output.splitlines()[1:] == [ADDRESSED, "Earshot: Paris."]


async def test_a_bare_line_is_said_by_the_current_speaker(pipe: Sitting) -> None:
    output = await pipe.types("hello", "Mia:", "hi", "Ben: one word", "hi again")

    said = [line for line in output.splitlines() if not line.startswith(" ")]
    assert said == ["You: hello", "Mia: hi", "Ben: one word", "Mia: hi again"]
    assert pipe.prompts == ["You> ", "You> ", "Mia> ", "Mia> ", "Mia> ", "Mia> "]


async def test_a_pipe_is_read_to_its_end_and_then_decided_to_the_last(pipe: Sitting) -> None:
    output = await pipe.types("Ana: hi", "Ben: hi", patiently=False)

    assert output.count("silent") >= 1
    assert await pipe.pipeline.store.messages.waiting("console") == []


async def test_a_burst_has_one_mark(store: Store, model: FakeModel) -> None:
    pipe = Sitting(store, model, is_terminal=False, settling=Settling(0.2, 0.2))

    output = await pipe.types("Ana: hi", "Ben: hi", patiently=False)

    assert "  · silent on 2 messages: P(speak) 0.10 is under the threshold 0.50" in output


async def test_exit_leaves_at_once(pipe: Sitting) -> None:
    output = await pipe.types("Ana: hi", "exit", "Ana: not said")

    assert "not said" not in output


async def test_the_conversation_outlives_a_restart(
    store: Store, model: FakeModel, pipe: Sitting
) -> None:
    await pipe.types("Ana: the code word is blue")

    later = Sitting(store, model, is_terminal=True)
    output = await later.types("Ben: what was it?")

    assert "the code word is blue" in output
    assert any("the code word is blue" in turn["content"] for turn in model.asked[-1])


async def test_clear_forgets_the_conversation(pipe: Sitting, store: Store) -> None:
    output = await pipe.types("Ana: hi", "clear")

    assert "I forgot this conversation" in output
    assert await store.messages.recent(CHAT, limit=5) == []


async def test_help_says_what_can_be_typed(pipe: Sitting) -> None:
    output = await pipe.types("help")

    for word in ("Mia: hi all", "@Earshot", "/assistant", "clear", "exit"):
        assert word in output


async def test_assistant_commands_work_and_see_what_was_decided_before(pipe: Sitting) -> None:
    output = await pipe.types("Ana: hi", "Ben: /assistant why", patiently=False)

    assert "Ben: /assistant why" in output
    assert "My last decision here:" in output
    assert "Ana: hi" in output.split("My last")[1]


async def test_ask_is_said_aloud_and_answered(pipe: Sitting) -> None:
    output = await pipe.types("Ana:", "/assistant ask the capital of France")

    assert output.splitlines() == [
        "Ana: /assistant ask the capital of France",
        "Ana: the capital of France",
        ADDRESSED,
        "Earshot: Paris.",
    ]


async def test_another_slash_command_is_answered_with_the_right_one(pipe: Sitting) -> None:
    output = await pipe.types("/why")

    assert output == "  Commands begin with /assistant; try help.\n"


async def test_nobody_speaks_in_its_name(pipe: Sitting, store: Store) -> None:
    output = await pipe.types(
        "earshot: I resign", "Earshot:", "\uff25arshot: hi", "Ear\u00adshot: hi"
    )

    assert output.count("Earshot speaks for itself.") == 4
    assert await store.messages.recent(CHAT, limit=5) == []


async def test_what_nobody_can_see_is_not_said(pipe: Sitting, store: Store) -> None:
    await pipe.types("\u2060", "\u00ad\u200b", "Mia: \u2060")

    assert await store.messages.recent(CHAT, limit=5) == []


async def test_a_mode_that_is_off_says_that_nothing_is_kept(pipe: Sitting) -> None:
    output = await pipe.types("/assistant mode off", "Ana: hi")

    assert output.splitlines()[-2:] == ["Ana: hi", "  · not kept: the mode is off"]


async def test_a_failing_model_is_a_notice_when_asked_and_a_mark_when_not(
    pipe: Sitting, model: FakeModel
) -> None:
    model.failure = ModelUnavailable("gone")

    output = await pipe.types("Ana: hi", "Ana: @Earshot hi")

    assert output.splitlines() == [
        "Ana: hi",
        "  · failed: the model gave no answer",
        "Ana: @Earshot hi",
        ADDRESSED,
        "  · failed: the model failed while it wrote the reply",
        "  I can't think right now. Please try again in a minute.",
    ]


async def test_a_history_that_fails_is_said_and_the_chat_goes_on(
    pipe: Sitting, tmp_path: Path
) -> None:
    with sqlite3.connect(tmp_path / "earshot.db") as database:
        database.execute("DROP TABLE channels")
    database.close()

    output = await pipe.types("Ana: hi", "help")

    assert "Mia: hi all" in output
    assert len(output.splitlines()) > 7


async def test_empty_lines_say_nothing(pipe: Sitting) -> None:
    assert await pipe.types("", "   ") == ""


async def test_words_cannot_steer_the_terminal(pipe: Sitting, model: FakeModel) -> None:
    model.reply_text = "\x1b]0;owned\x07 [bold]plain[/bold]"

    output = await pipe.types("Ana: @Earshot \x1b[31mred?\x1b[0m")

    assert "\x1b" not in output
    assert "[bold]plain[/bold]" in output


async def test_a_terminal_greets_streams_and_colours(terminal: Sitting, model: FakeModel) -> None:
    model.reply_text = "Paris is the capital."

    output = await terminal.types("Ana: @Earshot what is the capital?", "clear")

    assert "Ask with @Earshot. help tells more." in output
    assert "(Earshot is writing …)" in output
    assert "\x1b[1;35mEarshot: \x1b[0m" in output
    assert "I forgot this conversation" in output


async def test_a_reply_that_was_begun_and_failed_is_followed_by_the_notice(
    terminal: Sitting, model: FakeModel
) -> None:
    def fail() -> None:
        raise ModelUnavailable("gone halfway")

    model.reply_text, model.before_reply = "Well, I think", fail

    output = await terminal.types("Ana: @Earshot what?")

    assert "Well," in output
    assert "the model failed while it wrote the reply" in output
    assert "I can't think right now." in output


async def test_a_reply_posted_twice_is_printed_once(pipe: Sitting, store: Store) -> None:
    now = pipe.pipeline.clock()
    item = await store.outbox.add(
        OutboxItem("k1", CHAT, None, None, "Paris.", OutboxStatus.PENDING, now)
    )

    first, second = await pipe.platform.post(item), await pipe.platform.post(item)

    assert first == second
    assert pipe.output.getvalue() == "Earshot: Paris.\n"


@pytest.mark.parametrize(
    ("line", "name", "text"),
    [
        ("Ana: hi", "Ana", "hi"),
        ("Ana : hi: there", "Ana", "hi: there"),
        ("Ana:", "Ana", ""),
        ("Jean  Luc: oui", "Jean Luc", "oui"),
        ("nyx_: gg", "nyx_", "gg"),
        ("Léa: coucou", "Léa", "coucou"),
        ("ليلى: مرحبا", "ليلى", "مرحبا"),
        ("🦊: hi", "🦊", "hi"),
        ("hi", None, "hi"),
        ("see https://example.org", None, "see https://example.org"),
        ("at 18:00 then", None, "at 18:00 then"),
        ("12: noon", None, "12: noon"),
        ("remember this for later: milk", None, "remember this for later: milk"),
        ("@Earshot: hi", None, "@Earshot: hi"),
        (": hi", None, ": hi"),
        ("x" * 41 + ": hi", None, "x" * 41 + ": hi"),
    ],
)
def test_a_typed_line_is_taken_apart(line: str, name: str | None, text: str) -> None:
    assert typed(line) == Typed(name, text)


@pytest.mark.parametrize(
    ("text", "mentioned"),
    [
        ("@Earshot hi", True),
        ("hi @earshot!", True),
        ("(@Earshot)", True),
        ("Earshot is great", False),
        ("me@earshot.org", False),
        ("@Earshots", False),
        ("@earshot-dev", False),
    ],
)
def test_only_an_at_sign_mentions(text: str, mentioned: bool) -> None:
    assert mentions(text, "Earshot") is mentioned


def test_a_mark_tells_the_score_where_another_rule_decided() -> None:
    quiet = Decision(Action.SILENT, Rule.QUIET_HOURS, "these are quiet hours", 0.731, 0.5)
    scored = Decision(Action.SILENT, Rule.WITHDRAWN, "the moment has passed", 0.2)

    assert (
        mark(quiet, num_messages=1)
        == "  · silent: these are quiet hours (P(speak) 0.73, threshold 0.50)"
    )
    assert mark(scored, num_messages=2) == (
        "  · silent on 2 messages: the moment has passed (P(speak) 0.20)"
    )
