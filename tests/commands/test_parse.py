"""What is typed after /assistant becomes an invocation, or a sentence that says what to type."""

import pytest
from hypothesis import given, strategies as st

from bot.commands import COMMANDS, UsageError, Who, parse
from bot.commands.parse import MAX_QUOTED_CHARS, clipped, usage_line


def outcome(text: str) -> str:
    try:
        return " ".join(parse(text).path)
    except UsageError as refused:
        return str(refused)


@pytest.mark.parametrize(
    ("text", "path", "values"),
    [
        ("", ("help",), {}),
        ("  \n ", ("help",), {}),
        ("help mode", ("help",), {"command": "mode"}),
        ("ask  what is\nup? ", ("ask",), {"question": "what is\nup?"}),
        ("ASK hi", ("ask",), {"question": "hi"}),
        ("why", ("why",), {}),
        ("why 20", ("why",), {"n": 20}),
        ("mode Active", ("mode",), {"mode": "active"}),
        ("eagerness 0", ("eagerness",), {"level": 0}),
        ("eagerness 70%", ("eagerness",), {"level": 70}),
        ("quiet hours 22:00-07:00", ("quiet",), {"time": "hours 22:00-07:00"}),
        ("privacy show", ("privacy", "show"), {}),
        ("privacy opt-out", ("privacy", "optout"), {}),
        ("privacy forget_me", ("privacy", "forget-me"), {}),
        ("privacy retention OFF", ("privacy", "retention"), {"days": 0}),
        ("clear confirm", ("clear",), {"confirm": "confirm"}),
        ("replies stream OFF", ("replies", "stream"), {"switch": "off"}),
        ("limits share 25%", ("limits", "share"), {"percent": 25}),
        ("limits bots off", ("limits", "bots"), {"times": 0}),
        ("defaults quiet 22-7", ("defaults", "quiet"), {"hours": "22-7"}),
        ("preview 48", ("preview",), {"hours": 48}),
    ],
)
def test_a_command_is_read(text: str, path: tuple[str, ...], values: dict[str, object]) -> None:
    invocation = parse(text)

    assert invocation.path == path
    assert invocation.values == values


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (
            "hlep",
            'There is no command "hlep". Did you mean /assistant help?',
        ),
        (
            "quite 2h",
            'There is no command "quite". Did you mean /assistant quiet? '
            "/assistant help lists them all.",
        ),
        (
            "xyzzy",
            'There is no command "xyzzy". /assistant help lists them all.',
        ),
        (
            "how far is the moon?",
            'There is no command "how". To ask me something, type /assistant ask and your question.',
        ),
        ("ask", "The question is missing. Type it like this: /assistant ask <question>"),
        ("why 0", '"0" does not work here: n is a whole number from 1 to 20.'),
        ("why many", '"many" does not work here: n is a whole number from 1 to 20.'),
        (
            "why 5 please",
            'I did not expect "please". Type it like this: /assistant why [n 1-20]',
        ),
        ("eagerness 101", '"101" does not work here: level is a whole number from 0 to 100.'),
        ("eagerness -1", '"-1" does not work here: level is a whole number from 0 to 100.'),
        ("mode lisen", '"lisen" does not work here. Did you mean listen?'),
        ("mode loud", '"loud" does not work here. It can be: active, mention, listen, off.'),
        (
            "privacy",
            "/assistant privacy needs one more word: show, optout, optin, forget-me, retention, training.",
        ),
        (
            "privacy forget",
            '/assistant privacy has no "forget". Did you mean /assistant privacy forget-me?',
        ),
        (
            "privacy zzz",
            '/assistant privacy has no "zzz". It has: show, optout, optin, forget-me, retention, training.',
        ),
        (
            "privacy retention 9999",
            '"9999" does not work here: days is a whole number from 0 to 3650 or "off".',
        ),
        ("persona " + "x" * 501, "That text has 501 characters; I take up to 500."),
    ],
)
def test_what_cannot_be_read_is_answered_with_what_to_type(text: str, answer: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse(text)

    assert str(refused.value) == answer


def test_a_number_too_long_to_read_is_refused_like_any_other() -> None:
    with pytest.raises(UsageError, match="whole number from 0 to 100"):
        parse("eagerness " + "9" * 5000)


@given(st.text(max_size=200))
def test_whatever_is_typed_is_read_or_answered(text: str) -> None:
    assert 0 < len(outcome(text)) < 400


@given(st.sampled_from([c.name for c in COMMANDS]), st.text(max_size=80))
def test_whatever_follows_a_command_is_read_or_answered(name: str, rest: str) -> None:
    assert outcome(f"{name} {rest}")


def test_a_setting_without_a_value_only_shows_and_everyone_may_look() -> None:
    shown, changed = parse("mode"), parse("mode off")

    assert (shown.only_shows, shown.needs, shown.ephemeral) == (True, Who.EVERYONE, True)
    assert (changed.only_shows, changed.needs, changed.ephemeral) == (False, Who.MANAGERS, False)


def test_people_are_quoted_on_one_line_and_not_at_length() -> None:
    assert clipped("a\n b") == "a b"
    assert len(clipped("x" * 100)) == MAX_QUOTED_CHARS


def test_a_group_shows_its_subcommands_in_its_usage() -> None:
    group = next(command for command in COMMANDS if command.name == "privacy")

    assert (
        usage_line(["privacy"], group)
        == "/assistant privacy show|optout|optin|forget-me|retention|training"
    )
