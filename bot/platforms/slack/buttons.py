"""Buttons whose whole meaning stands in their value, so that they outlive a restart. Pure."""

from bot.commands import Offer
from bot.platforms.slack.lenient import Payload, parts_of, text_in
from bot.platforms.slack.reading import plain

OFFER = "offer"  # the action_id; other buttons of ours have other ones
SETTINGS = "settings"  # typed after /assistant, it opens the form
OPEN_SETTINGS = Offer("Open the settings", SETTINGS)

# From https://docs.slack.dev/reference/block-kit/block-elements/button-element.
MAX_VALUE_CHARS = 2000
MAX_LABEL_CHARS = 75

Block = dict[str, object]


def fits(offer: Offer | None) -> bool:
    """Tell whether an offer's command fits into a button; no offer always does."""
    return offer is None or len(offer.command) <= MAX_VALUE_CHARS


def with_button(text: str, offer: Offer) -> list[Block]:
    """Put the button of an offer under a text in Slack's dialect."""
    # Verbatim: Slack makes no links and no mentions of what only looks like them.
    said = {"type": "mrkdwn", "text": text, "verbatim": True}
    label = {"type": "plain_text", "text": offer.label[:MAX_LABEL_CHARS], "emoji": False}
    button = {"type": "button", "action_id": OFFER, "text": label, "value": offer.command}
    return [{"type": "section", "text": said}, {"type": "actions", "elements": [button]}]


def offered(body: Payload) -> str | None:
    """Give the words after `/assistant` that a pressed button stands for; None for another's."""
    pressed = next(iter(parts_of(body, "actions")), {})
    return plain(text_in(pressed, "value")) if pressed.get("action_id") == OFFER else None
