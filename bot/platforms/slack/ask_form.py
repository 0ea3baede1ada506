"""The form that asks for a question about a message, and what was typed into it. Pure."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from bot.commands.definition import MAX_QUESTION_CHARS
from bot.messages import ConversationKey
from bot.platforms.slack.keys import channel_key
from bot.platforms.slack.views import Json, given, kept_in, modal, plain

ASK = "earshot-ask"
QUESTION = "question"
DEFAULT_QUESTION = "What do you say to this?"


class Asked(NamedTuple):
    """A question, where it was asked, and the message it is about."""

    where: ConversationKey
    target_ts: str
    question: str


def ask_form(name: str, where: ConversationKey, target_ts: str) -> Json:
    """Make the form; `name` is the assistant's."""
    field: Json = {
        "type": "input",
        "block_id": QUESTION,
        "label": plain("Your question"),
        "optional": True,
        "element": {
            "type": "plain_text_input",
            "action_id": QUESTION,
            "multiline": True,
            "max_length": MAX_QUESTION_CHARS,
            "placeholder": plain(DEFAULT_QUESTION),
            "focus_on_load": True,
        },
    }
    place = {"channel": where.channel, "thread": where.thread, "about": target_ts}
    return modal(f"Ask {name}", [field], callback_id=ASK, submit="Ask", metadata=json.dumps(place))


def asked(view: Mapping[str, Any], team_id: str) -> Asked | None:
    """Read a submitted form of a workspace; None if it is another form."""
    place = kept_in(view)
    if view.get("callback_id") != ASK or "about" not in place:
        return None
    typed = (given(view).get(QUESTION) or "").strip()
    where = channel_key(team_id, place["channel"], thread_ts=place["thread"])
    return Asked(where, place["about"], typed or DEFAULT_QUESTION)
