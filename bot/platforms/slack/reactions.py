"""What a reaction on Slack says of a reply, by the name of its emoji. Pure."""

from bot.messages import FeedbackKind

_MEANINGS = {
    "+1": FeedbackKind.LIKED,
    "thumbsup": FeedbackKind.LIKED,
    "-1": FeedbackKind.DISLIKED,
    "thumbsdown": FeedbackKind.DISLIKED,
    "mute": FeedbackKind.HUSHED,
}


def meaning(emoji: str) -> FeedbackKind | None:
    """Give what a reaction says of a reply; None if that is no matter of ours.

    Slack names an emoji without colons, and its skin tone behind two: `+1::skin-tone-3`.
    """
    return _MEANINGS.get(emoji.partition("::")[0])
