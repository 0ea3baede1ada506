"""What a reaction on Discord says of a reply, by its emoji."""

import discord

from bot.messages import ConversationKey, FeedbackKind
from bot.platforms.opinions import Opinions

_SKIN_TONES = "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
_MEANINGS = {
    "\N{THUMBS UP SIGN}": FeedbackKind.LIKED,
    "\N{THUMBS DOWN SIGN}": FeedbackKind.DISLIKED,
    "\N{SPEAKER WITH CANCELLATION STROKE}": FeedbackKind.HUSHED,
}


def meaning(emoji: str) -> FeedbackKind | None:
    """Give what a reaction says of a reply; None if that is no matter of ours."""
    return _MEANINGS.get(emoji.rstrip(_SKIN_TONES + "\ufe0f"))


class Reactions:
    """Reads discord.py's events of reactions. Every method raises StoreError."""

    def __init__(self, opinions: Opinions) -> None:
        self._opinions = opinions

    async def reacted(
        self, where: ConversationKey, payload: discord.RawReactionActionEvent, *, gone: bool
    ) -> None:
        """Keep what a person's reaction says of a reply, or forget what is gone.

        Bots have no opinions. Of one that is gone nobody says whose it was: of a bot's none was kept.
        """
        kind = meaning(payload.emoji.name or "")
        is_bots = payload.member is not None and payload.member.bot
        if kind is not None and not is_bots:
            say = self._opinions.taken_back if gone else self._opinions.given
            await say(where, str(payload.message_id), kind, author_id=str(payload.user_id))

    async def cleared(
        self,
        where: ConversationKey,
        payload: discord.RawReactionClearEvent | discord.RawReactionClearEmojiEvent,
    ) -> None:
        """Forget the reactions that a moderator cleared: all, or those with one emoji."""
        kinds = frozenset(_MEANINGS.values())
        if isinstance(payload, discord.RawReactionClearEmojiEvent):
            kinds &= {meaning(payload.emoji.name or "")}
        await self._opinions.cleared(where, str(payload.message_id), kinds)
