"""Which conversations are held out: decided by a hash of the id, so it never changes.

Pure. Adding conversations to a file moves none from one side to the other.
"""

import hashlib
from collections.abc import Iterable

from inference.wire.conversation_file import FileConversation

HOLD_OUT = 0.15


def is_held_out(conversation_id: str, *, share: float = HOLD_OUT) -> bool:
    """Tell whether a conversation is kept from training; about `share` (0 to 1) of all are."""
    digest = hashlib.sha256(conversation_id.encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 < share


def split(
    conversations: Iterable[FileConversation], *, share: float = HOLD_OUT
) -> tuple[list[FileConversation], list[FileConversation]]:
    """Give those to train on and those held out, each in the order given."""
    training: list[FileConversation] = []
    held_out: list[FileConversation] = []
    for conversation in conversations:
        side = held_out if is_held_out(conversation.id, share=share) else training
        side.append(conversation)
    return training, held_out
