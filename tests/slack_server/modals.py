"""Views: what Slack checks of them, and what a person at their client does with one."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.slack_server.blocks import VIEW_KINDS, faults_of_blocks, text_faults
from tests.slack_server.refusals import invalid_arguments
from tests.slack_server.world import Json, Team, User

# https://docs.slack.dev/reference/views/modal-views
MAX_BLOCKS, MAX_TITLE, MAX_METADATA, MAX_ID = 100, 24, 3000, 255
MODAL = {
    "type",
    "title",
    "blocks",
    "close",
    "submit",
    "private_metadata",
    "callback_id",
    "clear_on_close",
    "notify_on_close",
    "external_id",
    "submit_disabled",
}
HOME = {"type", "blocks", "private_metadata", "callback_id", "external_id"}


@dataclass(eq=False)
class View:
    """A view that somebody has open, or the home of somebody."""

    id: str
    user: User
    team: Team
    shown: Json
    hash: str
    root_id: str
    previous_id: str | None = None
    errors: dict[str, str] = field(default_factory=dict)
    chosen: dict[str, Any] = field(default_factory=dict)  # by action_id or block_id

    @property
    def callback_id(self) -> str:
        return str(self.shown.get("callback_id", ""))

    @property
    def title(self) -> str:
        return str(self.shown["title"]["text"])

    def json(self) -> Json:
        """Show it as the methods and the payloads do."""
        defaults: Json = {
            "private_metadata": "",
            "callback_id": "",
            "external_id": "",
            "clear_on_close": False,
            "notify_on_close": False,
            "close": None,
            "submit": None,
        }
        return {
            **defaults,
            **self.shown,
            "id": self.id,
            "team_id": self.team.id,
            "state": {"values": self.values()},
            "hash": self.hash,
            "previous_view_id": self.previous_id,
            "root_view_id": self.root_id,
            "app_id": self.team.bot.app_id,
            "app_installed_team_id": self.team.id,
            "bot_id": self.team.bot.bot_id,
        }

    def values(self) -> Json:
        """Give the state: everything that can be filled in or chosen, with what is in it."""
        values: Json = {}
        for block, element in self.elements():
            if element["type"] in ("button", "overflow", "image"):
                continue
            ids = (element["action_id"], block["block_id"])
            given = next((self.chosen[one] for one in ids if one in self.chosen), None)
            values.setdefault(block["block_id"], {})[element["action_id"]] = state_of(
                element, given
            )
        return values

    def elements(self) -> Iterator[tuple[Json, Json]]:
        """Give each element with its block."""
        for block in self.shown["blocks"]:
            for element in elements_of(block):
                yield block, element


def elements_of(block: Json) -> list[Json]:
    """Give what can be pressed, chosen or filled in, in a block."""
    match block["type"]:
        case "input":
            return [block["element"]]
        case "section":
            return [block["accessory"]] if "accessory" in block else []
        case "actions" | "context_actions":
            return list(block["elements"])
    return []


def state_of(element: Json, given: Any) -> Json:
    """Give the state of an element: what was given, else what it began with.

    What no client could choose fails the test.
    """
    kind = element["type"]
    match kind:
        case "static_select" | "radio_buttons":
            option = element.get("initial_option") if given is None else option_of(element, given)
            return {"type": kind, "selected_option": option}
        case "multi_static_select" | "checkboxes":
            begun = element.get("initial_options", [])
            chosen = begun if given is None else [option_of(element, one) for one in given]
            return {"type": kind, "selected_options": chosen}
    word = kind.removesuffix("_select").removeprefix("multi_")
    if kind.endswith("_select"):
        one = word.removesuffix("s")
        name, initial = (
            (f"selected_{word}", f"initial_{word}")
            if kind.startswith("multi_")
            else (f"selected_{one}", f"initial_{one}")
        )
        return {"type": kind, name: element.get(initial) if given is None else given}
    if kind in ("datepicker", "timepicker"):
        part = kind.removesuffix("picker")
        return {"type": kind, f"selected_{part}": given or element.get(f"initial_{part}")}
    words = element.get("initial_value") if given is None else given
    if words:
        assert len(words) <= element.get("max_length", len(words)), "more than can be typed there"
    return {"type": kind, "value": words or None}


def option_of(element: Json, given: str) -> Json:
    """Give the option with this value or this label."""
    groups = element.get("option_groups")
    options = [o for g in groups for o in g["options"]] if groups else element["options"]
    found = (one for one in options if given in (one["value"], one["text"]["text"]))
    option = next(found, None)
    assert option is not None, f"{given} is none of {[one['value'] for one in options]}"
    return dict(option)


def check_view(view: Json, kind: str) -> None:
    """Raise `Refused` for what no view may be."""
    known = MODAL if kind == "modal" else HOME
    wrong = [f"unknown field of a view: {name}" for name in view if name not in known]
    if view.get("type") != kind:
        wrong.append(f"type must be {kind}")
    blocks = view.get("blocks")
    if not isinstance(blocks, list) or len(blocks) > MAX_BLOCKS or (kind == "modal" and not blocks):
        wrong.append(f"1 to {MAX_BLOCKS} blocks")
    wrong += faults_of_blocks(blocks, VIEW_KINDS)
    if len(view.get("private_metadata", "")) > MAX_METADATA:
        wrong.append(f"private_metadata: no more than {MAX_METADATA} characters")
    for name in ("callback_id", "external_id"):
        if len(view.get(name, "")) > MAX_ID:
            wrong.append(f"{name}: no more than {MAX_ID} characters")
    if kind == "modal" and not wrong:
        wrong += _modal_faults(view)
    if wrong:
        raise invalid_arguments(*wrong)


def _modal_faults(view: Json) -> Iterator[str]:
    yield from (f"title {one}" for one in text_faults(view.get("title"), MAX_TITLE, plain=True))
    for name in ("submit", "close"):
        if view.get(name) is not None:
            yield from (f"{name} {one}" for one in text_faults(view[name], MAX_TITLE, plain=True))
    if any(one["type"] == "input" for one in view["blocks"]) and not view.get("submit"):
        yield "missing required field: submit"


def named(blocks: list[Json], new_id: Any) -> list[Json]:
    """Give blocks with an id for each block and element that has none, as Slack does."""
    shown = []
    for block in blocks:
        block = {**block, "block_id": block.get("block_id") or new_id("b")}
        for name in ("element", "accessory"):
            if name in block:
                block[name] = _with_id(block[name], new_id)
        if block["type"] in ("actions", "context_actions"):
            block["elements"] = [_with_id(one, new_id) for one in block["elements"]]
        shown.append(block)
    return shown


def _with_id(element: Json, new_id: Any) -> Json:
    if element["type"] == "image":
        return element
    return {**element, "action_id": element.get("action_id") or new_id("a")}
