"""What Block Kit allows: the kinds of blocks and elements, and how long what is in them may be.

Every check gives the sentences about what is wrong; none are good news.
https://docs.slack.dev/reference/block-kit
"""

from collections.abc import Callable, Iterator, Set
from typing import Any

from tests.slack_server.world import Json

MAX_ID = 255
MAX_SECTION, MAX_FIELD, MAX_FIELDS = 3000, 2000, 10
MAX_HEADER, MAX_MARKDOWN, MAX_CONTEXT = 150, 12_000, 10
MAX_ACTIONS, MAX_BUTTON, MAX_VALUE = 25, 75, 2000
MAX_OPTIONS, MAX_OPTION, MAX_OPTION_VALUE = 100, 75, 150
MAX_CHOICES = 10  # of radio buttons and checkboxes
MAX_PLACEHOLDER, MAX_LABEL, MAX_HINT, MAX_INPUT = 150, 2000, 2000, 3000
MAX_CONFIRM_TITLE, MAX_CONFIRM_TEXT, MAX_CONFIRM_BUTTON = 100, 300, 30
VIEW_KINDS = {
    "section",
    "divider",
    "context",
    "header",
    "actions",
    "rich_text",
    "image",
    "input",
    "video",
}
MESSAGE_KINDS = VIEW_KINDS | {"markdown", "file", "table", "context_actions", "plan", "task_card"}
_CHOICES = {"static_select", "multi_static_select", "overflow"}
_LISTED = {"radio_buttons", "checkboxes"}
_OTHERS = {
    f"{many}{kind}_select"
    for many in ("", "multi_")
    for kind in ("users", "conversations", "channels", "external")
} | {"datepicker", "timepicker", "datetimepicker", "image", "feedback_buttons", "icon_button"}
_INPUTS = {"plain_text_input", "number_input", "email_text_input", "url_text_input"}
ELEMENTS = (
    {"button"} | _CHOICES | _LISTED | _OTHERS | _INPUTS | {"rich_text_input", "workflow_button"}
)

Faults = Iterator[str]


def faults_of_blocks(blocks: Any, kinds: Set[str]) -> list[str]:
    """Say what is wrong with a list of blocks."""
    if not isinstance(blocks, list):
        return ["must be a list of blocks"]
    wrong = [
        f"{one} [block {place}]"
        for place, block in enumerate(blocks)
        for one in _block(block, kinds)
    ]
    ids = [one.get("block_id") for one in blocks if isinstance(one, dict) and one.get("block_id")]
    if len(ids) != len(set(ids)):
        wrong.append("block_id is not unique")
    return wrong


def _block(block: Any, kinds: Set[str]) -> Faults:
    if not isinstance(block, dict) or block.get("type") not in kinds:
        kind = block.get("type") if isinstance(block, dict) else block
        yield f"unsupported type: {kind}"
        return
    if len(str(block.get("block_id", ""))) > MAX_ID:
        yield f"block_id must be no more than {MAX_ID} characters"
    yield from _BLOCKS.get(block["type"], _anything)(block)


def _anything(_: Json) -> Faults:
    return iter(())


def _section(block: Json) -> Faults:
    if "text" not in block and "fields" not in block:
        yield "missing required field: text"
    if "text" in block:
        yield from text_faults(block["text"], MAX_SECTION)
    fields = block.get("fields", [])
    if len(fields) > MAX_FIELDS:
        yield f"no more than {MAX_FIELDS} fields"
    for one in fields:
        yield from text_faults(one, MAX_FIELD)
    if "accessory" in block:
        yield from element_faults(block["accessory"])


def _header(block: Json) -> Faults:
    yield from text_faults(block.get("text"), MAX_HEADER, plain=True)


def _context(block: Json) -> Faults:
    elements = block.get("elements", [])
    if not 1 <= len(elements) <= MAX_CONTEXT:
        yield f"1 to {MAX_CONTEXT} elements"
    for one in elements:
        if one.get("type") != "image":
            yield from text_faults(one, MAX_SECTION)


def _actions(block: Json) -> Faults:
    elements = block.get("elements", [])
    if not 1 <= len(elements) <= MAX_ACTIONS:
        yield f"1 to {MAX_ACTIONS} elements"
    ids = [one.get("action_id") for one in elements if one.get("action_id")]
    if len(ids) != len(set(ids)):
        yield "action_id is not unique"
    for one in elements:
        yield from element_faults(one)


def _input(block: Json) -> Faults:
    yield from text_faults(block.get("label"), MAX_LABEL, plain=True)
    if "hint" in block:
        yield from text_faults(block["hint"], MAX_HINT, plain=True)
    if "element" not in block:
        yield "missing required field: element"
    else:
        yield from element_faults(block["element"])


def _markdown(block: Json) -> Faults:
    text = block.get("text")
    if not isinstance(text, str) or not 1 <= len(text) <= MAX_MARKDOWN:
        yield f"text must be 1 to {MAX_MARKDOWN} characters"


def _rich_text(block: Json) -> Faults:
    if not isinstance(block.get("elements"), list):
        yield "missing required field: elements"


_BLOCKS: dict[str, Callable[[Json], Faults]] = {
    "section": _section,
    "header": _header,
    "context": _context,
    "actions": _actions,
    "input": _input,
    "markdown": _markdown,
    "rich_text": _rich_text,
}


def text_faults(text: Any, longest: int, *, plain: bool = False) -> Faults:
    """Say what is wrong with a text object."""
    if not isinstance(text, dict) or text.get("type") not in {"plain_text", "mrkdwn"}:
        yield "must be a text object"
        return
    if plain and text["type"] != "plain_text":
        yield "must be plain_text"
    unknown = set(text) - {"type", "text", "emoji" if text["type"] == "plain_text" else "verbatim"}
    if unknown:
        yield f"unknown fields of a text: {sorted(unknown)}"
    if not isinstance(text.get("text"), str) or not 1 <= len(text["text"]) <= longest:
        yield f"must be more than 0 and no more than {longest} characters"


def element_faults(element: Any) -> Faults:
    """Say what is wrong with what can be pressed, chosen or filled in."""
    if not isinstance(element, dict) or element.get("type") not in ELEMENTS:
        yield "unsupported type of element"
        return
    if len(str(element.get("action_id", ""))) > MAX_ID:
        yield f"action_id must be no more than {MAX_ID} characters"
    if "placeholder" in element:
        yield from text_faults(element["placeholder"], MAX_PLACEHOLDER, plain=True)
    if "confirm" in element:
        yield from _confirm(element["confirm"])
    match element["type"]:
        case "button":
            yield from _button(element)
        case kind if kind in _CHOICES:
            yield from _options(element, MAX_OPTIONS)
        case kind if kind in _LISTED:
            yield from _options(element, MAX_CHOICES)
        case "plain_text_input":
            if (
                element.get("max_length", 1) > MAX_INPUT
                or len(element.get("initial_value", "")) > MAX_INPUT
            ):
                yield f"no more than {MAX_INPUT} characters"


def _button(button: Json) -> Faults:
    yield from text_faults(button.get("text"), MAX_BUTTON, plain=True)
    if len(str(button.get("value", ""))) > MAX_VALUE:
        yield f"value must be no more than {MAX_VALUE} characters"
    if button.get("style") not in (None, "primary", "danger"):
        yield "style must be primary or danger"


def _options(element: Json, most: int) -> Faults:
    groups = element.get("option_groups")
    lists = [one["options"] for one in groups] if groups else [element.get("options", [])]
    for options in lists:
        if not 1 <= len(options) <= most:
            yield f"1 to {most} options"
        for option in options:
            yield from text_faults(option.get("text"), MAX_OPTION)
            if not 1 <= len(str(option.get("value", ""))) <= MAX_OPTION_VALUE:
                yield f"value of an option: 1 to {MAX_OPTION_VALUE} characters"
    known = [option for options in lists for option in options]
    chosen = element.get("initial_options") or [element.get("initial_option")]
    if any(one is not None and one not in known for one in chosen):
        yield "what is chosen at first is none of the options"


def _confirm(confirm: Json) -> Faults:
    yield from text_faults(confirm.get("title"), MAX_CONFIRM_TITLE, plain=True)
    yield from text_faults(confirm.get("text"), MAX_CONFIRM_TEXT)
    for name in ("confirm", "deny"):
        if name in confirm:
            yield from text_faults(confirm[name], MAX_CONFIRM_BUTTON, plain=True)
