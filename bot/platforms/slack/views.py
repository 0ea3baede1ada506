"""Views in Slack's form, cut to its limits, and the calls that show them.

It knows Slack's blocks and nothing of what they are about. What Slack refuses is one line in the
log and never raised: whoever opened a view sees that nothing opens.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.platforms.slack.refusals import FAILURES, cause, may_pass
from bot.platforms.slack.tasks import Tasks
from bot.platforms.slack.teams import Team

logger = logging.getLogger(__name__)

CALL_TIMEOUT_S = 10.0

# From https://docs.slack.dev/reference/views and https://docs.slack.dev/reference/block-kit.
MAX_BLOCKS = 100
MAX_TITLE_CHARS = 24  # those of its buttons, too
MAX_TEXT_CHARS = 3000  # in a section
MAX_LABEL_CHARS = 2000  # hints, too
MAX_OPTION_CHARS = 75  # buttons, too
MAX_CONFIRM_CHARS = 300

Json = dict[str, object]
Result = TypeVar("Result")


def plain(text: str, max_chars: int = MAX_TEXT_CHARS) -> Json:
    """Give a text that stands as it is: no marks, no mentions, no emoji by name."""
    return {"type": "plain_text", "text": cut(text, max_chars), "emoji": False}


def marked(text: str) -> Json:
    """Give a text in Slack's dialect; whatever people wrote in it must be escaped."""
    return {"type": "mrkdwn", "text": cut(text, MAX_TEXT_CHARS), "verbatim": True}


def cut(text: str, max_chars: int) -> str:
    """Shorten a text that is too long for its place; Slack refuses an empty one."""
    text = text or "\N{EN DASH}"
    return text if len(text) <= max_chars else f"{text[: max_chars - 1].rstrip()}…"


def section(text: Json, *, button: Json | None = None) -> Json:
    """Give a paragraph, with a button beside it if there is one."""
    made: Json = {"type": "section", "text": text}
    return made | ({"accessory": button} if button else {})


def header(text: str) -> Json:
    """Give a headline."""
    return {"type": "header", "text": plain(text, 150)}


def note(text: str) -> Json:
    """Give a line in small print."""
    return {"type": "context", "elements": [plain(text)]}


def button(label: str, action_id: str, *, value: str = "", confirm: Json | None = None) -> Json:
    """Give a button; with `confirm`, Slack asks first."""
    made: Json = {
        "type": "button",
        "text": plain(label, MAX_OPTION_CHARS),
        "action_id": action_id,
    }
    return made | ({"value": value} if value else {}) | ({"confirm": confirm} if confirm else {})


def confirmation(title: str, text: str, *, yes: str) -> Json:
    """Give the question that Slack asks before a button counts."""
    return {
        "title": plain(title, 100),
        "text": plain(text, MAX_CONFIRM_CHARS),
        "confirm": plain(yes, 30),
        "deny": plain("Cancel", 30),
        "style": "danger",
    }


def modal(
    title: str,
    blocks: Sequence[Json],
    *,
    callback_id: str,
    submit: str | None = None,
    metadata: str = "",
) -> Json:
    """Give a modal; without `submit` it is there to be read."""
    view: Json = {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain(title, MAX_TITLE_CHARS),
        "close": plain("Cancel" if submit else "Close", MAX_TITLE_CHARS),
        "blocks": list(blocks[:MAX_BLOCKS]),
        "private_metadata": metadata,
    }
    return view | ({"submit": plain(submit, MAX_TITLE_CHARS)} if submit else {})


def home_tab(blocks: Sequence[Json]) -> Json:
    """Give the Home tab."""
    return {"type": "home", "blocks": list(blocks[:MAX_BLOCKS])}


def kept_in(view: Mapping[str, Any]) -> dict[str, Any]:
    """Read what we put into a view's metadata, as JSON; nothing where nothing is."""
    try:
        kept = json.loads(view.get("private_metadata") or "{}")
    except ValueError:
        return {}
    return kept if isinstance(kept, dict) else {}


def given(view: Mapping[str, Any]) -> dict[str, str | None]:
    """Read what stands in the inputs of a submitted view, by the ids of their blocks."""
    values = (view.get("state") or {}).get("values") or {}
    return {
        block_id: _value(next(iter(elements.values()), {})) for block_id, elements in values.items()
    }


def _value(element: Mapping[str, Any]) -> str | None:
    if "selected_option" in element:
        return (element["selected_option"] or {}).get("value")
    if "selected_options" in element:
        return " ".join(option["value"] for option in element["selected_options"] or ()) or None
    value = element.get("value")
    return value if isinstance(value, str) else None


async def shown(
    call: Callable[[], Awaitable[AsyncSlackResponse]],
    team: Team,
    doing: str,
    *,
    refusing: set[str] | None = None,
) -> Mapping[str, Any] | None:
    """Call Slack once; gives its answer, None where it refuses or cannot be reached.

    A workspace that refuses it, and would again, is added to `refusing`.
    """
    try:
        async with asyncio.timeout(CALL_TIMEOUT_S):
            return (await call()).data  # type: ignore[return-value] # bytes for files alone
    except FAILURES as error:
        logger.warning("Slack: could not %s in %s: %s", doing, team.name, cause(error))
        if refusing is not None and not may_pass(error):
            refusing.add(team.id)
        return None


def begun(
    work: Callable[[], Awaitable[Result]], tasks: Tasks, *, name: str
) -> asyncio.Future[Result]:
    """Begin some work that `tasks` owns; gives what will come of it."""
    outcome: asyncio.Future[Result] = asyncio.get_running_loop().create_future()

    async def carried_out() -> None:
        try:
            outcome.set_result(await work())
        except Exception as error:  # noqa: BLE001 - raised where the outcome is awaited
            outcome.set_exception(error)
        finally:
            outcome.cancel()  # where nothing came of it

    tasks.start(carried_out, name=name)
    return outcome


async def is_in_time(outcome: asyncio.Future[Result], limit_s: float) -> bool:
    """Wait until an outcome is known, no longer than so; tells whether it is."""
    done, _ = await asyncio.wait({outcome}, timeout=limit_s)
    return bool(done)
