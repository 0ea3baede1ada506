"""Buttons and forms whose whole meaning stands in their custom_id, so that they outlive a restart.

discord.py would keep a view in memory for each and answer it itself; a stopped view is only sent.
"""

from collections.abc import Iterator

import discord

from bot.commands import Offer
from bot.commands.definition import MAX_QUESTION_CHARS

OFFER = "earshot:"
ABOUT = "earshot-about:"
QUESTION = "question"
DEFAULT_QUESTION = "What do you say to this?"

# From https://discord.com/developers/docs/components/reference.
MAX_CUSTOM_ID_CHARS = 100
MAX_LABEL_CHARS = 80
MAX_TITLE_CHARS = 45


def fits(offer: Offer | None) -> bool:
    """Tell whether an offer's command fits into a button; no offer always does."""
    return offer is None or len(OFFER + offer.command) <= MAX_CUSTOM_ID_CHARS


def button(offer: Offer | None) -> discord.ui.View | None:
    """Make the button of an offer; None if there is nothing to press."""
    if offer is None or not fits(offer):
        return None
    view = discord.ui.View(timeout=None)
    label = offer.label[:MAX_LABEL_CHARS]
    view.add_item(discord.ui.Button(label=label, custom_id=OFFER + offer.command))
    view.stop()
    return view


def offered(custom_id: str) -> str | None:
    """Give the words after `/assistant` that a button stands for; None for somebody else's."""
    return custom_id.removeprefix(OFFER) if custom_id.startswith(OFFER) else None


def about_form(title: str, target_id: str) -> discord.ui.Modal:
    """Make the form that asks for a question about a message."""
    form = discord.ui.Modal(
        title=title[:MAX_TITLE_CHARS], timeout=None, custom_id=ABOUT + target_id
    )
    field: discord.ui.TextInput[discord.ui.Modal] = discord.ui.TextInput(
        label="Your question",
        custom_id=QUESTION,
        style=discord.TextStyle.paragraph,
        placeholder=DEFAULT_QUESTION,
        required=False,
        max_length=MAX_QUESTION_CHARS,
    )
    form.add_item(field)
    form.stop()
    return form


def about_target(custom_id: str) -> str | None:
    """Give the id of the message that a form is about; None for somebody else's form."""
    target_id = custom_id.removeprefix(ABOUT)
    return target_id if custom_id.startswith(ABOUT) and target_id.isdecimal() else None


def typed_question(components: object) -> str:
    """Give what was typed into the form, or the question that goes without saying."""
    typed = (str(field.get("value") or "") for field in _fields(components))
    return " ".join(next(typed, "").split()) or DEFAULT_QUESTION


def _fields(components: object) -> Iterator[dict[str, object]]:
    """Find our field, in whichever kind of row Discord puts it."""
    if isinstance(components, list):
        for component in components:
            yield from _fields(component)
    elif isinstance(components, dict):
        if components.get("custom_id") == QUESTION:
            yield components
        yield from _fields(components.get("component"))
        yield from _fields(components.get("components"))
