"""The fields of the settings form, made from the one definition of the commands.

Pure. A field is one command with its argument: what stands in it is what would be typed behind the
command, so that reading it, its limits and what it does are the command's own.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.commands.definition import COMMANDS, Argument, Command, Kind
from bot.commands.grammar import leaves
from bot.commands.parse import Invocation, read_value
from bot.commands.privacy import FORBIDS_TRAINING
from bot.commands.times import say_quiet_hours, say_span
from bot.messages import ChannelSettings
from bot.platforms.slack.keys import PLATFORM
from bot.platforms.slack.views import MAX_LABEL_CHARS, Json, plain

VALUE = "value"  # the id of the one element in each block
ASKS = "See or set "  # begins the summary of a setting
LONG_CHARS = 200  # from here on a field has several lines
HOURS = "hours "

OWN_CHOICE = "This channel's own choice."
DEFAULT_HOLDS = "The default."
CHOSEN_FOR_ALL = "Chosen for this workspace."
NOBODY_CHOSE = "Nobody chose otherwise."


@dataclass(frozen=True, slots=True)
class Field:
    """One setting in a form.

    `settings` are its names in the store, `now` gives what would be typed for what holds. An
    emptied text means `emptied`; `before` goes before what is typed.
    """

    path: tuple[str, ...]
    command: Command
    argument: Argument
    settings: tuple[str, ...]
    now: Callable[[ChannelSettings, datetime], str]
    label: str
    hint: str
    emptied: str = ""
    before: str = ""

    @property
    def id(self) -> str:
        """The id of its block, which Slack sends back."""
        return "/".join((*self.path, *self.before.split()))

    @property
    def for_all(self) -> bool:
        """Whether it is a default of the workspace."""
        return self.path[0] == "defaults"

    def invocation(self, typed: str) -> Invocation:
        """Give the command that sets this to what was typed. Raises UsageError."""
        value = read_value(f"{self.before}{typed or self.emptied}", self.argument)
        return Invocation(self.path, self.command, {self.argument.name: value})

    def only_shown(self) -> Invocation:
        """Give the command that shows this."""
        return Invocation(self.path, self.command, {})


@dataclass(frozen=True, slots=True)
class _Setting:
    """What the store knows of a command's setting. `emptied` is the word for nothing in a text."""

    settings: tuple[str, ...]
    now: Callable[[ChannelSettings, datetime], str]
    emptied: str = ""


def _on(is_on: bool) -> str:
    return "on" if is_on else "off"


def _quiet_until(settings: ChannelSettings, now: datetime) -> str:
    """Say how long it is still quiet, so that it can be changed; nothing once it is over."""
    until = settings.quiet_until
    return say_span(until - now) if until is not None and until > now else ""


def _hours(settings: ChannelSettings, _: datetime) -> str:
    return say_quiet_hours(settings.quiet_hours) if settings.quiet_hours else ""


def _rest(settings: ChannelSettings, _: datetime) -> str:
    return say_span(timedelta(seconds=settings.cooldown_s)) if settings.cooldown_s else ""


_SETTINGS: Mapping[str, _Setting] = {
    "mode": _Setting(("mode",), lambda now, _: now.mode.value),
    "eagerness": _Setting(("eagerness",), lambda now, _: str(now.eagerness)),
    "quiet": _Setting(("quiet_hours",), _hours, emptied="off"),
    "persona": _Setting(("persona",), lambda now, _: now.persona, emptied="clear"),
    "reference": _Setting(("reply_as_reference",), lambda now, _: _on(now.reply_as_reference)),
    "stream": _Setting(("stream_replies",), lambda now, _: _on(now.stream_replies)),
    "threads": _Setting(("follow_threads",), lambda now, _: _on(now.follow_threads)),
    "share": _Setting(
        ("max_share_of_voice",), lambda now, _: str(round(100 * (now.max_share_of_voice or 0)))
    ),
    "cooldown": _Setting(("cooldown_s",), _rest, emptied="off"),
    "bots": _Setting(
        ("answer_other_bots", "bot_loop_budget"),
        lambda now, _: str(now.bot_loop_budget if now.answer_other_bots else 0),
    ),
    "retention": _Setting(("retention_days",), lambda now, _: str(now.retention_days or 0)),
    "training": _Setting(("may_train",), lambda now, _: _on(now.may_train)),
}
"""By the last word of the command, which a default has in common with its setting of a channel."""


def fields(*, for_all: bool) -> tuple[Field, ...]:
    """Give the settings of a channel, or those of the workspace for all of its channels."""
    return tuple(
        field
        for path, command in leaves(COMMANDS)
        if command.bare_shows and path[-1] in _SETTINGS and (path[0] == "defaults") == for_all
        if not (path[-1] == "training" and PLATFORM in FORBIDS_TRAINING)
        for field in _fields_of(path, command)
    )


def block(field: Field, typed: str, origin: str) -> Json:
    """Give the input for a setting, with what holds now, and where that comes from."""
    return {
        "type": "input",
        "block_id": field.id,
        "label": plain(field.label, MAX_LABEL_CHARS),
        "hint": plain(" ".join(filter(None, (field.hint, origin))), MAX_LABEL_CHARS),
        "optional": bool(field.emptied),
        "element": {"action_id": VALUE, **_element(field, typed)},
    }


def origin_of(field: Field, chosen: Collection[str], typed: str) -> str:
    """Say whether somebody chose this, `chosen` being what was chosen at this level."""
    if field.settings == ("quiet_until",) and not typed:
        return ""  # it is over: nobody's choice holds
    if field.for_all:
        return CHOSEN_FOR_ALL if {*field.settings} & {*chosen} else NOBODY_CHOSE
    return OWN_CHOICE if {*field.settings} & {*chosen} else DEFAULT_HOLDS


def mark(typed: str) -> str:
    """Give a short mark of a value, by which a form tells later whether it was changed."""
    return hashlib.sha256(" ".join(typed.split()).encode()).hexdigest()[:12]


def _fields_of(path: tuple[str, ...], command: Command) -> Iterator[Field]:
    (argument,) = command.arguments
    kept = _SETTINGS[path[-1]]
    words = command.summary.removeprefix(ASKS).rstrip(".")
    plain_field = Field(
        path,
        command,
        argument,
        kept.settings,
        kept.now,
        label=f"{path[-1].capitalize()}: {words}",
        hint=argument.summary,
        emptied=kept.emptied,
    )
    is_both = any(each.startswith(HOURS) for each in argument.suggestions)
    yield from _quiet_fields(plain_field) if is_both else (plain_field,)


def _quiet_fields(field: Field) -> Iterator[Field]:
    """Take apart the command that sets quiet hours, too, if they are named so."""
    suggested = field.argument.suggestions
    times = [each for each in suggested if not each.startswith(HOURS) and each != field.emptied]
    hours = [each.removeprefix(HOURS) for each in suggested if each.startswith(HOURS)]
    yield replace(
        field,
        settings=("quiet_until",),
        now=_quiet_until,
        label="Quiet: for a while",
        hint=f"For example {', '.join(times)}. Empty: not now.",
    )
    yield replace(
        field,
        label="Quiet: at fixed hours",
        hint=f"For example {hours[0]}. Empty: at no hours.",
        before=HOURS,
    )


def _element(field: Field, typed: str) -> Json:
    argument = field.argument
    if argument.kind is Kind.CHOICE:
        return {
            "type": "static_select",
            "options": [_option(choice) for choice in argument.choices],
            "initial_option": _option(typed),
        }
    if argument.kind is Kind.INTEGER:
        lowest = min(0, argument.minimum) if argument.zero_word else argument.minimum
        return {
            "type": "number_input",
            "is_decimal_allowed": False,
            "min_value": str(lowest),
            "max_value": str(argument.maximum),
            "initial_value": typed,
        }
    return {
        "type": "plain_text_input",
        "max_length": argument.max_chars - len(field.before),
        "multiline": argument.max_chars >= LONG_CHARS,
        **({"initial_value": typed} if typed else {}),
    }


def _option(choice: str) -> Json:
    return {"text": plain(choice), "value": choice}
