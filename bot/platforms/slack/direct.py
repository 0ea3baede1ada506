"""Direct chats with the assistant: all there is said to it, so it answers unless told otherwise."""

from dataclasses import replace

from bot.messages import ConversationKey, Mode
from bot.platforms.slack.keys import is_direct
from bot.store import Store


async def has_mode(where: ConversationKey, store: Store) -> bool:
    """Tell whether a place needs no mode: it is no direct chat, or has one. Raises StoreError."""
    return not is_direct(where.channel) or "mode" in await store.channels.chosen(_chat(where))


async def listen_directly(where: ConversationKey, store: Store) -> None:
    """Answer in a direct chat whatever holds for channels, if nobody chose. Raises StoreError."""
    if not await has_mode(where, store):
        await store.channels.change(_chat(where), mode=Mode.MENTION)


def _chat(where: ConversationKey) -> ConversationKey:
    return replace(where, thread=None)
