"""What a person's client sends for a command, typed by what the bot registered.

What no client could send is an error of the test: it raises AssertionError.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.discord_server.command_checks import (
    BOOLEAN,
    CHANNEL,
    CHAT_INPUT,
    GROUP,
    INTEGER,
    NUMBER,
    ROLE,
    STRING,
    SUBCOMMAND,
    USER,
)
from tests.discord_server.views import channel_json, role_json, user_json
from tests.discord_server.world import Channel, Json, Role, User

_TYPES: dict[int, type | tuple[type, ...]] = {
    STRING: str,
    INTEGER: int,
    BOOLEAN: bool,
    NUMBER: (int, float),
    USER: User,
    CHANNEL: Channel,
    ROLE: Role,
}
_RESOLVED = {USER: "users", CHANNEL: "channels", ROLE: "roles"}


def command_data(
    commands: Sequence[Json], path: str, values: Mapping[str, Any], *, focused: str | None = None
) -> Json:
    """Give the data of a command such as "assistant mode" with these values.

    The name of the root may be left out if there is only one. `focused` is the option that is
    being typed; then what is required may still be missing.
    """
    root, leaf, above = _walk(commands, path.split())
    if focused is None:
        _insist_on_required(leaf, values, path)
    known = {option["name"]: option for option in leaf.get("options") or []}
    given = {_option_name(known, name, path): value for name, value in values.items()}
    resolved: Json = {}
    options = []
    for name, option in known.items():
        if name in given or name == focused:
            options.append(_typed(option, given.get(name, ""), name == focused, resolved))
    for node in reversed(above):
        options = [{"name": node["name"], "type": node["type"], "options": options}]
    data = {"id": root["id"], "name": root["name"], "type": CHAT_INPUT, "options": options}
    return {**data, **({"resolved": resolved} if resolved else {})}


def registered(commands: Sequence[Json], kind: int, name: str | None) -> Json:
    """Find a command; without a name, the only one of its kind."""
    found = [one for one in commands if one["type"] == kind and name in (None, one["name"])]
    names = [one["name"] for one in commands if one["type"] == kind]
    assert len(found) == 1, f"no single command {name!r} is registered, only {names}"
    return found[0]


def root_of(commands: Sequence[Json], path: str) -> Json:
    """Find the command that a path leads into."""
    return _walk(commands, path.split())[0]


def _walk(commands: Sequence[Json], words: Sequence[str]) -> tuple[Json, Json, list[Json]]:
    """Give the root, the node with the values, and the nodes from below the root down to it."""
    names = [one["name"] for one in commands if one["type"] == CHAT_INPUT]
    if words[0] in names:
        root, words = registered(commands, CHAT_INPUT, words[0]), words[1:]
    else:
        root = registered(commands, CHAT_INPUT, None)
    node, above = root, []
    for word in words:
        inner = {one["name"]: one for one in node.get("options") or [] if _has_inner(one)}
        assert word in inner, f"/{node['name']} has no {word!r}, only {sorted(inner)}"
        node = inner[word]
        above.append(node)
    inner_names = [one["name"] for one in node.get("options") or [] if _has_inner(one)]
    assert not inner_names, f"/{node['name']} wants one of {inner_names}"
    return root, node, above


def _has_inner(option: Json) -> bool:
    return option["type"] in (SUBCOMMAND, GROUP)


def _option_name(known: Mapping[str, Json], name: str, path: str) -> str:
    """Give the registered name of an option; Python writes _ where a command has -."""
    for one in (name, name.replace("_", "-")):
        if one in known:
            return one
    raise AssertionError(f"/{path} has no option {name!r}, only {sorted(known)}")


def _insist_on_required(leaf: Json, values: Mapping[str, Any], path: str) -> None:
    given = {name.replace("_", "-") for name in values} | set(values)
    for option in leaf.get("options") or []:
        wanted = option.get("required") and option["name"] not in given
        assert not wanted, f"/{path} wants the option {option['name']!r}"


def _typed(option: Json, value: Any, is_focused: bool, resolved: Json) -> Json:
    name, kind = option["name"], option["type"]
    if is_focused:
        assert option.get("autocomplete"), f"{name} has no autocomplete"
        return {"name": name, "type": kind, "value": str(value), "focused": True}
    fits = isinstance(value, _TYPES[kind]) and (kind == BOOLEAN or not isinstance(value, bool))
    assert fits, f"{name} cannot be {value!r}"
    _insist_on_limits(option, value)
    if kind in _RESOLVED:
        resolved.setdefault(_RESOLVED[kind], {})[value.id] = _resolved_json(value)
        value = value.id
    return {"name": name, "type": kind, "value": value}


def _insist_on_limits(option: Json, value: Any) -> None:
    name, choices = option["name"], [one["value"] for one in option.get("choices") or []]
    assert not choices or value in choices, f"{name} is one of {choices}, not {value!r}"
    size = len(value) if isinstance(value, str) else value
    for limit in ("min_length", "min_value"):
        assert option.get(limit) is None or size >= option[limit], f"{name} is below {limit}"
    for limit in ("max_length", "max_value"):
        assert option.get(limit) is None or size <= option[limit], f"{name} is above {limit}"


def _resolved_json(value: User | Channel | Role) -> Json:
    if isinstance(value, User):
        return user_json(value)
    return channel_json(value) if isinstance(value, Channel) else role_json(value, 1)
